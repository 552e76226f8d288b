"""The statements, one topic a file; importing this package registers them all."""

# The order of registration is the order of the table.
# ruff: noqa: I001
from jconv.verify.symbolic.statements import contractions
from jconv.verify.symbolic.statements import progressions
from jconv.verify.symbolic.statements import textbook
from jconv.verify.symbolic.statements import sizes
from jconv.verify.symbolic.statements import ranks

__all__ = ["contractions", "progressions", "ranks", "sizes", "textbook"]
