"""Any number of axes: what holds of one axis holds of N.

The argument. An N-dimensional convolution sums over the tuples of triples
((o_1, k_1, i_1), …, (o_N, k_N, i_N)) whose every entry is in its axis's relation T_a.
The code treats axes one by one: ``Geometry.from_call`` makes axis a of axis a's
arguments, ``as_convolution`` rewrites it by its own rule, and ``taps`` runs through the
product of the axes' progressions. If this is so, the N-dimensional index set is the
product of the one-dimensional ones, a bijection between index sets of one axis gives
one between the products, and every statement about one axis carries over.

The premises are checked here for two axes that are unknown independently of each other;
the code walks its axes in loops and comprehensions that know no particular rank.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from jconv.algorithms.parts import steps
from jconv.algorithms.protocol import ArrayLabels
from jconv.geometry import Axis, Geometry, Progression
from jconv.verify.symbolic.arrays import JNP, LAX, array
from jconv.verify.symbolic.contracts import substituted
from jconv.verify.symbolic.statement import Goal, statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.geometry import Role
    from jconv.verify.symbolic.statement import Check, Subject
    from jconv.verify.symbolic.world import World

NAMES = ("n_input", "n_kernel", "stride", "kernel_dilation", "input_dilation")
FIELDS = tuple(field.name for field in dataclasses.fields(Axis))


def from_calls(calls: tuple[dict[str, Any], ...]) -> tuple[Axis, ...]:
    """``Geometry.from_call`` for as many axes as there are calls."""

    def of(name: str) -> tuple[Any, ...]:
        return tuple(call[name] for call in calls)

    return Geometry.from_call(
        of("n_input"),
        of("n_kernel"),
        stride=of("stride"),
        padding=of("padding"),
        kernel_dilation=of("kernel_dilation"),
        input_dilation=of("input_dilation"),
        allow_empty=True,
    ).axes


def _call(world: World, number: str) -> dict[str, Any]:
    """One axis's arguments."""
    call = {name: world.integer(f"{name}_{number}") for name in NAMES}
    for name in NAMES:
        nonzero = name == "kernel_dilation"
        world.suppose(call[name] != 0 if nonzero else call[name] >= 1)
    pads = (world.integer(f"{side}_{number}") for side in ("low", "high"))
    return call | {"padding": tuple(pads)}


def axes_are_made_one_by_one(world: World, subject: Subject) -> Iterator[Goal]:
    """Two axes at once are the two made alone."""
    calls = (_call(world, "1"), _call(world, "2"))
    together = subject(calls)
    for number, call in enumerate(calls):
        (alone,) = subject((call,))
        for name in FIELDS:
            says = f"{name} of axis {number + 1} of 2 is that of the axis alone"
            yield Goal(says, getattr(together[number], name) == getattr(alone, name))


def _axis(world: World, number: str) -> Axis:
    """One axis of any kind."""
    fields = {name: world.integer(f"{name}_{number}") for name in FIELDS}
    for name in ("n_input", "n_kernel", "n_output"):
        world.suppose(fields[name] >= 0)
    world.suppose(fields["stride"] >= 1, fields["input_dilation"] >= 1)
    world.suppose(fields["kernel_dilation"] != 0)
    return Axis(**fields)


def _rewritten_one_by_one(out: Role) -> Check:
    """``Geometry.as_convolution`` rewrites every axis by that axis's rule."""

    def check(world: World, subject: Subject) -> Iterator[Goal]:
        del subject
        axes = (_axis(world, "1"), _axis(world, "2"))
        rule = Geometry(axes).as_convolution(out)
        for number, axis in enumerate(axes):
            alone = axis.as_convolution(out)
            found = rule.geometry.axes[number]
            for name in FIELDS:
                says = f"{name} of the rule's axis {number + 1} is that of its own rule"
                yield Goal(says, getattr(found, name) == getattr(alone.axis, name))
            for name in ("flip_kernel", "flip_result"):
                here = bool(getattr(rule, name)[number])
                says = f"{name} of axis {number + 1} is that of its own rule"
                yield Goal(says, here == bool(getattr(alone, name)))

    return check


def slices_are_cut_one_by_one(world: World, subject: Subject) -> Iterator[Goal]:
    """``taps`` cuts along an axis what that axis's progression says."""
    del subject
    lines = tuple(
        Progression(
            world.integer(f"length_{n}"),
            input=(world.integer(f"start_{n}"), world.integer(f"step_{n}")),
            kernel=(0, 0),
            output=(0, 1),
        )
        for n in "12"
    )
    sizes = [world.integer(f"size_{n}") for n in "12"]
    for line in lines:
        world.suppose(line.length >= 1, line.input[1] != 0)
        bool(line.input[1] > 0)
    both: Any = array(1, *sizes, 1, 1)
    with substituted([(steps, "lax", LAX), (steps, "jnp", JNP)]):
        together = steps.taken(both, lines, "input", ArrayLabels(2, 0), None, own=False)
        for number, (line, size) in enumerate(zip(lines, sizes, strict=True)):
            one: Any = array(1, size, 1, 1)
            labels = ArrayLabels(1, 0)
            alone: Any = steps.taken(one, (line,), "input", labels, None, own=False)
            found: Any = together
            for name in ("size", "origin", "pace"):
                here = getattr(found.dimensions[number + 1], name)
                says = (
                    f"{name} of the slice along axis {number + 1} is that of it alone"
                )
                yield Goal(says, here == getattr(alone.dimensions[1], name))


statement(
    "symbolic.any-rank",
    says="Axes do not see each other: geometry, textbook rule and slices of an axis "
    "among several are those of the axis alone, so the index set of N axes is the "
    "product of theirs.",
    formula="T = T_1 × T_2 × … × T_N",
    hypotheses=("two axes, each any axis with n_input, n_kernel ≥ 1 where it is made",),
    code=(
        "Geometry.from_call",
        "Geometry.as_convolution",
        "algorithms.parts.steps.taken",
    ),
    subject=from_calls,
    checks={
        "made": axes_are_made_one_by_one,
        "dx's rule": _rewritten_one_by_one("input"),
        "dw's rule": _rewritten_one_by_one("kernel"),
        "sliced": slices_are_cut_one_by_one,
    },
)
