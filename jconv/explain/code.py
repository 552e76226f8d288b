"""The same convolution and its two derivatives as code: jconv, lax, Flax, PyTorch.

Each snippet makes y, dx and dw of x, w and dy, whose channels come last; the one for
PyTorch takes them after the batch, as PyTorch does. Where a library can say it, dx and
dw stand there as the ordinary convolutions that they are (see ``jconv.rules``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jconv.explain.code_torch import torch
from jconv.explain.writing import call, options, reversed_along
from jconv.geometry import ROLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from jconv.explain.subject import Subject
    from jconv.geometry import Geometry, OrdinaryConvolution

SPACE = {1: "W", 2: "HW", 3: "DHW"}
"""Letters of the spatial axes, by rank."""

EMPTY = {
    "lax": "lax refuses some convolutions of arrays without entries",
    "flax": "Flax calls lax, which refuses some convolutions of arrays without entries",
    "torch": "PyTorch convolves no array without entries",
}
"""Library -> why there is no snippet where x, w or y has no entries."""

SAME_TWO = "# Both derivatives are convolutions again:"


def jconv(subject: Subject) -> str:
    """In jconv's own functions."""
    geometry = subject.geometry
    given = options(geometry, subject.padding)
    derived = "jconv.rules" if geometry.groups > 1 else "jconv"
    lines = [
        "import jconv",
        "",
        _shapes(subject),
        f"y = {call('jconv.conv', 'x', 'w', **given)}",
        "",
        "# What the derivatives are:",
        "dx = "
        + call(f"{derived}.conv_input_vjp", "dy", "w", input_shape="x.shape", **given),
        "dw = "
        + call(
            f"{derived}.conv_kernel_vjp", "x", "dy", kernel_shape="w.shape", **given
        ),
    ]
    if geometry.groups > 1:
        lines[-3] = "# Both derivatives as convolutions, one per group:"
    if geometry.groups > 1 or is_empty(subject):
        return "\n".join(lines)
    rule = geometry.as_convolution("input")
    lines += [
        "",
        SAME_TWO,
        "dx = "
        + call(
            "jconv.conv",
            "dy",
            reversed_along("w", rule.flip_kernel),
            **options(rule.geometry),
            dimension_numbers=_numbers(geometry, "NSC", "SOI", "NSC"),
        ),
    ]
    lines.insert(1, "import jax.numpy as jnp")
    rule = geometry.as_convolution("kernel")
    result = call(
        "jconv.conv",
        "x",
        "dy",
        **options(rule.geometry),
        dimension_numbers=_numbers(geometry, "CSN", "ISO", "SNC"),
    )
    return "\n".join([*lines, f"dw = {reversed_along(result, rule.flip_result)}"])


def lax(subject: Subject) -> str:
    """In ``jax.lax``."""
    geometry = subject.geometry
    groups = geometry.groups
    grouped = {"feature_group_count": groups} if groups > 1 else {}
    plain = _numbers(geometry, "NSC", "SIO", "NSC")
    forward = geometry.as_convolution("output")
    pads = tuple(subject.padding)
    kernel = reversed_along("w", forward.flip_kernel)
    y = _lax_call("x", kernel, forward, pads, dimension_numbers=plain, **grouped)
    rule = geometry.as_convolution("input")
    kernel = reversed_along("w", rule.flip_kernel)
    spots = _numbers(geometry, "NSC", "SOI", "NSC")
    before = []
    if groups > 1:
        before = ["# The kernel with the channels of each group swapped:"]
        before += _swapped(kernel, subject)
        kernel, spots = "swapped", plain
    dx = _lax_call("dy", kernel, rule, None, dimension_numbers=spots, **grouped)
    rule = geometry.as_convolution("kernel")
    grouped = {"batch_group_count": groups} if groups > 1 else {}
    spots = _numbers(geometry, "CSN", "ISO", "SNC")
    dw = _lax_call("x", "dy", rule, None, dimension_numbers=spots, **grouped)
    uses_jnp = "jnp." in kernel + y + dx + "".join(before) or any(rule.flip_result)
    return "\n".join(
        [
            "from jax import lax",
            *(["import jax.numpy as jnp"] if uses_jnp else []),
            "",
            _shapes(subject),
            f"y = {y}",
            "",
            SAME_TWO,
            *before,
            f"dx = {dx}",
            f"dw = {reversed_along(dw, rule.flip_result)}",
        ]
    )


def flax(subject: Subject) -> str:
    """As a layer of Flax, whose derivatives JAX derives."""
    geometry = subject.geometry
    rule = geometry.as_convolution("output")
    axes = rule.geometry.axes
    given: dict[str, object] = {
        "strides": tuple(axis.stride for axis in axes),
        "padding": tuple(subject.padding),
        "kernel_dilation": tuple(axis.kernel_dilation for axis in axes),
        "input_dilation": tuple(axis.input_dilation for axis in axes),
    }
    for name in ("strides", "kernel_dilation", "input_dilation"):
        if set(given[name]) == {1}:  # type: ignore[call-overload]
            del given[name]
    if geometry.groups > 1:
        given["feature_group_count"] = geometry.groups
    kernel = reversed_along("w", rule.flip_kernel)
    return "\n".join(
        [
            "import jax",
            *(["import jax.numpy as jnp"] if kernel != "w" else []),
            "from flax import linen as nn",
            "",
            _shapes(subject),
            "layer = "
            + call(
                "nn.Conv",
                features=subject.c_out,
                kernel_size=geometry.kernel_shape,
                **given,
                use_bias=False,
            ),
            "def apply(x, w):",
            f'    return layer.apply({{"params": {{"kernel": {kernel}}}}}, x)',
            "y, back = jax.vjp(apply, x, w)",
            "dx, dw = back(dy)",
        ]
    )


def _shapes(subject: Subject) -> str:
    """A comment that says what x, w and dy are."""
    shapes = {
        name: subject.shape(role)  # type: ignore[arg-type]
        for name, role in (("x", "input"), ("w", "kernel"), ("dy", "output"))
    }
    return "# " + ", ".join(f"{name} {shape}" for name, shape in shapes.items())


def _numbers(geometry: Geometry, *specs: str) -> tuple[str, ...]:
    """``dimension_numbers``, in which S stands for all spatial axes."""
    return tuple(spec.replace("S", SPACE[geometry.rank]) for spec in specs)


def _lax_call(
    image: str,
    kernel: str,
    rule: OrdinaryConvolution,
    padding: tuple[tuple[int, int], ...] | None,
    **more: object,
) -> str:
    """A call of ``lax.conv_general_dilated`` that executes a rule."""
    axes = rule.geometry.axes
    dilations = {
        "lhs_dilation": tuple(axis.input_dilation for axis in axes),
        "rhs_dilation": tuple(axis.kernel_dilation for axis in axes),
    }
    return call(
        "lax.conv_general_dilated",
        image,
        kernel,
        window_strides=tuple(axis.stride for axis in axes),
        padding=rule.geometry.padding if padding is None else padding,
        **{name: each for name, each in dilations.items() if set(each) != {1}},
        **more,
    )


def _swapped(kernel: str, subject: Subject) -> list[str]:
    """The kernel with input and output channels of each group swapped, in two lines."""
    size, groups = subject.geometry.kernel_shape, subject.geometry.groups
    inner, outer = subject.c_in // groups, subject.c_out // groups
    split, merged = (*size, inner, groups, outer), (*size, outer, groups * inner)
    return [
        f"swapped = {kernel}.reshape({split})",
        f"swapped = jnp.swapaxes(swapped, -3, -1).reshape({merged})",
    ]


LIBRARIES: dict[str, Callable[[Subject], str]] = {
    "jconv": jconv,
    "lax": lax,
    "flax": flax,
    "torch": torch,
}
"""Library -> the function that writes its snippet."""


def snippet(library: str, subject: Subject) -> str:
    """One library's code, or a comment that says why there is none.

    Examples:
        >>> from jconv.explain.subject import Subject
        >>> snippet("torch", Subject.from_call((0,), (3,)))
        '# None: PyTorch convolves no array without entries.'
    """
    if is_empty(subject) and library in EMPTY:
        return f"# None: {EMPTY[library]}."
    return LIBRARIES[library](subject)


def is_empty(subject: Subject) -> bool:
    """Whether x, w or y has no entries."""
    return not all(all(subject.geometry.size(role)) for role in ROLES)
