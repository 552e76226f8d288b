"""Convolution from scratch in JAX, its derivatives convolutions: shown, proved."""

import importlib
from typing import Any

from jconv import starting  # noqa: F401 (before all that takes long)

# isort: split
from jconv import geometry, lax, nn, rules, sharding
from jconv.conv import conv, conv_transpose
from jconv.errors import GeometryError, UnsupportedError
from jconv.local import conv_local, conv_local_input_vjp, conv_local_kernel_vjp
from jconv.patches import extract_patches, fold_patches
from jconv.per_example import per_example_kernel_norms, per_example_kernel_vjp
from jconv.pool import (
    adaptive_avg_pool,
    adaptive_avg_pool_vjp,
    adaptive_max_pool,
    adaptive_max_pool_vjp,
    avg_pool,
    avg_pool_vjp,
    global_avg_pool,
    global_avg_pool_vjp,
    global_logsumexp_pool,
    global_logsumexp_pool_vjp,
    global_lp_pool,
    global_lp_pool_vjp,
    global_max_pool,
    global_max_pool_vjp,
    global_min_pool,
    global_min_pool_vjp,
    global_sum_pool,
    global_sum_pool_vjp,
    logsumexp_pool,
    logsumexp_pool_vjp,
    lp_pool,
    lp_pool_vjp,
    max_pool,
    max_pool_vjp,
    max_unpool,
    max_unpool_vjp,
    min_pool,
    min_pool_vjp,
    subsample,
    subsample_vjp,
    sum_pool,
    sum_pool_vjp,
)
from jconv.primitive import checkpoint_convs
from jconv.signal import convolve, correlate
from jconv.tuning import TuningWarning, tuned
from jconv.vjp import conv_input_vjp, conv_kernel_vjp

__all__ = [
    "GeometryError",
    "TuningWarning",
    "UnsupportedError",
    "adaptive_avg_pool",
    "adaptive_avg_pool_vjp",
    "adaptive_max_pool",
    "adaptive_max_pool_vjp",
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
    "lax",
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
    "nn",
    "per_example_kernel_norms",
    "per_example_kernel_vjp",
    "rules",
    "sharding",
    "subsample",
    "subsample_vjp",
    "sum_pool",
    "sum_pool_vjp",
    "tuned",
    "verify",
]


def __getattr__(name: str) -> Any:
    """What most programs do without, imported when it is asked for."""
    if name == "verify":
        return importlib.import_module("jconv.verify")
    if name == "__version__":
        return importlib.import_module("jconv.version").version()
    raise AttributeError(f"module 'jconv' has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names, those that are not imported yet included."""
    return sorted({*__all__, "__version__"})
