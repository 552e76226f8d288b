"""The evidence of small convolutions on all pairs of basis vectors."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp

from jconv.geometry import ROLES
from jconv.verify.bilinear import why_not_bilinear
from jconv.verify.claim import Evidence
from jconv.verify.target.basis import Outcome, on_a_basis
from jconv.verify.target.cases import call
from jconv.verify.target.sampling import left_out, refused, spoken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.verify.target.load import Target


def evidence(target: Target, dtype: str) -> Iterator[Evidence]:
    """All pairs of basis vectors; with what is known of bilinearity."""
    refusals: collections.Counter[str] = collections.Counter()
    outcomes = list(on_a_basis(target, dtype))
    for found in outcomes:
        case = found.case
        if found.refused and not found.pairs and not found.wrong:
            refusals[next(iter(found.refused.values()))] += 1
            continue
        strength, proved = _strength(target, found)
        yield Evidence(
            holds=not found.wrong,
            what=f"{found.wrong or strength}: {target.name} on {case.geometry!r} "
            f"in {dtype}",
            cases=found.pairs,
            case=found.code or spoken(target, case),
            size=case.size,
            proved=int(proved),
            numbers={"left out": "; ".join(found.left_out)} if found.left_out else {},
        )
    yield from refused(target, refusals, len(outcomes))
    reasons = [
        f"{role}: {reason}"
        for found in outcomes
        for role, reason in found.refused.items()
        if found.pairs or found.wrong
    ]
    counted = collections.Counter(reasons)
    yield from left_out(target, "roles", counted, len(outcomes) * len(ROLES))


def _strength(target: Target, found: Outcome) -> tuple[str, bool]:
    """How strong the evidence of a right outcome is, and whether it is a proof."""
    case = found.case
    if found.wrong:
        return "", False
    if found.left_out:
        return "exact on a basis, as far as it goes", False
    shapes = [
        jax.ShapeDtypeStruct(shape, jnp.dtype(case.dtype)) for shape in (case.x, case.w)
    ]
    doubt = why_not_bilinear(call(target, case), *shapes)
    if doubt is None:
        return "proved, its jaxpr is bilinear", True
    return f"exact on a basis, bilinearity sampled ({doubt})", False
