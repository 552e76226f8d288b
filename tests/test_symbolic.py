"""Proofs for all sizes: what they rest on, that they close, and that they can fail."""

from __future__ import annotations

import dataclasses
import math
import random
from collections import Counter
from typing import Any

import pytest

z3 = pytest.importorskip("z3", reason="the extra 'prove' is not installed")

from jconv.errors import UnsupportedError  # noqa: E402
from jconv.geometry import axis as axes  # noqa: E402
from jconv.verify import engine, symbolic  # noqa: E402
from jconv.verify import registry as claims  # noqa: E402
from jconv.verify.claim import Verdict as ClaimVerdict  # noqa: E402
from jconv.verify.context import Context  # noqa: E402
from jconv.verify.symbolic import (  # noqa: E402  # noqa: E402
    STATEMENTS,
    WRONG_RULES,
    Verdict,
    contracts,
    counterexample,
    solver,
)
from jconv.verify.symbolic.integer import Integer, as_term  # noqa: E402
from jconv.verify.symbolic.statement import Goal, Lemma, Statement  # noqa: E402
from jconv.verify.symbolic.trail import Trail, trails  # noqa: E402
from jconv.verify.symbolic.world import (  # noqa: E402  # noqa: E402
    Numbers,
    OutOfScopeError,
    Symbols,
    axis_of,
    index_of,
)
from tests import faults as _registers_faults  # noqa: E402, F401
from tests.planting import planted  # noqa: E402

LONG = {
    "symbolic.progressions": "k fixed",
    "symbolic.one-index-set": "input, k fixed",
    "symbolic.any-rank": "made",
}
"""Of these one case is proved here; CI proves all, by the commands."""


def made(check: Any, subject: Any = None) -> Statement:
    """A statement of the test's own."""
    return Statement("own", "", "", (), (), subject, {"": check})


def value(term: Any, *facts: Any) -> int:
    """The one value that a term has under some facts."""
    (found,) = solver.model(facts, [term]) or [None]
    assert found is not None
    assert solver.model([*facts, term != found], [term]) is None
    return found


# Statements -------------------------------------------------------------------------


@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_is_proved(name: str) -> None:
    statement = STATEMENTS[name]
    if name in LONG:
        only = {LONG[name]: statement.checks[LONG[name]]}
        statement = dataclasses.replace(statement, checks=only)
    proof = symbolic.prove(statement)
    assert (proof.verdict, proof.missing) == (Verdict.PROVED, ())
    assert proof.paths >= 2
    assert proof.goals >= proof.paths


class Drawn(dict[str, int]):
    """A small number for every name that is asked for, one that it can often be."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def __missing__(self, name: str) -> int:
        choices = (-1, 0, 0, 1, 1, 2)
        if name.startswith(("n_", "length", "size")):
            choices = (1, 2, 2, 3, 4, 5)
        elif name.startswith(("stride", "input_dilation")):
            choices = (1, 1, 2, 2, 3, 4)
        elif name.startswith(("kernel_dilation", "step")):
            choices = (-2, -1, 1, 1, 2, 3)
        self[name] = self._random.choice(choices)
        return self[name]


@pytest.mark.parametrize(
    ("name", "case"),
    [(name, case) for name, each in STATEMENTS.items() for case in each.checks],
    ids=lambda text: text.removeprefix("symbolic.").replace(" ", "-") or "all",
)
def test_statement_holds_of_plain_numbers_and_not_of_none(name: str, case: str) -> None:
    statement, seen = STATEMENTS[name], Counter[str]()
    for seed in range(4000):
        try:
            for each in statement.checks[case](Numbers(Drawn(seed)), statement.subject):
                assert not isinstance(each, Lemma)
                assert each.truth, (each.says, seed)
                seen[each.says] += 1
        except OutOfScopeError:
            continue
    assert seen
    assert min(seen.values()) >= 3, seen


@pytest.mark.parametrize("name", WRONG_RULES)
def test_wrong_rule_is_refuted_by_small_numbers_and_in_numpy(name: str) -> None:
    refutation = symbolic.refute(WRONG_RULES[name])
    assert refutation.counterexample is not None
    assert refutation.right != refutation.got
    assert max(map(abs, refutation.counterexample.values.values())) <= 2


def test_every_statement_has_a_wrong_rule() -> None:
    assert {rule.statement for rule in WRONG_RULES.values()} == set(STATEMENTS)


FAULTS = {
    "kernel-not-flipped": "symbolic.textbook-input",
    "textbook-stride-not-swapped": "symbolic.textbook-kernel",
    "last-tap-dropped": "symbolic.progressions",
    "stride-and-dilation-swapped": "symbolic.progressions",
    "low-plus-one": "symbolic.textbook-input",
    "one-output-too-few": "symbolic.output-size",
}
"""The project's planted faults that are symbolic, and the statement that falls."""


@pytest.mark.parametrize("name", FAULTS)
def test_planted_fault_is_refuted(name: str) -> None:
    statement = STATEMENTS[FAULTS[name]]
    with planted(name):
        assert counterexample.search(statement, statement.subject) is not None
    assert FAULTS[name] in claims()


# What a proof rests on --------------------------------------------------------------


@pytest.mark.parametrize("b", [-3, -2, -1, 1, 2, 5])
def test_division_is_pythons(b: int) -> None:
    for a in range(-6, 7):
        trail = Trail()
        unknown_a, unknown_b = trail.symbol("a"), trail.symbol("b")
        trail.assume(z3.And(unknown_a.term == a, unknown_b.term == b))
        q, r = divmod(unknown_a, unknown_b)
        found = value(q.term, *trail.facts), value(r.term, *trail.facts)
        assert found == divmod(a, b)


@pytest.mark.parametrize(("a", "b"), [(4, 6), (3, -6), (-5, 2), (1, 1), (0, 3)])
def test_gcd_and_inverse_are_pythons(a: int, b: int) -> None:
    trail = Trail()
    known = trail.contracts.gcd(Integer(as_term(a), trail), Integer(as_term(b), trail))
    assert value(known.g.term, *trail.facts) == math.gcd(a, b)
    modulus = abs(known.b_part)
    inverse = pow(known.a_part, -1, modulus)
    right = pow(a // math.gcd(a, b), -1, abs(b) // math.gcd(a, b))
    assert value(inverse.term, *trail.facts) == right


def test_inverse_without_a_witness_is_refused() -> None:
    trail = Trail()
    with pytest.raises(ValueError, match="invertible"):
        pow(trail.symbol("a"), -1, trail.symbol("m"))


def test_paths_cover_all_numbers_and_agree_with_the_code() -> None:
    seen = []
    with contracts.in_place():
        for trail in trails():
            world = Symbols(trail)
            axis = axis_of(world)
            t = index_of(world, axis, "kernel", "t")
            seen.append((trail, axis.progression("kernel", t).length))
    for seed in range(12):
        numbers = Numbers(Drawn(seed))
        try:
            axis = axis_of(numbers)
            t = index_of(numbers, axis, "kernel", "t")
        except OutOfScopeError:
            continue
        fitting = []
        for trail, length in seen:
            given = [trail.unknowns[name] == n for name, n in numbers.values.items()]
            found = solver.model([*trail.facts, *given], [as_term(length)])
            fitting += [] if found is None else found
        assert fitting == [axis.progression("kernel", t).length]


def test_code_is_left_as_it_was() -> None:
    before = dict(vars(axes))
    with contracts.in_place():
        assert axes.gcd is contracts.gcd  # type: ignore[attr-defined]
        assert axes.gcd(4, 6) == 2  # type: ignore[attr-defined]
    assert vars(axes) == before


# Verdicts ---------------------------------------------------------------------------


def test_false_statement_is_refuted_by_the_smallest_number() -> None:
    def check(world: Any, subject: Any) -> Any:
        x = world.integer("x")
        yield Goal("every number is even", x // 2 * 2 == x)

    proof = symbolic.prove(made(check))
    assert proof.verdict is Verdict.REFUTED
    assert proof.missing == ("every number is even",)
    assert {abs(n) for n in proof.counterexample.values.values()} == {1}


def test_what_the_solver_leaves_open_is_not_proved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(solver, "STEPS", 20_000)
    monkeypatch.setattr(counterexample, "BOUNDS", (1,))

    def check(world: Any, subject: Any) -> Any:
        x, y, z = (world.integer(name) for name in "xyz")
        world.suppose(x >= 1, y >= 1, z >= 1)
        yield Goal("Fermat, n = 3", x * x * x + y * y * y != z * z * z)

    proof = symbolic.prove(made(check))
    assert proof.verdict is Verdict.OPEN
    assert proof.counterexample is None


def test_path_that_breaks_is_told() -> None:
    def check(world: Any, subject: Any) -> Any:
        x, y = world.integer("x"), world.integer("y")
        yield Goal("a quotient", x // y == x // y)

    proof = symbolic.prove(made(check))
    assert proof.verdict is Verdict.REFUTED
    assert "ZeroDivisionError" in proof.missing[0]
    assert proof.counterexample.values["y"] == 0


def test_false_lemma_is_of_no_use() -> None:
    def check(world: Any, subject: Any) -> Any:
        x = world.integer("x")
        yield Lemma(x == 0)
        yield Lemma(x * x == 0, (x == 0,))
        yield Goal("every number is zero", x == 0)

    proof = symbolic.prove(made(check))
    assert (proof.verdict, proof.lemmas) == (Verdict.REFUTED, 0)


def test_without_the_solver_claims_are_unsupported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(solver, "z3", None)
    with pytest.raises(UnsupportedError, match="pip install"):
        symbolic.prove(STATEMENTS["symbolic.output-size"])
    result = engine.judge(claims()["symbolic.output-size"], Context())
    assert result.verdict is ClaimVerdict.UNSUPPORTED
    assert "pip install" in result.reason


def test_claim_holds_and_shows_its_wrong_rules() -> None:
    result = engine.judge(claims()["symbolic.stride-subsamples"], Context())
    assert result.verdict is ClaimVerdict.HOLDS
    assert len(result.evidence) == 2
    assert result.evidence[0].what.startswith("proved for all sizes")
