"""The evidence of a part that is tried on many convolutions."""

from __future__ import annotations

import collections
import dataclasses
import functools
from typing import TYPE_CHECKING

from jconv.errors import UnsupportedError
from jconv.verify.claim import Evidence
from jconv.verify.target.counterexample import (
    Mismatch,
    NotSupportedError,
    attempt,
    code,
    shrink,
)
from jconv.verify.target.of_lax import of_lax
from jconv.verify.target.parts import PARTS
from jconv.verify.target.plan import PLANS, Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.verify.context import Context
    from jconv.verify.target.cases import Case
    from jconv.verify.target.load import Target
    from jconv.verify.target.operands import Draw
    from jconv.verify.target.parts import Arrays, Part

SHRUNK = 1
"""How many failures of one claim are shrunk; of the others the case is told."""


@dataclasses.dataclass(frozen=True)
class Failure:
    """How a target failed on one convolution.

    Attributes:
        part: what was computed.
        draw: what made the operands.
        mistake: what came out.
    """

    part: Part
    draw: Draw
    mistake: Mismatch


def evidence(
    target: Target, name: str, dtype: str, context: Context, *, alone: bool = False
) -> Iterator[Evidence]:
    """One part on all its convolutions; the first failure is shrunk.

    Args:
        target: the convolution.
        name: of the part.
        dtype: of all arrays.
        context: of the claim.
        alone: whether to compute no derivatives.

    Raises:
        UnsupportedError: if the target refuses them all.
    """
    plan, part = PLANS.get(name, Plan()), PARTS[name]
    if alone and part.alone is not None:
        part = part.alone
    cases = plan.cases(dtype, quick=context.quick, cropped=name == "cropping")
    refusals: collections.Counter[str] = collections.Counter()
    underived: collections.Counter[str] = collections.Counter()
    shrunk = 0
    for case in cases:
        try:
            failure = _failure(target, part, case, plan.draws, context, underived)
        except NotSupportedError as error:
            refusals[str(error)] += 1
            continue
        if failure is None:
            what = f"{name}: {spoken(target, case)}"
            yield Evidence(holds=True, what=what, cases=len(plan.draws))
            continue
        if shrunk < SHRUNK:
            shrunk += 1
            drawn = functools.partial(_drawn, failure, context)
            case, mistake = shrink(  # noqa: PLW2901
                target, failure.part, case, failure.mistake, drawn
            )
            failure = dataclasses.replace(failure, mistake=mistake)
        yield _against(target, name, case, failure, context.platform)
    yield from refused(target, refusals, len(cases))
    yield from left_out(target, "derivatives", underived, len(cases))


def _failure(
    target: Target,
    part: Part,
    case: Case,
    draws: tuple[Draw, ...],
    context: Context,
    underived: collections.Counter[str],
) -> Failure | None:
    """The first failure on a convolution; None if there is none.

    Where the target refuses derivatives, values are looked at alone, and counted.

    Raises:
        NotSupportedError: if the target refuses it, also without derivatives.
    """
    try:
        for draw in draws:
            mistake = attempt(target, part, case, draw(case, part, context))
            if mistake is not None:
                return Failure(part, draw, mistake)
    except NotSupportedError as error:
        if part.alone is None:
            raise
        found = _failure(target, part.alone, case, draws, context, underived)
        underived[str(error)] += 1
        return found
    return None


def _drawn(failure: Failure, context: Context, case: Case) -> Arrays:
    """The operands of another case, made as those were on which a target failed."""
    return failure.draw(case, failure.part, context)


def refused(
    target: Target, refusals: collections.Counter[str], cases: int
) -> Iterator[Evidence]:
    """What a target refused, told and not held against it.

    Raises:
        UnsupportedError: if it refused every case.
    """
    if refusals.total() == cases:
        message = f"{target.name} refuses: {'; '.join(refusals)}"
        raise UnsupportedError(message)
    yield from left_out(target, "", refusals, cases)


def left_out(
    target: Target, what: str, refusals: collections.Counter[str], cases: int
) -> Iterator[Evidence]:
    """A remark, if anything was refused: how often and in which words."""
    if refusals:
        count, of = refusals.total(), f"{what} of " if what else ""
        yield Evidence(
            holds=True,
            what=f"{target.name} refuses {of}{count} of {cases} cases: "
            f"{'; '.join(refusals)}",
            cases=0,
            numbers=dict(refusals),
            refused=count,
        )


def spoken(target: Target, case: Case) -> str:
    """A call in one line."""
    return f"{target.spoken}(x {case.x}, w {case.w}{case.text}) in {case.dtype}"


def _against(
    target: Target, name: str, case: Case, failure: Failure, platform: str
) -> Evidence:
    """The evidence against a target."""
    mistake = failure.mistake
    return Evidence(
        holds=False,
        what=f"{name} through {target.name}: {mistake.what}, on {case.geometry!r} "
        f"in {case.dtype}",
        case=code(target, failure.part, case, mistake.arrays, mistake.result),
        size=case.size,
        numbers=of_lax(target, name, failure.part, case, mistake, platform),
    )
