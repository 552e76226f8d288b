"""Who receives how much of a window's cotangent, along one axis: one rule per pool."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import jax.numpy as jnp

from jconv.pool.extremes import Extreme, attains
from jconv.pool.norms import norm_along, power
from jconv.pool.slide import pooled
from jconv.pool.soft import LogSumExp
from jconv.pool.winners import LabelledExtreme, labels, positions

if TYPE_CHECKING:
    from jax import Array

    from jconv.pool.arguments import Step
    from jconv.pool.backward import Facts


@dataclasses.dataclass(frozen=True)
class FirstTakesAll:
    """The first extreme entry receives the cotangent.

    The first of the rows that attain the extreme, and in it the first entry: row-major.
    """

    smallest: bool

    def forward(self, x: Array, step: Step) -> tuple[Array, Facts]:
        """The extreme, and where along the axis it is."""
        labelled = x, labels(x.shape, step[:1])
        merge = LabelledExtreme(Extreme(smallest=self.smallest))
        y, winner = pooled(labelled, [step], merge)
        return y, ((winner, -1),)

    def given(self, x: Array, dim: int, dy: Array, *facts: Array) -> Array:
        """All to the winner."""
        (winner,) = facts
        return _only_where(winner == positions(x.shape, (dim,)), dy)


@dataclasses.dataclass(frozen=True)
class AllTakeAll:
    """Every extreme entry receives the whole cotangent."""

    smallest: bool

    def forward(self, x: Array, step: Step) -> tuple[Array, Facts]:
        """The extreme."""
        y = pooled(x, [step], Extreme(smallest=self.smallest, first=False))
        return y, ((y, 0),)

    def given(self, x: Array, dim: int, dy: Array, *facts: Array) -> Array:
        """All to everyone who attains it."""
        del dim
        (y,) = facts
        # Whoever is not held receives a cotangent of 0, so y's fill does not matter.
        return _only_where(attains(x, y, None), dy)


@dataclasses.dataclass(frozen=True)
class ByPower:
    """Entries of a norm receive by the power p - 1 of their part in it; x is |x|."""

    p: float

    def forward(self, x: Array, step: Step) -> tuple[Array, Facts]:
        """The norm; 0 where there is no window."""
        y = norm_along(x, [step], self.p)
        return y, ((y, 0),)

    def given(self, x: Array, dim: int, dy: Array, *facts: Array) -> Array:
        """A part of at most 1, whatever p is; none of a norm that is 0."""
        del dim
        (y,) = facts
        part = _only_where(y > 0, x / jnp.where(y > 0, y, jnp.ones_like(y)))
        return dy * power(part, self.p - 1)


@dataclasses.dataclass(frozen=True)
class BySoftmax:
    """Entries receive by their softmax."""

    def forward(self, x: Array, step: Step) -> tuple[Array, Facts]:
        """The log-sum-exp."""
        y = pooled(x, [step], LogSumExp())
        return y, ((y, jnp.inf),)

    def given(self, x: Array, dim: int, dy: Array, *facts: Array) -> Array:
        """exp(x - y); 0 where there is nothing to share."""
        del dim
        (y,) = facts
        part = jnp.exp(jnp.minimum(x - y, jnp.zeros_like(x)))
        return dy * _only_where(y != -jnp.inf, part)


def _only_where(condition: Array, value: Array) -> Array:
    """The value, or 0."""
    return jnp.where(condition, value, jnp.zeros_like(value))
