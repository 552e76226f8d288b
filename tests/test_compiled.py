"""What the compiler for CPUs makes of a program: no copies, and no loop on one core.

Results do not show these: a program that copies its operands, or works on one core, is
right. Each check is shown to fail without the trick that it is about.
"""

import contextlib
import functools
import re

import jax
import numpy as np
import pytest

import jconv
from jconv.algorithms.depthwise import Depthwise
from jconv.algorithms.matmul import MATMUL
from jconv.algorithms.parts import buffers, staged
from jconv.geometry import OPERANDS, Geometry
from jconv.pool import extremes
from jconv.primitive import lowering
from tests.abilities import canonical_shapes, contraction
from tests.conftest import BOTH_EMITTERS

AS_USERS_COMPILE = {"xla_cpu_use_fusion_emitters": True} if BOTH_EMITTERS else {}
NEWER = jax.__version_info__ >= (0, 12)

STRIDED = Geometry.from_call((16, 16), (1, 1), stride=2)
DEPTHWISE = Geometry.from_call((16, 16), (3, 3), padding=1, groups=8)
PLACES = 4 * 16 * 16


def compiled(algorithm, geometry, out):
    """The text of a compiled contraction."""
    shapes = canonical_shapes(geometry, (4,), 8, 8, examples=1)
    operands = [np.zeros(shapes[role], np.float32) for role in OPERANDS[out]]
    run = contraction(algorithm, geometry, out)
    return (
        jax.jit(run, compiler_options=AS_USERS_COMPILE)
        .lower(*operands)
        .compile()
        .as_text()
    )


def entries(shape):
    """The number of entries of "f32[2,3]"."""
    return np.prod([int(n) for n in re.findall(r"\d+", shape.split("[")[1])], dtype=int)


def large_copies(text):
    """The shapes of whole operands that are copied, in a loop of their own."""
    found = re.findall(r"%(?:wrapped_)?copy[.\d]* = (f32\[[\d,]*)", text)
    return [shape for shape in found if entries(shape) >= PLACES * 8]


def loops_on_one_core(text):
    """The lines in which a loop over large arrays is one function."""
    lines = [line for line in text.splitlines() if "xla_cpu_small_call" in line]
    return [
        line
        for line in lines
        if any(entries(s) >= PLACES * 8 for s in re.findall(r"f32\[[\d,]+", line))
    ]


BLOCKED = Depthwise(block_bytes=PLACES * 8)
CASES = {
    "depthwise": (BLOCKED, DEPTHWISE, "kernel"),
    "matmul": (MATMUL, STRIDED, "kernel"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_no_operand_is_copied_into_a_loop_or_branch(case):
    assert not large_copies(compiled(*case))


@pytest.mark.skipif(NEWER, reason="newer compilers copy no operand of this loop")
def test_with_dimensions_of_size_1_it_would_be(monkeypatch):
    monkeypatch.setattr(staged, "carried", lambda array: lambda: array)
    assert large_copies(compiled(*CASES["depthwise"]))


def test_a_loop_of_loops_keeps_all_cores():
    assert not loops_on_one_core(compiled(*CASES["depthwise"]))


@pytest.mark.skipif(not NEWER, reason="older compilers leave it all cores")
def test_without_a_sort_it_would_not(monkeypatch):
    monkeypatch.setattr(buffers, "keeping_all_cores", lambda turn: turn)
    assert loops_on_one_core(compiled(*CASES["depthwise"]))


def test_what_enters_a_loop_is_the_same_there():
    array = np.arange(6.0).reshape(1, 2, 1, 3)
    assert np.array_equal(buffers.carried(array)(), array)
    assert buffers.keeping_all_cores(np.int32(3)) == 3


def predicates():
    """How many loops make a predicate, of a grouped convolution for a CPU."""
    conv = functools.partial(jconv.conv, groups=2, padding=1, method="grouped")
    shapes = (4, 16, 16, 8), (3, 3, 4, 8)
    operands = [jax.ShapeDtypeStruct(shape, "float32") for shape in shapes]
    traced = jax.jit(conv).trace(*operands)
    text = traced.lower(lowering_platforms=("cpu",)).as_text()
    assert text.count("stablehlo.case") > 2
    return text.count("stablehlo.while")


def test_all_branches_read_one_predicate():
    assert predicates() == 1


def test_by_themselves_they_would_each_make_one(monkeypatch):
    monkeypatch.setattr(lowering, "traced_for", lambda _: contextlib.nullcontext())
    assert predicates() > 2


def winners_made(padding):
    """How many branches make the winners of the windows, in a pool's derivative."""

    def derivative(x):
        return jax.grad(lambda x: jconv.max_pool(x, (3,), padding=padding).sum())(x)

    x = jax.ShapeDtypeStruct((4, 14 - 2 * padding, 8), "float32")
    text = jax.jit(derivative).lower(x).compile().as_text()
    return len(re.findall(r"= \(?s8\[4,4,8\]\S* conditional\(", text))


def test_the_winners_of_padded_windows_are_found_once():
    """Found anew for every entry that wants to know, they take six times as long."""
    jax.clear_caches()
    assert winners_made(padding=1) == 1
    assert not winners_made(padding=0)


def test_by_themselves_they_would_be_found_by_everyone(monkeypatch):
    monkeypatch.setattr(extremes, "materialised", lambda make: make())
    jax.clear_caches()
    assert not winners_made(padding=1)
    jax.clear_caches()
