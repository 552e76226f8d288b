"""``jconv.lax``: sizes of zero, other people's shapes, transformations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax as peer
from jax.sharding import PartitionSpec

from jconv import lax as ours
from tests.cases import integers

if TYPE_CHECKING:
    from collections.abc import Callable

X, W = (2, 4, 5, 6), (6, 4, 3, 2)
"""NCHW and OIHW."""


def both(run: Callable[[Any], Any], *, same: Callable[..., None] | None = None) -> None:
    """Run with our module and with lax's, each in one jitted function; compare."""
    got, want = jax.jit(lambda: run(ours))(), jax.jit(lambda: run(peer))()
    assert jax.tree.structure(got) == jax.tree.structure(want)
    for mine, theirs in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        assert mine.dtype == theirs.dtype
        assert mine.shape == theirs.shape
        (same or np.testing.assert_array_equal)(mine, theirs)


# Sizes of zero ----------------------------------------------------------------------

EMPTY = {
    "batch-0": ((0, 2, 6), (3, 2, 3), "SAME"),
    "channels-0": ((2, 0, 6), (3, 0, 3), "SAME"),
    "features-0": ((2, 2, 6), (0, 2, 3), "SAME"),
    "input-0": ((2, 2, 0), (3, 2, 3), "SAME"),
    "input-0-padded": ((2, 2, 0), (3, 2, 3), [(2, 2)]),
    "input-0-valid": ((2, 2, 0), (3, 2, 1), "VALID"),
    "window-beyond-input": ((2, 2, 2), (3, 2, 3), "VALID"),
    "cropped-away": ((2, 2, 6), (3, 2, 3), [(-6, 0)]),
}


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("case", EMPTY.values(), ids=EMPTY)
def test_sizes_of_zero(case: tuple[Any, ...], stride: int) -> None:
    x, w, padding = case
    both(
        lambda module: module.conv_general_dilated(
            jnp.ones(x), jnp.ones(w), (stride,), padding, rhs_dilation=(2,)
        )
    )


@pytest.mark.parametrize("groups", ["feature_group_count", "batch_group_count"])
def test_groups_of_nothing(groups: str) -> None:
    x, w = {
        "feature_group_count": ((2, 0, 6), (0, 0, 3)),
        "batch_group_count": ((0, 2, 6), (2, 2, 3)),
    }[groups]
    both(
        lambda module: module.conv_general_dilated(
            jnp.ones(x), jnp.ones(w), (1,), "SAME", **{groups: 2}
        )
    )


def test_an_empty_kernel_sums_nothing() -> None:
    """Lax agrees on the shape; XLA refuses to compile such a window."""
    x, w = jnp.ones((2, 2, 5)), jnp.ones((3, 2, 0))
    shape = jax.eval_shape(lambda: peer.conv(x, w, (1,), "VALID")).shape
    np.testing.assert_array_equal(ours.conv(x, w, (1,), "VALID"), np.zeros(shape))


# Shapes that others test ------------------------------------------------------------

SHAPES: dict[str, tuple[Any, ...]] = {
    # lhs, rhs, strides, padding, rhs_dilation, groups; after PyTorch's samples
    "1-D-stride-2": ((1, 3, 4), (3, 3, 3), 2, 2, 1, 1),
    "1-D-groups-dilated": ((2, 4, 8), (2, 2, 3), 3, 1, 2, 2),
    "1-D-valid": ((1, 4, 5), (1, 4, 3), 2, "VALID", 1, 1),
    "1-D-same-even": ((2, 2, 4), (2, 1, 4), 1, "SAME", 2, 2),
    "2-D-stride-2": ((1, 3, 4, 4), (3, 3, 3, 3), 2, 2, 1, 1),
    "2-D-dilated-4": ((2, 4, 8, 8), (2, 2, 3, 3), (3, 2), (2, 1), 4, 2),
    "2-D-uneven": ((1, 4, 5, 5), (1, 4, 2, 3), 2, 1, (2, 3), 1),
    "2-D-window-beyond": ((1, 2, 4, 3), (4, 2, 3, 4), 2, 1, 1, 1),
    "2-D-same-dilated": ((1, 4, 5, 5), (1, 4, 2, 3), 1, "SAME", 3, 1),
    "2-D-depthwise": ((2, 4, 6, 6), (8, 1, 3, 3), (3, 2), 0, 1, 4),
    "3-D-whole": ((1, 1, 4, 4, 4), (1, 1, 4, 4, 4), 2, 0, 1, 1),
    "3-D-same-dilated": ((1, 1, 10, 11, 12), (1, 1, 4, 4, 4), 1, "SAME", 3, 1),
    "3-D-groups": ((3, 9, 3, 1, 9), (3, 3, 3, 1, 9), 2, 0, 1, 3),
    # and the animations of conv_arithmetic
    "arbitrary-padding": ((1, 1, 5, 5), (1, 1, 4, 4), 1, 2, 1, 1),
    "half-padding": ((1, 1, 5, 5), (1, 1, 3, 3), 1, 1, 1, 1),
    "full-padding": ((1, 1, 5, 5), (1, 1, 3, 3), 1, 2, 1, 1),
    "padding-strides-odd": ((1, 1, 6, 6), (1, 1, 3, 3), 2, 1, 1, 1),
    "dilation": ((1, 1, 7, 7), (1, 1, 3, 3), 1, 0, 2, 1),
}


@pytest.mark.parametrize("case", SHAPES.values(), ids=SHAPES)
def test_shapes_that_others_test(case: tuple[Any, ...]) -> None:
    lhs, rhs, strides, padding, dilation, groups = case
    rank = len(lhs) - 2

    def spread(value: Any) -> tuple[int, ...]:
        return value if isinstance(value, tuple) else (value,) * rank

    pads = padding if isinstance(padding, str) else [(n, n) for n in spread(padding)]
    x, w = integers(lhs), integers(rhs, 1)

    def run(module: Any) -> Any:
        def f(x: jax.Array, w: jax.Array) -> jax.Array:
            return module.conv_general_dilated(
                x,
                w,
                spread(strides),
                pads,
                rhs_dilation=spread(dilation),
                feature_group_count=groups,
            )

        y, pull = jax.vjp(f, jnp.asarray(x), jnp.asarray(w))
        return y, pull(y)

    both(run)


def test_the_two_shorthands() -> None:
    x, w = integers((2, 3, 6, 5)), integers((4, 3, 2, 3), 1)
    both(
        lambda module: (
            module.conv(x, w, (1, 2), "SAME"),
            module.conv(x, w, (2, 1), "SAME_LOWER", preferred_element_type="float64"),
            module.conv_with_general_padding(
                x, w, (2, 1), [(1, 0), (-1, 2)], (1, 2), (2, 1)
            ),
            module.conv_with_general_padding(x, w, (1, 1), "valid", None, None),
        )
    )


# Transformations --------------------------------------------------------------------


def test_a_batch_of_any_size_exports() -> None:
    batch = jax.export.symbolic_shape("b")[0]
    w = integers((4, 2, 3), 1)
    exported = jax.export.export(
        jax.jit(
            jax.value_and_grad(lambda x: (ours.conv(x, w, (1,), "SAME") ** 2).sum())
        ),
        platforms=("cpu", "cuda", "tpu"),
    )(jax.ShapeDtypeStruct((batch, 2, 5), "float64"))
    x = integers((3, 2, 5))
    want = (peer.conv(x, w, (1,), "SAME") ** 2).sum()
    assert exported.call(x)[0] == want


def test_jaxpr_holds_our_primitive_and_none_of_lax() -> None:
    x, w = jnp.ones((2, 2, 5)), jnp.ones((4, 2, 3))
    text = str(
        jax.make_jaxpr(
            jax.grad(
                lambda x, w: ours.conv_general_dilated(
                    x, w, (1,), "SAME", batch_group_count=2
                ).sum(),
                (0, 1),
            )
        )(x, w)
    )
    assert "conv_general_dilated" not in text
    assert text.count("conv[") == 3, "the convolution and its two derivatives"


@pytest.mark.skipif(jax.device_count() < 2, reason="needs two devices")
def test_out_sharding_on_explicit_axes() -> None:
    mesh = jax.make_mesh((2,), ("i",), axis_types=(jax.sharding.AxisType.Explicit,))
    x, w = integers((4, 2, 6)), integers((2, 2, 3), 1)
    with jax.set_mesh(mesh):
        rows = jax.device_put(x, PartitionSpec("i"))
        kernel = jax.device_put(w, PartitionSpec("i"))
        for module in (ours, peer):
            kept = jax.jit(lambda x, w, m=module: m.conv(x, w, (1,), "SAME"))(rows, w)
            assert jax.typeof(kept).sharding.spec == PartitionSpec("i", None, None)
            moved = jax.jit(
                lambda x, w, m=module: m.conv_general_dilated(
                    x, w, (1,), "SAME", out_sharding=PartitionSpec(None, "i", None)
                )
            )(x, kernel)
            assert jax.typeof(moved).sharding.spec == PartitionSpec(None, "i", None)
            np.testing.assert_array_equal(kept, moved)
