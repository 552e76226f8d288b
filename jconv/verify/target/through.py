"""What is computed through a target: values, and what JAX derives of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax

if TYPE_CHECKING:
    from collections.abc import Callable

    Arrays = dict[str, Any]
    Compute = Callable[[Any, Arrays], Arrays]
    """(call of the target, operands by name) -> results by name; traced by JAX."""


def values(f: Any, a: Arrays) -> Arrays:
    """The convolution."""
    return {"y": f(a["x"], a["w"])}


def gradient(name: str) -> Compute:
    """The derivative for one operand, times the cotangent."""

    def compute(f: Any, a: Arrays) -> Arrays:
        other = "w" if name == "x" else "x"

        def of_one(unknown: Any) -> Any:
            both = {name: unknown, other: a[other]}
            return f(both["x"], both["w"])

        (result,) = jax.vjp(of_one, a[name])[1](a["dy"])
        return {f"d{name}": result}

    return compute


def everything(f: Any, a: Arrays) -> Arrays:
    """Values, and the derivatives for both operands."""
    y, pull = jax.vjp(f, a["x"], a["w"])
    dx, dw = pull(a["dy"])
    return {"y": y, "dx": dx, "dw": dw}


def in_all_bits(compute: Compute) -> Compute:
    """The same where a device multiplies fewer bits unless it is asked for all."""

    def computed(f: Any, a: Arrays) -> Arrays:
        with jax.default_matmul_precision("highest"):
            return compute(f, a)

    return computed


def tangent(f: Any, a: Arrays) -> Arrays:
    """The derivative in the directions u and v."""
    return {"tangent": jax.jvp(f, (a["x"], a["w"]), (a["u"], a["v"]))[1]}


def mapped(f: Any, a: Arrays) -> Arrays:
    """Two convolutions at once: of two inputs, two kernels, or both."""
    xs, ws = (jax.numpy.stack(pair) for pair in ((a["x"], a["u"]), (a["w"], a["v"])))
    return {
        "over x": jax.vmap(f, (0, None))(xs, a["w"]),
        "over w": jax.vmap(f, (None, 0))(a["x"], ws),
        "over both": jax.vmap(f)(xs, ws),
    }


def second(f: Any, a: Arrays) -> Arrays:
    """The derivatives of the input's derivative, in the direction u."""

    def dx(w: Any, dy: Any) -> Any:
        return jax.vjp(lambda x: f(x, w), a["x"])[1](dy)[0]

    dw, ddy = jax.vjp(dx, a["w"], a["dy"])[1](a["u"])
    return {"d⟨dx, u⟩/dw": dw, "d⟨dx, u⟩/ddy": ddy}


def combined(f: Any, a: Arrays) -> Arrays:
    """Convolutions of sums and of zeros."""
    x, w, u, v = (a[name] for name in ("x", "w", "u", "v"))
    return {
        "f(x + 2u, w)": f(x + 2 * u, w),
        "f(x, w + 2v)": f(x, w + 2 * v),
        "f(0, w)": f(0 * x, w),
        "f(x, 0)": f(x, 0 * w),
    }
