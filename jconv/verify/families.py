"""Families of convolutions to check: cases as data, sampled so that factors meet.

A family is the product of a few factors (rank, stride, padding, ...). All combinations
would be tens of thousands; a *t-wise* sample has every combination of values of any t
factors in at least one case. Most faults need one or two factors to show.

References:
    D. R. Kuhn, D. R. Wallace and A. M. Gallo, "Software fault interactions and
    implications for software testing", IEEE Trans. Softw. Eng. 30(6), 2004.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from jconv import algorithms
from jconv.geometry import OPERANDS, ROLES, Geometry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jconv.geometry import Role

FACTORS: dict[str, tuple[Any, ...]] = {
    "rank": (1, 2, 0, 3, 4),
    "stride": (1, 2, 3),
    "padding": ("valid", "same", "asymmetric", "negative", "full", "causal"),
    "kernel_dilation": (1, 2, -1, -2),
    "input_dilation": (1, 2, 3),
    "groups": ("one", "two", "depthwise"),
    "batch": ((2,), (), (2, 1)),
}
"""The geometry's factors and their values, the plainest first."""

INPUT_SIZES = {0: (), 1: (7,), 2: (5, 6), 3: (4, 3, 4), 4: (3, 2, 3, 2)}
KERNEL_SIZES = {0: (), 1: (3,), 2: (2, 3), 3: (2, 1, 3), 4: (2, 1, 1, 2)}
CHANNELS = {"one": (1, 2, 3), "two": (2, 4, 2), "depthwise": (3, 3, 6)}
"""What ``groups`` stands for: (groups, c_in, c_out)."""

PADS = {"asymmetric": (0, 2), "negative": (1, -1)}


@dataclasses.dataclass(frozen=True)
class Case:
    """One convolution: everything but the numbers in its arrays.

    Attributes:
        geometry: the relation.
        options: the arguments of ``jconv.conv`` that describe it.
        x: shape of the input.
        w: shape of the kernel.
        y: shape of the output.
        dtype: of all arrays.
        method: the algorithm to run.
    """

    geometry: Geometry
    options: tuple[tuple[str, Any], ...]
    x: tuple[int, ...]
    w: tuple[int, ...]
    y: tuple[int, ...]
    dtype: str = "float64"
    method: str = "auto"

    @property
    def size(self) -> int:
        """How large the case is, to find the smallest of several failures."""
        return math.prod(self.x) + math.prod(self.w) + math.prod(self.y)

    @property
    def call(self) -> str:
        """The case as a call, with shapes in the place of arrays."""
        options = "".join(f", {name}={value!r}" for name, value in self.options)
        return (
            f"conv(x {self.x}, w {self.w}{options}, method={self.method!r}) "
            f"in {self.dtype}"
        )

    def method_for(self, out: Role) -> str:
        """The case's method, or "auto" for a role that it refuses."""
        if self.method == algorithms.AUTO:
            return self.method
        shapes = {role: self.canonical(role) for role in OPERANDS[out]}
        reason = algorithms.REGISTRY[self.method].refuses(
            self.geometry, shapes, out, self.dtype, None
        )
        return algorithms.AUTO if reason else self.method

    def canonical(self, role: Role) -> tuple[int, ...]:
        """Shape of one role in the canonical order."""
        groups = self.geometry.groups
        shape = {"input": self.x, "kernel": self.w, "output": self.y}[role]
        return (1, *shape[:-1], groups, shape[-1] // groups)


def make_case(values: Mapping[str, Any]) -> Case:
    """The case that a choice of values describes."""
    rank = values["rank"]
    groups, c_in, c_out = CHANNELS[values["groups"]]
    padding = values["padding"]
    if padding in PADS:
        padding = (PADS[padding],) * rank
    options: dict[str, Any] = {
        "stride": values["stride"],
        "padding": padding,
        "kernel_dilation": values["kernel_dilation"],
        "input_dilation": values["input_dilation"],
        "groups": groups,
    }
    kernel = KERNEL_SIZES[rank]
    geometry = Geometry.from_call(
        INPUT_SIZES[rank], kernel, **options, allow_empty=True
    )
    if 0 in geometry.output_shape:  # the window does not fit: widen the padding
        options["padding"] = "full"
        geometry = Geometry.from_call(INPUT_SIZES[rank], kernel, **options)
    return Case(
        geometry=geometry,
        options=tuple((n, v) for n, v in options.items() if v not in (1, "valid")),
        x=(*values["batch"], *INPUT_SIZES[rank], c_in),
        w=(*kernel, c_in // groups, c_out),
        y=(*values["batch"], *geometry.output_shape, c_out),
        dtype=values.get("dtype", "float64"),
        method=values.get("method", "auto"),
    )


def sample(strength: int, **more: Sequence[Any]) -> tuple[Case, ...]:
    """Cases in which all values of any ``strength`` factors meet; deterministic.

    Args:
        strength: t of the t-wise sample.
        **more: further factors, such as ``dtype`` and ``method``, or other values for
            one of ``FACTORS``.
    """
    factors = FACTORS | {name: tuple(values) for name, values in more.items()}
    rows = covering_rows(tuple(map(len, factors.values())), strength)
    return tuple(
        make_case(
            {
                name: values[n]
                for (name, values), n in zip(factors.items(), row, strict=True)
            }
        )
        for row in rows
    )


def with_methods(cases: Sequence[Case], methods: Sequence[str]) -> tuple[Case, ...]:
    """Give each case the method that has computed least so far, of those that can.

    That a method can means for at least one role. So every row of a sample is of use,
    which it is not where a method that refuses is a factor like others.
    """
    done = dict.fromkeys(methods, 0)
    found = []
    for case in cases:
        able = {}
        for method in methods:
            mine = dataclasses.replace(case, method=method)
            able[method] = sum(mine.method_for(out) == method for out in ROLES)
        chosen = min((m for m in methods if able[m]), key=done.__getitem__)
        done[chosen] += able[chosen]
        found.append(dataclasses.replace(case, method=chosen))
    return tuple(found)


@functools.lru_cache(maxsize=16)
def covering_rows(sizes: tuple[int, ...], strength: int) -> tuple[tuple[int, ...], ...]:
    """Rows of a covering array: every t columns show all combinations of their values.

    Greedy: each row starts from a combination not seen yet and takes, column by column,
    the value that completes most unseen ones.

    Examples:
        >>> len(covering_rows((2, 2, 2), 2)) < 2**3
        True
    """
    strength = min(strength, len(sizes))
    unseen = {
        (columns, values)
        for columns in itertools.combinations(range(len(sizes)), strength)
        for values in itertools.product(*(range(sizes[c]) for c in columns))
    }
    order = sorted(unseen)
    rng = np.random.default_rng(0)
    rows = []
    for seed in order:
        if seed not in unseen:
            continue
        row = dict(zip(*seed, strict=True))
        for column in sorted(
            set(range(len(sizes))) - set(row), key=lambda c: -sizes[c]
        ):
            candidates = rng.permutation(sizes[column])
            row[column] = max(
                (int(value) for value in candidates),
                key=lambda value: sum(
                    key in unseen
                    for key in _completed(row | {column: value}, column, strength)
                ),
            )
        rows.append(tuple(row[c] for c in range(len(sizes))))
        unseen -= set(_combinations(rows[-1], strength))
    return tuple(rows)


def grown_rows(
    rows: Sequence[tuple[int, ...]], sizes: tuple[int, ...], more: tuple[int, ...]
) -> tuple[tuple[int, ...], ...]:
    """Rows with further columns, whose values each meet all of every column's.

    The values are spread over the rows that are there; rows are added for what finds no
    place, which in a sample of larger strength is little or nothing.

    Args:
        rows: of the columns so far.
        sizes: how many values these have.
        more: how many values the further ones have.

    Examples:
        >>> grown_rows(((0, 0), (0, 1), (1, 0), (1, 1)), (2, 2), (2,))
        ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0))
    """
    grown, counts = list(rows), list(sizes)
    for size in more:
        unseen = {
            (column, value, new)
            for column, count in enumerate(counts)
            for value in range(count)
            for new in range(size)
        }
        used = dict.fromkeys(range(size), 0)
        for n, row in enumerate(grown):
            gains = {new: (len(unseen & _pairs(row, new)), -used[new]) for new in used}
            new = max(gains, key=gains.__getitem__)
            used[new] += 1
            unseen -= _pairs(row, new)
            grown[n] = (*row, new)
        while unseen:
            new = min(unseen)[2]
            left = {column: value for column, value, other in unseen if other == new}
            row = tuple(left.get(column, 0) for column in range(len(counts)))
            unseen -= _pairs(row, new)
            grown.append((*row, new))
        counts.append(size)
    return tuple(grown)


def _pairs(row: Sequence[int], new: int) -> set[tuple[int, int, int]]:
    """(column, its value, the further column's value) of a row with a further one."""
    return {(column, value, new) for column, value in enumerate(row)}


def _combinations(row: Sequence[int], strength: int) -> list[Any]:
    """All (columns, values) that a row shows."""
    return [
        (columns, tuple(row[c] for c in columns))
        for columns in itertools.combinations(range(len(row)), strength)
    ]


def _completed(row: dict[int, int], column: int, strength: int) -> list[Any]:
    """The (columns, values) that a partly filled row shows thanks to one column."""
    others = sorted(set(row) - {column})
    return [
        (columns, tuple(row[c] for c in columns))
        for rest in itertools.combinations(others, strength - 1)
        for columns in [tuple(sorted((*rest, column)))]
    ]
