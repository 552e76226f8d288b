"""``Axis.progression`` enumerates exactly the solutions of the relation.

With the index t of role f fixed, the relation is ``a p + b q = c`` in the other two
indices. Let g = gcd(a, b), a = g a', b = g b', u a' + v b' = 1 (Bézout).

*Every entry is a solution* because the code's divisions by b are exact: its inverse n
of a' has ``n a' = 1 + m t``, and multiplying out leaves a multiple of b.

*Every solution is an entry:* two solutions differ by (dp, dq) with a' dp + b' dq = 0,
so ``dp = (u a' + v b') dp = b' (v dp - u dq)``: the witness ``v dp - u dq`` says which
entry it is, up to sign, and the range that the code cuts out contains it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jconv.geometry import ROLES, Axis, Progression, Role
from jconv.verify.symbolic.statement import Goal, Lemma, statement
from jconv.verify.symbolic.world import Symbols, axis_of, index_of, scaled, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.verify.symbolic.statement import Check, Subject
    from jconv.verify.symbolic.world import World

NAMES: dict[Role, str] = {"output": "o", "kernel": "k", "input": "i"}
AXIS = (
    "n_input, n_kernel, n_output ≥ 0",
    "stride, input_dilation ≥ 1",
    "kernel_dilation ≠ 0",
    "low any integer",
)
"""What every ``Axis`` insists on."""


def entry(line: Progression, j: Any) -> dict[Role, Any]:
    """The j-th triple of a progression."""
    return {role: line.of(role)[0] + line.of(role)[1] * j for role in ROLES}


def holds(axis: Axis, indices: dict[Role, Any]) -> Any:
    """Whether the relation holds for three indices."""
    return axis.holds(indices["output"], indices["kernel"], indices["input"])


def _check(fixed: Role) -> Check:
    """The statement about ``progression(fixed, t)``."""
    first, second = (role for role in ROLES[::-1] if role != fixed)

    def check(world: World, subject: Subject) -> Iterator[Goal | Lemma]:
        axis = axis_of(world)
        t = index_of(world, axis, fixed, "t")
        line = subject(axis, fixed, t)
        a, b = axis.coefficient(first), axis.coefficient(second)
        c = axis.low - axis.coefficient(fixed) * t
        identity = world.bezout(a, b)
        if isinstance(world, Symbols):
            yield from _divisions_are_exact(world, a, b, c)
        with world.scope():
            j = world.integer("j")
            world.suppose(j >= 0, j < line.length)
            found = entry(line, j)
            yield Goal("every entry satisfies the relation", holds(axis, found))
            for role in ROLES:
                says = f"every entry's {role} index exists"
                yield Goal(says, within(found[role], axis.size(role)))
            yield Goal("the fixed index is the one asked for", found[fixed] == t)
        with world.scope():
            indices = {role: index_of(world, axis, role) for role in ROLES}
            world.suppose(indices[fixed] == t, holds(axis, indices))
            begin = {role: world.named("begin", line.of(role)[0]) for role in ROLES}
            dp, dq = (indices[role] - begin[role] for role in (first, second))
            sign = 1 if b > 0 else -1
            j = world.named("j", sign * (identity.v * dp - identity.u * dq))
            if isinstance(world, Symbols):
                yield from _solutions_differ_by_steps(
                    world, begin, (a, b, c), indices, (first, second), sign, j
                )
            reached = entry(line, j)
            for role in ROLES:
                says = f"every solution's {role} index is an entry's"
                yield Goal(says, reached[role] == indices[role])
            yield Goal("every solution is an entry", within(j, line.length))

    return check


def _divisions_are_exact(world: Symbols, a: Any, b: Any, c: Any) -> Iterator[Lemma]:
    """Lemmas: ``slope`` and ``begin`` of the code are quotients without a remainder."""
    contracts = world.trail.contracts
    divisions = list(contracts.divisions.values())
    if not contracts.inverses or len(divisions) < 4:
        return
    known, inverse = world.bezout(a, b), contracts.inverses[0]
    (part, _), (turns, start), (slope, rest), (begin, _) = divisions[:4]
    sign, step = (1, known.b_part) if b > 0 else (-1, -known.b_part)
    whole = c == known.g * part
    yield Lemma(whole)
    yield Lemma(b * (slope + sign * known.a_part) + rest == 0)
    yield Lemma(slope == -sign * known.a_part)
    inverted = part * inverse.n * known.a_part == part + part * step * inverse.t
    yield Lemma(inverted, (inverse.n * inverse.a == 1 + inverse.modulus * inverse.t,))
    reduced = start == part * inverse.n - step * turns
    yield Lemma(reduced)
    multiple = -sign * (part * inverse.t - known.a_part * turns)
    rounds = world.named("rounds", multiple)
    smaller = known.a_part * start == part - known.b_part * rounds
    yield Lemma(smaller, (inverted, reduced, rounds == multiple))
    divisible = a * start == c - b * rounds
    yield Lemma(
        divisible,
        (smaller, a == known.g * known.a_part, b == known.g * known.b_part, whole),
    )
    yield Lemma(a * start + b * begin == c)


def _solutions_differ_by_steps(
    world: Symbols,
    begin: dict[Role, Any],
    relation: tuple[Any, Any, Any],
    indices: dict[Role, Any],
    free: tuple[Role, Role],
    sign: int,
    j: Any,
) -> Iterator[Lemma]:
    """Lemmas: a solution is a whole number of steps away from the first entry."""
    (a, b, c), (first, second) = relation, free
    dp, dq = indices[first] - begin[first], indices[second] - begin[second]
    known = world.bezout(a, b)
    whole = known.a_part * indices[first] + known.b_part * indices[second]
    yield Lemma(c == known.g * whole)
    for quotient, _ in list(world.trail.contracts.divisions.values())[:1]:
        yield Lemma(scaled(known.g, whole - quotient), (known.g >= 1,))
    yield Lemma(a * begin[first] + b * begin[second] == c)
    apart = a * dp + b * dq == 0
    yield Lemma(apart)
    smaller = known.a_part * dp + known.b_part * dq == 0
    parts = (a == known.g * known.a_part, b == known.g * known.b_part)
    yield Lemma(smaller, (apart, known.g >= 1, *parts))
    identity = known.u * known.a_part + known.v * known.b_part
    told = [j == sign * (known.v * dp - known.u * dq)]
    for distance in (dp, dq):
        told.append(identity * distance == distance)
        yield Lemma(told[-1], (identity == 1,))
    for witness in (known.u, known.v):
        told.append(witness * (known.a_part * dp + known.b_part * dq) == 0)
        yield Lemma(told[-1], (smaller,))
    yield Lemma(dp == sign * known.b_part * j, tuple(told))
    yield Lemma(dq == -sign * known.a_part * j, tuple(told))


statement(
    "symbolic.progressions",
    says="With any one index held fixed, the code's arithmetic progression holds every "
    "solution of the relation, and nothing else.",
    formula="{(o, k, i) : s·o + d·k = e·i + low, all exist, f = t}\n"
    "  = {start + step·j : 0 ≤ j < length}      f any of k, o, i",
    hypotheses=(*AXIS, "0 ≤ t < n_f"),
    code=("Axis.progression", "Axis.holds", "Axis.coefficient", "axis._range_within"),
    subject=lambda axis, fixed, index: axis.progression(fixed, index),
    checks={f"{NAMES[role]} fixed": _check(role) for role in ROLES[::-1]},
)
