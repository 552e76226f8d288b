"""Claims about convolution, checked on the device at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jconv.verify.claim import Claim


def registry() -> Mapping[str, Claim]:
    """Every claim of the project by its id, in the order of ``verify/claims``."""
    # Here, because the claims import what they check: nearly all of jconv.
    from jconv.verify import claims  # noqa: F401, PLC0415 (importing registers them)
    from jconv.verify.claim import REGISTRY  # noqa: PLC0415

    return REGISTRY
