"""Patches and the unshared convolution of ``jconv.lax`` equal lax's."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax as peer

import jconv
from jconv import lax as ours
from tests.cases import integers

ORDERS: dict[str, Any] = {
    "none": None,
    "channels-last": ("NHWC", "HWIO", "NHWC"),
    "kernel-transposed": ("NCHW", "OIWH", "CNHW"),
    "scattered": ("WCNH", "OWIH", "HCWN"),
    "object": peer.ConvDimensionNumbers((3, 0, 1, 2), (2, 3, 1, 0), (1, 0, 3, 2)),
}
WINDOW = (2, 3)
KEYWORDS: dict[str, dict[str, Any]] = {
    "plain": {"window_strides": (1, 1), "padding": "VALID"},
    "same": {"window_strides": (2, 1), "padding": "SAME"},
    "everything": {
        "window_strides": (1, 2),
        "padding": [(1, 0), (-1, 2)],
        "lhs_dilation": (2, 1),
        "rhs_dilation": (1, 2),
    },
}


def arrays(numbers: Any, keywords: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """An input, and a kernel for every place of the result."""
    spec = peer.conv_dimension_numbers((1,) * 4, (1,) * 4, numbers)
    x = integers(_put((2, 3, 5, 4), spec.lhs_spec))
    out = jax.eval_shape(
        lambda: peer.conv_general_dilated_patches(
            x, WINDOW, dimension_numbers=numbers, **keywords
        )
    ).shape
    _, features, *places = (out[n] for n in spec.out_spec)
    return x, integers(_put((5, features, *places), spec.rhs_spec), 1)


def _put(sizes: tuple[int, ...], spec: Any) -> tuple[int, ...]:
    """Sizes at the dimensions that a spec names."""
    return tuple(sizes[list(spec).index(n)] for n in range(len(sizes)))


@pytest.mark.parametrize("keywords", KEYWORDS.values(), ids=KEYWORDS)
@pytest.mark.parametrize("numbers", ORDERS.values(), ids=ORDERS)
def test_both_equal_lax_with_their_derivatives(
    numbers: Any, keywords: dict[str, Any]
) -> None:
    """Patches, and the local convolution: primal, JVP, VJPs, vmap, second order."""
    x, w = arrays(numbers, keywords)

    def run(module: Any) -> Any:
        def patches(x: jax.Array) -> jax.Array:
            return module.conv_general_dilated_patches(
                x, WINDOW, dimension_numbers=numbers, **keywords
            )

        def local(x: jax.Array, w: jax.Array) -> jax.Array:
            return module.conv_general_dilated_local(
                x, w, filter_shape=WINDOW, dimension_numbers=numbers, **keywords
            )

        def gradient(x: jax.Array, w: jax.Array) -> Any:
            return jax.grad(lambda *xw: (local(*xw) ** 2).sum() / 2, (0, 1))(x, w)

        def all_of(x: jax.Array, w: jax.Array) -> Any:
            cut = patches(x)
            return (
                cut,
                jax.linear_transpose(patches, x)(cut),
                jax.vmap(patches, in_axes=-1)(jnp.stack([x, 2 * x - 1], -1)),
                local(x, w),
                jax.jvp(gradient, (x, w), (x - 1, w + 1)),
                jax.vmap(local, in_axes=(1, None))(jnp.stack([x, 2 * x - 1], 1), w),
                jax.vmap(local, in_axes=(None, 2))(x, jnp.stack([w, 2 * w - 1], 2)),
            )

        return jax.jit(all_of)(jnp.asarray(x), jnp.asarray(w))

    for mine, theirs in zip(
        jax.tree.leaves(run(ours)), jax.tree.leaves(run(peer)), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs, strict=True)


def test_nothing_is_gathered_or_scattered() -> None:
    def loss(x: jax.Array) -> jax.Array:
        cut = ours.conv_general_dilated_patches(x, WINDOW, (1, 2), "SAME")
        return (cut**2).sum()

    text = jax.jit(jax.grad(loss)).lower(jnp.ones((2, 3, 5, 4))).as_text()
    assert "stablehlo.pad" in text
    for name in ("scatter", "gather", "convolution"):
        assert name not in text


def test_overlaps_of_narrow_floats_are_added_in_float32() -> None:
    """256 + 1 + 1 = 258, where bfloat16 alone would stay at 256."""
    x = jnp.zeros((1, 1, 5), "bfloat16")
    cut, pull = jax.vjp(
        lambda x: ours.conv_general_dilated_patches(x, (3,), (1,), "VALID"), x
    )
    places = jnp.array([[0, 0, 256], [0, 1, 0], [1, 0, 0]], cut.dtype).T
    assert pull(places[None])[0][0, 0, 2] == 258


@pytest.mark.parametrize(
    ("dtype", "preferred"),
    [
        ("int8", None),
        ("int8", "int32"),
        ("int8", "float32"),
        ("bfloat16", None),
        ("bfloat16", "float32"),
        ("complex64", None),
    ],
)
def test_dtypes(dtype: str, preferred: str | None) -> None:
    x = integers((2, 2, 5), 0, dtype)
    w = integers((3, 4, 5), 1, dtype)

    @jax.jit
    def run() -> Any:
        return [
            (
                module.conv_general_dilated_patches(
                    x, (2,), (1,), "SAME", preferred_element_type=preferred
                ),
                module.conv_general_dilated_local(x, w, (1,), "SAME", (2,)),
            )
            for module in (ours, peer)
        ]

    got, want = run()
    for mine, theirs in zip(got, want, strict=True):
        np.testing.assert_array_equal(mine, theirs, strict=True)


def test_patches_without_spatial_dimensions() -> None:
    x = integers((2, 3))
    np.testing.assert_array_equal(
        ours.conv_general_dilated_patches(x, (), (), "VALID"), x
    )


@pytest.mark.parametrize(
    ("shape", "padding"), [((2, 1, 0), [(1, 2)]), ((0, 1, 4), "SAME")]
)
def test_patches_of_nothing(shape: tuple[int, ...], padding: Any) -> None:
    got, want = (
        module.conv_general_dilated_patches(jnp.ones(shape), (2,), (1,), padding)
        for module in (ours, peer)
    )
    np.testing.assert_array_equal(got, want, strict=True)


def test_patches_copy_infinities_truth_values_and_every_bit() -> None:
    """An identity kernel, as lax has it, would make NaN of the neighbours."""
    x = jnp.array([[[jnp.inf, 1.0, jnp.nan]]])
    patches = ours.conv_general_dilated_patches(x, (2,), (1,), [(1, 0)])
    np.testing.assert_array_equal(patches, [[[0, np.inf, 1], [np.inf, 1, np.nan]]])
    truth = ours.conv_general_dilated_patches(x > 2, (2,), (1,), "VALID")
    np.testing.assert_array_equal(truth, [[[True, False], [False, False]]])


MISTAKES: dict[str, tuple[type[Exception], dict[str, Any]]] = {
    "rank": (TypeError, {"filter_shape": (2,)}),
    "filter-int": (TypeError, {"filter_shape": 3}),
    "filter-none": (TypeError, {"filter_shape": None}),
    "filter-floats": (TypeError, {"filter_shape": (2.0, 3)}),
    "filter-array": (TypeError, {"filter_shape": jnp.array([2, 3])}),
    "filter-string": (TypeError, {"filter_shape": "23"}),
    "strides": (ValueError, {"window_strides": (1,)}),
    "string-with-lhs_dilation": (ValueError, {"lhs_dilation": (2, 1)}),
    "precision": (ValueError, {"precision": "foo"}),
    "preferred": (TypeError, {"preferred_element_type": "int64"}),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_raises_what_lax_raises(
    mistake: tuple[type[Exception], dict[str, Any]],
) -> None:
    kind, wrong = mistake
    keywords = {"filter_shape": WINDOW, "window_strides": (1, 1), "padding": "SAME"}
    x = jnp.ones((1, 2, 5, 4))
    for module in (peer, ours):
        with pytest.raises(kind) as caught:
            module.conv_general_dilated_patches(x, **(keywords | wrong))
    assert isinstance(caught.value, jconv.GeometryError)


@pytest.mark.parametrize("wrong", [3, None, (2.0, 3), (3,), (-1, 3)], ids=repr)
def test_a_wrong_window_is_told_by_its_name(wrong: Any) -> None:
    x, w = jnp.ones((1, 2, 5, 4)), jnp.ones((1, 8, 5, 4))
    for call in (
        lambda: ours.conv_general_dilated_patches(x, wrong, (1, 1), "SAME"),
        lambda: ours.conv_general_dilated_local(x, w, (1, 1), "SAME", wrong),
    ):
        with pytest.raises(jconv.GeometryError) as caught:
            call()
        assert str(caught.value).startswith(f"filter_shape={wrong!r}: expected ")


@pytest.mark.parametrize("shape", [(3, 4, 4), (3, 3, 5), (3, 4)])
def test_a_kernel_of_the_wrong_shape(shape: tuple[int, ...]) -> None:
    x, w = jnp.ones((2, 2, 5)), jnp.ones(shape)
    for module in (peer, ours):
        with pytest.raises(TypeError) as caught:
            module.conv_general_dilated_local(x, w, (1,), "SAME", (2,))
    assert isinstance(caught.value, jconv.GeometryError)
