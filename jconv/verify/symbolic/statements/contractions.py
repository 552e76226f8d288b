"""The implemented contractions sum over the index set of the relation, for each role.

``taps`` holds one index fixed and, for each value of it, cuts a slice out of both
operands (``steps.taken``), multiplies, and places the product into the result
(``steps.placed``). These functions are run on symbols, on arrays that have a size and
no content: what is sliced and padded is recorded, and says from where to where the
j-th entry goes.

The progression is any with the properties that ``progressions`` proves; the two
statements together say: for out = output, input and kernel alike, ``taps`` adds
``first · second`` for each triple of the relation once, and for no other.

The algorithms that gather windows lay the kernel out in blocks by a table of what each
result and tap read; every cell of it is compared with the relation.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from jconv.algorithms.parts import results_as_channels, steps
from jconv.algorithms.protocol import ArrayLabels
from jconv.geometry import OPERANDS, ROLES, Progression, Role
from jconv.verify.symbolic.arrays import JNP, LAX, array
from jconv.verify.symbolic.contracts import substituted
from jconv.verify.symbolic.statement import Goal, Lemma, statement
from jconv.verify.symbolic.statements.progressions import AXIS, NAMES, holds
from jconv.verify.symbolic.world import (
    Symbols,
    axis_of,
    both,
    index_of,
    same,
    scaled,
    within,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.geometry import Axis
    from jconv.verify.symbolic.arrays import Dimension, Tracked
    from jconv.verify.symbolic.statement import Check, Subject
    from jconv.verify.symbolic.world import World

RANK_ONE = ArrayLabels(rank=1, n_batch=0)


def step(axis: Axis, out: Role, line: Progression) -> dict[Role, Dimension]:
    """What one step of ``taps`` reads of its operands, and where its product goes."""
    geometry: Any = types.SimpleNamespace(axes=(axis,), rank=1)
    moved = {}
    with substituted([(steps, "lax", LAX), (steps, "jnp", JNP)]):
        for role in OPERANDS[out]:
            whole: Any = _of_role(role, axis.size(role))
            moved[role] = steps.taken(whole, (line,), role, RANK_ONE, seen, own=False)
        entries = 1 if line.of(out)[1] is STILL else line.length
        product: Any = _of_role(out, entries)
        moved[out] = steps.placed(product, (line,), out, RANK_ONE, geometry)
    return {
        role: each.dimensions[RANK_ONE.offset(role)]  # type: ignore[attr-defined]
        for role, each in moved.items()
    }


STILL = 0
"""The step of the role that is held fixed."""


def seen(dimension: int, number: Any) -> Any:
    """Where a slice begins, as a number that all see."""
    return number


def _of_role(role: Role, size: Any) -> Tracked:
    """An array of one role in the canonical order, of size 1 everywhere else."""
    sizes = [1] * (5 if role == "kernel" else 4)
    sizes[RANK_ONE.offset(role)] = size
    return array(*sizes)


def _any_progression(world: World, axis: Axis, fixed: Role) -> Progression:
    """Any progression that stays inside the axis, with at least one entry."""
    length = world.integer("length")
    world.suppose(length >= 1)
    spots: dict[Role, tuple[Any, Any]] = {}
    for role in ROLES:
        start = world.integer(f"start_{NAMES[role]}")
        world.suppose(within(start, axis.size(role)))
        spots[role] = (start, STILL)
        if role != fixed:
            pace = world.integer(f"step_{NAMES[role]}")
            world.suppose(pace != 0)
            bool(pace > 0)
            last = world.named("last", pace * (length - 1))
            world.suppose(within(start + last, axis.size(role)))
            spots[role] = (start, pace)
    return Progression(length, **spots)


def _check(out: Role, fixed: Role) -> Check:
    """The statement about one step with one index fixed."""

    def check(world: World, subject: Subject) -> Iterator[Goal]:
        axis = axis_of(world, split=False)
        line = _any_progression(world, axis, fixed)
        moved = subject(axis, out, line)
        j = world.integer("j")
        world.suppose(within(j, line.length))
        for role in ROLES:
            found, (start, pace) = moved[role], line.of(role)
            verb = "is placed at" if role == out else "is read from"
            entry = 0 if pace is STILL else j
            yield Goal(f"the slice or pad of the {role} is legal", both(*found.inside))
            at = found.origin + found.pace * entry
            yield Goal(
                f"entry j {verb} the {role}'s j-th index", at == start + pace * j
            )
            if role == out:
                right = found.size == axis.size(out)
                yield Goal("the result has its size", right)
            else:
                entries = 1 if pace is STILL else line.length
                yield Goal(f"as many entries of the {role}", found.size == entries)

    return check


statement(
    "symbolic.one-index-set",
    says="Output, dx and dw as the algorithm taps computes them are sums over one "
    "index set: a step adds first·second at the j-th triple of its progression, for "
    "every j, whichever of the three is computed.",
    formula=" y[o_j] += x[i_j]·w[k_j]\ndx[i_j] += w[k_j]·dy[o_j]\n"
    "dw[k_j] += x[i_j]·dy[o_j]      (o_j, k_j, i_j) = start + step·j",
    hypotheses=(*AXIS, "length ≥ 1", "the progression's indices exist (progressions)"),
    code=("algorithms.parts.steps.taken", "algorithms.parts.steps.placed"),
    subject=step,
    checks={
        f"{out}, {NAMES[fixed]} fixed": _check(out, fixed)
        for out in OPERANDS
        for fixed in ROLES[::-1]
    },
)


def reads(axis: Axis, result: Any, tap: Any) -> tuple[Any, Any]:
    """``results_as_channels._positions`` at one cell, for symbolic or plain numbers."""
    numpy = types.SimpleNamespace(ogrid=_Cell((result, tap)))
    with substituted([(results_as_channels, "np", numpy)]):
        return results_as_channels._positions(axis, axis.n_output)


class _Cell:
    """What stands for ``numpy.ogrid``: one row and one column."""

    def __init__(self, indices: tuple[Any, Any]) -> None:
        self._indices = indices

    def __getitem__(self, ranges: object) -> tuple[Any, Any]:
        return self._indices


def _reads_check(world: World, subject: Subject) -> Iterator[Goal | Lemma]:
    """The statement about what a result and a tap read."""
    axis = axis_of(world)
    result, tap = index_of(world, axis, "output"), index_of(world, axis, "kernel")
    value, exists = subject(axis, result, tap)
    index = index_of(world, axis, "input")
    truth = holds(axis, {"output": result, "kernel": tap, "input": index})
    if isinstance(world, Symbols):
        (quotient, _), *_ = world.trail.contracts.divisions.values()
        pace = axis.input_dilation
        yield Lemma(scaled(pace, index - quotient), (pace >= 1,))
    yield Goal(
        "a cell names an index iff the relation does",
        same(truth, both(exists, value == index)),
    )


statement(
    "symbolic.window-table",
    says="The table by which patches and mixed lay kernels out in blocks names, for "
    "each result and tap, the one index of the source that completes a triple of the "
    "relation, or none where there is none.",
    formula="reads(o, k) = i  ⇔  s·o + d·k = e·i + low",
    hypotheses=(*AXIS, "indices in range"),
    code=("algorithms.parts.results_as_channels._positions", "Axis.holds"),
    subject=reads,
    checks={"": _reads_check},
)
