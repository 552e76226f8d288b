"""A convolution and its derivatives in PyTorch, which pads evenly and never dilates x.

Padding that differs between the two ends, negative padding and zeros between the
inputs are written out; a plain case stays a plain call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jconv.explain.writing import briefly, call
from jconv.geometry.extents import dilated_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jconv.explain.subject import Subject

    Pads = tuple[tuple[int, int], ...]


def torch(subject: Subject) -> str:
    """In ``torch.nn.functional``, with channels after the batch."""
    geometry = subject.geometry
    rank, groups, axes = geometry.rank, geometry.groups, geometry.axes
    holes = subject.per_axis("input_dilation")
    pads = tuple(subject.padding)
    spatial = tuple(range(2, 2 + rank))
    backwards = tuple(
        n
        for n, d in zip(spatial, subject.per_axis("kernel_dilation"), strict=True)
        if d < 0
    )
    kernel = f"w.flip({backwards})" if backwards else "w"
    lines = ["import torch", "from torch.nn import functional as F", ""]
    lines.append(_shapes(subject))
    lines.append("x.requires_grad_()")
    lines.append("w.requires_grad_()")
    image = "x"
    if set(holes) != {1}:
        sizes = [dilated_size(axis.n_input, axis.input_dilation) for axis in axes]
        lines.append(f"image = x.new_zeros({(*_lead(subject), *sizes)})")
        every = ", ".join(f"::{n}" for n in holes)
        lines.append(f"image[..., {every}] = x  # zeros between the inputs")
        image = "image"
    given: dict[str, object] = {
        "stride": briefly(subject.per_axis("stride")),
        "dilation": briefly([abs(d) for d in subject.per_axis("kernel_dilation")]),
    }
    given = {name: value for name, value in given.items() if value != 1}
    if all(low == high >= 0 for low, high in pads):
        if any(low for low, _ in pads):
            given["padding"] = briefly([low for low, _ in pads])
    else:
        sizes = [dilated_size(axis.n_input, axis.input_dilation) for axis in axes]
        padded = _padded(image, sizes, pads)
        lines.append(f"image = {padded}  # the last axis comes first")
        image = "image"
    if groups > 1:
        given["groups"] = groups
    lines.append(f"y = {call(f'F.conv{rank}d', image, kernel, **given)}")
    lines.append("dx, dw = torch.autograd.grad(y, (x, w), dy)")
    if set(holes) == {1}:
        given.pop("padding", None)
        whole = call(f"F.conv_transpose{rank}d", "dy", kernel, **given)
        sizes = [axis.stride * (axis.n_output - 1) + axis.span for axis in axes]
        ends = tuple(
            (-axis.pad_low, axis.n_input + axis.pad_low - size)
            for axis, size in zip(axes, sizes, strict=True)
        )
        lines += ["", _transposed(ends), f"dx = {_padded(whole, sizes, ends)}"]
    return "\n".join(lines)


def _transposed(ends: Pads) -> str:
    """A comment: what dx is, and what is done to the whole of it at its ends."""
    changes = {
        "cropped": any(end < 0 for pair in ends for end in pair),
        "extended by zeros": any(end > 0 for pair in ends for end in pair),
    }
    made = " and ".join(change for change, does in changes.items() if does)
    name = "# dx is what PyTorch calls a transposed convolution"
    return f"{name}, {made}:" if made else f"{name}:"


def _padded(image: str, sizes: Sequence[int], pads: Pads) -> str:
    """An array extended where its pads are positive and cropped where negative.

    PyTorch crops before it extends, and cannot crop what is not there yet: then the
    two are written one after the other.

    Examples:
        >>> _padded("x", (5,), ((1, -2),)), _padded("x", (5,), ((0, 0),))
        ('F.pad(x, (1, -2))', 'x')
        >>> _padded("x", (5,), ((9, -6),))
        'F.pad(F.pad(x, (9, 0)), (0, -6))'
    """
    steps = [pads]
    if any(
        size + min(0, low) + min(0, high) < 0
        for size, (low, high) in zip(sizes, pads, strict=True)
    ):
        steps = [
            tuple((max(0, low), max(0, high)) for low, high in pads),
            tuple((min(0, low), min(0, high)) for low, high in pads),
        ]
    for step in steps:
        flat = tuple(end for pair in reversed(step) for end in pair)
        image = call("F.pad", image, str(flat)) if any(flat) else image
    return image


def _lead(subject: Subject) -> tuple[int, int]:
    """Batch and channels of x."""
    return subject.batch, subject.c_in


def _shapes(subject: Subject) -> str:
    """A comment that says what x, w and dy are in PyTorch's order."""
    *_, inner, outer = subject.shape("kernel")
    geometry = subject.geometry
    x = (subject.batch, subject.c_in, *geometry.input_shape)
    w = (outer, inner, *geometry.kernel_shape)
    dy = (subject.batch, subject.c_out, *geometry.output_shape)
    return f"# x {x}, w {w}, dy {dy}"
