"""How an algorithm is chosen: limits, refusals, costs and partitioned programs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import export

import jconv
from jconv import algorithms
from jconv.algorithms import REGISTRY, choose, registry, result_shape
from jconv.algorithms.loop import Loop
from jconv.algorithms.taps import Taps, step_count
from jconv.geometry import OPERANDS, ROLES, Geometry
from jconv.verify.variants import DIVIDING, REFUSING
from tests.abilities import canonical_shapes, operand_shapes, shapes_of
from tests.cases import axes, geometries, named

PLATFORMS = (None, "cpu", "cuda", "rocm", "tpu")
DTYPES = ("float32", "bfloat16", "float64", "complex64", "int8")

calls = {
    "geometry": geometries(),
    "out": st.sampled_from(ROLES),
    "platform": st.sampled_from(PLATFORMS),
    "dtype": st.sampled_from(DTYPES),
}


def test_taps_take_the_role_with_the_fewest_indices_along_each_axis():
    wide = Geometry.from_call((16, 20), (14, 3), padding=0)
    assert wide.output_shape == (3, 18)
    assert step_count(wide) == 3 * 3
    few_inputs = Geometry.from_call((2,), (9,), padding=8)
    assert step_count(few_inputs) == 2


@given(geometries())
def test_no_role_takes_more_steps_than_its_fewest_indices(geometry):
    bound = math.prod(min(a.n_input, a.n_kernel, a.n_output) for a in geometry.axes)
    assert step_count(geometry) <= bound


def test_taps_refuse_more_steps_than_their_limit_and_say_how_many():
    case = named("2-D")
    arguments = (case.geometry, shapes_of(case), "output", "float64", "cpu")
    reason = Taps(max_steps=3).refuses(*arguments)
    assert "4 matrix products, more than 3" in reason
    assert Taps(max_steps=4).refuses(*arguments) is None


def test_every_limit_is_one_that_divides_or_one_that_refuses():
    """A new limit is added to ``verify.variants``, or is never tested."""
    found = {
        name
        for each in REGISTRY.values()
        for name, value in vars(each).items()
        if isinstance(value, int) and not isinstance(value, bool)
    }
    assert found <= {*DIVIDING, *REFUSING}


@given(**calls)
def test_the_choice_refuses_nothing_is_repeatable_and_the_cheapest(
    geometry, out, platform, dtype
):
    shapes = operand_shapes(canonical_shapes(geometry, (4,), 8, 16, examples=1), out)
    check_choice(geometry, shapes, out, dtype, platform)


@given(
    axis=st.lists(axes(smallest=1), min_size=1, max_size=2),
    factor=st.sampled_from([1, 10, 50]),
    channels=st.sampled_from([(1, 1), (3, 64), (64, 64), (512, 256)]),
    **{name: each for name, each in calls.items() if name != "geometry"},
)
def test_the_choice_among_large_arrays(axis, factor, channels, out, platform, dtype):
    """Nothing is computed, so sizes may be those of real layers."""
    geometry = Geometry.from_call(
        [each.n_input * factor for each in axis],
        [each.n_kernel for each in axis],
        stride=[each.stride for each in axis],
        input_dilation=[each.input_dilation for each in axis],
        padding="full",
    )
    shapes = operand_shapes(canonical_shapes(geometry, (16,), *channels, 1), out)
    check_choice(geometry, shapes, out, dtype, platform)


@given(**calls)
def test_the_choice_with_a_symbolic_batch(geometry, out, platform, dtype):
    (batch,) = export.symbolic_shape("b")
    shapes = operand_shapes(canonical_shapes(geometry, (batch,), 4, 4), out)
    check_choice(geometry, shapes, out, dtype, platform, bounds=False)


def check_choice(geometry, shapes, out, dtype, platform, *, bounds=True):
    arguments = (geometry, shapes, out, dtype, platform)
    here = registry(platform).values()
    able = [each for each in here if not each.refuses(*arguments)]
    prices = {each.name: each.cost(*arguments) for each in able}
    assert {"loop"} <= set(prices)
    for name, price in prices.items():
        assert price >= 0, name
        assert math.isfinite(price), name
    for partitioned in (False, True):
        chosen = choose(*arguments, partitioned=partitioned)
        assert chosen == choose(*arguments, partitioned=partitioned)
        assert chosen in able
        assert chosen.keeps_batch_whole or not partitioned
        exact = [
            prices[each.name]
            for each in able
            if each.exact_on_integers and (each.keeps_batch_whole or not partitioned)
        ]
        assert prices[chosen.name] <= min(exact)
    for each in able if bounds else ():
        assert each.error_bound(*arguments[:4]) >= 0
    assert result_shape(geometry, shapes, out)


def test_the_choice_is_left_with_what_does_not_refuse(monkeypatch):
    tiny = {"taps": Taps(max_steps=1), "loop": Loop()}
    monkeypatch.setattr(algorithms, "REGISTRY", tiny)
    case = named("2-D")
    for out in ROLES:
        shapes = {role: shapes_of(case)[role] for role in OPERANDS[out]}
        arguments = (case.geometry, shapes, out, "float64", "cpu")
        assert choose(*arguments).name == "loop"
        with pytest.raises(jconv.UnsupportedError, match="method='taps'"):
            choose(*arguments, "taps")


def test_a_named_algorithm_that_refuses_raises_its_reason():
    x, w = np.ones((40, 40, 1)), np.ones((16, 16, 1, 1))
    with pytest.raises(jconv.UnsupportedError, match=r"'taps' cannot compute.*256"):
        jconv.conv(x, w, method="taps")


def test_an_unknown_name_is_the_users_mistake():
    with pytest.raises(jconv.GeometryError, match=r"method='fft9'.*taps"):
        jconv.conv(np.ones((4, 1)), np.ones((2, 1, 1)), method="fft9")
