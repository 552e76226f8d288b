"""Padding as users write it, and the published table of convolution arithmetic."""

from __future__ import annotations

import pytest

from jconv.geometry import Geometry, output_size, resolve_padding, same_padding
from jconv.geometry.transposed import transposed_geometry

ONE_AXIS = [
    ("valid", (0, 0)),
    ("VALID", (0, 0)),
    ("same", (2, 2)),
    ("Same", (2, 2)),
    ("same_lower", (2, 2)),
    ("full", (4, 4)),
    ("causal", (4, 0)),
    (1, (1, 1)),
    (-1, (-1, -1)),
    ((3,), (3, 3)),
    ([3], (3, 3)),
    (((1, 2),), (1, 2)),
    ([(1, -2)], (1, -2)),
    ([[1, 2]], (1, 2)),
]


@pytest.mark.parametrize(("padding", "pads"), ONE_AXIS, ids=repr)
def test_every_way_to_write_the_padding_of_three_taps_dilated_by_two(padding, pads):
    assert resolve_padding(padding, (9,), (3,), (1,), (2,)) == (pads,)


def test_two_integers_are_one_per_axis_and_not_low_and_high():
    geometry = Geometry.from_call((5, 5), (3, 3), padding=(1, 2))
    assert geometry.padding == ((1, 1), (2, 2))


@pytest.mark.parametrize("name", ["valid", "same", "same_lower", "full", "causal"])
def test_names_pad_a_reversed_kernel_as_its_mirror_image(name):
    forwards = Geometry.from_call((9,), (3,), padding=name, kernel_dilation=2)
    backwards = Geometry.from_call((9,), (3,), padding=name, kernel_dilation=-2)
    assert backwards.padding == forwards.padding
    assert backwards.output_shape == forwards.output_shape


def test_same_on_a_dilated_input_keeps_the_dilated_size():
    geometry = Geometry.from_call((4,), (3,), padding="same", input_dilation=3)
    assert geometry.output_shape == (10,)


# V. Dumoulin and F. Visin, https://github.com/vdumoulin/conv_arithmetic: the sizes of
# each animation as (input, output, pad, kernel, stride, dilation).
CONV_ARITHMETIC = {
    "no_padding_no_strides": (4, 2, 0, 3, 1, 1),
    "arbitrary_padding_no_strides": (5, 6, 2, 4, 1, 1),
    "same_padding_no_strides": (5, 5, 1, 3, 1, 1),
    "full_padding_no_strides": (5, 7, 2, 3, 1, 1),
    "no_padding_strides": (5, 2, 0, 3, 2, 1),
    "padding_strides": (5, 3, 1, 3, 2, 1),
    "padding_strides_odd": (6, 3, 1, 3, 2, 1),
    "dilation": (7, 3, 0, 3, 1, 2),
    "numerical_no_padding_no_strides": (5, 3, 0, 3, 1, 1),
    "numerical_padding_strides": (5, 3, 1, 3, 2, 1),
}


@pytest.mark.parametrize("row", CONV_ARITHMETIC.values(), ids=CONV_ARITHMETIC)
def test_conv_arithmetic_table(row):
    i, o, p, k, s, d = row
    assert output_size(i, k, s, p, d) == o
    geometry = Geometry.from_call(
        (i, i), (k, k), stride=s, padding=p, kernel_dilation=d
    )
    assert geometry.output_shape == (o, o)


@pytest.mark.parametrize("row", CONV_ARITHMETIC.values(), ids=CONV_ARITHMETIC)
def test_conv_arithmetic_table_transposed(row):
    """Relation 14: o' = s (i' - 1) + a + k - 2 p with a = (i + 2 p - k) mod s."""
    i, o, p, k, s, d = row
    window = d * (k - 1) + 1
    a = (i + 2 * p - window) % s
    geometry = transposed_geometry(
        (o,), (k,), stride=s, padding=p, output_padding=a, kernel_dilation=d
    )
    assert geometry.input_shape == (i,)
    assert s * (o - 1) + a + window - 2 * p == i


def test_an_odd_total_gives_its_extra_to_the_side_that_was_named():
    assert same_padding(28, 4) == (1, 2)
    assert same_padding(28, 4, lower=True) == (2, 1)
