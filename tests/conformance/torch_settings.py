"""Settings of PyTorch's ``OpInfo`` sample inputs, retyped in its own words.

Source: ``torch/testing/_internal/common_methods_invocations.py`` of PyTorch, functions
``sample_inputs_conv1d`` and so on (https://github.com/pytorch/pytorch). Shapes are
PyTorch's, (n, c, *spatial) and (c_out, c_in // groups, *kernel), or (c_in,
c_out // groups, *kernel) for transposed convolutions. Biases are left out.
"""

# ruff: noqa: FBT003  (PyTorch lists these values by position)

from __future__ import annotations

import itertools
from typing import Any

Shape = tuple[int, ...]
Setting = tuple[Shape, Any, dict[str, Any]]
"""Shape of x, shape of w or size of the window, keywords."""

CONV: dict[str, list[Setting]] = {
    "conv1d": [
        ((1, 3, 4), (3, 3, 3), {"stride": (2,), "padding": 2, "groups": 1}),
        (
            (2, 4, 8),
            (2, 2, 3),
            {"stride": 3, "padding": 1, "groups": 2, "dilation": 2},
        ),
        ((1, 4, 5), (1, 4, 3), {"stride": (2,), "padding": "valid"}),
        (
            (2, 2, 4),
            (2, 1, 4),
            {"stride": (1,), "padding": "same", "groups": 2, "dilation": (2,)},
        ),
        ((1, 4, 5), (3, 4, 3), {}),
    ],
    "conv2d": [
        ((1, 3, 4, 4), (3, 3, 3, 3), {"stride": (2, 2), "padding": 2, "groups": 1}),
        (
            (2, 4, 8, 8),
            (2, 2, 3, 3),
            {"stride": (3, 2), "padding": (2, 1), "groups": 2, "dilation": (4, 4)},
        ),
        (
            (1, 4, 5, 5),
            (1, 4, 2, 3),
            {"stride": 2, "padding": 1, "groups": 1, "dilation": (2, 3)},
        ),
        ((1, 2, 4, 3), (4, 2, 3, 4), {"stride": 2, "padding": 1, "groups": 1}),
        ((1, 4, 5, 5), (1, 4, 2, 3), {"stride": 2, "padding": "valid"}),
        (
            (1, 4, 5, 5),
            (1, 4, 2, 3),
            {"stride": 1, "padding": "same", "dilation": 3},
        ),
        ((2, 4, 6, 6), (4, 1, 3, 3), {"groups": 4}),
        ((2, 4, 6, 6), (8, 1, 3, 3), {"groups": 4}),
        ((2, 4, 6, 6), (4, 1, 3, 3), {"groups": 4, "stride": (3, 2)}),
        ((2, 4, 6, 6), (4, 1, 3, 3), {"groups": 4, "padding": (1, 1)}),
        ((2, 4, 5, 5), (4, 1, 2, 2), {"groups": 4, "dilation": (2, 2)}),
        ((2, 4, 6, 5), (6, 2, 3, 2), {"groups": 2}),
        ((1, 4, 5, 5), (3, 4, 3, 3), {}),
    ],
    "conv3d": [
        ((1, 1, 4, 4, 4), (1, 1, 1, 1, 1), {"padding": "same"}),
        ((1, 1, 4, 4, 4), (1, 1, 4, 4, 4), {"stride": (2, 2, 2)}),
        ((1, 1, 5, 5, 5), (1, 1, 3, 3, 3), {"dilation": 2}),
        ((1, 1, 1, 1, 10), (1, 1, 1, 1, 4), {"padding": "valid"}),
        ((1, 1, 10, 11, 12), (1, 1, 1, 2, 5), {"padding": "same"}),
        ((1, 1, 10, 11, 12), (1, 1, 1, 2, 5), {"padding": "same", "dilation": 2}),
        ((1, 1, 10, 11, 12), (1, 1, 4, 4, 4), {"padding": "same", "dilation": 3}),
        ((3, 9, 3, 1, 9), (3, 3, 3, 1, 9), {"groups": 3}),
        (
            (3, 9, 3, 1, 9),
            (3, 3, 3, 1, 9),
            {"stride": (2, 2, 2), "dilation": 1, "groups": 3},
        ),
    ],
    "conv_transpose1d": [
        (
            (1, 3, 4),
            (3, 3, 3),
            {"stride": (2,), "padding": 2, "output_padding": (1,), "groups": 1},
        ),
        (
            (2, 2, 4),
            (2, 2, 4),
            {
                "stride": (3,),
                "padding": (1,),
                "output_padding": (2,),
                "groups": 2,
                "dilation": (4,),
            },
        ),
        (
            (1, 1, 4),
            (1, 1, 4),
            {"stride": 2, "padding": 1, "output_padding": 1, "dilation": (2,)},
        ),
        ((1, 1, 4), (1, 2, 3), {"stride": 2, "padding": 1, "output_padding": 1}),
        ((1, 4, 5), (4, 8, 3), {}),
    ],
    "conv_transpose2d": [
        (
            (1, 3, 4, 4),
            (3, 3, 3, 3),
            {"stride": (2, 2), "padding": 2, "output_padding": (1, 1)},
        ),
        (
            (2, 2, 4, 4),
            (2, 2, 4, 5),
            {
                "stride": (3, 2),
                "padding": (1, 2),
                "output_padding": (2, 3),
                "groups": 2,
                "dilation": (4, 4),
            },
        ),
        (
            (1, 1, 4, 5),
            (1, 1, 4, 3),
            {"stride": 2, "padding": 1, "output_padding": 1, "dilation": (2, 3)},
        ),
        ((1, 1, 4, 3), (1, 2, 3, 4), {"stride": 2, "padding": 1, "output_padding": 1}),
        ((2, 4, 4, 4), (4, 1, 3, 3), {"groups": 4}),
        ((1, 2, 5, 5), (2, 4, 3, 3), {}),
    ],
    "conv_transpose3d": [
        (
            (1, 3, 4, 4, 4),
            (3, 3, 3, 3, 3),
            {"stride": (2, 2, 2), "padding": 2, "output_padding": (1, 1, 1)},
        ),
        (
            (2, 2, 4, 4, 4),
            (2, 2, 4, 5, 6),
            {
                "stride": (3, 2, 1),
                "padding": (1, 2, 3),
                "output_padding": (2, 3, 1),
                "groups": 2,
                "dilation": (4, 4, 4),
            },
        ),
        (
            (1, 1, 4, 5, 2),
            (1, 1, 4, 3, 1),
            {"stride": 2, "padding": 1, "output_padding": 1, "dilation": (2, 3, 2)},
        ),
        (
            (1, 1, 4, 3, 4),
            (1, 2, 3, 4, 5),
            {"stride": 2, "padding": 1, "output_padding": 1},
        ),
        ((1, 4, 5, 5, 5), (4, 8, 3, 3, 3), {}),
    ],
}
"""Each is sampled with and without a batch; two that are listed twice stand once."""

_POOL_WORDS = (
    "stride",
    "padding",
    "ceil_mode",
    "count_include_pad",
    "divisor_override",
)


def _pool(shape: Shape, window: Any, *values: Any) -> Setting:
    """A setting whose keywords are given in PyTorch's order."""
    return shape, window, dict(zip(_POOL_WORDS, values, strict=False))


AVERAGE: dict[str, list[Setting]] = {
    "avg_pool1d": [
        _pool((2, 3, 9), 3),
        _pool((1, 3, 9), 3, 1, 1, True, False),
        _pool((1, 3, 9), 6, 3, 2, True, True),
        _pool((2, 3, 9), 3, 1, 1, False, True),
        _pool((0, 3, 9), 6, 3, 2, False, True),
        _pool((1, 2, 9), 7, 3, 2, False),
        _pool((1, 2, 9), 7, 3, 3, True),
        _pool((1, 2, 9), 7, 3, 0, False),
        _pool((1, 2, 9), 7, 3, 0, True),
    ],
    "avg_pool2d": [
        _pool((1, 3, 9, 9), 3, 1, 1, True, False, 2),
        _pool((1, 3, 9, 9), (4, 4), (2, 3), 1, True, False, 2),
        _pool((1, 3, 9, 9), (6, 6), (3, 3), (2, 3), True, True, 2),
        _pool((2, 3, 9, 9), (3, 3), (1, 1), 1, True, False, 2),
        _pool((1, 1, 4, 4), (2, 2), None, 0, False, True, -2),
        _pool((1, 2, 6, 6), (4, 4), (2, 2), 2, True, True, None),
        _pool((1, 3, 9, 9), (3, 3)),
    ],
    "avg_pool3d": [
        _pool((2, 3, 3, 4, 4), (2, 2, 2)),
        _pool((1, 2, 4, 4, 4), 2, 1, 1, True, False, 2),
        _pool((1, 2, 5, 5, 5), (2, 3, 4), (1, 2, 2), (0, 1, 2), True, True, 2),
        _pool((1, 2, 5, 5, 5), (2, 3, 4), (1, 2, 2), (0, 1, 2), False),
        _pool((1, 1, 7, 5, 7), (6, 3, 4), (2, 3, 2), (3, 1, 0), False, False, 2),
        _pool((1, 1, 4, 5, 4), (2, 2, 3), (2, 2, 1), 0, False, True, -2),
        _pool((1, 1, 6, 5, 6), (4, 5, 6), (2, 3, 2), 2, True, True, None),
        _pool((0, 1, 4, 5, 4), (2, 3, 1), (2, 1, 2), 0, False, True, None),
    ],
}


def _grid(**choices: tuple[Any, ...]) -> list[dict[str, Any]]:
    """All combinations."""
    return [
        dict(zip(choices, values, strict=True))
        for values in itertools.product(*choices.values())
    ]


_MAX = {"ceil_mode": (True, False), "padding": (0, 1)}
MAXIMUM: dict[str, list[Setting]] = {
    "max_pool1d": [
        ((2, n), 3, words) for n in (3, 6) for words in _grid(stride=(2, None), **_MAX)
    ],
    "max_pool2d": [
        ((2, n, 6), window, words)
        for n in (3, 6)
        for window in (3, (3, 2))
        for words in _grid(stride=(2, None, (2, 1)), dilation=(1, (1, 2)), **_MAX)
    ],
    "max_pool3d": [
        ((2, n, 6, 5), window, words)
        for n in (3, 6)
        for window in (3, (3, 2, 3))
        for words in _grid(stride=(2, None, (2, 1, 2)), dilation=(1, (1, 2, 1)), **_MAX)
    ],
}
"""Shapes (c, *spatial): the samples' batch sizes, 1, 2 and none, take turns.

Each keyword is spelled once: PyTorch samples 2 and (2,) and so on separately, with and
without indices, which are compared here in every case.
"""

UNFOLD: list[Setting] = [
    ((2, 3, 5, 5), window, words)
    for window in (2, (2, 3))
    for words in _grid(
        dilation=(1, 2, (1, 2)), padding=(0, 1, (1, 2)), stride=(1, 2, (1, 2))
    )
] + [((1, 1, 5, 5), (3, 3), {})]
"""PyTorch samples each of them with an empty batch, too."""
