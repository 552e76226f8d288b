"""Exported programs: for every platform, for any batch size, and called again."""

from __future__ import annotations

import functools

import jax
import numpy as np
import pytest
from jax import export

import jconv
from jconv.numerics import gamma
from tests.abilities import able_methods, public
from tests.cases import Case, named, oracle

CASE = named("groups-2")
ROLES = ("input", "kernel", "output")
PLATFORMS = {
    "cpu": ("cpu",),
    "cuda": ("cuda",),
    "rocm": ("rocm",),
    "tpu": ("tpu",),
    "all": ("cpu", "cuda", "tpu"),
}


def everything(x, w, dy):
    """y, dx and dw of the case, x's batch free."""
    y, pull = jax.vjp(lambda x, w: jconv.conv(x, w, **CASE.arguments), x, w)
    return y, *pull(dy)


@pytest.mark.parametrize("platforms", PLATFORMS.values(), ids=PLATFORMS)
def test_the_convolution_and_its_gradient_export(platforms):
    arrays = [jax.ShapeDtypeStruct(CASE.shapes[role], "float32") for role in ROLES]
    exported = export.export(jax.jit(everything), platforms=platforms)(*arrays)
    assert exported.platforms == platforms
    assert "stablehlo.convolution" not in exported.mlir_module()
    assert "stablehlo.multiply" in exported.mlir_module() or (
        "stablehlo.dot_general" in exported.mlir_module()
    )


@pytest.mark.parametrize(
    ("case", "method"),
    [
        pytest.param(case, method, id=f"{case.id}-{method}")
        for case in (CASE, named("2-D-holes"))
        for method in able_methods(case, "output", "float32")
    ],
)
def test_every_method_exports(case, method):
    """Also those whose lowering depends on the platform inside."""
    arrays = [jax.ShapeDtypeStruct(case.shapes[role], "float32") for role in ROLES[:2]]
    function = jax.jit(public(case, "output", method=method))
    exported = export.export(function, platforms=("cpu", "cuda", "tpu"))(*arrays)
    assert exported.out_avals[0].shape == case.shapes["output"]


def test_round_trip():
    arrays = [CASE.array(role) for role in ROLES]
    exported = export.export(
        jax.jit(everything), platforms=(jax.default_backend(), "tpu")
    )(*arrays)
    again = export.deserialize(exported.serialize())
    y, dx, dw = jax.jit(again.call)(*arrays)
    x, w, dy = arrays
    np.testing.assert_array_equal(y, oracle(CASE, "output", x, w))
    np.testing.assert_array_equal(dx, oracle(CASE, "input", w, dy))
    np.testing.assert_array_equal(dw, oracle(CASE, "kernel", x, dy))


@pytest.mark.parametrize(
    ("method", "taps"), [("auto", 3), ("taps", 3), ("loop", 3), ("matmul", 1)]
)
def test_a_symbolic_batch_size(method, taps):
    """One program for every batch size, gradients included."""
    (batch,) = export.symbolic_shape("b")

    def case_of(n):
        sizes = {"batch": (n,), "groups": 2, "c_in": 4, "c_out": 6}
        return Case("symbolic", (6,), (taps,), **sizes)

    shapes = [
        shape if role == "kernel" else (batch, *shape[1:])
        for role, shape in case_of(1).shapes.items()
    ]
    arguments = {**case_of(1).arguments, "method": method}

    def program(x, w, dy):
        y = jconv.conv(x, w, **arguments)
        dx = jconv.conv_input_vjp(dy, w, input_shape=x.shape, **arguments)
        dw = jconv.conv_kernel_vjp(x, dy, kernel_shape=w.shape, **arguments)
        return y, dx, dw

    exported = export.export(jax.jit(program))(
        *(jax.ShapeDtypeStruct(shape, "float64") for shape in shapes)
    )
    for n in (1, 3):
        case = case_of(n)
        x, w, dy = (case.array(role) for role in ROLES)
        y, dx, dw = exported.call(x, w, dy)
        np.testing.assert_array_equal(y, oracle(case, "output", x, w))
        np.testing.assert_array_equal(dx, oracle(case, "input", w, dy))
        np.testing.assert_array_equal(dw, oracle(case, "kernel", x, dy))


@pytest.mark.parametrize("groups", [1, 2])
def test_symbolic_channels(groups):
    """One program for every batch size and width, explicit rules included."""

    def case_of(n, c, m):
        sizes = {"batch": (n,), "groups": groups, "c_in": groups * c}
        return Case("wide", (6,), (3,), c_out=groups * m, padding="same", **sizes)

    def program(x, w, dy):
        rules = case_of(1, 1, 1).arguments
        y, pull = jax.vjp(functools.partial(jconv.conv, **rules), x, w)
        explicit = (
            jconv.conv_input_vjp(dy, w, input_shape=x.shape, **rules),
            jconv.conv_kernel_vjp(x, dy, kernel_shape=w.shape, **rules),
        )
        return y, pull(dy), explicit

    n, c, m = export.symbolic_shape("n, c, m")
    shapes = (n, 6, groups * c), (3, c, groups * m), (n, 6, groups * m)
    exported = export.export(jax.jit(program))(
        *(jax.ShapeDtypeStruct(shape, "float64") for shape in shapes)
    )
    for sizes in ((1, 1, 1), (2, 3, 5)):
        case = case_of(*sizes)
        x, w, dy = (case.array(role) for role in ROLES)
        y, derived, explicit = exported.call(x, w, dy)
        np.testing.assert_array_equal(y, oracle(case, "output", x, w))
        for dx, dw in (derived, explicit):
            np.testing.assert_array_equal(dx, oracle(case, "input", w, dy))
            np.testing.assert_array_equal(dw, oracle(case, "kernel", x, dy))


WHERE = {"window": (3, 2), "stride": (2, 1), "padding": ((1, 1), (0, 1))}
NEEDING_X = ("max_pool", "min_pool", "lp_pool", "logsumexp_pool")
LINEAR = ("sum_pool", "avg_pool")


def all_pools(x):
    """Every pool, its gradient and its backward function, and max-unpooling."""
    calls = {}
    for name in (*NEEDING_X, *LINEAR):
        for prefix, where in (("", WHERE), ("global_", {})):
            pool = functools.partial(getattr(jconv, prefix + name), **where)
            back = functools.partial(getattr(jconv, f"{prefix}{name}_vjp"), **where)
            y, pull = jax.vjp(pool, x)
            facts = {"input_shape": x.shape} if name in LINEAR else {"x": x}
            calls[prefix + name] = y, pull(y), back(y, **facts)
    y, indices = jconv.max_pool(x, return_indices=True, **WHERE)
    for name, where in (("windows", WHERE), ("free", {})):
        put = functools.partial(jconv.max_unpool, output_shape=x.shape, **where)
        back, pull = jax.vjp(functools.partial(put, indices=indices), y)
        calls[name] = back, pull(x), jconv.max_unpool_vjp(x, indices, **where)
    calls["split"] = jax.grad(lambda x: jconv.max_pool(x, ties="split", **WHERE).sum())(
        x
    )
    kept = jconv.subsample(x, (2, 1))
    calls["skip"] = kept, jconv.subsample_vjp(kept, (2, 1), input_shape=x.shape)
    return calls


def test_pools_with_a_symbolic_batch_size_and_number_of_channels():
    batch, channels = export.symbolic_shape("b, c")
    shape = jax.ShapeDtypeStruct((batch, 5, 4, channels), "float64")
    exported = export.export(jax.jit(all_pools))(shape)
    x = np.random.default_rng(0).permutation(5 * 4 * 6).reshape(2, 5, 4, 3) + 1.0
    same = functools.partial(np.testing.assert_allclose, rtol=gamma(8, "float64"))
    jax.tree.map(same, exported.call(x), all_pools(x))


def lax(name, *arguments):
    return lambda *arrays: getattr(jconv.lax, name)(*arrays, *arguments)


def sum_back(x):
    return jconv.global_sum_pool_vjp(x[:, 0, 0], input_shape=x.shape)


def unpooled(x, **where):
    y = x[:, :3, :5]
    return jconv.max_unpool(y, y.astype(int), output_shape=x.shape, **where)


PICTURES, KERNELS = "2, h, 8, 2", "2, 2, 2, 2"
IN_FRONT = "2, 2, h, 8"
PAIRS = ((1, 1), (0, 0))
SPATIAL = {
    "conv": (jconv.conv, PICTURES, KERNELS),
    **{
        f"{prefix}{name}": (
            functools.partial(getattr(jconv, prefix + name), **where),
            PICTURES,
        )
        for name in (*NEEDING_X, *LINEAR)
        for prefix, where in (("", WHERE), ("global_", {}))
    },
    "adaptive": (functools.partial(jconv.adaptive_max_pool, output_shape=2), PICTURES),
    "sum-vjp": (sum_back, PICTURES),
    "unpool": (functools.partial(unpooled, **WHERE), PICTURES),
    "unpool-free": (unpooled, PICTURES),
    "lax": (lax("conv_general_dilated", (1, 1), "SAME"), IN_FRONT, KERNELS),
    "lax-pairs": (lax("conv_general_dilated", (1, 1), PAIRS), IN_FRONT, KERNELS),
    "lax-kernel": (
        lax("conv_general_dilated", (1, 1), PAIRS),
        "2, 2, 8, 8",
        "2, 2, h, 2",
    ),
    "lax-conv": (lax("conv", (1, 1), "VALID"), IN_FRONT, KERNELS),
    "lax-padding": (
        lax("conv_with_general_padding", (1, 1), PAIRS, (1, 2), (1, 1)),
        IN_FRONT,
        KERNELS,
    ),
    "lax-transpose": (lax("conv_transpose", (2, 2), "SAME"), PICTURES, KERNELS),
    "lax-transpose-kernel": (
        lax("conv_transpose", (2, 2), "SAME"),
        "2, 8, 8, 2",
        "h, 2, 2, 2",
    ),
    "lax-patches": (
        lax("conv_general_dilated_patches", (2, 2), (1, 1), "SAME"),
        IN_FRONT,
    ),
    "lax-local": (
        lax("conv_general_dilated_local", (1, 1), "SAME", (2, 2)),
        IN_FRONT,
        "2, 8, 8, 8",
    ),
}


@pytest.mark.parametrize(
    ("program", "shapes"),
    [
        pytest.param(program, shapes, id=name)
        for name, (program, *shapes) in SPATIAL.items()
    ],
)
def test_a_symbolic_spatial_size_is_refused_with_the_reason(program, shapes):
    scope = export.SymbolicScope()
    arrays = [
        jax.ShapeDtypeStruct(export.symbolic_shape(shape, scope=scope), "float64")
        for shape in shapes
    ]
    with pytest.raises(jconv.UnsupportedError, match=r"h.*only batch sizes.* symbolic"):
        jax.eval_shape(program, *arrays)


@pytest.mark.parametrize("function", [jconv.convolve, jconv.correlate])
def test_a_signal_of_symbolic_length_is_refused_with_the_reason(function):
    signal = jax.ShapeDtypeStruct(export.symbolic_shape("n"), "float64")
    kernel = jax.ShapeDtypeStruct((3,), "float64")
    with pytest.raises(jconv.UnsupportedError, match=r"x shape \(n,\): only what"):
        jax.eval_shape(function, signal, kernel)


@pytest.mark.parametrize("which", ["x", "w"])
def test_groups_of_a_symbolic_number_of_channels_are_refused(which):
    (c,) = export.symbolic_shape("c")
    x = jax.ShapeDtypeStruct((2, 4, c if which == "x" else 2), "float64")
    w = jax.ShapeDtypeStruct((2, 1, 2 if which == "x" else c), "float64")
    with pytest.raises(jconv.GeometryError, match=r"groups=2: expected 1.*size c"):
        jax.eval_shape(functools.partial(jconv.conv, groups=2), x, w)


@pytest.mark.parametrize("groups", ["feature_group_count", "batch_group_count"])
def test_lax_groups_with_a_symbolic_number_of_channels(groups):
    """One program of ``jconv.lax`` for every width, gradients included."""
    (c,) = export.symbolic_shape("c")
    own = groups == "feature_group_count"

    def program(x, w):
        run = functools.partial(
            jconv.lax.conv_general_dilated,
            window_strides=(1,),
            padding="SAME",
            **{groups: 2},
        )
        y, pull = jax.vjp(run, x, w)
        return y, *pull(y)

    def arrays(c, make):
        return make((2, 2 * c, 5)), make((4, c if own else 2 * c, 3))

    exported = export.export(jax.jit(program))(
        *arrays(c, lambda shape: jax.ShapeDtypeStruct(shape, "float64"))
    )
    x, w = arrays(3, lambda shape: np.arange(float(np.prod(shape))).reshape(shape))
    jax.tree.map(np.testing.assert_array_equal, exported.call(x, w), program(x, w))
