"""Every suite is able to fail: each notices a fault that is planted in jconv."""

from __future__ import annotations

import pytest

from tests import faults as _registers_faults  # noqa: F401
from tests.conformance.registry import suite
from tests.planting import planted

CAUGHT = (
    ("onnx-node", "test_conv_with_strides_padding", "low-plus-one"),
    ("onnx-node", "test_maxpool_2d_pads", "window-starts-one-late"),
    (
        "onnx-node",
        "test_averagepool_2d_pads",
        "border-divides-by-the-whole-window",
    ),
    ("onnx-node", "test_col2im_strides", "overlaps-not-added"),
    ("onnx-converted", "pytorch-converted/test_Conv2d_groups", "group-off-by-one"),
    ("jax-harnesses", "select_and_scatter_add", "overlap-not-added"),
    ("jax-harnesses", "reduce_window_max_batch", "window-starts-one-late"),
    ("jax-harnesses", "conv_general_dilated_padding", "low-minus-one"),
    ("scipy", "TestConvolve.test_same_mode", "low-plus-one"),
    ("conv-arithmetic", "padding_strides_odd", "low-minus-one"),
    ("conv-arithmetic", "numerical_max_pooling", "window-starts-one-late"),
    ("torch-samples", "conv2d/11", "group-off-by-one"),
    ("torch-samples", "unfold/01", "windows-shifted-by-one"),
)
"""Suite, the case's name or its beginning, fault."""


@pytest.mark.parametrize(("name", "begins", "fault"), CAUGHT)
def test_a_planted_fault_is_caught(name: str, begins: str, fault: str) -> None:
    if reason := suite(name).absent():
        pytest.skip(reason)
    case = next(
        case for case in suite(name).cases if case.check and case.id.startswith(begins)
    )
    assert case.check is not None
    case.check()
    with planted(fault), pytest.raises((AssertionError, ValueError, TypeError)):
        case.check()
