"""The integers: everything derived from the relation, against the relation itself."""

from __future__ import annotations

import dataclasses
import itertools
from math import gcd

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jconv
from jconv.geometry import (
    ROLES,
    Axis,
    Geometry,
    flop_count,
    kernel_size_from_output,
    output_size,
    parameter_count,
    receptive_field,
    same_padding,
)
from jconv.geometry.windows import Windows
from tests.cases import CASES, axes, by_id, geometries

INDEX = {"output": 0, "kernel": 1, "input": 2}


def relation(axis: Axis) -> set[tuple[int, int, int]]:
    """All (o, k, i), by trying every one."""
    return {
        (o, k, i)
        for o in range(axis.n_output)
        for k in range(axis.n_kernel)
        for i in range(axis.n_input)
        if axis.stride * o + axis.kernel_dilation * k
        == axis.input_dilation * i + axis.low
    }


# One axis ---------------------------------------------------------------------------


@given(axes())
def test_triples_are_the_relation(axis):
    triples = list(axis.triples())
    assert set(triples) == relation(axis)
    assert len(triples) == len(set(triples))
    assert triples == sorted(triples, key=lambda t: (t[1], t[0]))
    assert all(axis.holds(*triple) for triple in triples)


@pytest.mark.parametrize("fixed", ROLES)
@given(axis=axes(smallest=1), data=st.data())
def test_progression_solves_for_two_indices(fixed, axis, data):
    index = data.draw(st.integers(0, axis.size(fixed) - 1))
    found = axis.progression(fixed, index)
    solutions = {
        tuple(
            found.of(role)[0] + found.of(role)[1] * j
            for role in ("output", "kernel", "input")
        )
        for j in range(found.length)
    }
    assert len(solutions) == found.length
    assert solutions == {t for t in relation(axis) if t[INDEX[fixed]] == index}
    assert found.of(fixed) == (index, 0)


@given(axis=axes(smallest=1), data=st.data())
def test_a_tap_walks_with_the_steps_of_the_gcd(axis, data):
    tap = axis.tap(data.draw(st.integers(0, axis.n_kernel - 1)))
    if tap.length:
        g = gcd(axis.stride, axis.input_dilation)
        assert tap.output[1] == axis.input_dilation // g
        assert tap.input[1] == axis.stride // g


@given(axes())
def test_windows_hold_what_their_progressions_hold(axis):
    axis = dataclasses.replace(
        axis, input_dilation=1, kernel_dilation=abs(axis.kernel_dilation)
    )
    every = [axis.progression("output", o).length for o in range(axis.n_output)]
    assert Windows((axis,), ((axis.low, 0),)).counts() == (tuple(every),)


@given(axes(smallest=1))
def test_pads_describe_the_axis_again(axis):
    again = Geometry.from_call(
        (axis.n_input,),
        (axis.n_kernel,),
        stride=axis.stride,
        padding=((axis.pad_low, axis.pad_high),),
        kernel_dilation=axis.kernel_dilation,
        input_dilation=axis.input_dilation,
    )
    assert again.axes == (axis,)


@given(
    n_input=st.integers(0, 9),
    n_kernel=st.integers(0, 4),
    stride=st.integers(1, 4),
    kernel_dilation=st.integers(-3, 3).filter(bool),
    input_dilation=st.integers(1, 3),
    low=st.integers(-3, 5),
    high=st.integers(-3, 5),
)
def test_from_call_counts_the_windows(
    n_input, n_kernel, stride, kernel_dilation, input_dilation, low, high
):
    geometry = Geometry.from_call(
        (n_input,),
        (n_kernel,),
        stride=stride,
        padding=((low, high),),
        kernel_dilation=kernel_dilation,
        input_dilation=input_dilation,
        allow_empty=True,
    )
    dilated = len(range(0, n_input * input_dilation, input_dilation))
    dilated = (dilated - 1) * input_dilation + 1 if dilated else 0
    room = dilated + low + high
    taps = [abs(kernel_dilation) * k for k in range(n_kernel)]
    span = max(taps) + 1 if taps else 0
    windows = [o for o in range(40) if stride * o + span <= room]
    assert geometry.output_shape == (len(windows),)
    assert geometry.axes[0].pad_low == low
    if n_kernel:
        assert output_size(
            n_input, n_kernel, stride, (low, high), kernel_dilation, input_dilation
        ) == len(windows)


def test_a_window_that_fits_exactly_is_the_last_one():
    assert Geometry.from_call((3,), (3,)).output_shape == (1,)
    with pytest.raises(jconv.GeometryError, match="room for a window of 3"):
        Geometry.from_call((2,), (3,))
    assert Geometry.from_call((2,), (3,), allow_empty=True).output_shape == (0,)


# The textbook rules -----------------------------------------------------------------

SMALL_AXES = [
    Axis(*sizes, stride=s, kernel_dilation=d, input_dilation=e, low=low)
    for sizes in itertools.product((1, 2, 4), (1, 2, 3), (1, 2, 4))
    for s in (1, 2, 3)
    for d in (1, 2, -1, -2)
    for e in (1, 2)
    for low in range(-2, 4)
]


@pytest.mark.parametrize("out", ROLES)
def test_as_convolution_has_the_same_triples_on_every_small_axis(out):
    """What the rule calls output, kernel and input are the original's indices."""
    wrong = []
    for axis in SMALL_AXES:
        rule = axis.as_convolution(out)
        ordinary = rule.axis
        image, kernel = {
            "output": ("input", "kernel"),
            "input": ("output", "kernel"),
            "kernel": ("input", "output"),
        }[out]
        found = set()
        for o, k, i in ordinary.triples():
            there = {
                out: ordinary.n_output - 1 - o if rule.flip_result else o,
                kernel: ordinary.n_kernel - 1 - k if rule.flip_kernel else k,
                image: i,
            }
            found.add((there["output"], there["kernel"], there["input"]))
        if found != set(axis.triples()) or ordinary.kernel_dilation < 1:
            wrong.append(axis)
    assert wrong == []


@given(geometries())
def test_as_convolution_of_a_geometry_names_its_roles(geometry):
    expected = {
        "output": ("input", "kernel"),
        "input": ("output", "kernel"),
        "kernel": ("input", "output"),
    }
    for out, (image, kernel) in expected.items():
        rule = geometry.as_convolution(out)
        assert (rule.computes, rule.image, rule.kernel) == (out, image, kernel)
        assert rule.geometry.input_shape == geometry.size(image)
        assert rule.geometry.kernel_shape == geometry.size(kernel)
        assert rule.geometry.output_shape == geometry.size(out)
        assert rule.geometry.groups == geometry.groups


def test_dx_of_the_plain_convolution_is_the_full_convolution_with_a_flipped_kernel():
    rule = Geometry.from_call((5, 6), (3, 2)).as_convolution("input")
    assert rule.geometry.padding == ((2, 2), (1, 1))
    assert rule.flip_kernel == (True, True)
    assert rule.flip_result == (False, False)


# Several axes -----------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=by_id)
def test_pair_count_and_flop_count_count_the_products_that_exist(case):
    geometry = case.geometry
    pairs = 0
    for o in np.ndindex(geometry.output_shape):
        for k in np.ndindex(geometry.kernel_shape):
            for i in np.ndindex(geometry.input_shape):
                pairs += all(
                    axis.holds(*indices)
                    for axis, *indices in zip(geometry.axes, o, k, i, strict=True)
                )
    assert geometry.pair_count == pairs
    products = sum(
        pairs
        for _ in range(case.groups)
        for _ in range(case.c_in // case.groups)
        for _ in range(case.c_out // case.groups)
    )
    assert flop_count(geometry, 2, case.c_in, case.c_out) == 2 * 2 * products


def test_a_geometry_is_a_hashable_value_with_a_readable_repr():
    first = Geometry.from_call((8, 8), (3, 3), stride=2, padding="same", groups=2)
    second = Geometry.from_call((8, 8), (3, 3), stride=(2, 2), padding="SAME", groups=2)
    assert first == second
    assert hash(first) == hash(second)
    assert repr(first) == (
        "Geometry(8 x 8 input, 3 x 3 kernel, 4 x 4 output, stride=(2, 2), groups=2)"
    )


# Size formulas ----------------------------------------------------------------------


@given(
    n_input=st.integers(1, 20), n_output=st.integers(1, 20), stride=st.integers(1, 5)
)
def test_kernel_size_from_output_is_the_largest_that_works(n_input, n_output, stride):
    kernels = [
        k for k in range(1, n_input + 1) if output_size(n_input, k, stride) == n_output
    ]
    if kernels:
        assert kernel_size_from_output(n_input, n_output, stride) == max(kernels)
    else:
        with pytest.raises(jconv.GeometryError, match="n_output="):
            kernel_size_from_output(n_input, n_output, stride)


@given(
    st.integers(1, 20),
    st.integers(1, 6),
    st.integers(1, 4),
    st.integers(-3, 3).filter(bool),
)
def test_same_padding_is_the_least_that_gives_ceil_n_over_stride(n, k, stride, d):
    low, high = same_padding(n, k, stride, d)
    wanted = -(-n // stride)
    assert output_size(n, k, stride, (low, high), d) == wanted
    assert high - low in (0, 1)
    assert same_padding(n, k, stride, d, lower=True) == (high, low)
    if low + high:
        assert output_size(n, k, stride, (low, high - 1), d) < wanted


@given(st.lists(st.tuples(*[st.integers(1, 3)] * 3), min_size=1, max_size=3))
def test_receptive_field_is_what_an_output_depends_on(layers):
    seen = {0}
    for n_kernel, stride, dilation in reversed(layers):
        seen = {o * stride + dilation * k for o in seen for k in range(n_kernel)}
    assert receptive_field(layers) == max(seen) - min(seen) + 1


def test_receptive_field_of_pairs_is_undilated():
    assert receptive_field([(3, 2), (3, 1)]) == receptive_field([(3, 2, 1), (3, 1, 1)])
    assert receptive_field([]) == 1


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("bias", [False, True])
def test_parameter_count_is_the_size_of_the_arrays(groups, bias):
    kernel = np.zeros((3, 5, 8 // groups, 4))
    arrays = [kernel, np.zeros(4)] if bias else [kernel]
    counted = parameter_count((3, 5), 8, 4, groups, bias=bias)
    assert counted == sum(array.size for array in arrays)


@pytest.mark.parametrize(("c_in", "c_out"), [(3, 4), (4, 3)])
def test_parameter_count_refuses_groups_that_do_not_divide(c_in, c_out):
    with pytest.raises(jconv.GeometryError, match="groups=2: expected a divisor"):
        parameter_count((3,), c_in, c_out, groups=2)
