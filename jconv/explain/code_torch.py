"""A convolution and its derivatives in PyTorch, which pads evenly and never dilates x.

Padding that differs between the two ends, negative padding and zeros between the
inputs are written out; a plain case stays a plain call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jconv.explain.writing import briefly, call

if TYPE_CHECKING:
    from jconv.explain.subject import Subject
    from jconv.geometry import Axis


def torch(subject: Subject) -> str:
    """In ``torch.nn.functional``, with channels after the batch."""
    geometry = subject.geometry
    rank, groups = geometry.rank, geometry.groups
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
        sizes = [n * max(0, axis.n_input - 1) + 1 for n, axis in _pairs(subject)]
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
        flat = tuple(end for pair in reversed(pads) for end in pair)
        lines.append(f"image = F.pad({image}, {flat})  # the last axis comes first")
        image = "image"
    if groups > 1:
        given["groups"] = groups
    lines.append(f"y = {call(f'F.conv{rank}d', image, kernel, **given)}")
    lines.append("dx, dw = torch.autograd.grad(y, (x, w), dy)")
    if set(holes) == {1}:
        lines += ["", "# dx is what PyTorch calls a transposed convolution, cropped:"]
        given.pop("padding", None)
        whole = call(f"F.conv_transpose{rank}d", "dy", kernel, **given)
        crop = tuple(end for axis in reversed(geometry.axes) for end in _cropping(axis))
        lines.append(f"dx = {call('F.pad', whole, str(crop)) if any(crop) else whole}")
    return "\n".join(lines)


def _cropping(axis: Axis) -> tuple[int, int]:
    """What turns the whole transposed convolution into dx: negative where it crops."""
    whole = axis.stride * (axis.n_output - 1) + axis.span
    return -axis.pad_low, axis.n_input + axis.pad_low - whole


def _pairs(subject: Subject) -> list[tuple[int, Axis]]:
    """Input dilation and axis."""
    return [(axis.input_dilation, axis) for axis in subject.geometry.axes]


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
