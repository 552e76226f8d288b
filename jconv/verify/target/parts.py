"""The parts of a target's behaviour: how to compute each, and what it should be.

Each part is linear or bilinear in whole numbers, so equality is asked for.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from jconv.verify.entries import difference, swallowed
from jconv.verify.target import expected, through

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
        code: how a user computes each array, from ``f``, x, w and the other operands.
        setting: a statement that has to stand before it.
        differs: (got, expected, dtype) -> what is wrong; empty if nothing is.
        alone: what is left of it for a target without derivatives, if anything is.
        forward: whether JAX's forward mode is used, which a ``custom_vjp`` has not.
    """

    got: Callable[[Any, Arrays], Arrays]
    expected: Callable[[Case, Arrays], Arrays]
    code: dict[str, str] = dataclasses.field(hash=False)  # programs are kept by part
    setting: str = ""
    differs: Callable[[Any, Any, str], str] = difference
    alone: Part | None = None
    forward: bool = False


VALUES = Part(through.values, expected.sums("y"), {"y": "f(x, w)"})

ALL = Part(
    through.everything,
    expected.sums("y", "dx", "dw"),
    {
        "y": "f(x, w)",
        "dx": "jax.vjp(f, x, w)[1](dy)[0]",
        "dw": "jax.vjp(f, x, w)[1](dy)[1]",
    },
    alone=VALUES,
)

HIGHEST = "jax.config.update('jax_default_matmul_precision', 'highest')"

ALL_BITS = dataclasses.replace(
    ALL,
    got=through.in_all_bits(through.everything),
    setting=HIGHEST,
    alone=dataclasses.replace(
        VALUES, got=through.in_all_bits(through.values), setting=HIGHEST
    ),
)

NOT_FINITE = dataclasses.replace(
    ALL,
    expected=expected.not_finite("y", "dx", "dw"),
    differs=swallowed,
    alone=dataclasses.replace(
        VALUES, expected=expected.not_finite("y"), differs=swallowed
    ),
)

SECOND = "jax.vjp(lambda w, dy: jax.vjp(lambda x: f(x, w), x)[1](dy)[0], w, dy)[1](u)"

PARTS: dict[str, Part] = {
    "values": VALUES,
    "input-vjp": Part(
        through.gradient("x"),
        expected.sums("dx"),
        {"dx": "jax.vjp(lambda x: f(x, w), x)[1](dy)"},
    ),
    "kernel-vjp": Part(
        through.gradient("w"),
        expected.sums("dw"),
        {"dw": "jax.vjp(lambda w: f(x, w), w)[1](dy)"},
    ),
    "jvp": Part(
        through.tangent,
        expected.tangent,
        {"tangent": "jax.jvp(f, (x, w), (u, v))[1]"},
        forward=True,
    ),
    "vmap": Part(
        through.mapped,
        expected.mapped,
        {
            "over x": "jax.vmap(f, (0, None))(jnp.stack([x, u]), w)",
            "over w": "jax.vmap(f, (None, 0))(x, jnp.stack([w, v]))",
            "over both": "jax.vmap(f)(jnp.stack([x, u]), jnp.stack([w, v]))",
        },
    ),
    "second-order": Part(
        through.second,
        expected.second,
        {"d⟨dx, u⟩/dw": f"{SECOND}[0]", "d⟨dx, u⟩/ddy": f"{SECOND}[1]"},
    ),
    "bilinear": Part(
        through.combined,
        expected.combined,
        {
            "f(x + 2u, w)": "f(x + 2 * u, w)",
            "f(x, w + 2v)": "f(x, w + 2 * v)",
            "f(0, w)": "f(0 * x, w)",
            "f(x, 0)": "f(x, 0 * w)",
        },
    ),
    "cropping": ALL,
    "bits": ALL_BITS,
    "not-finite": NOT_FINITE,
}
"""Everything that is computed through a target, by the last part of its claim's id."""
