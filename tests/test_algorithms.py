"""Every algorithm, in every role it does not refuse, equals the oracle."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jconv
from jconv import reference
from jconv.algorithms import REGISTRY, loop
from jconv.algorithms.taps import MAX_STEPS
from jconv.geometry import OPERANDS, ROLES, Geometry
from tests.abilities import (
    LIMITED,
    able_roles,
    all_of,
    canonical_shapes,
    check_all,
    compiled,
    contraction,
    is_value,
    public,
    refusal,
    roles_of,
    routines,
    shapes_of,
)
from tests.cases import (
    CASES,
    EMPTY_CASES,
    EXACT,
    FEW,
    PLANES,
    by_id,
    compiling,
    geometries,
)

every_algorithm = pytest.mark.parametrize("method", REGISTRY)

SHARE = 3
"""Of the algorithms with tiny limits, each of ``CASES`` takes every third."""


@pytest.mark.parametrize("case", [*CASES, *EMPTY_CASES], ids=by_id)
def test_every_role_equals_the_oracle(case):
    done = check_all(all_of(EXACT), case.geometry, shapes_of(case))
    assert {("loop", out) for out in ROLES} <= done


LIMITED_CASES = [
    (case, dict([*LIMITED.items()][n % SHARE :: SHARE])) for n, case in enumerate(CASES)
] + [(case, LIMITED) for case in PLANES]


@pytest.mark.parametrize(
    ("case", "limited"), LIMITED_CASES, ids=[case.id for case, _ in LIMITED_CASES]
)
def test_every_role_with_tiny_limits(case, limited):
    """Many tiles, rows cut in two, blocks of one result and of many."""
    examples = 1 + len(case.id) % 2  # e of one is a plain product, not a batched one
    check_all(limited, case.geometry, shapes_of(case, examples))


@pytest.mark.parametrize("dtype", ["int32", "complex128", "float32"])
@pytest.mark.parametrize("case", [FEW[0], FEW[2], PLANES[2]], ids=by_id)
def test_other_exact_dtypes(dtype, case):
    check_all(all_of(EXACT), case.geometry, shapes_of(case), dtype)


@compiling
@given(
    geometry=geometries(),
    methods=st.sets(st.sampled_from(EXACT), min_size=2, max_size=3),
    limited=st.sampled_from(sorted(LIMITED)),
)
def test_any_relation_even_one_that_no_call_describes(geometry, methods, limited):
    """Relations with empty taps, wide pads and sizes that fit no padding's formula."""
    shapes = canonical_shapes(
        geometry, (), geometry.groups, 2 * geometry.groups, examples=1
    )
    chosen = all_of(methods) | {limited: LIMITED[limited]}
    check_all(chosen, geometry, shapes)


# Who can do what --------------------------------------------------------------------


@every_algorithm
def test_each_algorithm_is_tested_in_every_role_it_has(method):
    """A role is either computed in some case, or refused for one reason that names it.

    So nothing is left out silently.
    """
    cases = [(case.geometry, shapes_of(case)) for case in (*CASES, *PLANES)]
    for out in ROLES:
        reasons = {refusal(REGISTRY[method], *each, out) for each in cases}
        if None not in reasons:
            assert len(reasons) == 1
            assert out in reasons.pop()
    assert REGISTRY[method].exact_on_integers == (method in EXACT)


@pytest.mark.parametrize("label", LIMITED)
def test_each_algorithm_with_tiny_limits_is_tested(label):
    geometries_of = [(case.geometry, shapes_of(case)) for case, _ in LIMITED_CASES]
    assert any(able_roles(LIMITED[label], *each) for each in geometries_of)


def test_the_general_algorithms_refuse_nothing():
    for case in (*CASES, *EMPTY_CASES, *PLANES):
        for name in ("taps", "loop"):
            able = able_roles(REGISTRY[name], case.geometry, shapes_of(case))
            assert able == ROLES


@given(geometry=geometries(), out=st.sampled_from(ROLES))
def test_a_refusal_says_why(geometry, out):
    """In words that fit into "cannot compute this output: ... ."."""
    shapes = canonical_shapes(geometry, (2,), 4, 2)
    for algorithm in REGISTRY.values():
        reason = refusal(algorithm, geometry, shapes, out)
        if reason is not None:
            assert len(reason.split()) >= 3
            assert reason == reason.strip().rstrip(".")
            assert "\n" not in reason


def test_algorithms_are_values():
    assert all(map(is_value, [*REGISTRY.values(), *LIMITED.values()]))


# Absent means absent ----------------------------------------------------------------

LOCAL = [name for name, each in REGISTRY.items() if each.keeps_nonfinite_local]


def poisoned(case, names):
    """Yield (algorithm, role, result, where an infinity may be)."""
    geometry, shapes = case.geometry, shapes_of(case)
    program = compiled(routines(all_of(names), geometry, shapes), geometry)
    for role in ROLES:
        ones = {each: np.ones(shapes[each]) for each in ROLES}
        ones[role].flat[ones[role].size // 3] = np.inf
        marks = {each: np.ones(shapes[each]) for each in ROLES}
        marks[role] = np.isposinf(ones[role]).astype(float)
        for (name, out), result in program(ones).items():
            if role in OPERANDS[out]:
                operands = (marks[each] for each in OPERANDS[out])
                reached = reference.contract(*operands, geometry, out) != 0
                yield name, out, result, reached


def test_some_algorithm_keeps_infinities_local():
    assert "taps" in LOCAL


@pytest.mark.parametrize("case", CASES, ids=by_id)
def test_an_infinity_appears_only_where_the_relation_says(case):
    for name, out, result, reached in poisoned(case, LOCAL):
        np.testing.assert_array_equal(
            np.isposinf(result), reached, err_msg=f"{name} for {out}"
        )
        assert np.isfinite(result[~reached]).all(), (name, out)


def test_the_others_let_one_spread():
    """Where zeros are multiplied, infinity times zero is no number, as in lax.

    What leaves the work to others spreads what they spread.
    """
    own = {name for name in REGISTRY if not hasattr(REGISTRY[name], "inner")}
    spreading = {
        name
        for case in (PLANES[0], PLANES[2], PLANES[4])
        for name, _, result, reached in poisoned(case, set(REGISTRY) - set(LOCAL))
        if not np.isfinite(result[~reached]).all()
    }
    assert own - set(LOCAL) <= spreading


# The method reaches the lowering ----------------------------------------------------


@every_algorithm
@pytest.mark.parametrize("out", ROLES)
def test_the_method_is_the_one_that_runs(method, out, monkeypatch):
    """In each of the three public functions, if any case lets it."""
    ran = []
    original = type(REGISTRY[method]).run

    def counted(self, *operands, **options):
        ran.append((self.name, options["out"]))
        return original(self, *operands, **options)

    monkeypatch.setattr(type(REGISTRY[method]), "run", counted)
    able = [case for case in (*CASES, *PLANES) if out in roles_of(method, case)]
    for case in able[:1]:
        contraction = public(case, out, method=method)
        operands = [case.array(role) for role in OPERANDS[out]]
        jax.jit(contraction).lower(*operands)
    assert ran[:1] == [(method, out)] * len(able[:1])


# Compile time stays sane ------------------------------------------------------------

BIG = {
    "65-tap": ((200, 2), (65, 2, 2), {}),
    "16x16": ((1, 40, 40, 2), (16, 16, 2, 3), {}),
    "16x16-strided": ((1, 40, 40, 2), (16, 16, 2, 3), {"stride": 2, "padding": 3}),
    "200-tap": ((1000, 2), (200, 2, 3), {}),
}


@pytest.mark.parametrize("big", BIG.values(), ids=BIG)
def test_a_large_kernel_is_not_unrolled_past_the_bound(big):
    x_shape, w_shape, options = big
    x, w = (jax.ShapeDtypeStruct(shape, "float32") for shape in (x_shape, w_shape))

    def everything(x, w):
        y, pull = jax.vjp(lambda x, w: jconv.conv(x, w, **options), x, w)
        return pull(y)

    for function, products in ((jconv.conv, 1), (everything, 3)):
        text = jax.jit(function).lower(x, w).as_text()
        assert 1 <= text.count("stablehlo.dot_general") <= products * MAX_STEPS


def test_a_looped_kernel_is_one_product_in_one_loop():
    """Or as many as a turn of the loop takes, where JAX writes each of them out."""
    x, w = np.ones((40, 40, 2)), np.ones((16, 16, 2, 3))
    text = jax.jit(lambda x, w: jconv.conv(x, w, method="loop")).lower(x, w).as_text()
    assert text.count("stablehlo.dot_general") in (1, loop._unroll(16 * 16))
    assert text.count("stablehlo.while") == 1


# One product of matrices ------------------------------------------------------------

POINTWISE = Geometry.from_call((5, 4), (1, 1))
WHOLE_WINDOW = Geometry.from_call((5, 4), (5, 4))
STRIDED = Geometry.from_call((5, 4), (1, 1), stride=2)


@pytest.mark.parametrize("out", ROLES)
@pytest.mark.parametrize(
    "geometry",
    [POINTWISE, WHOLE_WINDOW, STRIDED],
    ids=["pointwise", "whole window", "strided"],
)
def test_matmul_multiplies_matrices(geometry, out):
    """Two dimensions where ``taps`` has four: batch and positions are one."""
    shapes = canonical_shapes(geometry, (2,), 4, 6, 1)

    def dimensions(name):
        operands = (np.zeros(shapes[each], np.float32) for each in OPERANDS[out])
        equations = jax.make_jaxpr(contraction(REGISTRY[name], geometry, out))(
            *operands
        ).eqns
        (product,) = (e for e in equations if e.primitive.name == "dot_general")
        return [each.aval.ndim for each in product.invars]

    assert dimensions("matmul") == [2, 2]
    assert max(dimensions("taps")) > 2
