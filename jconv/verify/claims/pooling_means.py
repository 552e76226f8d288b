"""Average pooling: the mean of a window, its true count, and where δ/N goes."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

import jconv
from jconv import numerics
from jconv.verify import jaxprs
from jconv.verify.claim import Evidence, claim
from jconv.verify.claims.pooling import LOOPS, both
from jconv.verify.comparison import equality
from jconv.verify.pool_loops import PoolLoop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from jconv.verify.context import Context

    Array = NDArray[Any]


def _avg_pools(loop: PoolLoop) -> dict[str, Any]:
    """The average pool with its explicit backward function."""
    where: Any = {"window": loop.window, **loop.options}
    shape = (1, *loop.spatial, 2)
    mean = functools.partial(jconv.avg_pool, **where)

    def mean_back(dy: Any, x: Any) -> Any:
        return jconv.avg_pool_vjp(dy, input_shape=shape, **where)

    return {"mean": (mean, mean_back)}


@claim(
    "pool.avg.forward",
    says="Average pooling takes the mean of each window.",
    formula="y_o = (1/N_o) Σ x_i over the window of o",
    source="S1, S2",
    kind="bounded",
    falsified_by="a mean further off than rounding allows",
)
def pool_avg_forward(context: Context) -> Iterator[Evidence]:
    """Against the loop; the division is the only rounding, of at most 2 steps."""
    for loop, _, x, _, (y, *_) in both(context, _avg_pools):
        want = _means(loop, x, count_padding=False)
        yield _close(f"means, {loop}", y, want, np.abs(want))


def _means(loop: PoolLoop, x: Array, *, count_padding: bool) -> Array:
    """Sums divided by counts, written out."""
    total = loop.forward(x, lambda values: values.sum(0), 0).astype(float)
    return total / _counts(loop, count_padding=count_padding)


def _counts(loop: PoolLoop, *, count_padding: bool) -> Array:
    """What each window divides by."""
    counts = np.ones((1, *loop.output_shape, 1))
    for o in np.ndindex(*loop.output_shape):
        counts[:, *o] = max(1, loop.count(o, count_padding=count_padding))
    return counts


def _close(what: str, got: Any, want: Array, size: Array) -> Evidence:
    """Evidence of equality up to the rounding of a division and of up to 9 sums."""
    bound = numerics.gamma(2 + 9, "float32")
    got = np.asarray(got, float)
    if got.shape != want.shape:
        return Evidence(holds=False, what=what, case=what)
    error = float(np.max(np.abs(got - want) / np.maximum(size, 1)))
    return Evidence(error <= bound, what, case=what, error=error, bound=bound)


@claim(
    "pool.avg.backward",
    says="Every element of a window of N receives δ/N; where windows overlap, the "
    "parts add.",
    formula="∂L/∂x_i = Σ δ_o / N_o over the windows o that hold i",
    source="S2",
    kind="bounded",
    falsified_by="a derivative further off than rounding allows",
)
def pool_avg_backward(context: Context) -> Iterator[Evidence]:
    """Against the loop, by jax.grad and by the explicit function."""
    for loop, _, x, dy, (_, *derived) in both(context, _avg_pools):
        counts = _counts(loop, count_padding=False)
        want = loop.backward(x, dy / counts, _everyone)
        size = loop.backward(x, np.abs(dy) / counts, _everyone)
        for name, dx in zip(("jax.grad", "explicit"), derived, strict=True):
            yield _close(f"{name}, {loop}", dx, want, size)


def _everyone(values: list[float], _: Any) -> list[float]:
    """The loop's weights of a sum."""
    return [1.0] * len(values)


@claim(
    "pool.avg.border",
    says="At a border windows hold fewer entries, and the divisor is their true "
    "number, forward and backward. It depends on shapes alone, so the program holds it "
    "as a constant.",
    formula="3 ones, windows of 3, padding 1:  N = (2, 3, 2), mean = (1, 1, 1)",
    source="S2",
    kind="exact",
    falsified_by="a mean of ones that is not 1, a divisor that is computed at run "
    "time, or padding that counts unless asked for",
)
def pool_avg_border(context: Context) -> Iterator[Evidence]:
    """Ones, counts against the loop, and what the traced program is made of."""
    for loop in LOOPS:
        where: Any = {"window": loop.window, **loop.options}
        ones = np.ones((1, *loop.spatial, 1), "float32")
        mean = functools.partial(jconv.avg_pool, **where)
        held = np.array([len(loop.held(o)) for o in np.ndindex(*loop.output_shape)])
        got = np.asarray(jax.jit(mean)(ones)).ravel()
        yield equality(f"the mean of ones, {loop}", got, np.minimum(held, 1))
        for counts in (False, True):
            more = _divisions(loop, ones, got[None, :, None], count_padding=counts)
            what = f"one division more than the sum, padding counts: {counts}, {loop}"
            yield Evidence(more == [1, 1], what)
    x = context.integers((1, 5, 2), "float32")
    padded = PoolLoop((5,), (3,), (2,), ((1, 2),), ceil_mode=True)
    y = jconv.avg_pool(x, padded.window, count_padding=True, **padded.options)
    want = _means(padded, x, count_padding=True)
    yield _close("padding counts where asked for", y, want, np.abs(want))


def _divisions(
    loop: PoolLoop, x: Array, dy: Array, *, count_padding: bool
) -> list[int]:
    """By how many operations means compute more than sums, forward and backward.

    What is not in the traced program cannot be in the compiled one.
    """
    where: Any = {"window": loop.window, **loop.options}
    dy = dy.reshape(1, *loop.output_shape, 1)
    mean = functools.partial(jconv.avg_pool, count_padding=count_padding, **where)
    total = functools.partial(jconv.sum_pool, **where)
    back = functools.partial(jconv.avg_pool_vjp, input_shape=x.shape, **where)
    back = functools.partial(back, count_padding=count_padding)
    total_back = functools.partial(jconv.sum_pool_vjp, input_shape=x.shape, **where)
    return [
        _arithmetic(jax.make_jaxpr(one)(array))
        - _arithmetic(jax.make_jaxpr(other)(array))
        for one, other, array in ((mean, total, x), (back, total_back, dy))
    ]


def _arithmetic(traced: Any) -> int:
    """How many operations of a program compute, rather than move, numbers."""
    kinds = jaxprs.MOVEMENT | {"split", "concatenate"}
    return sum(
        equation.primitive.name not in kinds for equation in jaxprs.equations(traced)
    )
