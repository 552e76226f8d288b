"""``conv_transpose`` is exactly the adjoint of ``conv`` in x."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jconv
from tests.cases import integers

# id -> (spatial sizes of y, kernel sizes, groups, arguments)
CASES = {
    "plain": ((4,), (3,), 1, {}),
    "stride": ((4,), (3,), 1, {"stride": 3}),
    "padding": ((5,), (3,), 1, {"padding": 1}),
    "asymmetric": ((5,), (4,), 1, {"stride": 2, "padding": ((2, 1),)}),
    "negative-padding": ((5,), (3,), 1, {"padding": -1}),
    "dilation": ((4,), (3,), 1, {"kernel_dilation": 2, "stride": 2}),
    "true-convolution": ((4,), (3,), 1, {"kernel_dilation": -2, "padding": 1}),
    "output_padding": ((4,), (3,), 1, {"stride": 3, "output_padding": 2}),
    "output_padding-dilation": (
        (4,),
        (2,),
        1,
        {"kernel_dilation": 3, "output_padding": 2},
    ),
    "output_shape": ((4,), (3,), 1, {"stride": 3, "output_shape": (13,)}),
    "same": ((4,), (3,), 1, {"stride": 2, "padding": "same"}),
    "same_lower": ((4,), (4,), 1, {"stride": 3, "padding": "same_lower"}),
    "same-output_shape": (
        (4,),
        (5,),
        1,
        {"stride": 2, "padding": "same", "output_shape": (9,)},
    ),
    "full": ((6,), (3,), 1, {"padding": "full"}),
    "causal": ((6,), (3,), 1, {"padding": "causal"}),
    "groups": ((4,), (3,), 2, {"stride": 2}),
    "0-D": ((), (), 1, {}),
    "2-D": (
        (3, 4),
        (2, 3),
        2,
        {"stride": (2, 1), "padding": (0, 1), "output_padding": (1, 0)},
    ),
}
every_case = pytest.mark.parametrize(
    ("spatial", "kernel", "groups", "arguments"), CASES.values(), ids=CASES
)
C_IN, C_OUT = 4, 6


def operands(spatial, kernel, groups):
    return (
        integers((2, *spatial, C_OUT)),
        integers((*kernel, C_IN // groups, C_OUT), salt=1),
    )


def forward_arguments(arguments, kernel, x_shape, y_shape):
    """The forward convolution's own arguments; ``same`` as explicit pads.

    A forward "same" follows from x alone; here it is y that is given, so the pads are
    those that make this very x give this very y.
    """
    forward = {
        name: value
        for name, value in arguments.items()
        if name not in ("output_padding", "output_shape")
    }
    if not str(arguments.get("padding", "")).startswith("same"):
        return forward
    stride, n_kernel = arguments["stride"], kernel[0]
    total = max(0, stride * (y_shape[1] - 1) + n_kernel - x_shape[1])
    low = total // 2 if arguments["padding"] == "same" else total - total // 2
    return {**forward, "padding": ((low, total - low),)}


@every_case
def test_it_is_the_input_vjp_of_the_forward_convolution(
    spatial, kernel, groups, arguments
):
    y, w = operands(spatial, kernel, groups)
    x = jconv.conv_transpose(y, w, groups=groups, **arguments)
    forward = forward_arguments(arguments, kernel, x.shape, y.shape)
    beyond = forward.get("kernel_dilation", 1) != 1 and "output_padding" in arguments
    if beyond:  # more than stride - 1: the forward convolution has more outputs
        last = x.shape[1] - arguments["output_padding"]
        expected = jconv.conv_input_vjp(
            y, w, input_shape=(2, last, C_IN), groups=groups, **forward
        )
        np.testing.assert_array_equal(x[:, :last], expected)
        assert not np.any(x[:, last:])
        return
    expected = jconv.conv_input_vjp(y, w, input_shape=x.shape, groups=groups, **forward)
    np.testing.assert_array_equal(x, expected)


@every_case
def test_inner_products_agree_with_those_of_conv(spatial, kernel, groups, arguments):
    """<y, conv(x, w)> = <conv_transpose(y, w), x>, exactly."""
    y, w = operands(spatial, kernel, groups)
    back = jconv.conv_transpose(y, w, groups=groups, **arguments)
    x = integers(back.shape, salt=2)
    forward = forward_arguments(arguments, kernel, x.shape, y.shape)
    there = np.asarray(jconv.conv(x, w, groups=groups, **forward))
    there = there[tuple(slice(n) for n in y.shape)]
    assert np.vdot(y, there) == np.vdot(back, x) != 0


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("dilation", [1, 2])
def test_shape_is_pytorchs(stride, padding, dilation):
    y, w = integers((2, 5, C_OUT)), integers((3, C_IN, C_OUT))
    for extra in range(max(stride, dilation)):
        x = jax.eval_shape(
            lambda y, w, extra=extra: jconv.conv_transpose(
                y,
                w,
                stride=stride,
                padding=padding,
                kernel_dilation=dilation,
                output_padding=extra,
            ),
            y,
            w,
        )
        size = (5 - 1) * stride - 2 * padding + dilation * (3 - 1) + extra + 1
        assert x.shape == (2, size, C_IN)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_kernel_without_taps_leads_back_to_what_has_as_many_windows(stride):
    y, w = jnp.ones((4, 1)), jnp.ones((0, 1, 1))
    x = jconv.conv_transpose(y, w, stride=stride)
    assert not x.any()
    assert jconv.conv(x, w, stride=stride).shape == y.shape


def test_same_gives_size_times_stride():
    x = jconv.conv_transpose(np.ones((5, 7, 2)), np.ones((3, 2, 1, 2)), stride=(2, 3),
                             padding="same")  # fmt: skip
    assert x.shape == (10, 21, 1)


def test_worked_by_hand():
    """Each entry of y lays one scaled copy of the kernel down, ``stride`` apart."""
    y = jnp.array([[1.0], [10.0]])
    w = jnp.array([1.0, 2.0, 3.0])[:, None, None]
    x = jconv.conv_transpose(y, w, stride=2)
    np.testing.assert_array_equal(x[:, 0], [1, 2, 13, 20, 30])


def test_dimension_numbers_are_the_forward_convolutions():
    y, w = operands((3, 4), (2, 3), 1)
    plain = jconv.conv_transpose(y, w, stride=2)
    numbers = ("NCHW", "OIHW", "CNHW")
    ordered = jconv.conv_transpose(
        np.transpose(y, (3, 0, 1, 2)),
        np.transpose(w, (3, 2, 0, 1)),
        stride=2,
        dimension_numbers=numbers,
    )
    np.testing.assert_array_equal(np.transpose(ordered, (0, 2, 3, 1)), plain)


def test_its_own_derivatives_are_the_forward_convolution_and_the_kernel_vjp():
    y, w = operands((4,), (3,), 2)
    options = {"stride": 2, "groups": 2}
    x, pull = jax.vjp(lambda y, w: jconv.conv_transpose(y, w, **options), y, w)
    c = jnp.asarray(integers(x.shape, salt=3))
    dy, dw = pull(c)
    np.testing.assert_array_equal(dy, jconv.conv(c, w, **options))
    np.testing.assert_array_equal(
        dw, jconv.conv_kernel_vjp(c, y, kernel_shape=w.shape, **options)
    )


def test_a_size_that_cannot_be_is_told_with_its_axis():
    y, w = jnp.ones((2, 4, 4, 1)), jnp.ones((3, 3, 1, 1))
    told = r"output_shape=\(8, 12\): .*between 1 and 10 on spatial axis 1.*got 12"
    with pytest.raises(jconv.GeometryError, match=told):
        jconv.conv_transpose(y, w, stride=2, output_shape=(8, 12), padding="same")
