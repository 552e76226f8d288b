"""Which convolutions a target is tried on.

A sample of a family, in which options meet by twos or threes, and single cases that no
sample would have: large ones, in whose tiles something is left over, and empty ones.
"""

from __future__ import annotations

import itertools
from typing import Any

from jconv.geometry import Geometry
from jconv.verify.families import covering_rows, grown_rows
from jconv.verify.target.cases import Case

FACTORS: dict[str, tuple[Any, ...]] = {
    "rank": (1, 2, 3),
    "stride": ((1, 1, 1), (2, 2, 2), (3, 2, 1)),
    "pads": (
        ((0, 0), (0, 0), (0, 0)),
        ((1, 1), (1, 1), (1, 1)),
        ((1, 2), (0, 1), (2, 0)),
        ((1, -1), (2, 0), (0, 3)),
    ),
    "rhs_dilation": ((1, 1, 1), (2, 1, 3)),
    "lhs_dilation": ((1, 1, 1), (2, 3, 1)),
    "groups": (1, 2, "depthwise"),
    "channels_last": (False, True),
}
"""What a target is tried with, each combination of any two (a full run: three).

What there is per axis stands for the first, second and third one, and differs: else a
target might take one axis's options for another's unseen.
"""

SIZES: dict[str, tuple[Any, ...]] = {
    "kernel": ((3, 2, 2), (1, 1, 1), (3, 3, 2), (5, 2, 1), (2, 5, 3)),
    "batch": (2, 1, 3),
    "channels": ((2, 3), (1, 2), (3, 1)),
    "input": ((6, 5, 4), (5, 8, 3)),
}
"""Sizes, each in at least one case with each of the options; channels are those of a
group, (in, out).
"""

DEPTH = 3
"""Groups of a depthwise convolution."""

CROPPED: dict[str, tuple[Any, ...]] = {
    "rank": (1, 2),
    "pads": (((-1, 1), (-1, 1)), ((-1, 0), (-1, -1))),
    "kernel": ((3, 2), (2, 3)),
}
"""Padding that crops at the low side: compilers have been seen to err there."""

SIMPLE: tuple[dict[str, Any], ...] = (
    {"x": (2, 2, 6), "w": (3, 2, 3)},
    {"x": (1, 2, 5, 6), "w": (3, 2, 3, 2)},
    {"x": (1, 2, 5, 6), "w": (3, 2, 3, 2), "channels_last": True},
)
"""What even a kernel that refuses most options computes."""

LARGE: tuple[dict[str, Any], ...] = (
    {"x": (2, 67, 35), "w": (70, 67, 3)},
    {"x": (2, 131, 3, 2), "w": (133, 131, 1, 1), "channels_last": True},
    {"x": (1, 3, 3, 37), "w": (9, 3, 3, 3), "pads": ((1, 1), (1, 1))},
    {"x": (1, 3, 37, 3), "w": (9, 3, 3, 3), "pads": ((1, 1), (1, 1)), "stride": (2, 1)},
    {
        "x": (2, 130, 17, 3),
        "w": (130, 1, 3, 3),
        "pads": ((1, 1), (1, 1)),
        "groups": 130,
        "channels_last": True,
    },
    {"x": (33, 2, 6), "w": (3, 2, 2)},
)
"""More columns, channels, groups and examples than tiles of 8, 16, 32, 64 and 128 hold,
and no multiple of any; a product of matrices of 66 x 201 and 201 x 70. Each sum has
fewer than 256 terms, so that in bfloat16, too, sums of -1, 0 and 1 are exact.
"""

EMPTY: tuple[dict[str, Any], ...] = (
    {"x": (2, 0, 5), "w": (3, 0, 2)},
    {"x": (0, 2, 5), "w": (3, 2, 2)},
    {"x": (2, 2, 0), "w": (3, 2, 2), "pads": ((1, 2),)},
    {"x": (2, 2, 2), "w": (3, 2, 3)},
    {"x": (2, 2, 5), "w": (0, 2, 2)},
)
"""No channels, no examples, no input but padding, a window that does not fit, and no
kernels: a sum of no terms is zero.
"""


def sampled(dtype: str, strength: int, *, cropped: bool = False) -> list[Case]:
    """A t-wise sample of calls, the smallest first.

    The sizes meet all options, by twos: they are spread over the options' rows.
    """
    changed = CROPPED if cropped else {}
    options = {name: changed.get(name, values) for name, values in FACTORS.items()}
    sizes = {name: changed.get(name, values) for name, values in SIZES.items()}
    counts = tuple(map(len, options.values()))
    rows = covering_rows(counts, strength)
    rows = grown_rows(rows, counts, tuple(map(len, sizes.values())))
    both = options | sizes
    cases = [
        _case(
            {
                name: values[n]
                for (name, values), n in zip(both.items(), row, strict=True)
            },
            dtype,
        )
        for row in rows
    ]
    return sorted(cases, key=lambda case: case.size)


def single(dtype: str, table: tuple[dict[str, Any], ...]) -> list[Case]:
    """The cases of a table of what they have that a plain one has not."""
    return [_plain(values, dtype) for values in table]


def _plain(values: dict[str, Any], dtype: str) -> Case:
    """A case; what is not told is as plain as it can be."""
    rank = len(values["x"]) - 2
    ones = (1,) * rank
    plain: dict[str, Any] = {
        **dict.fromkeys(("stride", "lhs_dilation", "rhs_dilation"), ones),
        "pads": ((0, 0),) * rank,
    }
    return Case(**plain | values, dtype=dtype)


def _case(values: dict[str, Any], dtype: str) -> Case:
    """The call that a choice of values describes."""
    rank, groups = values["rank"], values["groups"]
    c_in, c_out = values["channels"]
    if groups == "depthwise":
        groups, c_in = DEPTH, 1
    kernel = values["kernel"][:rank]
    options = {
        name: values[name][:rank]
        for name in ("stride", "pads", "lhs_dilation", "rhs_dilation")
    }
    sizes = (
        _room(values["input"][a], kernel[a], *(each[a] for each in options.values()))
        for a in range(rank)
    )
    return Case(
        x=(values["batch"], c_in * groups, *sizes),
        w=(c_out * groups, c_in, *kernel),
        groups=groups,
        channels_last=values["channels_last"],
        dtype=dtype,
        **options,
    )


def _room(n: int, k: int, stride: int, pads: Any, hole: int, tap: int) -> int:
    """The input's size on one axis, made larger until there are two windows."""
    for size in itertools.count(n):
        geometry = Geometry.from_call(
            (size,),
            (k,),
            stride=stride,
            padding=(pads,),
            input_dilation=hole,
            kernel_dilation=tap,
            allow_empty=True,
        )
        if geometry.output_shape[0] > 1:
            return size
    raise AssertionError  # it counts on
