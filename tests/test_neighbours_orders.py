"""Patches and local kernels in any order of dimensions."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jconv
from jconv.errors import GeometryError
from tests.cases import integers

WINDOW = (2, 3)
OPTIONS: dict[str, Any] = {
    "stride": (1, 2),
    "padding": ((1, 0), (0, 2)),
    "kernel_dilation": (-1, 1),
    "input_dilation": (2, 1),
}
X = integers((2, 4, 5, 3))  # n h w c
P = integers((2, 7, 3, 2, 3, 3), salt=1)  # n oh ow kh kw c


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1, -3])
def test_patches_with_channels_anywhere(axis: int) -> None:
    """The same numbers elsewhere, and still adjoints; last stays last."""
    last = axis in (-1, 3)
    of_x = axis % 4
    of_patches = -1 if last else of_x
    x, p = np.moveaxis(X, -1, of_x), np.moveaxis(P, -1, of_patches)

    @jax.jit
    def program(x: jax.Array, p: jax.Array) -> Any:
        def extract(x: jax.Array) -> jax.Array:
            return jconv.extract_patches(x, WINDOW, channel_axis=axis, **OPTIONS)

        folded = jconv.fold_patches(
            p, input_shape=x.shape, channel_axis=axis, **OPTIONS
        )
        patches, pull = jax.vjp(extract, x)
        return patches, folded, pull(p)[0]

    patches, folded, pulled = program(x, p)
    expected = jconv.extract_patches(X, WINDOW, **OPTIONS)
    np.testing.assert_array_equal(patches, np.moveaxis(expected, -1, of_patches))
    expected = jconv.fold_patches(P, input_shape=X.shape, **OPTIONS)
    np.testing.assert_array_equal(folded, np.moveaxis(expected, -1, of_x))
    np.testing.assert_array_equal(folded, pulled)
    assert np.vdot(p, patches) == np.vdot(folded, x)


@pytest.mark.parametrize("batch", [0, 1])
def test_patches_without_channels(batch: int) -> None:
    first = (slice(None),) * batch + (0,) * (1 - batch)
    x, p = X[(*first, ..., 0)], P[(*first, ..., 0)]
    patches = jconv.extract_patches(x, WINDOW, channel_axis=None, **OPTIONS)
    folded = jconv.fold_patches(p, input_shape=x.shape, channel_axis=None, **OPTIONS)
    whole = jconv.extract_patches(x[..., None], WINDOW, **OPTIONS)
    np.testing.assert_array_equal(patches, whole[..., 0])
    assert np.vdot(p, patches) == np.vdot(folded, x)


ORDERS = {
    "channels-first": ("NCHW", "OIHW", "NCHW"),
    "kernel-as-default": ("NCHW", "HWIO", "NHWC"),
    "scattered": ("WCNH", "OWIH", "HCWN"),
}


def put(array: np.ndarray, default: str, wanted: str) -> np.ndarray:
    """From one order of letters to another; dimensions in front stay."""
    lead = array.ndim - len(default)
    return array.transpose((*range(lead), *(lead + default.index(c) for c in wanted)))


@pytest.mark.parametrize("numbers", ORDERS.values(), ids=ORDERS)
def test_local_kernels_in_any_order(numbers: tuple[str, str, str]) -> None:
    """Value and both derivatives are those of the default order, transposed."""
    spatial = "".join(c for c in numbers[1] if c in "HW")
    defaults = (f"N{spatial}C", f"{spatial}IO", f"N{spatial}C")
    options = {"stride": (1, 2), "padding": ((1, 0), (0, 2)), "groups": 2}
    x = integers((2, 4, 5, 4))
    w = integers((4, 3, 2, 3, 2, 6), salt=1)  # *output *kernel c m
    dy = integers((2, 4, 3, 6), salt=2)

    def both(dimension_numbers: Any, x: Any, w: Any, dy: Any) -> Any:
        arguments = {**options, "dimension_numbers": dimension_numbers}

        @jax.jit
        def program(x: jax.Array, w: jax.Array, dy: jax.Array) -> Any:
            y, pull = jax.vjp(lambda *xw: jconv.conv_local(*xw, **arguments), x, w)
            dx = jconv.conv_local_input_vjp(dy, w, input_shape=x.shape, **arguments)
            dw = jconv.conv_local_kernel_vjp(x, dy, kernel_shape=w.shape, **arguments)
            return y, (dx, dw), pull(dy)

        return program(x, w, dy)

    expected, (dx, dw), _ = both(None, x, w, dy)
    specs = list(zip(defaults, numbers, strict=True))
    arranged = [put(a, *s) for a, s in zip((x, w, dy), specs, strict=True)]
    y, explicit, derived = both(numbers, *arranged)
    np.testing.assert_array_equal(y, put(np.asarray(expected), *specs[2]))
    for found in (explicit, derived):
        np.testing.assert_array_equal(found[0], put(np.asarray(dx), *specs[0]))
        np.testing.assert_array_equal(found[1], put(np.asarray(dw), *specs[1]))


WRONG = {
    "axis-beyond": (
        lambda x: jconv.extract_patches(x, (2,), channel_axis=3),
        "channel_axis=3",
    ),
    "axis-no-integer": (
        lambda x: jconv.extract_patches(x, (2,), channel_axis="C"),
        "channel_axis='C'",
    ),
    "fold-axis-beyond": (
        lambda x: jconv.fold_patches(x, input_shape=(5,), channel_axis=1),
        "channel_axis=1",
    ),
    "fold-axis-of-another-order": (
        lambda x: jconv.fold_patches(x[:, :, None], input_shape=(2, 5), channel_axis=0),
        r"expected \(2, ",
    ),
    "window-of-too-many": (
        lambda x: jconv.extract_patches(x, (1,) * 3, channel_axis=None),
        "x=",
    ),
    "no-numbers": (
        lambda x: jconv.conv_local(
            x[None], jnp.ones((4, 1, 2, 2)), dimension_numbers="NWC"
        ),
        "dimension_numbers='NWC'",
    ),
    "places-of-another-order": (
        lambda x: jconv.conv_local(
            x[None],
            jnp.ones((3, 1, 2, 2)),
            dimension_numbers=("NWC", "OIW", "NWC"),
        ),
        "one kernel for each place",
    ),
    "two-batch-axes": (
        lambda x: jconv.conv_local(
            x[None, None],
            jnp.ones((4, 1, 2, 2)),
            dimension_numbers=("NWC", "OIW", "NWC"),
        ),
        "x=",
    ),
}


@pytest.mark.parametrize(("call", "says"), WRONG.values(), ids=WRONG)
def test_wrong_orders(call: Any, says: str) -> None:
    with pytest.raises(GeometryError, match=says):
        call(jnp.zeros((5, 2)))
