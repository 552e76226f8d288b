"""Depthwise and grouped algorithms, with limits so small that every branch is taken."""

from __future__ import annotations

import dataclasses

import jax
import numpy as np
import pytest

import jconv
from jconv import reference
from jconv.algorithms import REGISTRY
from jconv.algorithms.parts.staged import _batches, _run_length
from jconv.algorithms.parts.tapwise import Tapwise, spare_channels
from jconv.geometry import OPERANDS, ROLES, Geometry
from tests.cases import integers

DEPTHWISE, GROUPED = REGISTRY["depthwise"], REGISTRY["grouped"]


def call(input_shape, kernel_shape, **options):
    return Geometry.from_call(input_shape, kernel_shape, groups=4, **options)


GEOMETRIES = {
    "plain": call((21,), (3,), padding=1),
    "strided": call((9, 6), (3, 2), stride=(2, 1), padding=1),
    "dilated": call((7, 8), (3, 3), kernel_dilation=(2, -1), padding="same"),
    "holes": call((4, 5), (3, 3), input_dilation=(2, 3), padding=2),
    "holes-strided": call((6,), (4,), input_dilation=3, stride=2, padding=3),
    "cropped": call((9, 5), (2, 3), padding=((-1, 2), (1, -1))),
    "3-D": call((4, 3, 5), (2, 3, 2), padding=1),
    "mostly-padding": call((2, 3), (5, 4), padding=4),
}

VARIANTS = {
    "as-registered": DEPTHWISE,
    "rounds": dataclasses.replace(DEPTHWISE, unrolled=2),
    "blocks": dataclasses.replace(DEPTHWISE, block_bytes=1),
    "whole-batch": REGISTRY["depthwise_whole"],
    "merged-2": dataclasses.replace(GROUPED, max_width=4),
    "merged-all": GROUPED,
}


def shapes_of(geometry, c, m, batch, e=1):
    groups = geometry.groups
    return {
        "input": (e, *batch, *geometry.input_shape, groups, c),
        "kernel": (e, *geometry.kernel_shape, c, groups, m),
        "output": (e, *batch, *geometry.output_shape, groups, m),
    }


def check(algorithm, geometry, shapes):
    """Every role that is not refused equals the oracle; how many there were."""
    arrays = {role: integers(shape, 5, "float64") for role, shape in shapes.items()}
    operands = {out: {r: shapes[r] for r in OPERANDS[out]} for out in ROLES}
    able = [
        out
        for out in ROLES
        if not algorithm.refuses(geometry, operands[out], out, "float64", "cpu")
    ]

    @jax.jit
    def program(arrays):
        return {
            out: algorithm.run(
                *(arrays[role] for role in OPERANDS[out]),
                geometry=geometry,
                out=out,
                precision=None,
                accumulate="float64",
            )
            for out in able
        }

    for out, computed in program(arrays).items():
        first, second = (arrays[role] for role in OPERANDS[out])
        expected = reference.contract(first, second, geometry, out)
        np.testing.assert_array_equal(computed, expected, err_msg=out)
    return len(able)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", GEOMETRIES)
def test_tiny_limits_change_nothing(name, variant):
    geometry = GEOMETRIES[name]
    check(VARIANTS[variant], geometry, shapes_of(geometry, 1, 1, (3,)))


@pytest.mark.parametrize("variant", ["as-registered", "blocks", "merged-2"])
@pytest.mark.parametrize(("c", "m"), [(1, 2), (2, 1), (2, 2)])
def test_pairs_of_channels_and_examples(c, m, variant):
    geometry = GEOMETRIES["strided"]
    shapes = shapes_of(geometry, c, m, (2, 2), e=2)
    assert check(VARIANTS[variant], geometry, shapes) == len(ROLES)


def test_a_last_block_that_overlaps_counts_nothing_twice():
    """Five examples in blocks of two: the third block begins early."""
    geometry = GEOMETRIES["plain"]
    shapes = shapes_of(geometry, 1, 1, (5,))
    example = 8 * 4 * (geometry.input_shape[0] + geometry.output_shape[0])
    blocks = dataclasses.replace(DEPTHWISE, block_bytes=2 * example)
    assert check(blocks, geometry, shapes) == len(ROLES)


def test_crowded_places_get_a_spare_line():
    assert spare_channels(4096, taps=9) == 64
    assert spare_channels(4096 + 64, taps=9) == 0
    assert spare_channels(100, taps=9) == 0
    geometry = Geometry.from_call((12,), (9,), padding=4, groups=512)
    assert check(DEPTHWISE, geometry, shapes_of(geometry, 1, 1, (1,))) == len(ROLES)


def test_rounds_hold_every_tap_once():
    axes = Geometry.from_call((9, 9, 9), (5, 4, 3), padding=4).axes
    for unrolled in (1, 2, 3, 5, 12, 20, 60):
        form = Tapwise(axes, unrolled)
        assert len(form.taps) <= max(unrolled, 1)
        begins = form.origins()
        met = {tuple(b + np.array(t)) for b in begins for t in form.taps}
        assert len(met) == len(begins) * len(form.taps)
        assert met >= set(np.ndindex(5, 4, 3))


def test_runs_and_batches():
    assert [_run_length(n) for n in (1, 7, 8, 14, 28, 56, 9)] == [1, 7, 8, 7, 7, 8, 5]
    taps = [(i, j) for i in range(4) for j in range(5)]
    for at_most in (1, 2, 5, 11, 99):
        batches = _batches(taps, 5, at_most)
        assert [tap for batch in batches for tap in batch] == taps
        assert max(map(len, batches)) <= at_most


REFUSED = {
    "groups": (DEPTHWISE, Geometry.from_call((5,), (3,)), 1, "there is one group"),
    "pairs": (DEPTHWISE, GEOMETRIES["plain"], 9, "81 pairs of channels"),
    "holes": (VARIANTS["rounds"], GEOMETRIES["holes"], 1, "'phases' parts them"),
    "merged-groups": (GROUPED, Geometry.from_call((5,), (3,)), 1, "there is one group"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_say_why(name):
    algorithm, geometry, channels, words = REFUSED[name]
    shapes = shapes_of(geometry, channels, channels, (2,))
    operands = {role: shapes[role] for role in OPERANDS["output"]}
    reason = algorithm.refuses(geometry, operands, "output", "float32", "cpu")
    assert words in reason


def test_a_symbolic_batch_is_computed_forward_and_refused_backward():
    (n,) = jax.export.symbolic_shape("n")
    geometry = GEOMETRIES["plain"]
    shapes = shapes_of(geometry, 1, 1, (n,))
    x, w = (jax.ShapeDtypeStruct(shapes[r], "float32") for r in OPERANDS["output"])

    @jax.jit
    def forward(x, w):
        return DEPTHWISE.run(
            x, w, geometry=geometry, out="output", precision=None, accumulate="float32"
        )

    exported = jax.export.export(forward)(x, w)
    concrete = shapes_of(geometry, 1, 1, (3,))
    arrays = [integers(concrete[role], 5, "float32") for role in OPERANDS["output"]]
    expected = reference.contract(*arrays, geometry, "output")
    np.testing.assert_array_equal(exported.call(*arrays), expected)
    operands = {role: shapes[role] for role in OPERANDS["kernel"]}
    reason = DEPTHWISE.refuses(geometry, operands, "kernel", "float32", "cpu")
    assert "every size" in reason


DTYPES = ("float16", "bfloat16", "float32", "complex64", "int8")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", ["depthwise", "grouped"])
def test_dtypes_of_a_whole_call(method, dtype):
    """Small integers are exact in all of these; narrow floats are summed wide."""
    x, w = integers((2, 6, 5, 4), 2, dtype), integers((3, 3, 1, 4), 1, dtype)

    def program(method):
        return jax.jit(
            lambda x, w: jconv.conv(x, w, padding="same", groups=4, method=method)
        )

    computed, expected = program(method)(x, w), program("taps")(x, w)
    assert computed.dtype == expected.dtype == dtype
    np.testing.assert_array_equal(computed, expected)
