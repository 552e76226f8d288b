"""Kernel derivatives of every example by itself, and their norms.

An example is one entry of the batch. Training sums the examples' derivatives; clipping,
importance sampling and noise estimates want them, or only their norms, one by one.
"""

from jconv.per_example.gradients import per_example_kernel_vjp
from jconv.per_example.norms import per_example_kernel_norms

__all__ = ["per_example_kernel_norms", "per_example_kernel_vjp"]
