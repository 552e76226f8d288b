"""The judge: runs the checks of claims and says what became of each.

A check that fails, is not supported or breaks never stops the others. Whoever wants to
know before the end listens to the events; ``KeyboardInterrupt`` passes through, and the
listener has every result so far.
"""

from __future__ import annotations

import dataclasses
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import jax

from jconv.errors import UnsupportedError
from jconv.verify import limits
from jconv.verify.claim import Claim, Evidence, Result, Verdict
from jconv.verify.device import record
from jconv.verify.raised import message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jconv.verify.context import Context


@dataclasses.dataclass(frozen=True)
class Started:
    """A claim is about to be checked."""

    claim: Claim


@dataclasses.dataclass(frozen=True)
class Finished:
    """A claim has its verdict."""

    result: Result


Event = Started | Finished
"""What a listener is told, in order: for every claim a start, then a finish."""


def run(
    claims: Sequence[Claim],
    context: Context,
    on_event: Callable[[Event], None] = lambda event: None,
) -> list[Result]:
    """Check claims on the first device of ``context.platform``, with 64-bit types.

    Args:
        claims: what to check, in this order.
        context: the seed, the platform and the extent; each claim gets its own copy
            with its own id, so that its random numbers do not depend on its neighbours.
        on_event: called with every ``Event``.

    Examples:
        >>> from jconv.verify.context import Context
        >>> claim = Claim("sum", "1 + 1 = 2", "exact", "any other sum", "", "",
        ...               lambda context: iter([Evidence(1 + 1 == 2, "by adding")]))
        >>> [result.verdict.value for result in run([claim], Context())]
        ['HOLDS']
    """
    results = []
    device = jax.devices(context.platform)[0]
    described = record(context.platform)
    with jax.enable_x64(True), jax.default_device(device):  # noqa: FBT003 (JAX's)
        for claim in claims:
            on_event(Started(claim))
            results.append(limits.heed(judge(claim, context), described))
            on_event(Finished(results[-1]))
    return results


def judge(claim: Claim, context: Context) -> Result:
    """Collect a claim's evidence and give its verdict.

    A failure that was found outweighs how the check ended: one that is refuted and then
    breaks, or then meets something unsupported, is falsified.
    """
    evidence: list[Evidence] = []
    start = time.perf_counter()
    verdict, reason = Verdict.HOLDS, ""
    try:
        own = dataclasses.replace(context, claim_id=claim.id)
        evidence.extend(map(_checked, claim.check(own)))
        if not evidence:
            verdict, reason = Verdict.ERROR, "the check yielded no evidence"
    except UnsupportedError as error:
        verdict, reason = Verdict.UNSUPPORTED, str(error)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # any other: the run goes on, the reason is kept
        verdict, reason = Verdict.ERROR, _describe(error)
    if not all(each.holds for each in evidence):
        verdict = Verdict.FALSIFIED
    seconds = time.perf_counter() - start
    return Result(claim, verdict, tuple(evidence), seconds, reason)


def _checked(evidence: Evidence) -> Evidence:
    """The evidence with a plain ``bool``; arrays of one entry may claim to hold."""
    if not isinstance(evidence, Evidence):
        message = f"a check must yield Evidence, not {type(evidence).__name__}"
        raise TypeError(message)
    return dataclasses.replace(evidence, holds=bool(evidence.holds))


def _describe(error: BaseException) -> str:
    """Type, message and the last frame inside jconv (else the last of all)."""
    package = Path(__file__).parents[1]
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first is ``judge``
    own = [each for each in frames if Path(each.filename).is_relative_to(package)]
    where = ""
    for frame in (own or frames)[-1:]:
        # Relative to the package: a report must not tell where it is installed.
        path = Path(frame.filename)
        shown = path.relative_to(package.parent).as_posix() if own else path.name
        where = f" (in {frame.name}, {shown}:{frame.lineno})"
    return f"{type(error).__name__}: {message(error)}{where}"
