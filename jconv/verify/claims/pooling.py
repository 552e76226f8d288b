"""Pooling: shapes, maxima, and where their derivative goes."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

import jconv
from jconv import numerics
from jconv.verify.claim import Evidence, claim
from jconv.verify.comparison import equality
from jconv.verify.pool_loops import PoolLoop, winners

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from jconv.verify.context import Context

    Array = NDArray[Any]

TIES = ("first", "all", "split")

LOOPS = (
    PoolLoop((7,), (3,), (2,), ((2, 3),), ceil_mode=True),
    PoolLoop((4, 3), (3, 2), (2, 1), ((1, 1), (1, 0))),
    PoolLoop((4, 4), (2, 2), (2, 2)),
    PoolLoop((7,), (3,), (1,), ((0, 3),), (2,)),
)
"""Much padding, rounding up; overlaps at a border, in 2-D; tiles; holes.

The first two are what a quick run looks at.
"""

EVERY_PART = math.lcm(*range(1, 10))
"""Cotangents are multiples of it: parts of 2 to 9 are whole numbers."""


def _operands(context: Context, loop: PoolLoop) -> tuple[Array, Array]:
    """An input with many ties, and a cotangent."""
    x = context.integers((1, *loop.spatial, 2), "float32") // 3
    dy = EVERY_PART * context.integers((1, *loop.output_shape, 2), "float32", 1)
    return x, dy


def both(
    context: Context, pools: Callable[[PoolLoop], dict[str, Any]]
) -> Iterator[tuple[PoolLoop, str, Array, Array, Any]]:
    """Yield (loop, name, x, dy, [y, dx by jax.grad, dx by the explicit function]).

    Args:
        context: for the operands.
        pools: name -> (pool of x, explicit backward function of dy and x).
    """
    loops = LOOPS[: 2 if context.quick else None]
    operands = [_operands(context, loop) for loop in loops]

    @jax.jit
    def run(operands: Any) -> Any:
        found = []
        for loop, (x, dy) in zip(loops, operands, strict=True):
            results = {}
            for name, (pool, explicit) in pools(loop).items():
                y, back = jax.vjp(pool, x)
                results[name] = [y, back(dy)[0], explicit(dy, x)]
            found.append(results)
        return found

    for loop, (x, dy), results in zip(loops, operands, run(operands), strict=True):
        for name, result in results.items():
            yield loop, name, x, dy, result


def _max_pools(loop: PoolLoop) -> dict[str, Any]:
    """Max pools by their rule for ties."""
    where = {"window": loop.window, **loop.options}
    return {
        ties: (
            functools.partial(jconv.max_pool, ties=ties, **where),
            functools.partial(jconv.max_pool_vjp, ties=ties, **where),
        )
        for ties in TIES
    }


@claim(
    "pool.shape",
    says="Pooling lowers the resolution and keeps the channels, which do not mix: "
    "2 × 2 windows with stride 2 keep a quarter of the positions.",
    formula="H × W × C  →  H/2 × W/2 × C",
    source="S1, S2",
    kind="exact",
    falsified_by="another shape, or a channel that changes another one's result",
)
def pool_shape(context: Context) -> Iterator[Evidence]:
    """Shapes, and one channel changed at a time."""
    x = context.integers((1, 4, 6, 3), "float32")
    for pool in (jconv.max_pool, jconv.avg_pool):
        name = pool.__name__
        apply = jax.jit(functools.partial(pool, window=(2, 2)))
        y = np.asarray(apply(x))
        yield Evidence(
            y.shape == (1, 2, 3, 3), f"{name}: 4 × 6 × 3 becomes 2 × 3 × 3", case=name
        )
        changed = x.copy()
        changed[..., 1] += 10
        difference = np.asarray(apply(changed)) != y
        alone = difference[..., 1].all() and not difference[..., ::2].any()
        yield Evidence(bool(alone), f"{name}: a channel acts on itself alone")


@claim(
    "pool.max.forward",
    says="Max pooling keeps the largest entry of each window; padding never wins.",
    formula="y_o = max of x_i over the window of o",
    source="S1, S2",
    kind="exact",
    falsified_by="another number than a loop over the windows finds",
)
def pool_max_forward(context: Context) -> Iterator[Evidence]:
    """Against the loop; one rule for ties, as the value does not depend on it."""
    results = both(context, lambda loop: {"max": _max_pools(loop)["first"]})
    for loop, _, x, _, (y, *_) in results:
        want = loop.forward(x, lambda values: values.max(0), -np.inf)
        yield equality(f"largest entries, {loop}", y, want, case=str(loop))


@claim(
    "pool.max.backward",
    says="Only the selected position receives the cotangent, the rest 0; a position "
    "that wins in several overlapping windows receives their sum.",
    formula="∂L/∂x_i = Σ δ_o over the windows o that i wins",
    source="S2",
    kind="exact",
    falsified_by="another derivative than the loop's, by jax.grad or by the explicit "
    "function; or a NaN's derivative that goes elsewhere",
)
def pool_max_backward(context: Context) -> Iterator[Evidence]:
    """A case by hand, NaN, and the loop."""
    pool = jax.jit(_pulled)
    for numbers, wanted in (
        ([1.0, 3.0, 2.0, 0.0], [0, 11, 100, 0]),
        ([1.0, math.nan, 2.0, 0.0], [0, 11, 100, 0]),
    ):
        got = np.asarray(pool(np.array(numbers, "float32")))
        yield equality(
            f"δ = (1, 10, 100) on {numbers}", got, np.array(wanted), show="dx"
        )
    results = both(context, lambda loop: {"first": _max_pools(loop)["first"]})
    for loop, _, x, dy, (_, *derived) in results:
        want = loop.backward(x, dy, lambda values, _: winners(values, "first"))
        for name, dx in zip(("jax.grad", "explicit"), derived, strict=True):
            yield equality(f"{name}, {loop}", dx, want, case=str(loop))


def _pulled(x: jax.Array) -> jax.Array:
    """The derivative of windows of 2 with stride 1, for the cotangents 1, 10, 100."""
    dy = jnp.array([[1.0], [10.0], [100.0]], x.dtype)
    pool = functools.partial(jconv.max_pool, window=(2,), stride=1)
    return jax.vjp(pool, x[:, None])[1](dy)[0][:, 0]


@claim(
    "pool.max.ties",
    says="Where several entries are largest, one takes all, or every one receives the "
    "full cotangent, or it is split equally. The first and the third conserve the "
    "cotangent's sum, the second does not.",
    formula="(3, 3) with δ = 4:  (4, 0),  (4, 4),  (2, 2)",
    source="S2",
    kind="exact",
    falsified_by="another derivative than the rule says, or a sum that is conserved "
    "where it should not be, or the reverse",
)
def pool_max_ties(context: Context) -> Iterator[Evidence]:
    """The three rules on two equal entries, and against the loop."""
    two = jnp.array([[3.0], [3.0]])
    shown = {"first": [4, 0], "all": [4, 4], "split": [2, 2]}
    sums: dict[str, list[bool]] = {ties: [] for ties in TIES}
    for ties, wanted in shown.items():
        dx = jconv.max_pool_vjp(jnp.array([[4.0]]), two, (2,), ties=ties)
        yield equality(f"{ties}: (3, 3)", dx[:, 0], np.array(wanted), show="dx")
    for loop, ties, x, dy, (_, *derived) in both(context, _max_pools):
        want = loop.backward(x, dy, functools.partial(_share, ties))
        for name, dx in zip(("jax.grad", "explicit"), derived, strict=True):
            yield equality(f"{ties}, {name}, {loop}", dx, want, case=str(loop))
        held = [bool(loop.held(o)) for o in np.ndindex(*loop.output_shape)]
        given = dy.reshape(-1, 2)[np.array(held)].sum()
        sums[ties].append(bool(np.sum(derived[0]) == given))
    for ties, conserved in sums.items():
        right = not all(conserved) if ties == "all" else all(conserved)
        verb = "does not conserve" if ties == "all" else "conserves"
        yield Evidence(right, f"{ties} {verb} the sum", cases=len(conserved))


def _share(ties: str, values: list[float], _: Any) -> list[float]:
    """The loop's weights for a rule."""
    return winners(values, ties)


@claim(
    "pool.backward.explicit",
    says="Every pool has its backward rule written out, from the input's point of "
    "view, and it agrees with what is derived from the forward pass.",
    formula="softly: Σ δ_o exp(x_i − y_o);  norms: Σ δ_o sign(x_i) (|x_i|/y_o)^(p−1)",
    source="S2",
    kind="bounded",
    falsified_by="two derivatives further apart than rounding allows",
)
def pool_backward_explicit(context: Context) -> Iterator[Evidence]:
    """Norms, soft maxima, global and adaptive pools, and unpooling."""
    x = context.integers((1, 5, 4, 2), "float32")
    names = [f"global_{kind}_pool" for kind in ("max", "min", "lp", "logsumexp")]
    pools: dict[str, tuple[dict[str, Any], str]] = {name: ({}, name) for name in names}
    pools["adaptive_max_pool"] = {"output_shape": (2, 3)}, "adaptive_max_pool"
    for p in (1, 3, 50):
        pools[f"lp_pool, p = {p}"] = {"window": 3, "stride": 1, "p": p}, "lp_pool"
    pools["logsumexp_pool"] = {"window": 2, "stride": 1}, "logsumexp_pool"

    @jax.jit
    def run(x: Any) -> Any:
        found = {}
        for name, (options, pool) in pools.items():
            y, back = jax.vjp(functools.partial(getattr(jconv, pool), **options), x)
            explicit = functools.partial(getattr(jconv, f"{pool}_vjp"), **options)
            dy = jnp.ones_like(y)
            found[name] = back(dy)[0], explicit(dy, x)
        y, indices = jconv.max_pool(x, 2, return_indices=True)
        put = functools.partial(
            jconv.max_unpool, indices=indices, window=2, output_shape=x.shape
        )
        found["max_unpool"] = (
            jax.vjp(put, y)[1](x)[0],
            jconv.max_unpool_vjp(x, indices, 2),
        )
        return found

    # Parts of a cotangent of 1 are at most 1; a power p - 1 of a rounded ratio is off
    # by p roundings, the ratio by those of a sum of 9 to 20 terms, a root or logarithm.
    bound = 20 * numerics.gamma(50 + 20, "float32")
    for name, (derived, explicit) in run(x).items():
        apart = float(np.max(np.abs(np.subtract(derived, explicit))))
        yield Evidence(apart <= bound, name, case=name, error=apart, bound=bound)


@claim(
    "pool.no-parameters",
    says="Pooling has no parameters: its result depends on the input and on sizes.",
    source="S2",
    kind="exact",
    falsified_by="an array other than the input among what a pool differentiates",
)
def pool_no_parameters(context: Context) -> Iterator[Evidence]:
    """The traced program takes one array, and holds only booleans and counts."""
    x = jax.ShapeDtypeStruct((1, 6, 6, 2), "float32")
    for pool in (jconv.max_pool, jconv.avg_pool, jconv.sum_pool, jconv.lp_pool):
        traced = jax.make_jaxpr(functools.partial(pool, window=(2, 2)))(x)
        inputs, held = len(traced.in_avals), len(traced.consts)
        what = f"{pool.__name__} takes x and holds no array of its own"
        yield Evidence((inputs, held) == (1, 0), what, case=pool.__name__)
