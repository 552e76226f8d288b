"""A listener to a training run: it audits every K steps, logs, and stops."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import jax

from jconv.nn.train.files import write_json
from jconv.nn.train.fit import StepDone
from jconv.verify.audit import Audit, Finding
from jconv.verify.report import plain

if TYPE_CHECKING:
    from pathlib import Path

    from jconv.nn.train import Problem
    from jconv.nn.train.fit import Event

SCHEMA = "jconv-audit/1"


class GradientsDisagree(Exception):  # noqa: N818  (it is a finding, not a failure)
    """Two routes to one derivative differ by more than rounding can explain."""


@dataclasses.dataclass
class Auditor:
    """A listener of ``nn.train.fit`` that audits every K steps.

    Attributes:
        problem: what is trained.
        every: K.
        path: where the log is written after every audit.
    """

    problem: Problem
    every: int
    path: Path
    log: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        """Compile once for the whole run."""
        self._audit = Audit(self.problem)

    def __call__(self, event: Event) -> None:
        """Audit the step, if it is one of those.

        Raises:
            GradientsDisagree: with the worst finding, once the log is written.
        """
        if not isinstance(event, StepDone):
            return
        step = int(event.now.step)
        if step % self.every:
            return
        batch, now = event.batch, event.now
        key = jax.random.fold_in(jax.random.key(0), step)
        findings = self._audit(now.params, now.state, *batch.arrays(), key)
        self.log.append(
            {"step": step, "findings": [_record(each) for each in findings]}
        )
        write_json(self.path, plain({"schema": SCHEMA, "audits": self.log}))
        wrong = [each for each in findings if not each.holds]
        if wrong:
            worst = max(wrong, key=lambda each: each.error / each.bound)
            message = f"the audit of step {step} found gradients that disagree: {worst}"
            raise GradientsDisagree(f"{message}. All findings: {self.path}")

    def sentence(self) -> str:
        """What the audits came to."""
        shares = [
            each["error"] / each["bound"]
            for audit in self.log
            for each in audit["findings"]
        ]
        if not shares:
            return f"No audit: the run took fewer than {self.every} more steps."
        return (
            f"{len(self.log)} audits, {len(shares):,} comparisons of gradients: all "
            f"within their bounds, the largest at {max(shares):.2g} of its bound."
        )


def _record(finding: Finding) -> dict[str, Any]:
    """A finding for a file."""
    return dataclasses.asdict(finding) | {"holds": finding.holds}
