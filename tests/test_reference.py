"""The oracle against a second construction: loops written out, and lax."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jconv import reference
from jconv.geometry import OPERANDS, ROLES, Axis
from tests.cases import (
    CASES,
    Case,
    by_id,
    canonical,
    default,
    geometries,
    integers,
    named,
    oracle,
    peer,
)
from tests.cases import axes as any_axis


def loops(arrays, geometry, out):
    """The definition, one multiplication at a time; ``arrays`` by role, out zeroed."""
    x, w, y = (arrays[role] for role in ROLES)
    for e, b, g, c, m in np.ndindex(
        x.shape[0], x.shape[1], x.shape[-2], x.shape[-1], y.shape[-1]
    ):
        for o in np.ndindex(geometry.output_shape):
            for k in np.ndindex(geometry.kernel_shape):
                for i in np.ndindex(geometry.input_shape):
                    if any(
                        axis.stride * o[a] + axis.kernel_dilation * k[a]
                        != axis.input_dilation * i[a] + axis.low
                        for a, axis in enumerate(geometry.axes)
                    ):
                        continue
                    at_x, at_w, at_y = (
                        (e, b, *i, g, c),
                        (e, *k, c, g, m),
                        (e, b, *o, g, m),
                    )
                    if out == "output":
                        y[at_y] += x[at_x] * w[at_w]
                    elif out == "input":
                        x[at_x] += w[at_w] * y[at_y]
                    else:
                        w[at_w] += x[at_x] * y[at_y]
    return arrays[out]


@pytest.mark.parametrize("out", ROLES)
@given(geometry=geometries(), e=st.integers(1, 2))
def test_oracle_equals_nested_loops(out, geometry, e):
    shapes = {
        "input": (e, 2, *geometry.input_shape, geometry.groups, 1),
        "kernel": (e, *geometry.kernel_shape, 1, geometry.groups, 2),
        "output": (e, 2, *geometry.output_shape, geometry.groups, 2),
    }
    arrays = {role: integers(shape, 3, "int64") for role, shape in shapes.items()}
    arrays[out] = np.zeros(shapes[out], "int64")
    first, second = (arrays[role] for role in OPERANDS[out])
    computed = reference.contract(first, second, geometry, out)
    np.testing.assert_array_equal(computed, loops(arrays, geometry, out))


@given(any_axis())
def test_relation_is_where_the_axis_holds(axis: Axis):
    table = reference.relation(axis)
    assert table.shape == (axis.n_output, axis.n_kernel, axis.n_input)
    assert {tuple(map(int, t)) for t in np.argwhere(table)} == set(axis.triples())


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.geometry.rank < 3], ids=by_id
)
def test_oracle_equals_lax(case: Case):
    x, w = case.array("input"), case.array("kernel")
    np.testing.assert_array_equal(
        oracle(case, "output", x, w), np.asarray(peer(case, x, w))
    )


def test_oracle_worked_by_hand():
    case = Case("by hand", (3, 3), (2, 2), batch=(), c_in=1, c_out=1)
    x, w = np.arange(9.0).reshape(3, 3, 1), np.arange(4.0).reshape(2, 2, 1, 1)
    y = oracle(case, "output", x, w)
    np.testing.assert_array_equal(y[..., 0], [[19, 25], [37, 43]])


def test_oracle_widens_narrow_floats_so_that_it_does_not_round():
    ones = np.ones(300, np.float16)
    case = Case("sum", (300,), (300,), batch=(), c_in=1, c_out=1)
    y = oracle(case, "output", ones.reshape(300, 1), ones.reshape(300, 1, 1) * 8)
    assert y.dtype == np.float64
    assert y.item() == 2400


@pytest.mark.parametrize("groups", [1, 2])
def test_canonical_order_and_back(groups):
    array = integers((2, 5, 4))
    assert canonical(array, groups).shape == (1, 2, 5, groups, 4 // groups)
    np.testing.assert_array_equal(default(canonical(array, groups)), array)
    assert named("plain").id == "plain"
