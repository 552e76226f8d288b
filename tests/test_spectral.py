"""``dft`` and ``fft``: results within their bounds, refusals, and the choice."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np
import pytest
from hypothesis import given

import jconv
from jconv import numerics, reference
from jconv.algorithms import REGISTRY, choose
from jconv.algorithms.accuracy import BOUND_RATIO, COSINE_ERROR, acceptable
from jconv.algorithms.dft import MAX_PERIOD, Dft
from jconv.algorithms.fft import Fft
from jconv.algorithms.parts import spectral
from jconv.algorithms.parts.overlap_save import OverlapSaveAxis
from jconv.algorithms.parts.waves import (
    first,
    further,
    last,
    partners,
    period,
    wave_count,
    waves,
)
from jconv.geometry import OPERANDS, Axis, Geometry
from tests.bounds import check_bounds
from tests.cases import CASES, Case, by_id, geometries, named

TINY = (Dft(block=2, tile_bytes=1), Fft(block=2, tile_bytes=1))
KINDS = (
    "stride-2",
    "same-lower-stride-2",
    "negative-pads",
    "kernel-dilation-3",
    "true-convolution-dilated",
    "stride-3-holes-2",
    "window-beyond-input",
    "groups-2",
    "depthwise",
    "depth-multiplier",
    "no-batch",
    "two-batch-axes",
    "2-D",
    "3-D",
    "4-D",
)
SPECTRAL = ("dft", "fft")
both = pytest.mark.parametrize("method", SPECTRAL)


@pytest.fixture(autouse=True)
def _room(monkeypatch):
    """Tiny blocks take many times the memory of tiny arrays."""
    monkeypatch.setattr(spectral, "MEMORY_MULTIPLE", 1000)


def canonical_shapes(case: Case, examples: int = 2):
    g = case.groups
    return {
        "input": (examples, *case.batch, *case.input, g, case.c_in // g),
        "kernel": (examples, *case.kernel, case.c_in // g, g, case.c_out // g),
        "output": (
            examples,
            *case.batch,
            *case.geometry.output_shape,
            g,
            case.c_out // g,
        ),
    }


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.id in KINDS], ids=by_id
)
def test_every_role_is_within_the_bound(case):
    able = check_bounds(TINY, case.geometry, canonical_shapes(case), "float64")
    assert len(able) == (3 if case.id == "4-D" else 6)


@pytest.mark.parametrize("low", [2, -2])
def test_an_array_longer_than_the_period(low):
    """Five taps and one input, or six inputs and one result: most meets nothing."""
    axis = Axis(1, 5, 1, low=low) if low > 0 else Axis(6, 2, 1, low=low)
    shapes = {
        "input": (1, 2, axis.n_input, 1, 1),
        "kernel": (1, axis.n_kernel, 1, 1, 1),
        "output": (1, 2, axis.n_output, 1, 1),
    }
    check_bounds(TINY, Geometry((axis,)), shapes, "float64")


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "complex64"])
def test_every_dtype_is_within_the_bound(dtype):
    case = Case("dtypes", (9, 8), (3, 4), padding="same", c_in=3)
    algorithms = (Dft(block=4), Fft(block=4), Dft(), Fft())
    able = check_bounds(algorithms, case.geometry, canonical_shapes(case), dtype)
    assert len(able) == 3 * len(algorithms)


@given(geometry=geometries())
def test_waves_are_the_relation(geometry):
    """Of each axis, whole and in blocks; entries are at most 4 / wave_count."""
    for whole in geometry.axes:
        block = OverlapSaveAxis.near(whole, 2).block if whole.n_output else whole
        for axis in (whole, dataclasses.replace(block, n_kernel=whole.n_kernel)):
            found = np.einsum(
                "ro,rk,ri->oki",
                *(waves(axis, role) for role in ("output", "kernel", "input")),
            )
            error = 4 * (3 * COSINE_ERROR + numerics.gamma(wave_count(axis), "float64"))
            assert np.abs(found - reference.relation(axis)).max(initial=0) <= error


def planes(axes, role):
    """The role's matrix of two axes, (waves, indices of the first, of the second)."""
    one, two = axes
    pairs = partners(period(one))
    rows = first(one, role)
    both = rows[: 2 * pairs].reshape(2, pairs, one.size(role))
    found = [
        np.einsum("rjz,zfi->rfij", last(two, role), both),
        np.einsum("rj,fi->rfij", waves(two, role), rows[2 * pairs :]),
    ]
    sizes = one.size(role), two.size(role)
    return np.concatenate(
        [each.reshape(len(each) * each.shape[1], *sizes) for each in found]
    )


@given(geometry=geometries().filter(lambda each: each.rank == 2))
def test_waves_of_two_axes_are_their_relations(geometry):
    """Terms add up to 4 at most, as above.

    An entry holds c c' + s s', which errors of the four change by 2 sqrt(2) of one.
    """
    axes = geometry.axes
    roles = [planes(axes, role) for role in ("output", "kernel", "input")]
    assert {len(each) for each in roles} == {wave_count(*axes)}
    found = np.einsum("roO,rkK,riI->okiOKI", *roles)
    one, two = map(reference.relation, axes)
    terms = wave_count(*axes) + 2 * len(roles) * len(axes)
    entry = 2 * np.sqrt(2) * COSINE_ERROR
    error = 4 * (len(roles) * entry + numerics.gamma(terms, "float64"))
    assert np.abs(found - np.multiply.outer(one, two)).max(initial=0) <= error


def test_a_further_axis_adds_its_angle():
    one, two = Axis(6, 3, 4), Axis(5, 2, 4)
    n, m = period(one), period(two)
    pairs = partners(n)
    both = first(one, "kernel")[: 2 * pairs].reshape(2, pairs, -1)
    cos, sin = np.einsum("rjz,zfi->rfij", further(two, "kernel"), both).reshape(
        2, m, pairs, 3, 2
    )
    f, g = np.arange(1, 1 + pairs)[:, None, None], np.arange(m)[:, None, None, None]
    angle = 2 * np.pi * (f * np.arange(3)[:, None] / n + g * np.arange(2) / m)
    size = (1 / n / m) ** (1 / 3)
    error = size * (2 * np.sqrt(2) + 1) * COSINE_ERROR  # of two products, and of one
    np.testing.assert_allclose(cos, size * np.cos(angle), rtol=0, atol=error)
    np.testing.assert_allclose(sin, size * np.sin(angle), rtol=0, atol=error)


def test_a_wrong_wave_is_seen():
    axis = Axis(n_input=6, n_kernel=3, n_output=4)
    tables = [waves(axis, role).copy() for role in ("output", "kernel", "input")]
    tables[1][2] *= -1
    found = np.einsum("ro,rk,ri->oki", *tables)
    assert np.abs(found - reference.relation(axis)).max() > 0.1


# Limits -----------------------------------------------------------------------------


def refusal(method, case, dtype="float32", **changes):
    geometry, shapes = case.geometry, canonical_shapes(case)
    shapes = {role: shapes[role] for role in OPERANDS["output"]}
    algorithm = dataclasses.replace(REGISTRY[method], **changes)
    return algorithm.refuses(geometry, shapes, "output", dtype, "cpu")


@both
def test_refusals_say_why(method, monkeypatch):
    assert "no integers" in refusal(method, named("plain"), "int32")
    assert "without spatial axes" in refusal(method, named("0-D"))
    assert "an array is empty" in refusal(method, named("batch-0"))
    monkeypatch.setattr(spectral, "MEMORY_MULTIPLE", 1)
    assert "bytes, more than" in refusal(method, named("same"), tile_bytes=0)


def test_each_has_a_limit_of_its_own():
    assert "at most 3 axes, not 4" in refusal("fft", named("4-D"))
    long = Case("long", (2,), (MAX_PERIOD,), padding=MAX_PERIOD)
    assert f"more than {MAX_PERIOD}" in refusal("dft", long)


@both
def test_symbolic_sizes_are_refused_in_words(method):
    (n,) = jax.export.symbolic_shape("n")
    x, w = jax.ShapeDtypeStruct((n, 9, 2), "float32"), np.ones((3, 2, 2), "float32")
    convolve = jax.jit(lambda x: jconv.conv(x, w, method=method))
    with pytest.raises(jconv.UnsupportedError, match="must know every size"):
        jax.export.export(convolve)(x)


@both
def test_transforms_of_functions(method):
    """Derivatives, batches and export go through it as through any other."""
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(3, 9, 2)), rng.normal(size=(4, 2, 3))

    def convolve(x, w, method=method):
        return jconv.conv(x, w, method=method)

    def everything(function):
        y, pull = jax.vjp(function, x, w)
        return (
            y,
            pull(y),
            jax.jvp(function, (x, w), (x, w))[1],
            jax.vmap(function, (0, None))(x[:, None], w),
        )

    got, want = jax.jit(
        lambda: (
            everything(convolve),
            everything(lambda x, w: convolve(x, w, "taps")),
        )
    )()
    geometry = Geometry.from_call((9,), (4,))
    shapes = {"input": (1, 3, 9, 1, 2), "kernel": (1, 4, 2, 1, 3)}
    bound = REGISTRY[method].error_bound(geometry, shapes, "output", "float64")
    bound += numerics.contraction_bound(geometry, shapes, "output", "float64")
    norms = np.linalg.norm(x) * np.linalg.norm(w)
    # a pull multiplies y, whose norm is at most norms times the root of its taps, by w
    # or by x; a jvp adds two such products
    scale = 2 * np.sqrt(4 * 3) * norms * max(1, np.linalg.norm(x), np.linalg.norm(w))
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        assert np.abs(a - b).max() <= 2 * bound * scale
    exported = jax.export.export(jax.jit(convolve))(x, w)
    again = jax.export.deserialize(exported.serialize()).call(x, w)
    assert np.abs(again - want[0]).max() <= bound * norms


# The choice -------------------------------------------------------------------------

LONG = Case("long", (1024,), (1025,), padding=512, groups=64, c_in=64, c_out=64)
SHORT = Case("short", (1024,), (3,), padding=1, groups=64, c_in=64, c_out=64)


def question(case, dtype="float32"):
    shapes = canonical_shapes(case, examples=1)
    operands = {role: shapes[role] for role in OPERANDS["output"]}
    return case.geometry, operands, "output", dtype


def test_long_kernels_may_take_the_transform_and_short_ones_may_not():
    assert acceptable(REGISTRY["fft"], *question(LONG))
    assert not acceptable(REGISTRY["fft"], *question(SHORT))
    assert all(acceptable(REGISTRY["taps"], *question(case)) for case in (LONG, SHORT))


@both
@pytest.mark.parametrize("dtype", ["float64", "complex128", "int32"])
def test_only_single_precision_takes_transforms(method, dtype):
    assert not acceptable(REGISTRY[method], *question(LONG, dtype))
    assert choose(*question(LONG, dtype), "cpu").exact_on_integers


@both
@pytest.mark.parametrize("case", [LONG, SHORT], ids=by_id)
def test_acceptable_means_within_the_ratio(method, case):
    arguments = question(case)
    within = REGISTRY[method].error_bound(*arguments) <= (
        BOUND_RATIO * numerics.contraction_bound(*arguments)
    )
    assert acceptable(REGISTRY[method], *arguments) == within


def test_the_longer_the_kernel_the_better_the_transform():
    """Against direct sums the predicted cost falls, and named costs are finite."""
    costs = [
        REGISTRY["fft"].cost(
            *question(Case("k", (8192,), (n,), padding=n // 2, c_in=64, c_out=64)),
            "cpu",
        )
        / n
        for n in (65, 257, 1025)
    ]
    assert np.isfinite(costs).all()
    assert costs == sorted(costs, reverse=True)
