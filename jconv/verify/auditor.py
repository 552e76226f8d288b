"""A listener to a training run: it audits every K steps, logs, and stops."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import jax

from jconv.errors import GeometryError
from jconv.nn.convolution import Conv
from jconv.nn.layer import Layer, children
from jconv.nn.local import LocallyConnected
from jconv.nn.train.files import write_json
from jconv.nn.train.fit import StepDone
from jconv.nn.transposed import ConvTranspose
from jconv.verify.audit import Audit, Finding
from jconv.verify.report import plain

if TYPE_CHECKING:
    from pathlib import Path

    from jconv.nn.train import Problem
    from jconv.nn.train.fit import Event

SCHEMA = "jconv-audit/1"
UNAUDITED = (ConvTranspose, LocallyConnected)
"""Kinds of layers that convolve, and that the audit does not look at."""


class GradientsDisagree(Exception):  # noqa: N818  (it is a finding, not a failure)
    """Two routes to one derivative differ by more than rounding can explain."""


@dataclasses.dataclass
class Auditor:
    """A listener of ``nn.train.fit`` that audits every K steps.

    Attributes:
        problem: what is trained.
        every: K.
        path: where the log is written after every audit.
        log: the audits of this process.
    """

    problem: Problem
    every: int
    path: Path
    log: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        """Compile once for the whole run; read what was audited before it went on.

        Raises:
            GeometryError: if the log of earlier audits is damaged.
        """
        self._audit = Audit(self.problem)
        self._has_any = _has(self.problem.model, Conv)
        self._earlier = _read(self.path)
        self._begun = False

    def __call__(self, event: Event) -> None:
        """Audit the step, if it is one of those.

        Raises:
            GradientsDisagree: with the worst finding, once the log is written.
        """
        if not isinstance(event, StepDone):
            return
        step = int(event.now.step)
        if not self._begun:  # what was audited beyond the checkpoint is audited anew
            self._begun = True
            self._earlier = [each for each in self._earlier if each["step"] < step]
        if step % self.every or not self._has_any:
            return
        batch, now = event.batch, event.now
        key = jax.random.fold_in(jax.random.key(0), step)
        findings = self._audit(now.params, now.state, *batch.arrays(), key)
        self.log.append(
            {"step": step, "findings": [_record(each) for each in findings]}
        )
        audits = self._earlier + self.log
        write_json(self.path, plain({"schema": SCHEMA, "audits": audits}))
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
        if not self._has_any:
            said = "No audit: the model has no convolution (nn.Conv)."
        elif not shares:
            said = f"No audit: the run took fewer than {self.every} more steps."
        else:
            said = (
                f"{len(self.log)} audits, {len(shares):,} comparisons of gradients: "
                f"all within their bounds, the largest at {max(shares):.2g} of its "
                "bound."
            )
        model = self.problem.model
        others = [kind.__name__ for kind in UNAUDITED if _has(model, kind)]
        return f"{said} Not audited: {' and '.join(others)}." if others else said


def _has(layer: Layer, kind: type[Layer]) -> bool:
    """Whether a layer is, or is made of, one of a kind."""
    return isinstance(layer, kind) or any(_has(each, kind) for each in children(layer))


def _read(path: Path) -> list[dict[str, Any]]:
    """The audits in a log; none where there is none.

    Raises:
        GeometryError: if it is damaged.
    """
    if not path.exists():
        return []
    try:
        audits = json.loads(path.read_text())["audits"]
        return [each | {"step": int(each["step"])} for each in audits]
    except (ValueError, TypeError, KeyError) as error:
        expected = f"a log of audits ({error!r})"
        mend = "Move it away to go on without it."
        raise GeometryError.of("audit", str(path), expected, mend) from error


def _record(finding: Finding) -> dict[str, Any]:
    """A finding for a file."""
    return dataclasses.asdict(finding) | {"holds": finding.holds}
