"""``jconv.lax`` is a drop-in: signatures, error types, dtypes, shapes and transforms.

Values on random geometries are compared in ``test_lax_fuzz``.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax as peer
from jax.sharding import PartitionSpec

import jconv
from jconv import lax as ours
from jconv.algorithms import AUTO
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


# Signatures -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ours.__all__)
def test_signature_equals_lax(name: str) -> None:
    def described(module: Any) -> list[tuple[str, Any, Any]]:
        parameters = inspect.signature(getattr(module, name)).parameters.values()
        return [(each.name, each.kind, each.default) for each in parameters]

    fixed = ("conv_general_dilated_patches", "conv_general_dilated_local")
    more = [("method", inspect.Parameter.KEYWORD_ONLY, AUTO)]
    assert described(ours) == described(peer) + ([] if name in fixed else more)


STEPS = (1, 1)
METHODICAL = {
    "conv": (STEPS, "SAME"),
    "conv_general_dilated": (STEPS, "SAME"),
    "conv_with_general_padding": (STEPS, "SAME", None, None),
    "conv_transpose": (STEPS, "SAME", None, ("NCHW", "OIHW", "NCHW")),
}


@pytest.mark.parametrize("method", ["fast", "winograd", "taps"])
@pytest.mark.parametrize("name", METHODICAL)
def test_a_method_can_be_named(name: str, method: str) -> None:
    def run(x: Any, w: Any, **options: Any) -> Any:
        return getattr(ours, name)(x, w, *METHODICAL[name], **options)

    x, w = np.ones((1, 2, 6, 6)), np.ones((2, 2, 3, 3))
    text = str(jax.make_jaxpr(lambda x, w: run(x, w, method=method))(x, w))
    assert f"method={method}" in text
    np.testing.assert_array_equal(run(x, w, method=method), run(x, w))
    with pytest.raises(jconv.GeometryError, match="method='tap'"):
        run(x, w, method="tap")


def test_every_convolution_of_lax_is_here() -> None:
    families = {
        name
        for name in dir(peer)
        if name.startswith("conv") and inspect.isfunction(getattr(peer, name))
    }
    helpers = {
        "conv_dimension_numbers",
        "conv_general_permutations",
        "conv_general_shape_tuple",
        "conv_shape_tuple",
        "conv_transpose_shape_tuple",
        "convert_element_type",
    }
    assert families - helpers == set(ours.__all__)


PAIRS = {
    "tuples": ((1, 0), (0, 2)),
    "lists": [[1, 0], [0, 2]],
    "numpy": np.array([[1, 0], [0, 2]]),
    "numpy-integers": [(np.int64(1), np.int8(0)), (0, np.uint8(2))],
    "jax": jnp.array([[1, 0], [0, 2]]),
    "jax-integers": [(jnp.int32(1), 0), jnp.array([0, 2])],
}


@pytest.mark.parametrize("pairs", PAIRS.values(), ids=PAIRS)
def test_padding_is_whatever_pairs_of_integers_lax_takes(pairs: Any) -> None:
    x, w = np.ones((1, 1, 4, 5)), np.ones((1, 1, 2, 3))
    last = {"lhs": x.reshape(1, 4, 5, 1), "rhs": w.reshape(2, 3, 1, 1)}
    for module in (peer, ours):
        shapes = (
            module.conv_general_dilated(x, w, (1, 1), pairs).shape,
            module.conv_general_dilated_patches(x, (2, 3), (1, 1), pairs).shape,
            module.conv_transpose(**last, strides=(1, 2), padding=pairs).shape,
        )
        assert shapes == ((1, 1, 4, 5), (1, 6, 4, 5), (1, 4, 9, 1))
    with pytest.raises(jconv.GeometryError, match=r"padding=.*pairs of integers"):
        jax.jit(lambda pairs: ours.conv_general_dilated(x, w, (1, 1), pairs))(
            jnp.ones((2, 2), int)
        )


# Errors -----------------------------------------------------------------------------

NONE = ((0, 0), (0, 0))
MISTAKES: dict[str, dict[str, Any]] = {
    "rank": {"rhs": W[1:]},
    "channels": {"rhs": (6, 3, 3, 2)},
    "dtypes": {"rhs_dtype": "bfloat16"},
    "strides-length": {"window_strides": (1,)},
    "strides-int": {"window_strides": 1},
    "strides-float": {"window_strides": (1.5, 1), "padding": "SAME"},
    "padding-name": {"padding": "FULL"},
    "padding-length": {"padding": ((0, 0),)},
    "padding-flat": {"padding": (0, 0)},
    "padding-int": {"padding": 1},
    "padding-float": {"padding": ((0.5, 0), (0, 0))},
    "padding-floats": {"padding": jnp.ones((2, 2))},
    "padding-flat-array": {"padding": np.ones(2, int)},
    "crops-too-much": {"padding": ((-4, -4), (0, 0))},
    "lhs_dilation-0": {"lhs_dilation": (0, 1)},
    "rhs_dilation-0": {"rhs_dilation": (0, 1)},
    "rhs_dilation-negative": {"rhs_dilation": (-1, 1)},
    "string-with-lhs_dilation": {"padding": "SAME", "lhs_dilation": (2, 1)},
    "feature-groups-0": {"feature_group_count": 0},
    "feature-groups-c_in": {"feature_group_count": 3},
    "feature-groups-c_out": {"feature_group_count": 4, "rhs": (6, 1, 3, 2)},
    "batch-groups-0": {"batch_group_count": 0},
    "batch-groups-batch": {"batch_group_count": 3},
    "batch-groups-c_out": {"batch_group_count": 2, "rhs": (5, 4, 3, 2)},
    "both-groups": {
        "batch_group_count": 2,
        "feature_group_count": 2,
        "rhs": (6, 2, 3, 2),
    },
    "numbers-two": {"dimension_numbers": ("NCHW", "OIHW")},
    "numbers-ints": {"dimension_numbers": (1, 2, 3)},
    "numbers-string": {"dimension_numbers": "NCHW"},
    "numbers-length": {"dimension_numbers": ("NCH", "OIHW", "NCHW")},
    "numbers-repeated": {"dimension_numbers": ("NCHH", "OIHW", "NCHW")},
    "numbers-lacking": {"dimension_numbers": ("NDHW", "OIHW", "NCHW")},
    "numbers-different": {"dimension_numbers": ("NCHW", "OIHX", "NCHW")},
    "preferred-kind": {"preferred_element_type": "int64"},
    "preferred-narrower": {"preferred_element_type": "bfloat16"},
    "preferred-unknown": {"preferred_element_type": "foo"},
    "precision-unknown": {"precision": "foo"},
    "precision-three": {"precision": ("high",) * 3},
    "precision-int": {"precision": 3},
    "sharding-type": {"out_sharding": "x"},
    "sharding-without-mesh": {"out_sharding": PartitionSpec("x")},
}


def call_with(module: Any, mistake: dict[str, Any]) -> None:
    """Call ``conv_general_dilated`` with one mistake, on shapes alone."""
    keywords = {"window_strides": (1, 1), "padding": NONE, **mistake}
    dtype = keywords.pop("rhs_dtype", "float64")
    operands = (
        jax.ShapeDtypeStruct(X, "float64"),
        jax.ShapeDtypeStruct(keywords.pop("rhs", W), dtype),
    )
    jax.eval_shape(
        lambda x, w: module.conv_general_dilated(x, w, **keywords), *operands
    )


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_raises_what_lax_raises(mistake: dict[str, Any]) -> None:
    with pytest.raises(Exception) as theirs:  # noqa: PT011
        call_with(peer, mistake)
    with pytest.raises(theirs.type):
        call_with(ours, mistake)


@pytest.mark.parametrize(
    "mistake",
    [MISTAKES[name] for name in MISTAKES if name != "preferred-unknown"],
    ids=[name for name in MISTAKES if name != "preferred-unknown"],
)
def test_a_mistake_is_a_geometry_error_that_names_what_was_expected(
    mistake: dict[str, Any],
) -> None:
    with pytest.raises(jconv.GeometryError, match=r"=.*: expected .*"):
        call_with(ours, mistake)


@pytest.mark.parametrize("stride", [0, -1])
def test_lax_finds_a_bad_stride_when_it_compiles_and_we_at_once(stride: int) -> None:
    with pytest.raises(ValueError, match="window_strides"):
        call_with(ours, {"window_strides": (stride, 1)})


@pytest.mark.parametrize("name", ["lhs_dilation", "rhs_dilation"])
def test_lax_finds_a_dilation_of_wrong_length_when_it_compiles(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        call_with(ours, {name: (1,)})


def test_object_with_a_dimension_that_is_not_there() -> None:
    numbers = peer.ConvDimensionNumbers((0, 1, 2, 4), (0, 1, 2, 3), (0, 1, 2, 3))
    with pytest.raises(jconv.GeometryError, match="dimension_numbers"):
        call_with(ours, {"dimension_numbers": numbers})


def test_truth_values_are_refused_with_a_reason() -> None:
    with pytest.raises(jconv.GeometryError, match="truth values"):
        ours.conv(jnp.ones((1, 1, 3), bool), jnp.ones((1, 1, 2), bool), (1,), "SAME")


# Dtypes -----------------------------------------------------------------------------

DTYPES = (
    ("bfloat16", None),
    ("bfloat16", "float32"),
    ("float16", None),
    ("float16", "bfloat16"),
    ("float32", None),
    ("float32", "float64"),
    ("complex64", None),
    ("complex128", None),
    ("int8", None),
    ("int8", "int32"),
    ("int8", "float32"),
    ("int32", None),
    ("uint8", "uint32"),
    ("uint8", "int32"),
)


@pytest.mark.parametrize(("dtype", "preferred"), DTYPES)
def test_dtypes(dtype: str, preferred: str | None) -> None:
    """Sums of at most 12 products of integers up to 4 are exact in all of these.

    int8 wraps around, in both.
    """
    x, w = integers((2, 4, 7), 0, dtype), integers((6, 2, 3), 1, dtype)
    both(
        lambda module: module.conv_general_dilated(
            x,
            w,
            (2,),
            "SAME",
            feature_group_count=2,
            preferred_element_type=preferred,
        )
    )


@pytest.mark.parametrize(
    ("dtype", "preferred"),
    [each for each in DTYPES if "int" not in each[0]],
)
def test_a_cotangent_has_its_primals_dtype(dtype: str, preferred: str | None) -> None:
    x, w = integers((2, 2, 7), 0, dtype), integers((3, 2, 3), 1, dtype)
    y = integers((2, 3, 4), 2, preferred or dtype)

    def run(module: Any) -> Any:
        def f(x: jax.Array, w: jax.Array) -> jax.Array:
            return module.conv_general_dilated(
                x, w, (2,), "SAME", preferred_element_type=preferred
            )

        return jax.vjp(f, jnp.asarray(x), jnp.asarray(w))[1](jnp.asarray(y))

    both(run)


def test_weak_type_is_kept_as_in_lax() -> None:
    def weak(module: Any) -> bool:
        def f(x: float, w: float) -> jax.Array:
            return module.conv(peer.full((1, 1), x), peer.full((1, 1), w), (), "SAME")

        return jax.eval_shape(f, 1.0, 2.0).weak_type

    assert weak(ours) == weak(peer)
