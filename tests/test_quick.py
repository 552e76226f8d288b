"""What a quick run samples: every algorithm is met, every pair of factors as well."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from jconv.algorithms import REGISTRY
from jconv.verify import comparison, families, registry
from jconv.verify.claims import (
    backward_routes,
    channels,
    composition,
    definition,
    linearity,
    sizes,
)
from jconv.verify.context import Context

EXACT = {name for name, each in REGISTRY.items() if each.exact_on_integers}
DTYPES = tuple(
    each for each in Context().dtypes if each not in backward_routes.QUICK_WITHOUT
)


def rows() -> tuple[families.Case, ...]:
    """The cases of the five routes in a quick run."""
    factors = backward_routes.QUICK_FACTORS | {"dtype": DTYPES}
    return families.with_methods(families.sample(2, **factors), sorted(EXACT))


def test_every_algorithm_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is compiled: which algorithms take their turn is a matter of tracing."""
    met = {case.method for case in rows()}

    def chosen(context: Context, *rest: Any) -> Iterator[Any]:
        names = comparison.able_methods(context, *rest)
        assert 0 < len(names) <= comparison.QUICK
        assert names[0] == "taps"
        met.update(names)
        return iter(())

    for module in (channels, composition, definition, linearity, sizes):
        monkeypatch.setattr(module, "by_every_method", chosen)
    for name, claim in registry().items():
        if name.startswith(("channels.", "definition.", "size.", "linear.", "stride.")):
            list(claim.check(Context(quick=True, claim_id=name)))
    assert met == EXACT


def test_a_whole_run_takes_every_algorithm_in_the_registrys_order() -> None:
    names = comparison.in_turn(Context(claim_id="any.claim"), "salt")
    assert names == [name for name in REGISTRY if name in EXACT]


def test_turns_depend_on_the_claim_and_on_nothing_else() -> None:
    turns = {
        comparison.in_turn(Context(quick=True, claim_id=f"claim.{n}"), "salt")[1]
        for n in range(60)
    }
    assert turns == EXACT - {"taps"}
    again = [
        comparison.in_turn(Context(seed=seed, quick=True, claim_id="a.b"), (3, 2))
        for seed in (0, 7)
    ]
    assert again[0] == again[1]


def test_every_pair_of_values_meets_in_the_five_routes() -> None:
    """Rows of the sample itself: a case may widen a padding under which nothing fits.

    The sample is pairwise by construction; this counts it afresh.
    """
    factors = families.FACTORS | backward_routes.QUICK_FACTORS | {"dtype": DTYPES}
    lengths = tuple(map(len, factors.values()))
    found = families.covering_rows(lengths, 2)
    assert len(found) == len(rows()) == 14
    for a, b in itertools.combinations(range(len(lengths)), 2):
        met = {(row[a], row[b]) for row in found}
        assert met == set(itertools.product(range(lengths[a]), range(lengths[b])))
