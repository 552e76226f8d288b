"""What the compiler for CPUs makes of a program: which arrays exist, on which cores.

Results do not show these: a program that copies its operands, or works on one core, is
right. Each check is shown to fail without the trick that it is about.
"""

import functools
import os
import re
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jconv
from jconv.algorithms import REGISTRY
from jconv.algorithms.depthwise import Depthwise
from jconv.algorithms.matmul import MATMUL
from jconv.algorithms.parts import buffers, matrix_product, staged, turns
from jconv.geometry import OPERANDS, Geometry
from jconv.pool import backward, extremes
from tests.abilities import canonical_shapes, contraction
from tests.conftest import BOTH_EMITTERS

AS_USERS_COMPILE = {"xla_cpu_use_fusion_emitters": True} if BOTH_EMITTERS else {}
NEWER = jax.__version_info__ >= (0, 12)

STRIDED = Geometry.from_call((16, 16), (1, 1), stride=2)
DEPTHWISE = Geometry.from_call((16, 16), (3, 3), padding=1, groups=8)
GROUPED = Geometry.from_call((16, 16), (3, 3), padding=1, groups=2)
PLACES = 4 * 16 * 16


def compiled(algorithm, geometry, out, channels=(8, 8)):
    """The text of a compiled contraction."""
    shapes = canonical_shapes(geometry, (4,), *channels, examples=1)
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
def test_no_operand_is_copied_into_a_loop_or_function(case):
    assert not large_copies(compiled(*case))


@pytest.mark.skipif(NEWER, reason="newer compilers copy no operand of this loop")
def test_with_dimensions_of_size_1_it_would_be(monkeypatch):
    monkeypatch.setattr(staged, "carried", lambda array: lambda: array)
    assert large_copies(compiled(*CASES["depthwise"]))


def test_a_loop_of_loops_keeps_all_cores():
    assert not loops_on_one_core(compiled(*CASES["depthwise"]))


@pytest.mark.skipif(not NEWER, reason="older compilers leave it all cores")
def test_without_a_sort_it_would_not(monkeypatch):
    monkeypatch.setattr(turns, "keeping_all_cores", lambda turn: turn)
    assert loops_on_one_core(compiled(*CASES["depthwise"]))


def product_made(channels):
    """The shape of the product of a pointwise kernel's derivative."""
    jax.clear_caches()
    text = compiled(MATMUL, STRIDED, "kernel", channels)
    (product,) = re.findall(r"= f32\[([\d,]+)\]\S* dot\(", text)
    return product


def test_a_product_turns_the_narrower_operand():
    """Turning the wider one, it takes up to eight times as long."""
    assert product_made((64, 8)) == "8,64"
    assert product_made((8, 64)) == "8,64"


def test_if_no_function_turned_the_result_it_would_not(monkeypatch):
    monkeypatch.setattr(matrix_product, "function", lambda make: make)
    assert product_made((64, 8)) == "64,8"


def narrow_kernel_gradients(places, c_in, c_out, method):
    """Of 64 examples in bfloat16, of whole numbers, and in float32."""
    rng = np.random.default_rng(0)
    x, dy = (rng.integers(-2, 3, (64, *places, c)) for c in (c_in, c_out))
    shape = (*(3 for _ in places), c_in, c_out)
    return [
        jconv.conv_kernel_vjp(
            x.astype(dtype),
            dy.astype(dtype),
            kernel_shape=shape,
            padding="same",
            method=method,
            preferred_element_type="float32",
        )
        for dtype in (jnp.bfloat16, np.float32)
    ]


@pytest.mark.parametrize("method", ["taps", "loop"])
@pytest.mark.parametrize("channels", [(4, 4), (16, 4), (4, 16), (16, 16)])
@pytest.mark.parametrize("places", [(2,), (2, 3)], ids=str)
def test_products_of_bfloat16_run_that_a_cpu_could_refuse(places, channels, method):
    one, other = narrow_kernel_gradients(places, *channels, method)
    np.testing.assert_array_equal(one, other)


def test_as_they_are_written_it_does_refuse_one(monkeypatch):
    if jax.default_backend() != "cpu":
        pytest.skip("another runtime takes it")
    monkeypatch.setattr(matrix_product, "_fails", lambda *_: False)
    with pytest.raises(jax.errors.JaxRuntimeError, match="BF16"):
        jax.block_until_ready(narrow_kernel_gradients((2,), 8, 8, "taps"))


def test_what_enters_a_loop_is_the_same_there():
    array = np.arange(6.0).reshape(1, 2, 1, 3)
    assert np.array_equal(buffers.carried(array)(), array)
    assert turns.keeping_all_cores(np.int32(3)) == 3


def functions_left():
    """How many functions are not inlined, of a grouped convolution for a CPU."""
    jax.clear_caches()
    return compiled(REGISTRY["grouped"], GROUPED, "output").count('inlineable="false"')


def test_intermediate_arrays_are_made_by_functions():
    assert functions_left() > 2


def test_untold_the_compiler_would_inline_them(monkeypatch):
    monkeypatch.setattr(buffers, "set_xla_metadata", lambda array, **_: array)
    assert not functions_left()


PARTS_OF_A_SUM = """
import sys, jax
from jconv.algorithms.parts import buffers

def add(x):
    (x,) = buffers.on_all_cores(x)
    return x[1:, :, :64] + x[:-1, :, 64:]

if sys.argv[1:] == ["seen"]:
    buffers._by_a_function = lambda make: make()
x = jax.ShapeDtypeStruct((65, 64, 128), "float32")
print(jax.jit(add).lower(x).compile().as_text())
"""


def parts_of_a_sum(*arguments):
    """Into how many parts sixteen cores divide a sum of slices."""
    script = [sys.executable, "-c", PARTS_OF_A_SUM, *arguments]
    environment = os.environ | {"NPROC": "16"}
    text = subprocess.check_output(script, env=environment, text=True)
    (parts,) = re.findall(r'outer_dimension_partitions":\["(\d+)"\]', text)
    return int(parts)


def test_sums_of_slices_are_divided_among_all_cores():
    assert parts_of_a_sum() == 16


def test_by_a_one_that_the_compiler_sees_they_would_not_be():
    assert parts_of_a_sum("seen") < 16


def winners_made(padding):
    """How many functions make the winners of the windows, in a pool's derivative."""

    def derivative(x):
        return jax.grad(lambda x: jconv.max_pool(x, (3,), padding=padding).sum())(x)

    x = jax.ShapeDtypeStruct((4, 14 - 2 * padding, 8), "float32")
    text = jax.jit(derivative).lower(x).compile().as_text()
    return len(re.findall(r"= \(?s8\[4,4,8\]\S* call\(", text))


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


def functions_of_a_pool_rule():
    """How many functions are not inlined, where three windows hold each entry."""
    jax.clear_caches()
    x = jax.ShapeDtypeStruct((4, 14, 8), "float32")
    rule = functools.partial(jconv.max_pool_vjp, window=(3,), stride=1, padding=1)
    return jax.jit(rule).lower(x, x).compile().as_text().count('inlineable="false"')


def test_what_many_entries_ask_of_windows_is_padded_once():
    """Padded anew for each, thirteen windows take twice as long."""
    assert functions_of_a_pool_rule() == 2


def test_of_few_entries_it_would_not_be(monkeypatch):
    monkeypatch.setattr(backward, "MANY", 4)
    assert not functions_of_a_pool_rule()
