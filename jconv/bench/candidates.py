"""Every algorithm that can compute a contraction, timed: what ``jconv tune`` stores."""

from __future__ import annotations

import dataclasses
import functools
import statistics
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jconv import primitive
from jconv.algorithms import AUTO, candidates
from jconv.algorithms.tuned import describe
from jconv.bench import timing
from jconv.bench.compiled import compiled
from jconv.errors import GeometryError
from jconv.geometry import OPERANDS, Role

if TYPE_CHECKING:
    from jconv.algorithms import Shapes
    from jconv.bench.timing import Effort
    from jconv.geometry import Geometry

ORDER: tuple[Role, ...] = ("output", "input", "kernel")
"""Forward first, as a reader of derivatives expects."""

WORTH_TRYING = 20
"""Candidates predicted to be so many times slower than the best are not tried."""


@dataclasses.dataclass(frozen=True)
class Contraction:
    """One of the three, with everything that a choice depends on.

    Attributes:
        name: for readers.
        geometry: the relation.
        shapes: of all three roles, in the primitive's order.
        out: the role that is computed.
        dtype: of the operands and the result.
    """

    name: str
    geometry: Geometry
    shapes: Shapes
    out: Role
    dtype: str

    @property
    def operands(self) -> Shapes:
        """The shapes of the two operands."""
        return {role: self.shapes[role] for role in OPERANDS[self.out]}

    def call(self, platform: str) -> tuple[Any, ...]:
        """The arguments of ``choose``."""
        return self.geometry, self.operands, self.out, self.dtype, platform

    def key(self, platform: str) -> str:
        """Under which a choice is stored."""
        return describe(*self.call(platform))


@dataclasses.dataclass(frozen=True)
class Measured:
    """What came out.

    Attributes:
        contraction: of what.
        seconds: every sample, by algorithm, those not tried left out.
        predicted: seconds, by algorithm, of all that are able.
    """

    contraction: Contraction
    seconds: dict[str, list[float]]
    predicted: dict[str, float]

    @property
    def medians(self) -> dict[str, float]:
        """By algorithm, the fastest first."""
        found = {name: statistics.median(each) for name, each in self.seconds.items()}
        return dict(sorted(found.items(), key=lambda pair: pair[1]))

    @property
    def fastest(self) -> str:
        """The algorithm with the smallest median."""
        return next(iter(self.medians))

    @property
    def chosen(self) -> str:
        """The algorithm that is taken where nothing was measured."""
        return min(self.predicted, key=self.predicted.__getitem__)

    @property
    def slowness(self) -> float:
        """The median of the chosen one over that of the fastest."""
        return self.medians[self.chosen] / self.medians[self.fastest]


def contractions(
    geometry: Geometry, sizes: tuple[int, int, int], dtype: str, name: str = ""
) -> list[Contraction]:
    """The convolution and its two derivatives.

    Args:
        geometry: the relation.
        sizes: (batch, channels in, channels out).
        dtype: of the operands.
        name: for readers.

    Raises:
        GeometryError: if the groups do not divide the channels.
    """
    batch, c_in, c_out = sizes
    groups = geometry.groups
    for what, count in (("c_in", c_in), ("c_out", c_out)):
        if count % groups:
            expected = f"a divisor of {what}={count}"
            raise GeometryError.of("groups", groups, expected)
    shapes: Shapes = {
        "input": (1, batch, *geometry.input_shape, groups, c_in // groups),
        "kernel": (1, *geometry.kernel_shape, c_in // groups, groups, c_out // groups),
        "output": (1, batch, *geometry.output_shape, groups, c_out // groups),
    }
    return [Contraction(name, geometry, shapes, out, dtype) for out in ORDER]


def measure(
    contraction: Contraction, platform: str, effort: Effort, method: str = AUTO
) -> Measured:
    """Time the candidates by turns, each in a compiled program of its own.

    Args:
        contraction: what they compute.
        platform: of the device.
        effort: how long.
        method: whose candidates, one of ``algorithms.CHOICES``.
    """
    call = contraction.call(platform)
    able = candidates(*call, method=method)
    predicted = {name: each.cost(*call) for name, each in able.items()}
    limit = WORTH_TRYING * min(predicted.values())
    random = np.random.default_rng(0)
    operands = [
        jax.numpy.asarray(random.integers(-2, 3, shape), contraction.dtype)
        for shape in contraction.operands.values()
    ]
    calls = {}
    for name, seconds in predicted.items():
        if seconds <= limit:
            run = functools.partial(
                primitive.contract,
                geometry=contraction.geometry,
                out=contraction.out,
                dtype=contraction.dtype,
                method=name,
            )
            calls[name] = compiled(run, operands).call(operands)
    return Measured(contraction, timing.interleaved(calls, effort), predicted)
