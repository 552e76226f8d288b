"""Sizes of transposed convolutions: PyTorch's and ONNX's formulas, and adjointness."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jconv import GeometryError
from jconv.geometry import Geometry
from jconv.geometry.transposed import transposed_geometry

sizes = st.integers(1, 9)


@given(
    n=sizes,
    kernel=st.integers(1, 5),
    stride=st.integers(1, 4),
    padding=st.integers(0, 3),
    dilation=st.integers(1, 3),
    data=st.data(),
)
def test_size_is_pytorchs(n, kernel, stride, padding, dilation, data):
    """(n - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1."""
    extra = data.draw(st.integers(0, max(stride, dilation) - 1))
    expected = (n - 1) * stride - 2 * padding + dilation * (kernel - 1) + extra + 1
    arguments = {
        "stride": stride,
        "padding": padding,
        "output_padding": extra,
        "kernel_dilation": dilation,
    }
    if expected < 0:
        with pytest.raises(GeometryError, match="padding="):
            transposed_geometry((n,), (kernel,), **arguments)
        return
    geometry = transposed_geometry((n,), (kernel,), **arguments)
    assert geometry.input_shape == (expected,)
    assert geometry.output_shape == (n,)
    assert geometry.axes[0].pad_low == padding


@given(
    n=sizes,
    kernel=st.integers(1, 5),
    stride=st.integers(1, 4),
    dilation=st.integers(1, 3),
    lower=st.booleans(),
    data=st.data(),
)
def test_same_with_output_shape_pads_as_onnx(n, kernel, stride, dilation, lower, data):
    """ONNX: total = stride (n-1) + output_padding + (k-1) dilation + 1 - output_shape.

    SAME_UPPER begins with total // 2, SAME_LOWER with the rest.
    """
    covered = stride * (n - 1) + (kernel - 1) * dilation + 1
    wanted = data.draw(st.integers(1, covered))
    total = covered - wanted
    geometry = transposed_geometry(
        (n,),
        (kernel,),
        stride=stride,
        padding="same_lower" if lower else "same",
        input_shape=(wanted,),
        kernel_dilation=dilation,
    )
    axis = geometry.axes[0]
    assert axis.n_input == wanted
    assert axis.pad_low == (total - total // 2 if lower else total // 2)
    assert axis.pad_low + axis.pad_high == total


@given(
    n=sizes,
    kernel=st.integers(1, 5),
    stride=st.integers(1, 4),
    name=st.sampled_from(["same", "same_lower", "SAME"]),
)
def test_same_multiplies_the_size_by_the_stride(n, kernel, stride, name):
    geometry = transposed_geometry((n,), (kernel,), stride=stride, padding=name)
    assert geometry.input_shape == (n * stride,)


@given(
    n_input=st.integers(1, 12),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 4),
    padding=st.sampled_from(["valid", "same", "same_lower", "full", "causal", 0, 1, 2]),
    dilation=st.integers(-2, 2).filter(bool),
)
def test_every_forward_geometry_is_found_again_from_its_output(
    n_input, kernel, stride, padding, dilation
):
    """The adjoint exists for the very relation of the forward convolution."""
    arguments = {"stride": stride, "padding": padding, "kernel_dilation": dilation}
    forward = Geometry.from_call((n_input,), (kernel,), allow_empty=True, **arguments)
    if not forward.output_shape[0]:
        return
    pads = ((forward.axes[0].pad_low, forward.axes[0].pad_high),)
    room = max(stride, abs(dilation)) - 1
    plain = {**arguments, "padding": pads}
    smallest = transposed_geometry(forward.output_shape, (kernel,), **plain)
    assert smallest.axes == forward.axes
    largest = transposed_geometry(
        forward.output_shape, (kernel,), output_padding=room, **plain
    )
    assert largest.input_shape[0] == n_input + room


@pytest.mark.parametrize(
    ("stride", "kernel", "padding"),
    list(itertools.product((1, 2, 3), (1, 2, 3), ("valid", "full", "causal", 1))),
)
def test_output_padding_lists_the_inputs_with_the_same_number_of_outputs(
    stride, kernel, padding
):
    n_output = 4
    inputs = {
        n
        for n in range(1, 30)
        if Geometry.from_call(
            (n,), (kernel,), stride=stride, padding=padding, allow_empty=True
        ).output_shape
        == (n_output,)
    }
    reached = {
        transposed_geometry(
            (n_output,), (kernel,), stride=stride, padding=padding, output_padding=extra
        ).input_shape[0]
        for extra in range(stride)
    }
    assert reached == inputs
    for n in inputs:
        asked = transposed_geometry(
            (n_output,), (kernel,), stride=stride, padding=padding, input_shape=(n,)
        )
        assert asked.input_shape == (n,)


@pytest.mark.parametrize("wanted", [(8,), (11,)])
def test_an_output_shape_that_no_output_padding_reaches_is_refused(wanted):
    with pytest.raises(GeometryError, match=r"output_shape=.*between 9 and 10"):
        transposed_geometry((4,), (3,), stride=2, input_shape=wanted)
