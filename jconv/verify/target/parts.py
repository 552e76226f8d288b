"""What is computed through a target, and what the oracle says it should be.

Each part is linear or bilinear in small integers, so equality is asked for.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jconv.verify.routes import signs
from jconv.verify.target.cases import oracle

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
    """

    got: Callable[[Any, Arrays], Arrays]
    expected: Callable[[Case, Arrays], Arrays]
    code: str


def arrays_of(case: Case, draw: Callable[..., Any]) -> Arrays:
    """Integers for every part: operands, cotangent, and directions u and v."""
    shapes = {"x": case.x, "w": case.w, "dy": case.y, "u": case.x, "v": case.w}
    return {
        name: signs(draw(shape, case.dtype, n)).astype(case.dtype)
        for n, (name, shape) in enumerate(shapes.items())
    }


def _values(f: Any, a: Arrays) -> Arrays:
    return {"y": f(a["x"], a["w"])}


def _gradient(name: str) -> Callable[[Any, Arrays], Arrays]:
    def compute(f: Any, a: Arrays) -> Arrays:
        other = "w" if name == "x" else "x"

        def of_one(unknown: Any) -> Any:
            both = {name: unknown, other: a[other]}
            return f(both["x"], both["w"])

        (result,) = jax.vjp(of_one, a[name])[1](a["dy"])
        return {f"d{name}": result}

    return compute


def _jvp(f: Any, a: Arrays) -> Arrays:
    return {"tangent": jax.jvp(f, (a["x"], a["w"]), (a["u"], a["v"]))[1]}


def _vmap(f: Any, a: Arrays) -> Arrays:
    xs, ws = (jax.numpy.stack(pair) for pair in ((a["x"], a["u"]), (a["w"], a["v"])))
    return {
        "over x": jax.vmap(f, (0, None))(xs, a["w"]),
        "over w": jax.vmap(f, (None, 0))(a["x"], ws),
        "over both": jax.vmap(f)(xs, ws),
    }


def _second(f: Any, a: Arrays) -> Arrays:
    def dx(w: Any, dy: Any) -> Any:
        return jax.vjp(lambda x: f(x, w), a["x"])[1](dy)[0]

    dw, ddy = jax.vjp(dx, a["w"], a["dy"])[1](a["u"])
    return {"d⟨dx, u⟩/dw": dw, "d⟨dx, u⟩/ddy": ddy}


def _bilinear(f: Any, a: Arrays) -> Arrays:
    x, w, u, v = (a[name] for name in ("x", "w", "u", "v"))
    return {
        "f(x + 2u, w)": f(x + 2 * u, w),
        "f(x, w + 2v)": f(x, w + 2 * v),
        "f(0, w)": f(0 * x, w),
        "f(x, 0)": f(x, 0 * w),
    }


def _twice(case: Case, a: Arrays) -> Arrays:
    def y(x: Any, w: Any) -> Any:
        return oracle(case, "output", x, w)

    return {
        "f(x + 2u, w)": y(a["x"], a["w"]) + 2 * y(a["u"], a["w"]),
        "f(x, w + 2v)": y(a["x"], a["w"]) + 2 * y(a["x"], a["v"]),
        "f(0, w)": np.zeros(case.y),
        "f(x, 0)": np.zeros(case.y),
    }


MAPPED = {
    "over x": (("x", "w"), ("u", "w")),
    "over w": (("x", "w"), ("x", "v")),
    "over both": (("x", "w"), ("u", "v")),
}
"""Which operands meet in the two entries of each mapped result."""


def _all(f: Any, a: Arrays) -> Arrays:
    y, pull = jax.vjp(f, a["x"], a["w"])
    dx, dw = pull(a["dy"])
    return {"y": y, "dx": dx, "dw": dw}


PARTS: dict[str, Part] = {
    "values": Part(
        _values,
        lambda case, a: {"y": oracle(case, "output", a["x"], a["w"])},
        "f(x, w)",
    ),
    "input-vjp": Part(
        _gradient("x"),
        lambda case, a: {"dx": oracle(case, "input", a["w"], a["dy"])},
        "jax.vjp(lambda x: f(x, w), x)[1](dy)",
    ),
    "kernel-vjp": Part(
        _gradient("w"),
        lambda case, a: {"dw": oracle(case, "kernel", a["x"], a["dy"])},
        "jax.vjp(lambda w: f(x, w), w)[1](dy)",
    ),
    "jvp": Part(
        _jvp,
        lambda case, a: {
            "tangent": oracle(case, "output", a["u"], a["w"])
            + oracle(case, "output", a["x"], a["v"])
        },
        "jax.jvp(f, (x, w), (u, v))[1]",
    ),
    "vmap": Part(
        _vmap,
        lambda case, a: {
            name: np.stack([oracle(case, "output", a[x], a[w]) for x, w in pairs])
            for name, pairs in MAPPED.items()
        },
        "jax.vmap(f, ...)(jnp.stack([x, u]), jnp.stack([w, v]))",
    ),
    "second-order": Part(
        _second,
        lambda case, a: {
            "d⟨dx, u⟩/dw": oracle(case, "kernel", a["u"], a["dy"]),
            "d⟨dx, u⟩/ddy": oracle(case, "output", a["u"], a["w"]),
        },
        "jax.vjp(lambda w, dy: jax.vjp(lambda x: f(x, w), x)[1](dy)[0], w, dy)[1](u)",
    ),
    "cropping": Part(
        _all,
        lambda case, a: {
            "y": oracle(case, "output", a["x"], a["w"]),
            "dx": oracle(case, "input", a["w"], a["dy"]),
            "dw": oracle(case, "kernel", a["x"], a["dy"]),
        },
        "f(x, w), *jax.vjp(f, x, w)[1](dy)",
    ),
    "bilinear": Part(_bilinear, _twice, "f(x + 2 * u, w)"),
}
"""Everything that is computed through a target, by the last part of its claim's id."""
