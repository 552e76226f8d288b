"""Only what is bilinear is shown to be: a branch or a loop closes, or is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jconv.algorithms.taps import Taps
from jconv.geometry import Geometry
from jconv.verify import basis, families
from jconv.verify.bilinear import why_not_bilinear
from jconv.verify.claims.backward_routes import PLAIN, _difference
from jconv.verify.exhaustive import trial

PAIR = (jax.ShapeDtypeStruct((2,), "float32"),) * 2
INDEX = jnp.arange(2)
ZEROS = jnp.zeros(2, "float32")


def turns(count: Any, body: Callable[..., Any], start: Any) -> Any:
    """A ``while`` whose number of turns the compiler is not told."""
    return lax.while_loop(
        lambda carry: carry[0] < count,
        lambda carry: (carry[0] + 1, body(carry[1])),
        (0, start),
    )[1]


def reduced(combine: Callable[..., Any], begin: float = 0.0) -> Callable[..., Any]:
    """Reduce two arrays at once."""

    def run(a: Any, b: Any) -> Any:
        zeros = [jnp.float32(begin), jnp.float32(begin)]
        return lax.reduce([a * b, a * b], zeros, combine, (0,))

    return run


def added(left: Any, right: Any) -> list[Any]:
    return [p + q for p, q in zip(left, right, strict=True)]


def crossed(left: Any, right: Any) -> list[Any]:
    return [left[0] + right[1], left[1] + right[0]]


def largest(left: Any, right: Any) -> list[Any]:
    return [jnp.maximum(p, q) for p, q in zip(left, right, strict=True)]


SHOWN: dict[str, Callable[[Any, Any], Any]] = {
    "branches of one degree": lambda a, b: lax.cond(
        INDEX.sum() > 0, lambda: a * b, lambda: b * jnp.flip(a)
    ),
    "zeros in one branch": lambda a, b: lax.cond(
        INDEX.sum() > 0, lambda: a * b, lambda: ZEROS
    ),
    "a loop of so many turns": lambda a, b: turns(
        INDEX.sum(), lambda total: total + a * b, ZEROS
    ),
    "a choice of zeros": lambda a, b: jnp.where(INDEX > 0, 0.0, ZEROS) + a * b,
    "parts that are put together": lambda a, b: jnp.stack(jnp.unstack(a * b)[::-1]),
    "two sums at once": reduced(added),
}

REFUSED: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "a branch that an argument chooses": (
        lambda a, b: lax.cond(a[0] > 0, lambda: a * b, lambda: 2 * a * b),
        "gt is not known to be linear",
    ),
    "a branch chosen by an index that is one": (
        lambda a, b: lax.switch(
            jnp.zeros(2, int)[0] + a[0].astype(int), [lambda: a * b, lambda: b * a]
        ),
        "convert_element_type",
    ),
    "a branch of another degree": (
        lambda a, b: lax.cond(INDEX.sum() > 0, lambda: a * b, lambda: a + 0 * b),
        "cond joins the degrees [(1, 0), (1, 1)]",
    ),
    "a branch with a constant": (
        lambda a, b: lax.cond(INDEX.sum() > 0, lambda: a * b, lambda: ZEROS + 1),
        "cond joins the degrees [(0, 0), (1, 1)]",
    ),
    "a branch that squares": (
        lambda a, b: lax.cond(INDEX.sum() > 0, lambda: a * a, lambda: 2 * a * a),
        "the result has degree (2, 0), not (1, 1)",
    ),
    "a loop whose turns an argument counts": (
        lambda a, b: turns(a[0], lambda total: total + a * b, ZEROS),
        "lt is not known to be linear",
    ),
    "a loop that multiplies": (
        lambda a, b: turns(INDEX.sum(), lambda total: total * a, a * b),
        "while joins the degrees",
    ),
    "a loop that adds a constant": (
        lambda a, b: turns(INDEX.sum(), lambda total: total + 1, a * b),
        "add joins the degrees [(0, 0), (1, 1)]",
    ),
    "a reduction that takes the largest": (
        reduced(largest),
        "reduce is not known to be linear",
    ),
    "a reduction that crosses": (reduced(crossed), "reduce is not known to be linear"),
    "a sum that begins at one": (reduced(added, 1.0), "reduce joins the degrees"),
}


@pytest.mark.parametrize("function", SHOWN.values(), ids=SHOWN)
def test_it_is_shown(function: Callable[[Any, Any], Any]) -> None:
    assert why_not_bilinear(function, *PAIR) is None


@pytest.mark.parametrize(("function", "reason"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_with_the_reason(
    function: Callable[[Any, Any], Any], reason: str
) -> None:
    assert reason in str(why_not_bilinear(function, *PAIR))


def test_every_routine_at_a_point_is_proved() -> None:
    """There JAX derives through arrays that are stacked and taken apart."""
    case = families.make_case(PLAIN | {"rank": 0, "groups": "two"})
    _, verdicts = basis.check(case, "kernel")
    assert len(verdicts) > 5
    assert set(verdicts.values()) == {""}


MISTAKES = {
    "none, as 0 and -0 are one number": (np.array([[-0.0, 1]], "float32"), ""),
    "dtype": (np.array([[0.0, 1]]), "has dtype float64, not float32"),
    "shape": (np.zeros((1, 3), "float32"), "has shape (3,), not (2,)"),
    "numbers": (np.array([[0.0, 2]], "float32"), "wrong on 1 of 1 pairs"),
    "nan": (np.array([[0.0, np.nan]], "float32"), "wrong on 1 of 1 pairs"),
}


@pytest.mark.parametrize(("got", "told"), MISTAKES.values(), ids=MISTAKES)
def test_shape_dtype_and_numbers_are_compared(got: Any, told: str) -> None:
    assert basis._mistake(got, np.array([[0.0, 1]]), np.dtype("float32")) == told


def test_a_route_of_another_dtype_is_told() -> None:
    wide = np.ones(2)
    assert _difference(wide, wide, "float32") == "dtype float64, not float32"
    assert _difference(wide, wide, "float64") == ""


class Branching(Taps):
    """Right on every pair of units, and for large numbers wrong."""

    def run(self, first: Any, second: Any, **options: Any) -> Any:
        y = super().run(first, second, **options)
        return lax.cond(first.max() > 1, lambda: y + 1, lambda: y)


class Looping(Taps):
    """Right on every pair of units, as its loop then turns once."""

    def run(self, first: Any, second: Any, **options: Any) -> Any:
        y = super().run(first, second, **options)
        return turns(first.max(), lambda total: total + y, jnp.zeros_like(y))


@pytest.mark.parametrize("routine", [Branching(), Looping()], ids=["cond", "while"])
def test_what_is_right_on_a_basis_alone_is_never_called_proved(routine: Any) -> None:
    geometry = Geometry.from_call((3,), (2,))
    outcome = trial.on_trial(geometry, {"planted": routine}, "cpu")
    assert outcome.proved == []
    doubts = outcome.doubt["planted"]
    assert [each.split(": ")[1] for each in doubts] == ["bilinearity is not shown"] * 3


def test_a_barrier_gives_each_operand_back_with_its_own_degree():
    def product(a, b):
        a, b = lax.optimization_barrier((a, b))
        return a * b

    pair = (jax.ShapeDtypeStruct((2,), "float32"),) * 2
    assert why_not_bilinear(product, *pair) is None
    second = why_not_bilinear(lambda *pair: lax.optimization_barrier(pair)[1], *pair)
    assert second == "the result has degree (0, 1), not (1, 1)"
