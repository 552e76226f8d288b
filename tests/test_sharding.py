"""Meshes: shard_map, and no communication that nobody asked for."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

import jconv
from jconv.algorithms import REGISTRY, choose
from jconv.geometry import OPERANDS
from tests.abilities import operand_shapes, public, shapes_of
from tests.cases import Case, named, oracle
from tests.meshes import CASES, ROLES, check, conv_of, mesh_of, needs_four_devices

pytestmark = needs_four_devices

COMMUNICATION = ("all-gather", "all-to-all", "collective-permute", "all-reduce")

# shard_map --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit], ids=str)
@pytest.mark.parametrize("check_vma", [True, False], ids=["vma", "no-vma"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_replicated_kernel_inside_shard_map(case, check_vma, kind):
    """W is the same everywhere: its gradient is summed over the devices."""
    mesh = mesh_of(kind)
    x, w, dy = (case.array(role) for role in ROLES)

    def step(x, w, dy):
        y, pull = jax.vjp(conv_of(case), x, w)
        dx, dw = pull(dy)
        # With checked varying axes the transpose of the broadcast of w sums itself.
        return y, dx, dw if check_vma else lax.psum(dw, "data")

    data = P("data")
    with jax.set_mesh(mesh):
        mapped = jax.jit(
            jax.shard_map(
                step,
                mesh=mesh,
                in_specs=(data, P(), data),
                out_specs=(data, data, P()),
                check_vma=check_vma,
            )
        )
        placed = [
            jax.device_put(array, NamedSharding(mesh, spec))
            for array, spec in ((x, data), (w, P()), (dy, data))
        ]
        check(case, *mapped(*placed))


def test_gradient_of_a_loss_that_holds_the_shard_map():
    case = CASES["groups"]
    mesh = mesh_of(AxisType.Auto)
    x, w, dy = (case.array(role) for role in ROLES)
    data = P("data")
    mapped = jax.shard_map(
        conv_of(case), mesh=mesh, in_specs=(data, P()), out_specs=data
    )

    @jax.jit
    def program(x, w, dy):
        y, pull = jax.vjp(mapped, x, w)
        return y, *pull(dy)

    check(case, *program(x, w, dy))


def test_sharded_output_channels_inside_shard_map():
    """W varies over the mesh, x does not: dx is summed over the devices."""
    case = CASES["2-D"]
    mesh = mesh_of(AxisType.Auto)
    x, w, dy = (case.array(role) for role in ROLES)

    def step(x, w, dy):
        y, pull = jax.vjp(conv_of(case), x, w)
        return y, *pull(dy)

    last = (P(None, None, None, "data"),) * 2
    mapped = jax.shard_map(
        step, mesh=mesh, in_specs=(P(), *last), out_specs=(last[0], P(), last[1])
    )
    check(case, *jax.jit(mapped)(x, w, dy))


def test_vmap_with_spmd_axis_name():
    case = named("plain")
    mesh = mesh_of(AxisType.Auto)
    x = np.stack([case.array("input", salt) for salt in range(4)])
    w = case.array("kernel")
    with jax.set_mesh(mesh):
        placed = jax.device_put(x, NamedSharding(mesh, P("data")))
        mapped = jax.vmap(conv_of(case), (0, None), spmd_axis_name="data")
        y = jax.jit(mapped)(placed, w)
    for n in range(4):
        np.testing.assert_array_equal(y[n], oracle(case, "output", x[n], w))


# The partitioner --------------------------------------------------------------------

WHOLE = [name for name, each in REGISTRY.items() if each.keeps_batch_whole]
METHODS = ["auto", *(name for name in WHOLE if name in ("taps", "loop"))]
"""What divides a batch without moving data, whatever the geometry is."""

LARGER = CASES | {
    "64-channels": Case(
        "64-channels", (8, 8), (3, 3), batch=(8,), c_in=64, c_out=64, padding="same"
    )
}
"""Also one for which, on one device, batch axes would be merged."""


@pytest.mark.parametrize("out", ["output", "input"])
def test_a_partitioned_program_is_computed_by_what_keeps_batches_whole(out):
    case = LARGER["64-channels"]
    shapes = operand_shapes(shapes_of(case, 1), out)
    arguments = (case.geometry, shapes, out, "float32", "cpu")
    assert not choose(*arguments).keeps_batch_whole
    assert choose(*arguments, partitioned=True).keeps_batch_whole


def compiled_text(function, case, mesh, spec):
    """The compiled program of a function of (x, w, dy) sharded over the batch."""
    shardings = [NamedSharding(mesh, each) for each in (spec, P(), spec)]
    arrays = [
        jax.device_put(case.array(role), sharding)
        for role, sharding in zip(ROLES, shardings, strict=True)
    ]
    return jax.jit(function).lower(*arrays).compile().as_text()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", LARGER.values(), ids=LARGER)
def test_a_batch_sharded_convolution_communicates_nothing(case, method):
    def forward(x, w, dy):
        del dy
        return conv_of(case, method=method)(x, w)

    text = compiled_text(forward, case, mesh_of(AxisType.Auto), P("data"))
    assert [word for word in COMMUNICATION if word in text] == []


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", LARGER.values(), ids=LARGER)
def test_its_gradient_sums_the_kernels_cotangent_and_gathers_nothing(case, method):
    def backward(x, w, dy):
        arguments = {**case.arguments, "method": method}
        dx = jconv.conv_input_vjp(dy, w, input_shape=x.shape, **arguments)
        dw = jconv.conv_kernel_vjp(x, dy, kernel_shape=w.shape, **arguments)
        return dx, dw

    text = compiled_text(backward, case, mesh_of(AxisType.Auto), P("data"))
    assert [word for word in COMMUNICATION if word in text] == ["all-reduce"]


def test_kernel_gradients_of_single_examples_and_their_norms_communicate_nothing():
    case = LARGER["64-channels"]

    def each(x, w, dy):
        of_kernel = {**case.arguments, "kernel_shape": w.shape}
        dw = jconv.per_example_kernel_vjp(x, dy, **of_kernel)
        return dw, jconv.per_example_kernel_norms(x, dy, **of_kernel)

    text = compiled_text(each, case, mesh_of(AxisType.Auto), P("data"))
    assert [word for word in COMMUNICATION if word in text] == []


@pytest.mark.parametrize("out", ROLES)
def test_rows_divided_among_devices_are_not_gathered(out):
    """Neighbours send rows: the compiler has to see where slices begin."""
    case = LARGER["64-channels"]

    def run(*arrays):
        arrays = dict(zip(ROLES, arrays, strict=True))
        operands = [arrays[role] for role in OPERANDS[out]]
        return public(case, out, method="taps")(*operands)

    text = compiled_text(run, case, mesh_of(AxisType.Auto), P(None, "data"))
    assert "collective-permute" in text
    assert "all-gather" not in text


def test_the_search_for_communication_finds_some():
    def gather(x, w, dy):
        del w, dy
        return lax.with_sharding_constraint(
            jnp.sin(x), NamedSharding(mesh_of(AxisType.Auto), P())
        )

    text = compiled_text(gather, CASES["2-D"], mesh_of(AxisType.Auto), P("data"))
    assert "all-gather" in text
