"""The claims, one topic a file; importing this package registers them all, in order."""

# The order of registration is the order of the report.
# ruff: noqa: I001
from jconv.verify.claims import definition
from jconv.verify.claims import linearity
from jconv.verify.claims import channels
from jconv.verify.claims import sizes
from jconv.verify.claims import filters
from jconv.verify.claims import composition

__all__ = ["channels", "composition", "definition", "filters", "linearity", "sizes"]
