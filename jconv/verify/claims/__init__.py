"""The claims, one topic a file; importing this package registers them all, in order."""

# The order of registration is the order of the report.
# ruff: noqa: I001
from jconv.verify.claims import definition
from jconv.verify.claims import linearity
from jconv.verify.claims import channels
from jconv.verify.claims import sizes
from jconv.verify.claims import filters
from jconv.verify.claims import composition
from jconv.verify.claims import backward_by_hand
from jconv.verify.claims import backward_structure
from jconv.verify.claims import backward_routes
from jconv.verify.claims import numerical
from jconv.verify.claims import continuous
from jconv.verify.claims import transforms
from jconv.verify.claims import rounding
from jconv.verify.claims import pooling
from jconv.verify.claims import pooling_means
from jconv.verify.claims import neighbours
from jconv.verify.claims import symbolic
from jconv.verify.claims import networks
from jconv.verify.claims import learning
from jconv.verify.claims import curves

__all__ = [
    "backward_by_hand",
    "backward_routes",
    "backward_structure",
    "channels",
    "composition",
    "continuous",
    "curves",
    "definition",
    "filters",
    "learning",
    "linearity",
    "neighbours",
    "networks",
    "numerical",
    "pooling",
    "pooling_means",
    "rounding",
    "sizes",
    "symbolic",
    "transforms",
]
