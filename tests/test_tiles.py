"""Where units of work begin: listed while there are some thousands, computed beyond."""

from __future__ import annotations

import dataclasses

import jax
import pytest

from jconv.algorithms.parts import tiles
from jconv.geometry import OPERANDS, ROLES
from tests.abilities import LIMITED, check_all, public, roles_of, shapes_of
from tests.cases import EXACT, PLANES, Case


@pytest.mark.parametrize("method", ["auto", *EXACT])
@pytest.mark.parametrize("out", ROLES)
def test_a_program_is_as_long_for_a_million_examples(method, out):
    case = Case("long", (9, 9), (3, 3), c_in=4, c_out=4, padding="same")
    if out not in roles_of(method, case):
        pytest.skip("it has no such role here")
    lengths = []
    for n in (2_000, 1_000_000):
        many = dataclasses.replace(case, batch=(n,))
        operands = [
            jax.ShapeDtypeStruct(many.shapes[role], "float32") for role in OPERANDS[out]
        ]
        run = jax.jit(public(many, out, method=method))
        lengths.append(len(run.lower(*operands).as_text()))
    assert lengths[1] <= lengths[0] + 2_000


@pytest.mark.parametrize("method", ["patches", "mixed"])
def test_it_computes_beginnings_that_it_does_not_list(method, monkeypatch):
    monkeypatch.setattr(tiles, "CONSTANTS", 2)
    limited = {name: each for name, each in LIMITED.items() if name.startswith(method)}
    assert limited
    for case in PLANES:
        check_all(limited, case.geometry, shapes_of(case))
