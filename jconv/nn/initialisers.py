"""Initial weights: independent, of mean 0, their variance set by the fan.

A layer that sums fan_in products of inputs and weights multiplies the variance of a
signal by fan_in times the weights' variance. LeCun's choice 1 / fan_in keeps it; He's
2 / fan_in makes up for a ReLU, which lets half of it through; Glorot's mean of both
fans is a compromise with the way back, where fan_out products are summed.

References:
    Y. LeCun, L. Bottou, G. Orr and K.-R. Müller, "Efficient BackProp",
    http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf, 1998.
    X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", https://proceedings.mlr.press/v9/glorot10a.html, 2010.
    K. He et al., "Delving deep into rectifiers", https://arxiv.org/abs/1502.01852,
    2015.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Protocol

import jax

from jconv.errors import GeometryError

if TYPE_CHECKING:
    from jax import Array
    from jax.typing import DTypeLike

DISTRIBUTIONS = ("normal", "uniform")
FANS = ("in", "out", "average")


class Initialiser(Protocol):
    """A function from a key and a shape to weights; hashable, as layers hold it."""

    def __call__(
        self,
        key: Array,
        shape: tuple[int, ...],
        *,
        fan_in: float,
        fan_out: float,
        dtype: DTypeLike,
    ) -> Array:
        """Draw the weights."""


@dataclasses.dataclass(frozen=True)
class VarianceScaling:
    """Weights of mean 0 and variance ``scale / fan``.

    Attributes:
        scale: 1 to keep a signal's variance, 2 before a ReLU.
        fan: "in", "out" or "average".
        distribution: "normal" or "uniform".

    Raises:
        GeometryError: for any other fan or distribution, or a scale of at most 0.

    Examples:
        >>> he_normal.variance(fan_in=9, fan_out=4), glorot_uniform.variance(6, 2)
        (0.2222222222222222, 0.25)
    """

    scale: float
    fan: str
    distribution: str

    def __post_init__(self) -> None:
        """Refuse what is no initialiser."""
        if not self.scale > 0:
            raise GeometryError.of("scale", self.scale, "a number above 0")
        if self.fan not in FANS:
            raise GeometryError.of("fan", self.fan, f"one of {', '.join(FANS)}")
        if self.distribution not in DISTRIBUTIONS:
            expected = f"one of {', '.join(DISTRIBUTIONS)}"
            raise GeometryError.of("distribution", self.distribution, expected)

    def variance(self, fan_in: float, fan_out: float) -> float:
        """The variance of one weight."""
        fans = {"in": fan_in, "out": fan_out, "average": (fan_in + fan_out) / 2}
        return self.scale / max(fans[self.fan], 1)

    def __call__(
        self,
        key: Array,
        shape: tuple[int, ...],
        *,
        fan_in: float,
        fan_out: float,
        dtype: DTypeLike,
    ) -> Array:
        """Draw the weights."""
        deviation = math.sqrt(self.variance(fan_in, fan_out))
        if self.distribution == "normal":
            return deviation * jax.random.normal(key, shape, dtype)
        edge = math.sqrt(3) * deviation  # a uniform variable on (-a, a) has a² / 3
        return jax.random.uniform(key, shape, dtype, -edge, edge)


he_normal = VarianceScaling(2.0, "in", "normal")
he_uniform = VarianceScaling(2.0, "in", "uniform")
glorot_normal = VarianceScaling(1.0, "average", "normal")
glorot_uniform = VarianceScaling(1.0, "average", "uniform")
lecun_normal = VarianceScaling(1.0, "in", "normal")
lecun_uniform = VarianceScaling(1.0, "in", "uniform")
