"""Padding modes against ``numpy.pad``; their derivatives are adjoints."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import jconv
from tests.cases import integers
from tests.programs import primitives

NUMPY = {"circular": "wrap", "reflect": "reflect", "replicate": "edge"}
every_mode = pytest.mark.parametrize("mode", NUMPY)

# id -> (spatial sizes, kernel sizes, arguments, the pads that they mean)
CASES = {
    "same": ((5,), (3,), {"padding": "same"}, [(1, 1)]),
    "same-stride": ((6,), (3,), {"padding": "same", "stride": 2}, [(0, 1)]),
    "causal": ((5,), (3,), {"padding": "causal", "kernel_dilation": 2}, [(4, 0)]),
    "full": ((5,), (4,), {"padding": "full"}, [(3, 3)]),
    "low-alone": ((5,), (2,), {"padding": ((2, 0),)}, [(2, 0)]),
    "crop-and-pad": ((6,), (3,), {"padding": ((-1, 2),)}, [(-1, 2)]),
    "beyond-one-period": ((3,), (3,), {"padding": 7}, [(7, 7)]),
    "true-convolution": ((5,), (3,), {"padding": 1, "kernel_dilation": -1}, [(1, 1)]),
    "groups": ((5,), (3,), {"padding": 2, "groups": 2}, [(2, 2)]),
    "2-D": ((4, 5), (3, 2), {"padding": ((1, 1), (0, 2))}, [(1, 1), (0, 2)]),
}
every_case = pytest.mark.parametrize(
    ("spatial", "kernel", "arguments", "pads"), CASES.values(), ids=CASES
)


def operands(spatial, kernel, arguments):
    groups = arguments.get("groups", 1)
    return integers((2, *spatial, 4)), integers((*kernel, 4 // groups, 2), salt=1)


def padded(x, mode, pads):
    """X cropped where a pad is negative and extended where it is positive.

    The border repeats the whole of x; what is cropped is cropped after that.
    """
    widths = [(0, 0), *[(max(0, a), max(0, b)) for a, b in pads], (0, 0)]
    extended = np.pad(x, widths, mode=NUMPY[mode])
    crops = [
        slice(max(0, -a), n - max(0, -b))
        for (a, b), n in zip(pads, extended.shape[1:-1], strict=True)
    ]
    return extended[(slice(None), *crops)]


@every_mode
@every_case
def test_it_is_numpys_padding_and_a_valid_convolution(
    mode, spatial, kernel, arguments, pads
):
    x, w = operands(spatial, kernel, arguments)
    y = jconv.conv(x, w, padding_mode=mode, **arguments)
    valid = {**arguments, "padding": "valid"}
    np.testing.assert_array_equal(y, jconv.conv(padded(x, mode, pads), w, **valid))


@every_mode
@every_case
def test_the_derivatives_are_its_adjoints(mode, spatial, kernel, arguments, pads):
    del pads
    x, w = operands(spatial, kernel, arguments)
    options = {**arguments, "padding_mode": mode}

    @jax.jit
    def program(x, w):
        y = jconv.conv(x, w, **options)
        dy = (y % 7) - 3
        dx = jconv.conv_input_vjp(dy, w, input_shape=x.shape, **options)
        dw = jconv.conv_kernel_vjp(x, dy, kernel_shape=w.shape, **options)
        pull = jax.vjp(lambda x, w: jconv.conv(x, w, **options), x, w)[1]
        return y, dy, (dx, dw), pull(dy)

    y, dy, (dx, dw), by_jax = program(x, w)
    inner = np.vdot(dy, y)
    assert inner == np.vdot(dx, x) == np.vdot(dw, w)
    np.testing.assert_array_equal(dx, by_jax[0])
    np.testing.assert_array_equal(dw, by_jax[1])


@every_mode
def test_the_derivatives_have_derivatives(mode):
    """The input VJP of a border is linear in dy; its transpose is the convolution."""
    spatial, kernel, arguments, _ = CASES["2-D"]
    x, w = operands(spatial, kernel, arguments)
    options = {**arguments, "padding_mode": mode}
    y = jconv.conv(x, w, **options)
    back = jax.linear_transpose(
        lambda dy: jconv.conv_input_vjp(dy, w, input_shape=x.shape, **options), y
    )
    np.testing.assert_array_equal(jax.jit(back)(x)[0], y)


@pytest.mark.parametrize("name", ["CIRCULAR", "Reflect", "zeros", "Zeros"])
def test_case_does_not_matter(name):
    x, w = integers((2, 5, 4)), integers((3, 4, 2))
    computed = jconv.conv(x, w, padding=1, padding_mode=name)
    expected = jconv.conv(x, w, padding=1, padding_mode=name.lower())
    np.testing.assert_array_equal(computed, expected)


@every_mode
def test_without_padding_the_mode_costs_nothing(mode):
    x, w = integers((2, 5, 4)), integers((3, 4, 2))
    found = primitives(
        jax.make_jaxpr(lambda x, w: jconv.conv(x, w, padding_mode=mode))(x, w)
    )
    assert set(found) <= {"conv", "reshape", "jit", "pjit"}


@every_mode
def test_vmap_of_a_padded_convolution(mode):
    x, w = integers((3, 2, 5, 4)), integers((3, 4, 2))
    options = {"padding": 2, "padding_mode": mode}
    mapped = jax.jit(jax.vmap(lambda x: jconv.conv(x, w, **options)))(x)
    np.testing.assert_array_equal(mapped, jconv.conv(x, w, **options))
