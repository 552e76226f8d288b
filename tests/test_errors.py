"""Bad input: one clear error that names the argument, its value and what to do."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jconv
from jconv import GeometryError, UnsupportedError, rules
from jconv.geometry import Axis, Geometry, output_size, resolve_padding
from jconv.geometry.padding import per_axis


def ones(*shape, dtype="float64"):
    return np.ones(shape, dtype)


X, W, DY = ones(2, 6, 2), ones(3, 2, 4), ones(2, 4, 4)


def conv(x=X, w=W, **options):
    return lambda: jconv.conv(x, w, **options)


def transpose(y=DY, w=W, **options):
    return lambda: jconv.conv_transpose(y, w, **options)


def input_vjp(dy=DY, w=W, input_shape=(2, 6, 2), **options):
    return lambda: jconv.conv_input_vjp(dy, w, input_shape=input_shape, **options)


def kernel_vjp(x=X, dy=DY, kernel_shape=(3, 2, 4), **options):
    return lambda: jconv.conv_kernel_vjp(x, dy, kernel_shape=kernel_shape, **options)


# id -> (call, words that the message must contain)
WRONG = {
    "channels": (conv(w=ones(3, 5, 4)), ["w=", "(3, 5, 4)", "2", "got 5"]),
    "channels-grouped": (conv(groups=2), ["w=", "groups=2", "got 2"]),
    "groups-c_in": (
        conv(ones(6, 4), ones(3, 1, 3), groups=3),
        ["groups=3", "c_in=4", "1, 2, 4"],
    ),
    "stride-generator": (conv(stride=(n for n in [1])), ["stride=", "integer"]),
    "groups-c_out": (
        conv(ones(6, 4), ones(3, 2, 3), groups=2),
        ["groups=2", "c_out=3", "1, 3"],
    ),
    "groups-0": (conv(groups=0), ["groups=0", "at least 1"]),
    "groups-float": (conv(groups=1.0), ["groups=1.0", "integer"]),
    "groups-bool": (conv(groups=True), ["groups=True", "integer"]),
    "stride-0": (conv(stride=0), ["stride=0", "at least 1"]),
    "stride-negative": (conv(stride=-2), ["stride=-2", "at least 1"]),
    "stride-float": (conv(stride=1.5), ["stride=1.5", "integer"]),
    "stride-string": (conv(stride="2"), ["stride='2'", "integer"]),
    "stride-too-many": (conv(stride=(1, 2)), ["stride=(1, 2)", "1 of them"]),
    "stride-array": (
        conv(stride=np.ones(2, int)),
        ["stride=", "one integer per spatial axis", "1 of them"],
    ),
    "kernel_dilation-0": (conv(kernel_dilation=0), ["kernel_dilation=0", "non-zero"]),
    "kernel_dilation-too-many": (
        conv(kernel_dilation=[1, 1]),
        ["kernel_dilation=(1, 1)", "1 of them"],
    ),
    "input_dilation-0": (conv(input_dilation=0), ["input_dilation=0", "at least 1"]),
    "input_dilation-negative": (
        conv(input_dilation=(-1,)),
        ["input_dilation=(-1,)", "at least 1"],
    ),
    "window-too-large": (
        conv(ones(2, 2, 2)),
        ["padding='valid'", "window of 3", "axis 0", "has 2", "Pad more"],
    ),
    "window-dilated-too-large": (
        conv(kernel_dilation=3),
        ["window of 7", "has 6", "kernel_dilation"],
    ),
    "cropped-too-much": (conv(padding=-3), ["padding=-3", "window of 3", "has 0"]),
    "padding-too-many": (conv(padding=(1, 1)), ["padding=(1, 1)", "1 of them"]),
    "padding-flat-pair-2D": (
        conv(ones(5, 5, 1), ones(3, 3, 1, 1), padding=((1, 1),)),
        ["padding=((1, 1),)", "2 of them"],
    ),
    "padding-unknown": (conv(padding="SMAE"), ["padding='SMAE'", "valid", "same"]),
    "padding-float": (conv(padding=0.5), ["padding=0.5", "an int"]),
    "padding-triple": (conv(padding=((1, 2, 3),)), ["padding=((1, 2, 3),)", "pairs"]),
    "padding-none": (conv(padding=None), ["padding=None"]),
    "mode-unknown": (
        conv(padding_mode="mirror"),
        ["padding_mode='mirror'", "reflect", "circular"],
    ),
    "mode-none": (conv(padding_mode=None), ["padding_mode=None", "zeros"]),
    "method-unknown": (conv(method="winograd9"), ["method='winograd9'", "taps"]),
    "method-none": (conv(method=None), ["method=None", "auto"]),
    "precision-unknown": (conv(precision="hihg"), ["precision='hihg'", "highest"]),
    "precision-triple": (conv(precision=("high",) * 3), ["precision=", "pair"]),
    "rank-of-w": (conv(w=ones(3)), ["w=(3,)", "c_out"]),
    "rank-of-x": (conv(ones(6), ones(3, 1, 1)), ["x=(6,)", "at least 2"]),
    "rank-of-x-2D": (conv(ones(6, 2), ones(3, 3, 2, 1)), ["x=(6, 2)", "at least 3"]),
    "numbers-repeated": (
        conv(dimension_numbers=("NWW", "WIO", "NWC")),
        ["dimension_numbers=", "'NWW'", "once"],
    ),
    "numbers-letters": (
        conv(dimension_numbers=("NHC", "WIO", "NWC")),
        ["dimension_numbers=", "'NHC'", "W"],
    ),
    "numbers-length": (
        conv(dimension_numbers=("NHWC", "WIO", "NWC")),
        ["dimension_numbers=", "3 letters", "1 spatial"],
    ),
    "numbers-pair": (
        conv(dimension_numbers=("NWC", "WIO")),
        ["dimension_numbers=", "three strings"],
    ),
    "numbers-string": (
        conv(dimension_numbers="NWC"),
        ["dimension_numbers='NWC'", "three strings"],
    ),
    "numbers-unbatched": (
        conv(ones(6, 2), dimension_numbers=("NWC", "WIO", "NWC")),
        ["x=(6, 2)", "3 dimensions"],
    ),
    "x-list": (conv([[1.0], [2.0]]), ["x=", "list", "jnp.asarray(x)"]),
    "x-none": (conv(None), ["x=None", "NoneType", "array"]),
    "w-number": (conv(w=3.0), ["w=3.0", "float", "array"]),
    "x-strings": (conv(np.array([["a"]])), ["x.dtype=", "numbers"]),
    "x-bool": (conv(ones(2, 6, 2, dtype=bool)), ["x.dtype='bool'", "int32"]),
    "w-bool": (conv(w=ones(3, 2, 4, dtype=bool)), ["w.dtype='bool'", "int32"]),
    "preferred-narrower": (
        conv(preferred_element_type="float32"),
        ["preferred_element_type='float32'", "float64", "as wide"],
    ),
    "preferred-kind": (
        conv(preferred_element_type="int64"),
        ["preferred_element_type='int64'", "same kind"],
    ),
    "dy-shape": (
        input_vjp(ones(2, 5, 4)),
        ["dy=(2, 5, 4)", "(2, 4, 4)"],
    ),
    "dy-shape-kernel": (kernel_vjp(dy=ones(4, 4)), ["dy=(4, 4)", "(2, 4, 4)"]),
    "input_shape-channels": (
        input_vjp(input_shape=(2, 6, 3)),
        ["(2, 6, 3)", "3", "got 2"],
    ),
    "input_shape-int": (input_vjp(input_shape=6), ["input_shape=6", "shape"]),
    "kernel_shape-int": (kernel_vjp(kernel_shape=3), ["kernel_shape=3", "shape"]),
    "kernel_shape-rank": (kernel_vjp(kernel_shape=(3,)), ["(3,)", "c_out"]),
    "dy-bool": (input_vjp(ones(2, 4, 4, dtype=bool)), ["dy.dtype='bool'"]),
    "y-channels": (transpose(ones(2, 4, 3)), ["y=(2, 4, 3)", "4 channels"]),
    "y-rank": (transpose(ones(4)), ["y=(4,)", "at least 2"]),
    "output_padding-large": (
        transpose(stride=2, output_padding=2),
        ["output_padding=2", "below", "(2,)"],
    ),
    "output_padding-negative": (
        transpose(stride=2, output_padding=-1),
        ["output_padding=-1", "at least 0"],
    ),
    "output_padding-too-many": (
        transpose(stride=2, output_padding=(1, 1)),
        ["output_padding=(1, 1)", "1 of them"],
    ),
    "output_shape-unreachable": (
        transpose(stride=2, output_shape=(20,)),
        ["output_shape=(20,)", "between 9 and 10 on spatial axis 0", "got 20"],
    ),
    "output_shape-rank": (
        transpose(output_shape=(6, 6)),
        ["output_shape=(6, 6)", "1 of them"],
    ),
    "output_shape-int": (transpose(output_shape=6), ["output_shape=6", "shape"]),
    "transpose-cropped": (transpose(padding=9), ["padding=9", "at most 6"]),
    "transpose-groups": (transpose(groups=3), ["groups=3", "c_out=4"]),
    "mode-of-nothing": (
        conv(ones(2, 0, 2), padding=2, padding_mode="circular"),
        ["padding_mode='circular'", "inputs"],
    ),
    "axis-stride": (lambda: Axis(3, 2, 2, stride=0), ["stride=0"]),
    "axis-kernel-dilation": (
        lambda: Axis(3, 2, 2, kernel_dilation=0),
        ["kernel_dilation=0", "non-zero"],
    ),
    "axis-size": (lambda: Axis(-1, 2, 2), ["n_input=-1", "at least 0"]),
    "geometry-groups": (lambda: Geometry((), groups=0), ["groups=0", "at least 1"]),
    "output_size-half-padding": (
        lambda: output_size(5, 3, padding=(1.5, 0)),
        ["padding=(1.5, 0)", "(low, high)"],
    ),
    "keyword-of-a-rule": (
        lambda: rules.conv_input_vjp(DY, W, input_shape=(2, 6, 2), strides=2),
        ["strides=2", "one of the keywords stride, padding"],
    ),
    "keyword-of-per-example": (
        lambda: jconv.per_example_kernel_vjp(X, DY, kernel_shape=(3, 2, 4), pad=1),
        ["pad=1", "one of the keywords"],
    ),
    "method-of-local": (
        lambda: jconv.conv_local_input_vjp(
            ones(2, 1), ones(2, 2, 1, 1), input_shape=(3, 1), method="fft"
        ),
        ["method='fft'", "one of the keywords"],
    ),
    "geometry-ranks": (
        lambda: Geometry.from_call((5, 5), (3,)),
        ["kernel_shape=(3,)", "(5, 5)"],
    ),
    "per_axis": (lambda: per_axis("stride", (1, 0), 2), ["stride=(1, 0)"]),
    "resolve_padding": (
        lambda: resolve_padding("none", (5,), (3,), (1,), (1,)),
        ["padding='none'", "valid"],
    ),
}


@pytest.mark.parametrize(("call", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_named_with_its_value_and_what_was_expected(call, words):
    with pytest.raises(GeometryError) as caught:
        call()
    message = str(caught.value)
    assert [word for word in words if word not in message] == [], message
    assert "expected" in message
    assert len(message) < 600


UNSUPPORTED = {
    "mode-and-holes": (
        conv(padding=1, padding_mode="reflect", input_dilation=2),
        ["padding_mode='reflect'", "input_dilation=2", "Pad x first"],
    ),
    "method-refuses": (
        conv(ones(40, 40, 1), ones(16, 16, 1, 1), method="taps"),
        ["method='taps'", "256", "'loop'"],
    ),
    "dot-algorithm": (
        conv(precision=jax.lax.DotAlgorithmPreset.BF16_BF16_F32),
        ["precision=", "algorithm"],
    ),
    "dot-algorithm-name": (
        conv(precision="BF16_BF16_F32"),
        ["precision=BF16_BF16_F32", "algorithm"],
    ),
}


@pytest.mark.parametrize(("call", "words"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_what_cannot_be_done_says_why(call, words):
    with pytest.raises(UnsupportedError) as caught:
        call()
    message = str(caught.value)
    assert [word for word in words if word not in message] == [], message


def test_you_are_wrong_and_i_cannot_are_different_types():
    assert issubclass(GeometryError, ValueError)
    assert issubclass(UnsupportedError, NotImplementedError)
    assert not issubclass(GeometryError, UnsupportedError)


@pytest.mark.parametrize("name", ["channels", "stride-0", "window-too-large"])
def test_errors_are_raised_while_tracing_too(name):
    call, words = WRONG[name]
    with pytest.raises(GeometryError, match=words[0].split("=")[0]):
        jax.jit(call)()


def test_a_rejected_call_is_rejected_again():
    """Nothing about a failure is cached."""
    for _ in range(2):
        with pytest.raises(GeometryError, match="stride=0"):
            jconv.conv(X, W, stride=0)


@pytest.mark.parametrize("batch", [(0,), (0, 3), (2, 0)])
def test_empty_batches_are_no_error(batch):
    x, w = jnp.ones((*batch, 6, 2)), jnp.ones((3, 2, 4))
    y, pull = jax.vjp(jconv.conv, x, w)
    dx, dw = pull(y)
    assert y.shape == (*batch, 4, 4)
    assert dx.shape == x.shape
    np.testing.assert_array_equal(dw, np.zeros(w.shape))


def test_numpy_integers_and_lists_are_as_good_as_integers():
    plain = jconv.conv(X, W, stride=2, padding=((1, 1),), kernel_dilation=1)
    other = jconv.conv(
        X,
        W,
        stride=[np.int64(2)],
        padding=[[np.int32(1), np.int32(1)]],
        kernel_dilation=np.int8(1),
        groups=np.int64(1),
    )
    np.testing.assert_array_equal(plain, other)
