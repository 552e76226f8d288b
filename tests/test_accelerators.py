"""What is different on accelerators, as far as a CPU can tell.

Algorithms are set up for a platform but made of plain operations, so those of "cuda"
run here too; programs are lowered for it, which takes no device.
"""

from __future__ import annotations

import dataclasses
import types

import jax
import pytest

import jconv
from jconv import compat
from jconv.algorithms import REGISTRY, accelerators, choose, registry
from jconv.algorithms.parts import spectral
from jconv.bench import scale
from jconv.bench.layer import Layer
from jconv.bench.layers import LAYERS
from jconv.geometry import OPERANDS, ROLES
from jconv.verify import families
from jconv.verify.jaxprs import equations
from tests.abilities import check_all, contraction, shapes_of
from tests.cases import CASES, EXACT, FEW, by_id

ACCELERATED = ("cuda", "rocm", "tpu")

HERE = {name: registry("cuda")[name] for name in EXACT}


@pytest.mark.parametrize("case", FEW, ids=by_id)
def test_every_algorithm_set_up_for_an_accelerator_equals_the_oracle(case):
    assert check_all(HERE, case.geometry, shapes_of(case))


def test_a_cpus_algorithms_are_the_registrys_own():
    assert registry("cpu") == registry(None) == REGISTRY
    assert all(registry("cpu")[name] is each for name, each in REGISTRY.items())


def test_set_up_for_an_accelerator_are_also_the_algorithms_inside_others():
    grouped = registry("cuda")["grouped"]
    found = {getattr(each, "tile_bytes", None) for each in grouped.inner}
    assert found == {None, accelerators.TILE_BYTES}
    assert {grouped.platform} == {"cuda"}


@pytest.mark.parametrize("out", ROLES)
def test_windows_that_fit_into_memory_are_copied_in_no_loop(out):
    """A turn of a loop waits for its start; a CPU's tiles would be forty turns."""
    layer = Layer("", 128, (56, 56), 64, 64, (3, 3), padding=1)

    def turns(platform):
        patches = registry(platform)["patches"]
        operands = [
            jax.ShapeDtypeStruct(layer.canonical_shapes[role], "float32")
            for role in OPERANDS[out]
        ]
        made = jax.make_jaxpr(contraction(patches, layer.geometry, out))(*operands)
        scans = [each for each in equations(made) if each.primitive.name == "scan"]
        return {each.params["length"] for each in scans}

    assert turns("cuda") == set()
    assert max(turns("cpu")) > 40


@pytest.mark.parametrize("platform", ACCELERATED)
def test_small_convolutions_are_exact_by_choice(platform):
    """Exact claims meet derivatives, whose algorithm nobody names."""
    for case in families.sample(2):
        shapes = {role: case.canonical(role) for role in ROLES}
        for out in ROLES:
            operands = {role: shapes[role] for role in OPERANDS[out]}
            chosen = choose(case.geometry, operands, out, "bfloat16", platform)
            assert chosen.exact_on_integers, (case.call, out)


@pytest.mark.parametrize("platform", ACCELERATED)
def test_an_algorithm_that_rounds_must_be_faster_by_more_than_a_prediction_errs(
    platform, monkeypatch
):
    layer = next(each for each in LAYERS if each.name == "longconv/k65")
    layer = dataclasses.replace(layer, batch=scale.ACCELERATOR_EXAMPLES)
    operands = {role: layer.canonical_shapes[role] for role in OPERANDS["output"]}
    call = (layer.geometry, operands, "output", "float32", platform)
    assert not choose(*call).exact_on_integers
    monkeypatch.setattr(spectral, "MARGIN", 100)
    assert choose(*call).exact_on_integers


def lowered(method, platform, stride=2):
    """A convolution by a method, as the platform's compiler gets it."""
    x, w = (jax.ShapeDtypeStruct(shape, "float64") for shape in ((9, 2), (3, 2, 3)))
    conv = jax.jit(lambda x, w: jconv.conv(x, w, stride=stride, method=method))
    return conv.trace(x, w).lower(lowering_platforms=(platform,)).as_text()


@pytest.mark.parametrize("method", ["taps", "loop"])
def test_a_strided_slice_that_a_product_reads_is_settled_on_a_gpu(method):
    """Without that, XLA ends the process at ``x[1:8][::2] @ w`` in float64."""
    assert "optimization_barrier" in lowered(method, "cuda")
    assert "optimization_barrier" not in lowered(method, "cuda", stride=1)
    assert "optimization_barrier" not in lowered(method, "cpu")


@pytest.mark.parametrize("case", CASES, ids=by_id)
def test_every_convolution_and_its_derivatives_lower_for_a_gpu(case):
    def program(x, w):
        y, pullback = jax.vjp(lambda x, w: jconv.conv(x, w, **case.arguments), x, w)
        return pullback(y)

    x, w = (
        jax.ShapeDtypeStruct(case.shapes[r], "float32") for r in ("input", "kernel")
    )
    traced = jax.jit(program).trace(x, w)
    assert traced.lower(lowering_platforms=("cuda",)).as_text()


@pytest.mark.parametrize(
    ("device", "name"),
    [
        (("cpu", "cpu"), "cpu"),
        (("tpu", "libtpu 1"), "tpu"),
        (("gpu", "cuda 13000"), "cuda"),
        (("gpu", "ROCM 7"), "rocm"),
    ],
)
def test_a_gpu_is_named_as_lowerings_name_it(device, name, monkeypatch):
    """Else what ``jconv tune`` stores on a GPU would never be found again."""
    platform, version = device
    client = types.SimpleNamespace(platform_version=version)
    fake = types.SimpleNamespace(platform=platform, client=client)
    monkeypatch.setattr(jax, "devices", lambda: [fake])
    assert compat.lowering_platform() == name


def test_an_accelerator_is_given_more_examples(monkeypatch):
    layer = Layer("", 8, (5,), 2, 2, (3,))
    assert list(scale.scaled([layer])) == [layer]
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    more = dataclasses.replace(layer, batch=8 * scale.ACCELERATOR_EXAMPLES)
    assert list(scale.scaled([layer])) == [more]
