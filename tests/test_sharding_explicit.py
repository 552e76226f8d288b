"""Meshes with explicit axes: how arrays are divided is part of their types."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

import jconv
from jconv import compat, rules
from tests.cases import Case, integers, named, oracle
from tests.meshes import CASES, ROLES, check, conv_of, mesh_of, needs_four_devices

pytestmark = needs_four_devices

PLACEMENTS = {
    "batch": (P("data"), P(), P("data")),
    "out-channels": (P(), P(None, None, None, "data"), P(None, None, None, "data")),
}


@pytest.mark.parametrize("specs", PLACEMENTS.values(), ids=PLACEMENTS)
def test_explicit_axes_are_in_the_types(specs):
    """The result's type says how it is sharded; gradients have their primals' type."""
    case = CASES["2-D"]
    mesh = mesh_of(AxisType.Explicit)
    arrays = [case.array(role) for role in ROLES]
    with jax.set_mesh(mesh):
        x, w, dy = (
            jax.device_put(array, NamedSharding(mesh, spec))
            for array, spec in zip(arrays, specs, strict=True)
        )

        @jax.jit
        def program(x, w, dy):
            y, pull = jax.vjp(conv_of(case), x, w)
            dx, dw = pull(dy)
            types = [jax.typeof(each).sharding.spec for each in (y, dx, dw)]
            for found, spec in zip(types, (specs[2], *specs[:2]), strict=True):
                assert [*found] == [*spec, *[None] * (len(found) - len(spec))]
            return y, dx, dw

        check(case, *program(x, w, dy))


BORDERED = {"kernel_dilation": 2, "padding": ((1, 2),)}
BACK_TO_THE_INPUT = {
    "conv": jconv.conv_input_vjp,
    "rules": rules.conv_input_vjp,
    "local": lambda dy, w, **options: jconv.conv_local_input_vjp(
        dy, jnp.broadcast_to(w, (dy.shape[1], *w.shape)), **options
    ),
    "patches": lambda dy, w, **options: jconv.fold_patches(
        lax.dot_general(dy, w, (((2,), (2,)), ((), ()))), **options
    ),
}
"""How y's cotangent goes back to x, whose border was extended."""


@pytest.mark.parametrize("mode", ["circular", "reflect", "replicate"])
@pytest.mark.parametrize("back", BACK_TO_THE_INPUT.values(), ids=BACK_TO_THE_INPUT)
@pytest.mark.parametrize("kind", [AxisType.Auto, AxisType.Explicit], ids=str)
def test_extended_borders_where_the_batch_is_divided(kind, back, mode):
    x, w = integers((4, 6, 2), 3, "float32"), integers((3, 2, 5), 4, "float32")
    options = {**BORDERED, "padding_mode": mode}

    def program(x, w):
        y = jconv.conv(x, w, **options)
        shape = (len(x), *x.shape[1:])
        dx = back(y, w, input_shape=shape, **options)
        return y, dx

    wanted = program(x, w)
    mesh, data = mesh_of(kind), P("data")
    divided = program
    if kind == AxisType.Auto:
        specs = {"in_specs": (data, P()), "out_specs": (data, data)}
        divided = jax.shard_map(program, mesh=mesh, **specs)
    with jax.set_mesh(mesh):
        placed = jax.device_put(x, NamedSharding(mesh, data))
        found = jax.jit(divided)(placed, w)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_explicit_rules_sum_over_a_batch_that_both_operands_divide():
    """As ``jax.grad`` does, whose primal tells it how the result is to be divided."""
    case = CASES["2-D"]
    mesh = mesh_of(AxisType.Explicit, (2, 2), ("data", "model"))
    x, w, dy = (case.array(role) for role in ROLES)
    with jax.set_mesh(mesh):

        def put(array, *spec):
            return jax.device_put(array, NamedSharding(mesh, P(*spec)))

        channels = (None, None, None, "model")
        dx = jconv.conv_input_vjp(
            put(dy, "data", *channels[1:]),
            put(w, *channels),
            input_shape=x.shape,
            **case.arguments,
        )
        dw = jconv.conv_kernel_vjp(
            put(x, "data"),
            put(dy, "data", *channels[1:]),
            kernel_shape=w.shape,
            **case.arguments,
        )
        assert dx.sharding.spec == P("data", None, None, None)
        assert dw.sharding.spec == P(*channels)
    check(case, oracle(case, "output", x, w), dx, dw)


AMBIGUOUS = {
    "input channels over data": (P(None, None, None, "data"), P()),
    "spatial axis 0 of the input over data": (P(None, "data"), P()),
    "batch axis 0 over data, output channels over data": (
        P("data"),
        P(None, None, None, "data"),
    ),
}


@pytest.mark.parametrize(("says", "specs"), AMBIGUOUS.items(), ids=AMBIGUOUS)
def test_an_ambiguous_explicit_sharding_is_refused_and_says_what_to_do(says, specs):
    mesh = mesh_of(AxisType.Explicit)
    shapes = (4, 4, 4, 4), (2, 2, 4, 4)
    with jax.set_mesh(mesh):
        operands = [
            jax.device_put(np.ones(shape), NamedSharding(mesh, spec))
            for shape, spec in zip(shapes, specs, strict=True)
        ]
        with pytest.raises(compat.ShardingTypeError, match=f"{says}.*reshard"):
            jax.jit(jconv.conv)(*operands)


POOLS = {
    "split": jax.grad(lambda x: jconv.max_pool(x, 2, ties="split").sum()),
    "split, explicit": lambda x: jconv.max_pool_vjp(x[:, :2], x, (2,), ties="split"),
    "many windows": lambda x: jconv.avg_pool_vjp(
        x, (50,), stride=1, padding="same", input_shape=x.shape
    ),
    "unpooled": lambda x: jconv.max_unpool(
        *jconv.max_pool(x, 2, return_indices=True), (2,), output_shape=x.shape
    ),
}


@pytest.mark.parametrize("spec", [P("data"), P(None, None, "data")], ids=str)
@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
def test_pools_keep_an_explicit_sharding(pool, spec):
    mesh = mesh_of(AxisType.Explicit)
    x = np.arange(64.0).reshape(4, 4, 4) % 5
    with jax.set_mesh(mesh):
        found = pool(jax.device_put(x, NamedSharding(mesh, spec)))
        assert [*jax.typeof(found).sharding.spec] == [*spec, None, None][:3]
    np.testing.assert_array_equal(found, pool(jnp.asarray(x)))


def test_free_indices_in_a_sharded_array_are_refused():
    mesh = mesh_of(AxisType.Explicit)
    with jax.set_mesh(mesh):
        x = jax.device_put(np.ones((4, 4, 4)), NamedSharding(mesh, P("data")))
        y, indices = jconv.max_pool(x, 2, return_indices=True)
        with pytest.raises(jconv.UnsupportedError, match="reshard"):
            jconv.max_unpool(y, indices, output_shape=x.shape)


@pytest.mark.parametrize("which", ["x", "both"])
def test_vmap_over_a_sharded_axis(which):
    """An explicitly sharded mapped axis stays sharded through the convolution."""
    case = named("plain")
    mesh = mesh_of(AxisType.Explicit)
    x = np.stack([case.array("input", salt) for salt in range(4)])
    w = np.stack([case.array("kernel", salt) for salt in range(4)])
    in_axes = (0, None) if which == "x" else (0, 0)
    operands = (x, w[0]) if which == "x" else (x, w)
    with jax.set_mesh(mesh):
        placed = [
            jax.device_put(array, NamedSharding(mesh, P("data") if axis == 0 else P()))
            for array, axis in zip(operands, in_axes, strict=True)
        ]
        y = jax.jit(jax.vmap(conv_of(case), in_axes))(*placed)
        assert y.sharding.spec[0] == "data"
    y = np.asarray(y)
    for n in range(4):
        kernel = w[0] if which == "x" else w[n]
        np.testing.assert_array_equal(y[n], oracle(case, "output", x[n], kernel))


DIVIDED = {
    "batch, as asked": ((None, "data"), (), ("data", None, None)),
    "batch and channels, as asked": ((None, "data"), (), ("data", None, "model")),
    "channels": ((), (None, None, None, "model"), None),
    "mapped axis and batch": (("model", "data"), ("model",), None),
    "mapped axis, and batch as asked": (("model",), ("model",), ("data", None, None)),
}
"""How x and w are divided, mapped axis first; what is asked of one result."""


@pytest.mark.parametrize(
    "in_axes", [(0, None), (None, 0), (0, 0)], ids=["x", "w", "xw"]
)
@pytest.mark.parametrize("division", DIVIDED.values(), ids=DIVIDED)
def test_vmap_keeps_what_is_divided(division, in_axes):
    case = Case("even", (6,), (3,), batch=(2,), c_in=2, c_out=4)
    mesh = mesh_of(AxisType.Explicit, (2, 2), ("data", "model"))
    stacks = [
        np.stack([case.array(role, salt) for salt in range(4)])
        for role in ("input", "kernel")
    ]
    *specs, wanted = division
    specs = [[*spec, *[None] * (4 - len(spec))] for spec in specs]
    one = functools.partial(
        jconv.lax.conv_general_dilated,
        window_strides=(1,),
        padding="VALID",
        dimension_numbers=("NHC", "HIO", "NHC"),
        out_sharding=wanted and P(*wanted),
    )
    with jax.set_mesh(mesh):
        operands = [
            jax.device_put(stack, NamedSharding(mesh, P(*spec)))
            if axis == 0
            else jax.device_put(stack[0], NamedSharding(mesh, P(*spec[1:])))
            for stack, spec, axis in zip(stacks, specs, in_axes, strict=True)
        ]
        y = jax.jit(jax.vmap(one, in_axes))(*operands)
    mapped = specs[0][0]
    batch, spatial, channels = wanted or (specs[0][1], None, specs[1][3])
    assert [*y.sharding.spec] == [mapped, batch, spatial, channels]
    y = np.asarray(y)
    for n in range(4):
        x, w = (
            stack[n if axis == 0 else 0]
            for stack, axis in zip(stacks, in_axes, strict=True)
        )
        np.testing.assert_array_equal(y[n], oracle(case, "output", x, w))
