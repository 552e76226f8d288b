"""Which convolutions and which numbers each claim about a target tries."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from jconv.verify.target import operands
from jconv.verify.target.family import EMPTY, LARGE, SIMPLE, sampled, single

if TYPE_CHECKING:
    from jconv.verify.target.cases import Case
    from jconv.verify.target.operands import Draw


@dataclasses.dataclass(frozen=True)
class Plan:
    """How a part is tried.

    Attributes:
        strength: every so many options meet in some case; None is 3, of a quick run 2.
        every: of these cases each so-manieth is taken.
        singles: further cases.
        draws: each makes operands; all are tried on every case.
    """

    strength: int | None = None
    every: int = 1
    singles: tuple[dict[str, object], ...] = SIMPLE
    draws: tuple[Draw, ...] = (operands.small,)

    def cases(self, dtype: str, *, quick: bool, cropped: bool) -> list[Case]:
        """The convolutions, the smallest first."""
        strength = self.strength or (2 if quick else 3)
        cases = sampled(dtype, strength, cropped=cropped)
        cases = cases[:: self.every * (1 + (quick and self.every > 1))]
        cases += single(dtype, self.singles)
        return sorted(cases, key=lambda case: case.size)


SINGLE = (*SIMPLE, *LARGE, *EMPTY)

PLANS: dict[str, Plan] = {
    "values": Plan(singles=SINGLE),
    "input-vjp": Plan(singles=SINGLE),
    "kernel-vjp": Plan(singles=SINGLE),
    # What differs from case to case is the numbers here, so that fewer cases do.
    "bits": Plan(2, every=2, singles=(*SIMPLE, *LARGE[:3]), draws=operands.WIDE),
    "rounding": Plan(2, every=2, singles=(*SIMPLE, LARGE[0])),
    "cropping": Plan(singles=()),
    # Linear in what numbers it is given, or not: that hangs on few options.
    "bilinear": Plan(2),
    "not-finite": Plan(2, every=2, draws=operands.NOT_FINITE),
}
"""What is tried of a part, by name; of the others the plainest plan."""
