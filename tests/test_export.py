"""Exported programs: for every platform, for any batch size, and called again."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from jax import export

import jconv
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


def test_the_gradient_with_a_symbolic_batch_size():
    (batch,) = export.symbolic_shape("b")
    shapes = [
        (batch, *CASE.shapes[role][1:]) if role != "kernel" else CASE.shapes[role]
        for role in ROLES
    ]
    exported = export.export(jax.jit(everything))(
        *(jax.ShapeDtypeStruct(shape, "float64") for shape in shapes)
    )
    x, w, dy = (CASE.array(role) for role in ROLES)
    _, dx, dw = exported.call(x, w, dy)
    np.testing.assert_array_equal(dx, oracle(CASE, "input", w, dy))
    np.testing.assert_array_equal(dw, oracle(CASE, "kernel", x, dy))
