"""What a claim is: a sentence, a check that can fail, and the evidence it yields.

Adding a claim is one decorated function in ``verify/claims``:

    @claim(
        "size.valid",
        says="Without padding, I inputs and K taps make I - K + 1 outputs.",
        formula="O = I - K + 1",
        source="S0, S1, S3",
        kind="exact",
        falsified_by="an output of any other size",
    )
    def _(context: Context) -> Iterator[Evidence]:
        yield Evidence(conv(...).shape == (26, 26), "28 x 28 with 3 x 3 gives 26 x 26")
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from jconv.verify.context import Context

Kind = Literal["symbolic", "exact", "bounded", "measured"]
"""How strong a claim's evidence is.

symbolic: shown for all values of its symbols. exact: equality as numbers, so that 0 and
-0, which sums in another order may end in, are one. bounded: within an a-priori bound
of ``numerics``. measured: numbers that are only reported beside what was expected.
"""


class Verdict(enum.StrEnum):
    """What became of a claim."""

    HOLDS = "HOLDS"
    FALSIFIED = "FALSIFIED"
    UNSUPPORTED = "UNSUPPORTED"
    ERROR = "ERROR"


@dataclasses.dataclass(frozen=True)
class Evidence:
    """One thing that was checked.

    Attributes:
        holds: whether it came out as claimed.
        what: what was compared, in words.
        cases: how many single comparisons this stands for.
        case: the exact case in a form that can be run again; told when it fails.
        size: how large the case is; of several failures the smallest is told.
        error: largest error found, in the same units as ``bound``.
        bound: the a-priori bound on the error.
        proved: number of geometries for which this is a proof, not a sample.
        numbers: measured figures worth showing, by name.
        limit: the known limit that explains a failure; the engine fills it in.
        refused: how many cases what is checked refused to compute.
    """

    holds: bool
    what: str
    cases: int = 1
    case: str = ""
    size: int = 0
    error: float | None = None
    bound: float | None = None
    proved: int = 0
    numbers: dict[str, Any] = dataclasses.field(default_factory=dict)
    limit: str = ""
    refused: int = 0


Check = Callable[["Context"], Iterator[Evidence]]


@dataclasses.dataclass(frozen=True)
class Claim:
    """A registered claim.

    Attributes:
        id: its name, ``topic.what``.
        says: one sentence that a student understands.
        kind: how strong its evidence is.
        falsified_by: what would refute it.
        source: where it comes from; letters stand for the notes in `sources`.
        formula: the statement in mathematics; may be empty.
        check: yields the evidence.
    """

    id: str
    says: str
    kind: Kind
    falsified_by: str
    source: str
    formula: str
    check: Check


@dataclasses.dataclass(frozen=True)
class Result:
    """A claim's verdict with the evidence for it.

    Attributes:
        claim: the claim.
        verdict: what became of it.
        evidence: all that was checked, in order.
        seconds: how long it took.
        reason: why it is unsupported or ended in an error; else empty.
    """

    claim: Claim
    verdict: Verdict
    evidence: tuple[Evidence, ...]
    seconds: float
    reason: str = ""

    @property
    def cases(self) -> int:
        """Single comparisons in all."""
        return sum(each.cases for each in self.evidence)

    @property
    def refused(self) -> int:
        """Cases that were not computed, as what is checked refuses them."""
        return sum(each.refused for each in self.evidence)

    @property
    def proved(self) -> int:
        """Geometries for which the evidence is a proof."""
        return sum(each.proved for each in self.evidence if each.holds)

    @property
    def worst(self) -> Evidence | None:
        """The smallest failure, else the evidence closest to its bound."""
        failures = [each for each in self.evidence if not each.holds]
        # A failure that nothing explains is told before one by a known limit.
        failures = [each for each in failures if not each.limit] or failures
        if failures:
            return min(failures, key=lambda each: each.size)
        judged = [each for each in self.evidence if each.error is not None]
        return max(judged, key=_strain) if judged else None


def _strain(evidence: Evidence) -> float:
    """The error as a share of its bound; 0 where nothing is bounded."""
    if evidence.error is None:
        return 0.0
    return evidence.error / evidence.bound if evidence.bound else evidence.error


REGISTRY: dict[str, Claim] = {}
"""Every claim by its id, in the order of ``verify/claims``."""


def claim(
    name: str,
    *,
    says: str,
    kind: Kind,
    falsified_by: str,
    source: str,
    formula: str = "",
) -> Callable[[Check], Check]:
    """Register a check as a claim."""

    def register(check: Check) -> Check:
        if name in REGISTRY:
            message = f"claim {name!r} is registered twice"
            raise ValueError(message)
        REGISTRY[name] = Claim(name, says, kind, falsified_by, source, formula, check)
        return check

    return register
