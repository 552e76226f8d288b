"""Pools: sums, means, norms and maxima over windows, with explicit backward rules.

Read in this order: ``slide`` (one axis, any merge), ``extremes`` (where a maximum's
derivative goes), ``maxima``, ``sums``, ``norms`` and ``soft`` (what users call),
``held``, ``backward`` and ``shares`` (the rules from the input's point of view),
``vjp``; then ``fitted``, ``gathered`` and ``adaptive``, ``whole``, ``placement`` and
``unpool``.
"""

from jconv.pool.adaptive import (
    adaptive_avg_pool,
    adaptive_avg_pool_vjp,
    adaptive_max_pool,
    adaptive_max_pool_vjp,
)
from jconv.pool.maxima import max_pool, min_pool
from jconv.pool.norms import lp_pool
from jconv.pool.skip import subsample, subsample_vjp
from jconv.pool.soft import logsumexp_pool
from jconv.pool.sums import avg_pool, sum_pool
from jconv.pool.unpool import max_unpool, max_unpool_vjp
from jconv.pool.vjp import (
    avg_pool_vjp,
    logsumexp_pool_vjp,
    lp_pool_vjp,
    max_pool_vjp,
    min_pool_vjp,
    sum_pool_vjp,
)
from jconv.pool.whole import (
    global_avg_pool,
    global_logsumexp_pool,
    global_lp_pool,
    global_max_pool,
    global_min_pool,
    global_sum_pool,
)
from jconv.pool.whole_vjp import (
    global_avg_pool_vjp,
    global_logsumexp_pool_vjp,
    global_lp_pool_vjp,
    global_max_pool_vjp,
    global_min_pool_vjp,
    global_sum_pool_vjp,
)

__all__ = [
    "adaptive_avg_pool",
    "adaptive_avg_pool_vjp",
    "adaptive_max_pool",
    "adaptive_max_pool_vjp",
    "avg_pool",
    "avg_pool_vjp",
    "global_avg_pool",
    "global_avg_pool_vjp",
    "global_logsumexp_pool",
    "global_logsumexp_pool_vjp",
    "global_lp_pool",
    "global_lp_pool_vjp",
    "global_max_pool",
    "global_max_pool_vjp",
    "global_min_pool",
    "global_min_pool_vjp",
    "global_sum_pool",
    "global_sum_pool_vjp",
    "logsumexp_pool",
    "logsumexp_pool_vjp",
    "lp_pool",
    "lp_pool_vjp",
    "max_pool",
    "max_pool_vjp",
    "max_unpool",
    "max_unpool_vjp",
    "min_pool",
    "min_pool_vjp",
    "subsample",
    "subsample_vjp",
    "sum_pool",
    "sum_pool_vjp",
]
