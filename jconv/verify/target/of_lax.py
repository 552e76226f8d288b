"""Whether lax itself fails where a target does: then the compiler may be to blame."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

from jconv.verify import limits
from jconv.verify.device import record
from jconv.verify.target.counterexample import (
    Mismatch,
    NotSupportedError,
    attempt,
    code,
)
from jconv.verify.target.load import Target, load

if TYPE_CHECKING:
    from jconv.verify.target.cases import Case
    from jconv.verify.target.parts import Part

NAME = "jax.lax:conv_general_dilated"

WIDE = ("float64", "complex128")
"""XLA of jaxlib 0.10.2 ends the process at some of lax's gradients in these."""


def of_lax(
    target: Target,
    name: str,
    part: Part,
    case: Case,
    mistake: Mismatch,
    platform: str,
) -> dict[str, str]:
    """A remark on a target's mistake, if lax makes one on the same operands.

    The target stays falsified: its user has wrong numbers, whoever made them.

    Args:
        target: the convolution.
        name: of the part.
        part: what is computed.
        case: the call on which it goes wrong.
        mistake: its operands, and what came out.
        platform: where.
    """
    lax = load(NAME)
    if target.function is lax.function or case.dtype in WIDE:
        return {}
    try:
        theirs = attempt(lax, part, case, mistake.arrays)
    except NotSupportedError:
        return {}
    if theirs is None:
        return {}
    text = f"{theirs.what} {code(lax, part, case, theirs.arrays, theirs.result)}"
    device = record(platform)
    known = [
        limit.told
        for limit in limits.LIMITS
        if fnmatch.fnmatchcase(f"target.{name}", limit.claim)
        and limit.applies(device)
        and limit.describes(text)
    ]
    return {"lax fails here too": "; ".join(known) or theirs.what}
