"""``winograd``: its bound, its limits, and who gets it."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jconv
from jconv import numerics
from jconv.algorithms import AUTO, DIRECT, FAST, REGISTRY, candidates, choose
from jconv.algorithms.accuracy import BOUND_RATIO, acceptable
from jconv.algorithms.parts.undilated import Undilated
from jconv.algorithms.winograd import MAX_TAPS, RESULTS, Winograd
from jconv.geometry import OPERANDS, ROLES, Axis
from jconv.reference import contract
from jconv.verify.jaxprs import equations
from tests.abilities import canonical_shapes, compiled, refusal, routines
from tests.bounds import check_bounds
from tests.cases import CASES, Case, by_id, integers, named

SHORT = [
    case
    for case in CASES
    if not refusal(Winograd(), case.geometry, canonical_shapes(case.geometry), "output")
]
VARIANTS = (
    Winograd(),
    Winograd(tile_bytes=1),
    *(Winograd(results=(results,)) for results in RESULTS),
)


# Results ----------------------------------------------------------------------------


@pytest.mark.parametrize("case", SHORT, ids=by_id)
def test_every_role_is_within_the_bound(case):
    shapes = canonical_shapes(case.geometry, case.batch, case.c_in, case.c_out)
    able = check_bounds(VARIANTS, case.geometry, shapes, "float64")
    assert len(able) >= len(ROLES) * 2


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "complex64"])
def test_every_dtype_is_within_the_bound(dtype):
    case = Case("dtypes", (7, 6), (3, 2), padding="same", c_in=3)
    shapes = canonical_shapes(case.geometry, c_in=3)
    able = check_bounds(VARIANTS, case.geometry, shapes, dtype)
    assert len(able) == len(ROLES) * len(VARIANTS)


def test_small_integers_are_exact_all_the_same():
    """Fractions of two results are halves; with room for them nothing is rounded."""
    case = Case("plane", (7, 6), (3, 2), padding="same", c_in=3, c_out=2)
    shapes = canonical_shapes(case.geometry, case.batch, case.c_in, case.c_out)
    two = Winograd(results=(2,))
    chosen = routines({"winograd": two}, case.geometry, shapes)
    arrays = {role: integers(shape, 5) for role, shape in shapes.items()}
    for (_, out), got in compiled(chosen, case.geometry)(arrays).items():
        first, second = (arrays[role] for role in OPERANDS[out])
        np.testing.assert_array_equal(got, contract(first, second, case.geometry, out))


@pytest.mark.parametrize("results", RESULTS)
def test_every_point_of_the_first_axis_has_a_product(results):
    """A CPU's cores share several products; one core makes a batch of small ones."""
    for kernel in ((3, 2), (1, 3)):
        case = Case("plane", (7, 6), kernel, padding="same", c_in=3, c_out=2)
        shapes = canonical_shapes(case.geometry, case.batch, case.c_in, case.c_out)
        run = functools.partial(
            Winograd(results=(results,)).run,
            geometry=case.geometry,
            out="output",
            precision=None,
            accumulate=np.float32,
        )
        arrays = (jnp.zeros(shapes[role]) for role in OPERANDS["output"])
        text, points = jax.jit(run).lower(*arrays).as_text(), results + 2
        # As many make the kernel's values.
        assert text.count("dot_general") == 2 * points
        # One cuts a block out; the first point, the last, and those between take
        # different entries. Then there is one each for the other axis, there and back.
        both = kernel[0] > 1
        assert text.count("func.func private @solid") == 4 + 2 * both
        assert text.count("call @solid") == 1 + points + 2 * points * both


DILATIONS = [
    Case("one-of-two", (9, 6), (3, 2), padding=2, kernel_dilation=(2, 1), c_in=2),
    Case(
        "other-of-two",
        (6, 9),
        (2, 3),
        padding=((1, 0), (4, -1)),
        kernel_dilation=(1, 3),
    ),
    Case("both", (8, 11), (2, 3), padding=(1, 3), kernel_dilation=(3, -4), batch=(2,)),
    Case("cropped", (15,), (3,), padding=((-2, -1),), kernel_dilation=5, batch=(2, 3)),
    Case("wider-than-results", (9,), (2,), kernel_dilation=7),
    Case("three", (5, 4, 6), (2, 2, 2), padding=1, kernel_dilation=(2, 1, 3)),
]


@pytest.mark.parametrize("case", DILATIONS, ids=by_id)
def test_dilated_windows_are_dense_ones_of_every_remainder(case):
    shapes = canonical_shapes(case.geometry, case.batch, case.c_in, case.c_out)
    able = check_bounds(VARIANTS, case.geometry, shapes, "float64")
    assert len(able) >= len(ROLES) * 2


@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.integers(1, 3), st.integers(1, 4)), max_size=3
    )
)
def test_a_dilated_axis_is_two_and_they_hold_all_pairs(sizes):
    """Every pair of a result and a tap stands in the two axes together just once."""
    axes = tuple(Axis(n + (k - 1) * d, k, n, kernel_dilation=d) for n, k, d in sizes)
    both = Undilated(axes)
    assert all(axis.kernel_dilation == 1 for axis in both.apart)
    source = np.arange(math.prod(axis.n_input for axis in axes)) + 1.0
    source = source.reshape(1, 1, *(axis.n_input for axis in axes), 1)
    seen = both.result(_windowed_sum(both.apart, np.asarray(both.source(source))))
    np.testing.assert_array_equal(seen, _windowed_sum(axes, source))


def _windowed_sum(axes, source):
    """Of every window, one axis after the other, in NumPy."""
    for n, axis in enumerate(axes, 2):
        places = np.arange(axis.n_output)[:, None]
        taps = np.arange(axis.n_kernel) * axis.kernel_dilation
        source = source.take(places + taps, n).sum(n + 1)
    return source


# Limits -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "dtype", "why"),
    [
        (named("plain"), "int32", "hold fractions"),
        (named("stride-2"), "float32", "strided windows|dilated array"),
        (named("input-dilation-2"), "float32", "strided windows|dilated array"),
        (named("groups-2"), "float32", "takes no groups"),
        (named("batch-0"), "float32", "an array is empty"),
        (Case("long", (9,), (MAX_TAPS + 1,)), "float32", f"more than {MAX_TAPS}"),
        (Case("pointwise", (4, 4), (1, 1)), "float32", "one product"),
        (Case("4-D", (4,) * 4, (3,) * 4), "float32", "make 256 products"),
    ],
    ids=lambda value: getattr(value, "id", None),
)
def test_refusals_say_why(case, dtype, why):
    shapes = canonical_shapes(case.geometry, case.batch, case.c_in, case.c_out)
    for out in ROLES:
        told = refusal(Winograd(), case.geometry, shapes, out, dtype) or ""
        assert re.search(why, told)


# The choice -------------------------------------------------------------------------

WIDE = Case("wide", (14, 14), (3, 3), padding=1, c_in=256, c_out=256)
DILATED = dataclasses.replace(WIDE, padding=2, kernel_dilation=2)
LONGER = Case("longer", (28, 28), (5, 5), padding=2, c_in=8, c_out=8)


def question(out, dtype="float32", case=WIDE, platform="cpu"):
    shapes = canonical_shapes(case.geometry, (8,), case.c_in, case.c_out, 1)
    operands = {role: shapes[role] for role in OPERANDS[out]}
    return case.geometry, operands, out, dtype, platform


@pytest.mark.parametrize("out", ROLES)
def test_three_taps_get_it_and_who_wants_sums_alone_does_not(out):
    assert choose(*question(out, case=DILATED)).name == "winograd"
    assert choose(*question(out)).name == "winograd"
    assert choose(*question(out), FAST).name == "winograd"
    assert choose(*question(out), DIRECT).exact_on_integers


def test_what_loses_more_one_has_to_ask_for():
    call = question("output", case=LONGER)
    assert "winograd" not in candidates(*call)
    assert "winograd" in candidates(*call, method=FAST)


@pytest.mark.parametrize("platform", ["cuda", "rocm", "tpu"])
def test_where_nobody_timed_it_one_has_to_ask_for_it(platform):
    call = question("output", platform=platform)
    assert "winograd" not in candidates(*call)
    assert "winograd" in candidates(*call, method=FAST)


@pytest.mark.parametrize("method", [AUTO, FAST])
@pytest.mark.parametrize("dtype", ["float64", "complex128", "int32"])
def test_who_wants_all_digits_does_not_get_it_by_asking_for_speed(dtype, method):
    assert choose(*question("output", dtype), method).exact_on_integers


def test_tiles_are_as_large_as_the_documented_ratio_allows():
    """Tiles of two axes with four results each, and fewer channels than allow them."""
    few = dataclasses.replace(WIDE, c_in=16, c_out=16)
    for out, case in itertools.product(ROLES, (WIDE, few)):
        call = question(out, case=case)[:-1]
        most = BOUND_RATIO * numerics.contraction_bound(*call)
        assert acceptable(REGISTRY["winograd"], *call)
        assert REGISTRY["winograd"].error_bound(*call) <= most
        assert Winograd(results=(2,)).error_bound(*call) <= most
        if out != "kernel":
            large = Winograd(results=(4,)).error_bound(*call)
            assert (large <= most) == (case is WIDE)


def test_where_no_tiles_are_within_the_ratio_those_of_least_bound_are_taken():
    call = question("output", case=LONGER)[:-1]
    bounds = [Winograd(results=(n,)).error_bound(*call) for n in RESULTS]
    assert Winograd().error_bound(*call) == min(bounds)
    assert min(bounds) > BOUND_RATIO * numerics.contraction_bound(*call)


@pytest.mark.parametrize("method", [AUTO, FAST])
def test_in_a_partitioned_program_batches_stay_whole(method):
    assert choose(*question("output"), method, partitioned=True).keeps_batch_whole


def test_the_wish_holds_for_derivatives_and_a_name_does_not():
    x, w = jnp.zeros((8, 28, 28, 256)), jnp.zeros((3, 3, 256, 256))

    def methods(method):
        def loss(x, w):
            return jconv.conv(x, w, padding=1, method=method).sum()

        jaxpr = jax.make_jaxpr(jax.grad(loss, argnums=(0, 1)))(x, w)
        found = [each for each in equations(jaxpr) if each.primitive.name == "conv"]
        return [each.params["method"] for each in found]

    assert set(methods(FAST)) == {FAST}
    assert set(methods(DIRECT)) == {DIRECT}
    assert "auto" in methods("winograd")


@pytest.mark.parametrize("case", [SHORT[0], SHORT[-1]], ids=by_id)
def test_transforms_of_functions(case):
    """Derivatives, second derivatives and batches go through it as through any."""
    x, w = (integers(case.shapes[role], 3) for role in OPERANDS["output"])

    def everything(method):
        def convolve(x, w):
            return jconv.conv(x, w, **case.arguments, method=method)

        y, pull = jax.vjp(convolve, x, w)
        return (
            y,
            pull(y),
            jax.jvp(convolve, (x, w), (x, w))[1],
            jax.vmap(convolve, (0, None))(np.stack([x, 2 * x]), w),
            jax.vmap(convolve)(np.stack([x, x]), np.stack([w, 2 * w])),
        )

    got, want = jax.jit(lambda: (everything("winograd"), everything("taps")))()
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        np.testing.assert_array_equal(a, b)
