"""Every registered algorithm, in every role, against the oracle; and the choice."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jconv
from jconv import algorithms, reference
from jconv.algorithms import REGISTRY, choose, result_shape
from jconv.algorithms.accuracy import acceptable
from jconv.algorithms.loop import Loop
from jconv.algorithms.patches import Patches
from jconv.algorithms.taps import MAX_STEPS, Taps, step_count
from jconv.geometry import OPERANDS, ROLES, Geometry
from tests.cases import (
    CASES,
    EMPTY_CASES,
    EXACT,
    FEW,
    Case,
    by_id,
    compiling,
    geometries,
    integers,
    named,
)

PLATFORMS = (None, "cpu", "cuda", "rocm", "tpu")
every_algorithm = pytest.mark.parametrize("method", REGISTRY)
every_exact_algorithm = pytest.mark.parametrize("method", EXACT)


def canonical_shapes(geometry, batch=(2,), c_in=2, c_out=3, examples=2):
    """Shapes of the three roles in the primitive's order; examples is e."""
    c, m = c_in // geometry.groups, c_out // geometry.groups
    return {
        "input": (examples, *batch, *geometry.input_shape, geometry.groups, c),
        "kernel": (examples, *geometry.kernel_shape, c, geometry.groups, m),
        "output": (examples, *batch, *geometry.output_shape, geometry.groups, m),
    }


def shapes_of(case: Case):
    return canonical_shapes(case.geometry, case.batch, case.c_in, case.c_out)


def all_roles(algorithm, geometry, shapes, dtype="float64"):
    """The three contractions by an algorithm, compiled as one program, and arrays."""
    arrays = {role: integers(shape, 5, dtype) for role, shape in shapes.items()}

    @jax.jit
    def program(arrays):
        return {
            out: algorithm.run(
                *(arrays[role] for role in OPERANDS[out]),
                geometry=geometry,
                out=out,
                precision=None,
                accumulate=dtype,
            )
            for out in ROLES
        }

    return program(arrays), arrays


def check_all_roles(algorithm, geometry, shapes, dtype="float64"):
    computed, arrays = all_roles(algorithm, geometry, shapes, dtype)
    for out in ROLES:
        operands = (arrays[role] for role in OPERANDS[out])
        expected = reference.contract(*operands, geometry, out)
        assert computed[out].dtype == dtype
        assert computed[out].shape == shapes[out]
        np.testing.assert_array_equal(computed[out], expected, err_msg=out)


@every_exact_algorithm
@pytest.mark.parametrize("case", [*CASES, *EMPTY_CASES], ids=by_id)
def test_every_role_equals_the_oracle(method, case):
    check_all_roles(REGISTRY[method], case.geometry, shapes_of(case))


@every_exact_algorithm
@pytest.mark.parametrize("dtype", ["int32", "complex128"])
@pytest.mark.parametrize("case", FEW[:2], ids=by_id)
def test_other_exact_dtypes(method, dtype, case):
    check_all_roles(REGISTRY[method], case.geometry, shapes_of(case), dtype)


@every_exact_algorithm
@compiling
@given(geometry=geometries())
def test_any_relation_even_one_that_no_call_describes(method, geometry):
    """Relations with empty taps, wide pads and sizes that fit no padding's formula."""
    shapes = canonical_shapes(
        geometry, (), geometry.groups, 2 * geometry.groups, examples=1
    )
    check_all_roles(REGISTRY[method], geometry, shapes)


# Absent means absent ----------------------------------------------------------------

LOCAL = [name for name, each in REGISTRY.items() if each.keeps_nonfinite_local]


def test_some_algorithm_keeps_infinities_local():
    assert "taps" in LOCAL


@pytest.mark.parametrize("method", LOCAL)
@pytest.mark.parametrize("out", ROLES)
@pytest.mark.parametrize("case", CASES, ids=by_id)
def test_an_infinity_appears_only_where_the_relation_says(method, out, case):
    geometry, shapes = case.geometry, shapes_of(case)
    roles = OPERANDS[out]
    algorithm = REGISTRY[method]

    @jax.jit
    def program(first, second):
        return algorithm.run(
            first,
            second,
            geometry=geometry,
            out=out,
            precision=None,
            accumulate="float64",
        )

    for poisoned in (0, 1):
        ones = [np.ones(shapes[role]) for role in roles]
        marks = [np.ones(shapes[role]) for role in roles]
        marks[poisoned] = np.zeros(shapes[roles[poisoned]])
        spot = 2 * ones[poisoned].size // 3
        ones[poisoned].flat[spot] = np.inf
        marks[poisoned].flat[spot] = 1
        reached = reference.contract(*marks, geometry, out) != 0
        result = np.asarray(program(*ones))
        np.testing.assert_array_equal(np.isposinf(result), reached)
        assert np.isfinite(result[~reached]).all()


# Limits and the choice --------------------------------------------------------------


def test_taps_take_the_role_with_the_fewest_indices_along_each_axis():
    wide = Geometry.from_call((16, 20), (14, 3), padding=0)
    assert wide.output_shape == (3, 18)
    assert step_count(wide) == 3 * 3
    few_inputs = Geometry.from_call((2,), (9,), padding=8)
    assert step_count(few_inputs) == 2


@given(geometries())
def test_no_role_takes_more_steps_than_its_fewest_indices(geometry):
    bound = 1
    for axis in geometry.axes:
        bound *= min(axis.n_input, axis.n_kernel, axis.n_output)
    assert step_count(geometry) <= bound


def test_taps_refuse_more_steps_than_their_limit_and_say_how_many():
    case = named("2-D")
    limited = Taps(max_steps=3)
    arguments = (case.geometry, shapes_of(case), "output", "float64", "cpu")
    assert "4 matrix products, more than 3" in limited.refuses(*arguments)
    assert Taps(max_steps=4).refuses(*arguments) is None


def test_patches_refuse_more_bytes_than_their_limit_and_say_how_many():
    geometry = named("plain").geometry
    shapes = canonical_shapes(geometry, (2,), 2, 3, examples=1)
    n_bytes = 2 * geometry.output_shape[0] * 3 * 2 * 8  # batch, o, k, c, float64
    arguments = (geometry, shapes, "output", "float64", "cpu")
    refusal = Patches(max_bytes=n_bytes - 1).refuses(*arguments)
    assert f"{n_bytes} bytes, more than {n_bytes - 1}" in refusal
    assert Patches(max_bytes=n_bytes).refuses(*arguments) is None


@given(
    geometry=geometries(),
    out=st.sampled_from(ROLES),
    platform=st.sampled_from(PLATFORMS),
    dtype=st.sampled_from(["float32", "int8", "complex64"]),
)
def test_the_choice_refuses_nothing_is_repeatable_and_cheapest(
    geometry, out, platform, dtype
):
    shapes = canonical_shapes(geometry, (4,), 8, 16, examples=1)
    shapes = {role: shapes[role] for role in OPERANDS[out]}
    arguments = (geometry, shapes, out, dtype, platform)
    chosen = choose(*arguments)
    assert chosen is choose(*arguments)
    assert chosen.refuses(*arguments) is None
    able = [
        each
        for each in REGISTRY.values()
        if not each.refuses(*arguments) and acceptable(each, *arguments[:4])
    ]
    assert chosen.cost(*arguments) == min(each.cost(*arguments) for each in able)
    for each in able:
        assert each.cost(*arguments) >= 0
        assert 0 <= each.error_bound(*arguments[:4]) < 1
    assert result_shape(geometry, shapes, out)


def test_the_choice_is_left_with_what_does_not_refuse(monkeypatch):
    tiny = {"taps": Taps(max_steps=1), "loop": Loop(), "patches": Patches(max_bytes=1)}
    monkeypatch.setattr(algorithms, "REGISTRY", tiny)
    case = named("2-D")
    for out in ROLES:
        arguments = (case.geometry, shapes_of(case), out, "float64", "cpu")
        assert choose(*arguments).name == "loop"
        for method in ("taps", "patches"):
            with pytest.raises(jconv.UnsupportedError, match=f"method='{method}'"):
                choose(*arguments, method)


def test_a_named_algorithm_that_refuses_raises_its_reason():
    x, w = np.ones((40, 40, 1)), np.ones((16, 16, 1, 1))
    with pytest.raises(jconv.UnsupportedError, match=r"'taps' cannot compute.*256"):
        jconv.conv(x, w, method="taps")


def test_an_unknown_name_is_the_users_mistake():
    with pytest.raises(jconv.GeometryError, match=r"method='fft9'.*taps"):
        jconv.conv(np.ones((4, 1)), np.ones((2, 1, 1)), method="fft9")


@every_algorithm
def test_the_method_is_the_one_that_runs(method, monkeypatch):
    """A named method reaches the lowering, in all three public functions."""
    ran = []
    original = REGISTRY[method].run

    def counted(self, *operands, **options):
        ran.append(options["out"])
        return original(*operands, **options)

    monkeypatch.setattr(type(REGISTRY[method]), "run", counted)
    case = Case(f"method-{method}", (11,), (3,), c_in=1, c_out=1)
    x, w, dy = (case.array(role) for role in ("input", "kernel", "output"))
    jconv.conv(x, w, method=method)
    jconv.conv_input_vjp(dy, w, input_shape=x.shape, method=method)
    jconv.conv_kernel_vjp(x, dy, kernel_shape=w.shape, method=method)
    assert ran == ["output", "input", "kernel"]


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
    x, w = np.ones((40, 40, 2)), np.ones((16, 16, 2, 3))
    text = jax.jit(lambda x, w: jconv.conv(x, w, method="loop")).lower(x, w).as_text()
    assert text.count("stablehlo.dot_general") == 1
    assert text.count("stablehlo.while") == 1


def test_algorithms_are_values():
    for algorithm in REGISTRY.values():
        assert dataclasses.is_dataclass(algorithm)
        assert hash(algorithm) == hash(dataclasses.replace(algorithm))
