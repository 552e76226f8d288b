"""Patches and their fold: the relation's sums, mutual adjoints, nothing scattered."""

from __future__ import annotations

import string

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from jax import lax

import jconv
from jconv import reference
from jconv.algorithms.parts.unfolding import put, take
from jconv.errors import GeometryError, UnsupportedError
from tests.cases import CASES, EMPTY_CASES, Case, by_id, compiling, geometries, integers

GEOMETRIC = ("stride", "padding", "kernel_dilation", "input_dilation")


def options_of(case: Case) -> dict:
    return {name: case.arguments[name] for name in GEOMETRIC}


def extract(case: Case):
    return lambda x: jconv.extract_patches(x, case.kernel, **options_of(case))


def fold(case: Case):
    shape = case.shapes["input"]
    return lambda p: jconv.fold_patches(p, input_shape=shape, **options_of(case))


def patches_like(case: Case, salt: int = 5) -> np.ndarray:
    places = case.geometry.output_shape
    return integers((*case.batch, *places, *case.kernel, case.c_in), salt)


def by_the_relation(array, geometry, *, folded: bool) -> np.ndarray:
    """The windows of x, or the sum of patches, by the relation's tables."""
    rank = geometry.rank
    letters = iter(string.ascii_letters)
    o, k, i = ("".join(next(letters) for _ in range(rank)) for _ in range(3))
    tables = [reference.relation(axis).astype(array.dtype) for axis in geometry.axes]
    axes = [f"{o[a]}{k[a]}{i[a]}" for a in range(rank)]
    apart, together = f"...{o}{k}Z", f"...{i}Z"
    source, result = (apart, together) if folded else (together, apart)
    return np.einsum(",".join([source, *axes]) + "->" + result, array, *tables)


@pytest.mark.parametrize("case", [*CASES, *EMPTY_CASES], ids=by_id)
def test_the_relations_windows_and_their_adjoint(case):
    x, p = case.array("input"), patches_like(case)

    @jax.jit
    def program(x, p):
        patches, back = jax.vjp(extract(case), x)
        folded, again = jax.vjp(fold(case), p)
        tangent = jax.jvp(fold(case), (p,), (p + 1,))[1]
        transposed = jax.linear_transpose(extract(case), x)(p)
        return patches, back(p)[0], transposed[0], folded, again(x)[0], tangent

    patches, back, transposed, folded, again, tangent = program(x, p)
    expected = by_the_relation(x, case.geometry, folded=False)
    np.testing.assert_array_equal(patches, expected)
    np.testing.assert_array_equal(again, expected)
    expected = by_the_relation(p, case.geometry, folded=True)
    for found in (folded, back, transposed):
        np.testing.assert_array_equal(found, expected)
    expected = by_the_relation(p + 1, case.geometry, folded=True)
    np.testing.assert_array_equal(tangent, expected)
    assert np.vdot(p, patches) == np.vdot(folded, x)


@compiling
@given(geometry=geometries())
def test_any_relation(geometry):
    """Also with fewer outputs than taps, where the other index is walked."""
    x = integers((2, *geometry.input_shape, 1))
    p = integers((2, *geometry.output_shape, *geometry.kernel_shape, 1))
    patches, folded = jax.jit(lambda x, p: (take(x, geometry), put(p, geometry)))(x, p)
    np.testing.assert_array_equal(patches, by_the_relation(x, geometry, folded=False))
    np.testing.assert_array_equal(folded, by_the_relation(p, geometry, folded=True))


@pytest.mark.parametrize("case", CASES, ids=by_id)
def test_nothing_is_scattered_gathered_or_convolved(case):
    def program(x, p):
        return (
            jax.grad(lambda x: (extract(case)(x) ** 2).sum())(x),
            jax.grad(lambda p: (fold(case)(p) ** 2).sum())(p),
        )

    x, p = case.array("input"), patches_like(case)
    text = jax.jit(program).lower(x, p).as_text()
    assert "stablehlo.pad" in text or not case.input
    for name in ("scatter", "gather", "convolution", "reduce_window", "dot_general"):
        assert name not in text


def test_the_words_that_are_looked_for_are_those_of_the_lowering():
    x = jnp.arange(5.0)
    gathered = jax.jit(jax.grad(lambda x: x[jnp.array([0, 0, 3])].sum()))
    text = gathered.lower(x).as_text()
    assert "scatter" in text
    assert "gather" in jax.jit(lambda x, n: x[n]).lower(x, jnp.array([1])).as_text()


def test_the_patches_make_the_convolution():
    x, w = integers((2, 5, 6, 3)), integers((3, 2, 3, 4), salt=1)
    p = jconv.extract_patches(x, (3, 2), stride=2, padding=1)
    y = np.einsum("nopklc,klcm->nopm", p, w)
    np.testing.assert_array_equal(y, jconv.conv(x, w, stride=2, padding=1))


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("stride", [1, 2])
def test_the_peers_patches(padding, stride):
    x, window = integers((2, 6, 5, 3)), (3, 2)
    peer = lax.conv_general_dilated_patches(
        x,
        window,
        (stride, stride),
        padding,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )
    p = jconv.extract_patches(x, window, stride=stride, padding=padding)
    p = np.moveaxis(p, -1, -3)  # the peer's channel varies slowest
    np.testing.assert_array_equal(p.reshape(peer.shape), peer)


def test_mapped_over_any_axis():
    x = integers((2, 5, 3, 4))
    f = jax.jit(
        jax.vmap(lambda x: jconv.extract_patches(x, (2,)), in_axes=-1, out_axes=1)
    )
    for n in range(4):
        np.testing.assert_array_equal(
            f(x)[:, n], jconv.extract_patches(x[..., n], (2,))
        )
    p = integers((3, 4, 2, 1))
    g = jax.vmap(lambda p: jconv.fold_patches(p, input_shape=(5, 1)))
    expected = jconv.fold_patches(p, input_shape=(3, 5, 1))
    np.testing.assert_array_equal(jax.jit(g)(p), expected)


def test_hessian_of_a_square():
    """Two windows of two on three entries: the middle entry is counted twice."""

    def loss(x):
        return (jconv.extract_patches(x[:, None], (2,)) ** 2).sum()

    hessian = jax.jit(jax.hessian(loss))(jnp.arange(3.0))
    np.testing.assert_array_equal(hessian, np.diag([2.0, 4.0, 2.0]))


@pytest.mark.parametrize("mode", ["circular", "reflect", "replicate"])
def test_padding_modes(mode):
    numpys = {"circular": "wrap", "reflect": "reflect", "replicate": "edge"}
    x, p = integers((2, 5, 1)), integers((2, 5, 4, 1))
    options = {"padding": ((1, 2),), "padding_mode": mode}
    patches = jconv.extract_patches(x, (4,), **options)
    padded = np.pad(x, ((0, 0), (1, 2), (0, 0)), mode=numpys[mode])
    np.testing.assert_array_equal(patches, jconv.extract_patches(padded, (4,)))
    folded = jconv.fold_patches(p, input_shape=x.shape, **options)
    assert np.vdot(p, patches) == np.vdot(folded, x)


@pytest.mark.parametrize(
    "dtype", ["int8", "uint32", "bfloat16", "float32", "complex64"]
)
def test_dtypes_stay(dtype):
    x = jnp.asarray(integers((6, 1))).astype(dtype)
    p = jconv.extract_patches(x, (3,), padding=1)
    back = jconv.fold_patches(p, input_shape=x.shape, padding=1)
    assert p.dtype == back.dtype == x.dtype
    counts = jnp.array([2, 3, 3, 3, 3, 2])[:, None].astype(dtype)
    np.testing.assert_array_equal(back, counts * x)


@pytest.mark.parametrize("wanted", ["fold", "gradient"])
def test_overlaps_of_narrow_floats_are_added_in_float32(wanted):
    """256 + 1 + 1 = 258, where bfloat16 alone would stay at 256."""
    p = jnp.array([[0, 0, 256], [0, 1, 0], [1, 0, 0]], "bfloat16")[..., None]
    if wanted == "fold":
        folded = jconv.fold_patches(p, input_shape=(5, 1))
    else:
        x = jnp.zeros((5, 1), "bfloat16")
        folded = jax.vjp(lambda x: jconv.extract_patches(x, (3,)), x)[1](p)[0]
    assert folded.dtype == "bfloat16"
    assert folded[2, 0] == 258


def test_what_is_not_finite_stays_where_it_is():
    x = jnp.array([1.0, jnp.inf, jnp.nan])[:, None]
    p = jconv.extract_patches(x, (2,), padding=1)[..., 0]
    inf, nan = np.inf, np.nan
    np.testing.assert_array_equal(p, [[0, 1], [1, inf], [inf, nan], [nan, 0]])


def test_a_large_window_takes_few_slices():
    x = jnp.zeros((112, 112, 1))
    jaxpr = jax.make_jaxpr(lambda x: jconv.extract_patches(x, (112, 112)))(x)
    assert str(jaxpr).count("slice[") == 2


WRONG = {
    "window-no-sequence": (lambda x: jconv.extract_patches(x, 3), "window=3"),
    "window-negative": (lambda x: jconv.extract_patches(x, (-1,)), r"window=\(-1,\)"),
    "window-no-integer": (lambda x: jconv.extract_patches(x, (1.5,)), "window="),
    "window-too-large": (lambda x: jconv.extract_patches(x, (6,)), "room for a window"),
    "window-of-too-many": (lambda x: jconv.extract_patches(x, (1,) * 3), "x="),
    "stride-0": (lambda x: jconv.extract_patches(x, (3,), stride=0), "stride=0"),
    "fold-wrong-size": (
        lambda x: jconv.fold_patches(x[:, :, None], input_shape=(9, 2)),
        r"expected \(8, 2, 2\)",
    ),
    "fold-wrong-rank": (
        lambda x: jconv.fold_patches(x, input_shape=(2, 3, 4)),
        "that fit input_shape",
    ),
    "fold-no-shape": (lambda x: jconv.fold_patches(x, input_shape=3), "input_shape=3"),
}


@pytest.mark.parametrize(("call", "says"), WRONG.values(), ids=WRONG)
def test_wrong_arguments(call, says):
    with pytest.raises(GeometryError, match=says):
        call(jnp.zeros((5, 2)))


def test_a_border_between_holes_is_not_defined():
    with pytest.raises(UnsupportedError, match="padding_mode"):
        jconv.extract_patches(
            jnp.zeros((5, 2)),
            (2,),
            padding=1,
            padding_mode="circular",
            input_dilation=2,
        )
