"""Sizes: how many windows fit, and what a stride leaves of a convolution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jconv.geometry import (
    Axis,
    Geometry,
    kernel_size_from_output,
    output_size,
    same_padding,
)
from jconv.geometry.extents import dilated_size, window_span
from jconv.verify.symbolic.statement import Goal, Lemma, statement
from jconv.verify.symbolic.world import Symbols, both, same, scaled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.verify.symbolic.statement import Subject
    from jconv.verify.symbolic.world import World

SIZES = (
    "n_input, n_kernel ≥ 1",
    "stride, input_dilation ≥ 1",
    "kernel_dilation ≠ 0",
    "pads any integers",
)


def _call(world: World) -> dict[str, Any]:
    """The arguments of a convolution along one axis, pads explicit."""
    names = ("n_input", "n_kernel", "stride", "kernel_dilation", "input_dilation")
    call = {name: world.integer(name) for name in names}
    world.suppose(call["n_input"] >= 1, call["n_kernel"] >= 1, call["stride"] >= 1)
    world.suppose(call["input_dilation"] >= 1, call["kernel_dilation"] != 0)
    bool(call["kernel_dilation"] > 0)
    call["padding"] = (world.integer("pad_low"), world.integer("pad_high"))
    return call


def axis_of_call(call: dict[str, Any]) -> Axis:
    """The axis that ``Geometry.from_call`` makes of such arguments."""
    geometry = Geometry.from_call(
        (call["n_input"],),
        (call["n_kernel"],),
        stride=(call["stride"],),
        padding=(call["padding"],),
        kernel_dilation=(call["kernel_dilation"],),
        input_dilation=(call["input_dilation"],),
        allow_empty=True,
    )
    return geometry.axes[0]


def output_size_is_largest(world: World, subject: Subject) -> Iterator[Goal]:
    """The window with number n fits if and only if n is at most the size."""
    call = _call(world)
    size = subject(**call)
    padded = dilated_size(call["n_input"], call["input_dilation"]) + sum(
        call["padding"]
    )
    span = window_span(call["n_kernel"], call["kernel_dilation"])
    n = world.integer("n")
    world.suppose(n >= 1)
    yield Goal("the size is not negative", size >= 0)
    fits = call["stride"] * (n - 1) + span <= padded
    yield Goal("the n-th window fits if and only if n ≤ size", same(fits, n <= size))
    yield Goal("the geometry has that size", axis_of_call(call).n_output == size)


statement(
    "symbolic.output-size",
    says="The output size is the number of windows that lie inside the padded input: "
    "the n-th fits exactly if n does not exceed it.",
    formula="s·(n−1) + |d|·(K−1) + 1 ≤ e·(I−1) + 1 + p_low + p_high\n"
    "  ⇔  n ≤ O = max(0, ⌊(padded − span) / s⌋ + 1)",
    hypotheses=(*SIZES, "n ≥ 1"),
    code=(
        "sizes.output_size",
        "Geometry.from_call",
        "extents.window_span",
        "extents.dilated_size",
    ),
    subject=output_size,
    checks={"": output_size_is_largest},
)


def kernel_size_is_largest(world: World, subject: Subject) -> Iterator[Goal]:
    """The kernel found gives O outputs, and no larger one does."""
    n_input, n_output = world.integer("n_input"), world.integer("n_output")
    stride, other = world.integer("stride"), world.integer("K")
    world.suppose(n_input >= 0, n_output >= 1, stride >= 1, other >= 1)
    world.suppose(n_input - stride * (n_output - 1) >= 1)
    largest = subject(n_input, n_output, stride)
    yield Goal("it gives O", output_size(n_input, largest, stride) == n_output)
    enough = output_size(n_input, other, stride) >= n_output
    yield Goal("a kernel gives O or more iff no larger", same(enough, other <= largest))


statement(
    "symbolic.kernel-size",
    says="I − s·(O − 1) is the largest kernel that gives O outputs.",
    formula="K gives O outputs or more  ⇔  K ≤ I − s·(O−1)\nK = I − s·(O−1) gives O",
    hypotheses=("I ≥ 0; O, s, K ≥ 1", "I − s·(O−1) ≥ 1"),
    code=("sizes.kernel_size_from_output", "sizes.output_size"),
    subject=kernel_size_from_output,
    checks={"": kernel_size_is_largest},
)


def same_is_same(world: World, subject: Subject) -> Iterator[Goal | Lemma]:
    """O = ceil(I / s), and the pads differ by one at most."""
    names = ("n_input", "n_kernel", "stride", "kernel_dilation")
    n_input, n_kernel, stride, dilation = (world.integer(name) for name in names)
    world.suppose(n_input >= 1, n_kernel >= 1, stride >= 1, dilation != 0)
    bool(dilation > 0)
    low, high = subject(n_input, n_kernel, stride, dilation)
    size = output_size(n_input, n_kernel, stride, (low, high), dilation)
    if isinstance(world, Symbols):
        begun = -(-n_input // stride)
        yield Lemma(scaled(stride, size - begun), (stride >= 1,))
    yield Goal("as many outputs as strides begin", _ceil(n_input, stride, size))
    yield Goal("no pad is negative", both(low >= 0, high >= 0))
    yield Goal("the extra is on the high side", both(low <= high, high <= low + 1))


def _ceil(n_input: Any, stride: Any, size: Any) -> Any:
    """Whether size = ceil(n_input / stride), without a division."""
    return both(stride * (size - 1) < n_input, n_input <= stride * size)


statement(
    "symbolic.same-padding",
    says="After “same” padding there are as many outputs as strides begin inside the "
    "input: the input's size divided by the stride, rounded up.",
    formula="s·(O−1) < I ≤ s·O,  |p_high − p_low| ≤ 1,  p ≥ 0",
    hypotheses=("I, K, s ≥ 1", "d ≠ 0"),
    code=("padding.same_padding", "padding.split_evenly", "sizes.output_size"),
    subject=same_padding,
    checks={"": same_is_same},
)


def stride_subsamples(world: World, subject: Subject) -> Iterator[Goal]:
    """The strided relation is the dense one at multiples of the stride."""
    call = _call(world)
    strided, dense = subject(call), subject(call | {"stride": 1})
    o, k, i = (world.integer(name) for name in "oki")
    world.suppose(o >= 0)
    at = call["stride"] * o
    yield Goal(
        "the relation at o is the dense one at s·o",
        same(strided.holds(o, k, i), dense.holds(at, k, i)),
    )
    yield Goal(
        "an output is kept iff s times its index exists",
        same(o < strided.n_output, at < dense.n_output),
    )
    for role in ("n_input", "n_kernel"):
        says = f"both have the same {role}"
        yield Goal(says, getattr(strided, role) == getattr(dense, role))


statement(
    "symbolic.stride-subsamples",
    says="A convolution with stride s is the one with stride 1 and the same pads, of "
    "which every s-th output is kept.",
    formula="T_s[o, k, i] = T_1[s·o, k, i],  and  o < O_s ⇔ s·o < O_1",
    hypotheses=(*SIZES, "o ≥ 0; k, i any integers"),
    code=("Geometry.from_call", "Axis.holds"),
    subject=axis_of_call,
    checks={"": stride_subsamples},
)
