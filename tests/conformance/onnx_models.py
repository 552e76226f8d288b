"""ONNX's backend tests: node cases, and models converted from PyTorch.

The package generates the node cases and ships the models; ``OPERATORS`` runs them.
Tolerances are the cases' own.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.conformance.onnx_operators import OPERATORS
from tests.conformance.suite import Case

NODE_FILES = (
    "averagepool",
    "causal_conv_with_state",
    "col2im",
    "conv",
    "convinteger",
    "convtranspose",
    "deformconv",
    "globalaveragepool",
    "globalmaxpool",
    "lppool",
    "maxpool",
    "maxunpool",
    "qlinearconv",
)
"""Modules of ``onnx.backend.test.case.node``; a version may lack the newest."""

REFUSED = {"DeformConv": "deformable", "QLinearConv": "requantised"}

SUBJECTS = {name for name in OPERATORS if "queeze" not in name}
"""A model without one of these is about something else."""


def node_cases() -> Iterator[Case]:
    """The node cases of convolutions and pools."""
    room = "onnx.backend.test.case.node"
    for name in NODE_FILES:
        try:
            importlib.import_module(f"{room}.{name}")
        except ModuleNotFoundError:
            continue
    for test in importlib.import_module(room)._NodeTestCases:
        operators = {node.op_type for node in test.model.graph.node}
        if "_expanded" in test.name and not operators <= SUBJECTS:
            if operators & SUBJECTS:
                yield Case(test.name, reason="expanded")
            continue
        refused = next((REFUSED[op] for op in operators if op in REFUSED), None)
        if refused:
            yield Case(test.name, reason=refused)
        elif operators & SUBJECTS:
            check = functools.partial(check_model, test.model, test.data_sets, test)
            yield Case(test.name, check)


def converted_cases() -> Iterator[Case]:
    """Models of convolutions and pools that PyTorch exported."""
    import onnx
    from onnx.backend.test.loader import load_model_tests

    kinds = ("pytorch-converted", "pytorch-operator")
    for test in (test for kind in kinds for test in load_model_tests(kind=kind)):
        folder = Path(test.model_dir)
        model = onnx.load(str(folder / "model.onnx"))
        operators = {node.op_type for node in model.graph.node}
        if operators & SUBJECTS and operators <= set(OPERATORS):
            yield Case(
                f"{test.kind}/{test.name}",
                functools.partial(check_folder, model, folder, test),
            )


def check_folder(model: Any, folder: Path, test: Any) -> None:
    """Run a model on the data beside it."""
    import onnx

    def tensors(data: Path, role: str) -> list[Any]:
        found = sorted(data.glob(f"{role}_*.pb"), key=lambda file: len(file.name))
        return [
            onnx.numpy_helper.to_array(onnx.TensorProto.FromString(file.read_bytes()))
            for file in found
        ]

    data_sets = [
        (tensors(data, "input"), tensors(data, "output"))
        for data in sorted(folder.glob("test_data_set_*"))
    ]
    assert data_sets
    check_model(model, data_sets, test)


def check_model(model: Any, data_sets: Any, test: Any) -> None:
    """Each data set's inputs give its outputs, within the case's own tolerance."""
    for inputs, outputs in data_sets:
        results = run(model, inputs)
        assert len(results) == len(outputs) > 0
        for found, expected in zip(results, outputs, strict=True):
            assert found.shape == expected.shape
            np.testing.assert_allclose(
                np.asarray(found), expected, rtol=test.rtol, atol=test.atol
            )


def run(model: Any, inputs: list[Any]) -> list[Any]:
    """The outputs of a model: node after node."""
    import onnx

    graph = model.graph
    values = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    free = [each.name for each in graph.input if each.name not in values]
    values |= dict(zip(free, inputs, strict=True))
    for node in graph.node:
        attributes = {
            each.name: _plain(onnx.helper.get_attribute_value(each))
            for each in node.attribute
        }
        taken = [values[name] if name else None for name in node.input]
        results = OPERATORS[node.op_type](*taken, **attributes)
        values |= dict(zip(node.output, results, strict=False))
    return [values[each.name] for each in graph.output]


def _plain(value: Any) -> Any:
    """An attribute as Python writes it."""
    if isinstance(value, bytes):
        return value.decode()
    return list(value) if hasattr(value, "__len__") else value
