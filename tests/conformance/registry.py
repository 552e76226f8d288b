"""The suites."""

from __future__ import annotations

from tests.conformance import (
    conv_arithmetic,
    jax_harnesses,
    onnx_models,
    scipy_tests,
    torch_samples,
)
from tests.conformance.suite import Suite

SUITES = (
    Suite(
        name="onnx-node",
        title="ONNX backend tests: node cases",
        source="https://github.com/onnx/onnx, onnx.backend.test.case.node",
        how="Each node's attributes are read as arguments of jconv (onnx_operators); "
        "data and tolerances are the cases' own.",
        module="onnx",
        package="onnx",
        load=onnx_models.node_cases,
    ),
    Suite(
        name="onnx-converted",
        title="ONNX backend tests: models exported from PyTorch",
        source="https://github.com/onnx/onnx, onnx.backend.test.data",
        how="As the node cases, node after node.",
        module="onnx",
        package="onnx",
        load=onnx_models.converted_cases,
    ),
    Suite(
        name="jax-harnesses",
        title="JAX's test harnesses: convolutions and windowed reductions",
        source="https://github.com/jax-ml/jax, jax._src.internal_test_util",
        how="jconv.lax and jconv's pools are given each harness' own arguments, floats "
        "rounded to integers so that the result can be asked to equal that of jax.lax.",
        module="jax._src.internal_test_util.test_harnesses",
        package="jax",
        load=jax_harnesses.cases,
    ),
    Suite(
        name="scipy",
        title="SciPy's tests of convolve and correlate",
        source="https://github.com/scipy/scipy, scipy.signal.tests.test_signaltools",
        how="SciPy's test methods run as they are, in the installed module, with "
        "jconv's functions in the place of SciPy's.",
        module="scipy.signal.tests.test_signaltools",
        package="scipy",
        load=scipy_tests.cases,
    ),
    Suite(
        name="conv-arithmetic",
        title="A guide to convolution arithmetic (retyped)",
        source="https://arxiv.org/abs/1603.07285",
        how="Sizes, formulas and printed numbers are the guide's; other values are "
        "those of jax.lax.",
        module="",
        package="",
        load=conv_arithmetic.cases,
    ),
    Suite(
        name="torch-samples",
        title="PyTorch's OpInfo sample inputs (retyped)",
        source="https://github.com/pytorch/pytorch, common_methods_invocations.py",
        how="Each distinct setting once, however often it is spelled; max-pooling's "
        "batch sizes take turns. Judged by jax.lax and by pools written out in NumPy, "
        "and by PyTorch itself where it is installed.",
        module="",
        package="",
        load=torch_samples.cases,
    ),
)


def suite(name: str) -> Suite:
    """The suite of that name."""
    return next(each for each in SUITES if each.name == name)
