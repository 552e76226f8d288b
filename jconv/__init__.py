"""Convolution from scratch in JAX, its derivatives convolutions: shown, proved."""

from jconv import geometry, lax, rules
from jconv.conv import conv, conv_transpose
from jconv.errors import GeometryError, UnsupportedError
from jconv.local import conv_local, conv_local_input_vjp, conv_local_kernel_vjp
from jconv.patches import extract_patches, fold_patches
from jconv.per_example import per_example_kernel_norms, per_example_kernel_vjp
from jconv.pool import (
    adaptive_avg_pool,
    adaptive_max_pool,
    avg_pool,
    avg_pool_vjp,
    global_avg_pool,
    global_logsumexp_pool,
    global_lp_pool,
    global_max_pool,
    global_min_pool,
    global_sum_pool,
    logsumexp_pool,
    logsumexp_pool_vjp,
    lp_pool,
    lp_pool_vjp,
    max_pool,
    max_pool_vjp,
    max_unpool,
    min_pool,
    min_pool_vjp,
    subsample,
    subsample_vjp,
    sum_pool,
    sum_pool_vjp,
)
from jconv.primitive import checkpoint_convs
from jconv.signal import convolve, correlate
from jconv.vjp import conv_input_vjp, conv_kernel_vjp

__all__ = [
    "GeometryError",
    "UnsupportedError",
    "adaptive_avg_pool",
    "adaptive_max_pool",
    "avg_pool",
    "avg_pool_vjp",
    "checkpoint_convs",
    "conv",
    "conv_input_vjp",
    "conv_kernel_vjp",
    "conv_local",
    "conv_local_input_vjp",
    "conv_local_kernel_vjp",
    "conv_transpose",
    "convolve",
    "correlate",
    "extract_patches",
    "fold_patches",
    "geometry",
    "global_avg_pool",
    "global_logsumexp_pool",
    "global_lp_pool",
    "global_max_pool",
    "global_min_pool",
    "global_sum_pool",
    "lax",
    "logsumexp_pool",
    "logsumexp_pool_vjp",
    "lp_pool",
    "lp_pool_vjp",
    "max_pool",
    "max_pool_vjp",
    "max_unpool",
    "min_pool",
    "min_pool_vjp",
    "per_example_kernel_norms",
    "per_example_kernel_vjp",
    "rules",
    "subsample",
    "subsample_vjp",
    "sum_pool",
    "sum_pool_vjp",
]
