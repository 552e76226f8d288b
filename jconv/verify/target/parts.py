"""The parts of a target's behaviour: how to compute each, and what it should be.

Each part is linear or bilinear in whole numbers, so equality is asked for.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from jconv.verify.target import expected, through
from jconv.verify.target.difference import difference, swallowed

if TYPE_CHECKING:
    from collections.abc import Callable

    from jconv.verify.target.cases import Case

Arrays = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Part:
    """One thing to compute through a convolution.

    Attributes:
        got: (call, arrays) -> arrays by name; traced by JAX.
        expected: (case, arrays) -> the same by the oracle.
        code: how a user computes it, from ``f``, x, w and the rest of the arrays.
        differs: (got, expected, dtype) -> what is wrong; empty if nothing is.
        alone: what is left of it for a target without derivatives, if anything is.
        forward: whether JAX's forward mode is used, which a ``custom_vjp`` has not.
    """

    got: Callable[[Any, Arrays], Arrays]
    expected: Callable[[Case, Arrays], Arrays]
    code: str
    differs: Callable[[Any, Any, str], str] = difference
    alone: Part | None = None
    forward: bool = False


VALUES = Part(through.values, expected.sums("y"), "f(x, w)")

ALL = Part(
    through.everything,
    expected.sums("y", "dx", "dw"),
    "f(x, w), *jax.vjp(f, x, w)[1](dy)",
    alone=VALUES,
)

ALL_BITS = dataclasses.replace(
    ALL,
    got=through.in_all_bits(through.everything),
    alone=dataclasses.replace(VALUES, got=through.in_all_bits(through.values)),
)

NOT_FINITE = dataclasses.replace(
    ALL,
    expected=expected.not_finite("y", "dx", "dw"),
    differs=swallowed,
    alone=dataclasses.replace(
        VALUES, expected=expected.not_finite("y"), differs=swallowed
    ),
)

PARTS: dict[str, Part] = {
    "values": VALUES,
    "input-vjp": Part(
        through.gradient("x"),
        expected.sums("dx"),
        "jax.vjp(lambda x: f(x, w), x)[1](dy)",
    ),
    "kernel-vjp": Part(
        through.gradient("w"),
        expected.sums("dw"),
        "jax.vjp(lambda w: f(x, w), w)[1](dy)",
    ),
    "jvp": Part(
        through.tangent, expected.tangent, "jax.jvp(f, (x, w), (u, v))[1]", forward=True
    ),
    "vmap": Part(
        through.mapped,
        expected.mapped,
        "jax.vmap(f, ...)(jnp.stack([x, u]), jnp.stack([w, v]))",
    ),
    "second-order": Part(
        through.second,
        expected.second,
        "jax.vjp(lambda w, dy: jax.vjp(lambda x: f(x, w), x)[1](dy)[0], w, dy)[1](u)",
    ),
    "bilinear": Part(through.combined, expected.combined, "f(x + 2 * u, w)"),
    "cropping": ALL,
    "bits": ALL_BITS,
    "not-finite": NOT_FINITE,
}
"""Everything that is computed through a target, by the last part of its claim's id."""
