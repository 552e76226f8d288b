"""Known limits of devices and versions, as data: strict, each with its reason.

A claim that fails in just the way a limit describes is not falsified but unsupported
here, and its report names the limit. A limit that no longer occurs where it should
fails the run: the list must not outlive its reasons.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import re
from typing import TYPE_CHECKING, Any

from jconv.verify.claim import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jconv.verify.claim import Evidence, Result


@dataclasses.dataclass(frozen=True)
class Limit:
    """One thing that is known not to work somewhere.

    Attributes:
        claim: pattern of the ids of claims that meet it.
        case: regular expression found in what the failing evidence says, or in the
            error that ends the claim.
        where: the predicate in words.
        applies: whether a device record is one of those that have it.
        reason: what goes wrong.
        link: where it is described.
    """

    claim: str
    case: str
    where: str
    applies: Callable[[Mapping[str, Any]], bool]
    reason: str
    link: str

    def describes(self, text: str) -> bool:
        """Whether a failure, or a case that should fail, is this limit's."""
        return re.search(self.case, text) is not None

    @property
    def told(self) -> str:
        """The limit in one sentence."""
        return f"known limit on {self.where}: {self.reason} ({self.link})"


def _older(version: str, than: tuple[int, ...]) -> bool:
    """Whether a version string stands before a release.

    Examples:
        >>> _older("0.10.2", (0, 12)), _older("0.12.0.1", (0, 12))
        (True, False)
    """
    return tuple(map(int, re.findall(r"\d+", version)[: len(than)])) < than


LIMITS: tuple[Limit, ...] = (
    Limit(
        claim="target.cropping",
        case=r"jax\.lax.conv_general_dilated.*padding=\[.*\(-1, 1\)",
        where="CPU with jaxlib before 0.12",
        applies=lambda device: (
            device["platform"] == "cpu" and _older(device["jaxlib"], (0, 12))
        ),
        reason="XLA's float convolutions read the next row where padding crops the "
        "low side and pads the high side",
        link="https://github.com/openxla/xla/issues/48713",
    ),
)
"""Every known limit. Add one with its link; the run says when it is to go."""


def heed(
    result: Result, device: Mapping[str, Any], limits: Sequence[Limit] | None = None
) -> Result:
    """The result with failures by known limits told apart, and stale limits told.

    Args:
        result: a claim's verdict as its evidence alone has it.
        device: the device record.
        limits: the list; ``LIMITS`` by default.
    """
    mine = [
        limit
        for limit in (LIMITS if limits is None else limits)
        if fnmatch.fnmatchcase(result.claim.id, limit.claim) and limit.applies(device)
    ]
    if not mine:
        return result
    evidence = tuple(_marked(each, mine) for each in result.evidence)
    result = dataclasses.replace(result, evidence=evidence)
    met = {each.limit for each in evidence if each.limit}
    if result.verdict is Verdict.ERROR:
        met |= {limit.told for limit in mine if limit.describes(result.reason)}
    if stale := _stale(mine, met, evidence):
        verdict, reason = Verdict.ERROR, f"{stale}. Remove it from verify/limits.py."
    elif not met or any(not each.holds and not each.limit for each in evidence):
        return result
    else:
        verdict, reason = Verdict.UNSUPPORTED, "; ".join(sorted(met))
    if any(not each.holds and not each.limit for each in evidence):
        verdict = Verdict.FALSIFIED
    return dataclasses.replace(result, verdict=verdict, reason=reason)


def _marked(evidence: Evidence, limits: Sequence[Limit]) -> Evidence:
    """A failure with the limit that explains it, if one does."""
    if evidence.holds:
        return evidence
    text = f"{evidence.what} {evidence.case}"
    for limit in limits:
        if limit.describes(text):
            return dataclasses.replace(evidence, limit=limit.told)
    return evidence


def _stale(limits: Sequence[Limit], met: set[str], evidence: Sequence[Evidence]) -> str:
    """The limits whose cases were tried and did not fail; empty if all did."""
    gone = [
        limit.told
        for limit in limits
        if limit.told not in met
        and any(limit.describes(f"{each.what} {each.case}") for each in evidence)
    ]
    return "; ".join(f"no longer occurs: {told}" for told in gone)
