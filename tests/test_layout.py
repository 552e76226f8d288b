"""Orders of dimensions: parsed, carried out, undone."""

from __future__ import annotations

import functools
import itertools

import jax
import numpy as np
import pytest

import jconv
from jconv import layout
from tests.cases import Case, integers
from tests.programs import primitives

ORDERS_1D = ["".join(order) for order in itertools.permutations("NWC")]
KERNEL_ORDERS_1D = ["".join(order) for order in itertools.permutations("WIO")]


@pytest.mark.parametrize("x_order", ORDERS_1D)
@pytest.mark.parametrize("w_order", KERNEL_ORDERS_1D)
def test_parse_finds_every_dimension(x_order, w_order):
    arrangement = layout.parse((x_order, w_order, x_order[::-1]), 1)
    assert [x_order[n] for n in arrangement.input] == list("NWC")
    assert [w_order[n] for n in arrangement.kernel] == list("WIO")
    assert [x_order[::-1][n] for n in arrangement.output] == list("NWC")


def test_spatial_letters_are_ordered_as_in_the_kernel():
    arrangement = layout.parse(("NXYC", "YXIO", "CXYN"), 2)
    assert arrangement.input == (0, 2, 1, 3)
    assert arrangement.kernel == (0, 1, 2, 3)
    assert arrangement.output == (3, 2, 1, 0)


@pytest.mark.parametrize("role", ["input", "kernel", "output"])
def test_from_default_undoes_to_default(role):
    arrangement = layout.parse(("CHNW", "OWIH", "WNCH"), 2)
    array = integers((2, 3, 4, 5))
    there = layout.to_default(array, role, arrangement)
    back = layout.from_default(there, role, arrangement)
    assert there.shape != array.shape
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("groups", [1, 3])
def test_from_canonical_undoes_to_canonical(groups):
    array = integers((2, 5, 6))
    there = layout.to_canonical(array, groups)
    assert there.shape == (1, 2, 5, groups, 6 // groups)
    np.testing.assert_array_equal(layout.from_canonical(there), array)


def moved(array, before, after):
    """An array in another order of letters."""
    return np.transpose(array, [before.index(letter) for letter in after])


ORDERS_2D = [
    ("NCHW", "OIHW", "NCHW"),
    ("NHWC", "HWIO", "NHWC"),
    ("HWNC", "HWIO", "CWHN"),
    ("CNWH", "IWOH", "WCHN"),
    ("NXYC", "XYIO", "NXYC"),
    ("N01C", "01IO", "NC01"),
    ["NCHW", "OIHW", "NCHW"],
]


@pytest.mark.parametrize("numbers", ORDERS_2D, ids="-".join)
def test_all_three_functions_take_any_order(numbers):
    h, width = (letter for letter in numbers[1] if letter not in "IO")
    plain = (f"N{h}{width}C", f"{h}{width}IO", f"N{h}{width}C")
    case = Case(
        "orders", (4, 5), (2, 3), c_in=4, groups=2, c_out=6, stride=(1, 2), padding=1
    )
    x, w, dy = (case.array(role) for role in ("input", "kernel", "output"))
    arrays = [
        moved(array, before, after)
        for array, before, after in zip((x, w, dy), plain, numbers, strict=True)
    ]

    @jax.jit
    def everything(x, w, dy, x2, w2, dy2):
        plainly = functools.partial(_three, case=case, numbers=None)
        ordered = functools.partial(_three, case=case, numbers=numbers)
        return plainly(x, w, dy), ordered(x2, w2, dy2)

    expected, computed = everything(x, w, dy, *arrays)
    orders = [(plain[n], numbers[n]) for n in (2, 0, 1)]
    for wanted, got, (before, after) in zip(expected, computed, orders, strict=True):
        np.testing.assert_array_equal(moved(np.asarray(wanted), before, after), got)


def _three(x, w, dy, case, numbers):
    """y, dx and dw."""
    arguments = {**case.arguments, "dimension_numbers": numbers}
    return (
        jconv.conv(x, w, **arguments),
        jconv.conv_input_vjp(dy, w, input_shape=x.shape, **arguments),
        jconv.conv_kernel_vjp(x, dy, kernel_shape=w.shape, **arguments),
    )


def test_channels_last_moves_no_data():
    """The default order costs reshapes alone."""
    case = Case("plain", (6,), (3,), groups=2, c_in=4, c_out=4)
    jaxpr = jax.make_jaxpr(lambda x, w: jconv.conv(x, w, **case.arguments))(
        case.array("input"), case.array("kernel")
    )
    assert set(primitives(jaxpr)) - {"jit"} == {"reshape", "conv"}
