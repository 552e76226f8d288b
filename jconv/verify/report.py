"""The report of a run: one JSON document, which the page and the terminal both show.

``docs/report-schema.md`` describes the document.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import os
import tempfile
from typing import TYPE_CHECKING, Any

import numpy as np

from jconv.verify.claim import Verdict
from jconv.verify.context import TARGET_DTYPES, Context
from jconv.verify.device import display_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jconv.verify.claim import Evidence, Result

SCHEMA = "jconv-report/1"
"""Changes whenever a reader of the old document would be misled by the new one."""


@dataclasses.dataclass(frozen=True)
class Options:
    """What the user asked for; None and () mean that the default was left alone.

    Attributes:
        seed: of all random numbers.
        quick: whether the families were sampled.
        patterns: which claims.
        dtypes: which dtypes, instead of the default ones.
        platform: which platform, instead of JAX's default one.
        target: the user's own convolution that is checked, ``module:function``.
        exhaustive: whether it was the exhaustive run.
    """

    seed: int = 0
    quick: bool = False
    patterns: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()
    platform: str | None = None
    target: str | None = None
    exhaustive: bool = False

    def context(self, default_platform: str) -> Context:
        """The context of a run with these options."""
        return Context(
            seed=self.seed,
            quick=self.quick,
            platform=self.platform or default_platform,
            dtypes=self.dtypes or (TARGET_DTYPES if self.target else Context.dtypes),
        )

    def repeat(self, claim_id: str) -> str:
        """The command that checks one claim again in just this way."""
        if self.exhaustive:
            where = f" --platform {self.platform}" if self.platform else ""
            return f"jconv verify --exhaustive{where}"
        words = ["jconv verify"] + [f"--target {self.target}"] * bool(self.target)
        words += [f"--claim {claim_id}", f"--seed {self.seed}"]
        words += ["--quick"] * self.quick
        words += [f"--dtype {name}" for name in self.dtypes]
        words += [f"--platform {self.platform}"] if self.platform else []
        return " ".join(words)


def document(
    results: Sequence[Result], options: Options, device: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything a run found, as plain JSON values.

    Args:
        results: the verdicts.
        options: what the user asked for.
        device: the device record.
    """
    now = dt.datetime.now(dt.UTC)
    context = options.context(device["platform"])
    written: dict[str, Any] = {
        "schema": SCHEMA,
        "created": now.isoformat(timespec="seconds"),
        "device": dict(device),
        "seed": options.seed,
        "options": {
            "quick": options.quick,
            "claims": list(options.patterns),
            "dtypes": list(context.dtypes),
            "platform": context.platform,
            "target": options.target,
        },
        "summary": _summary(results, device, options.target),
        "claims": [_claim(result, options) for result in results],
    }
    return plain(written)


def write(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write files atomically: all are staged in the folder before any takes its place.

    Args:
        folder: an existing folder.
        texts: content by file name; placed in this order.

    Returns:
        The paths written. After a failure no staged file is left, and a file that was
        not yet replaced is the old one, whole.
    """
    staged = {folder / name: folder / f".{name}.{os.getpid()}" for name in texts}
    try:
        for temporary, text in zip(staged.values(), texts.values(), strict=True):
            temporary.write_text(text, encoding="utf-8")
        for target, temporary in staged.items():
            os.replace(temporary, target)  # noqa: PTH105 (the one call to fault in tests)
    finally:
        for temporary in staged.values():
            temporary.unlink(missing_ok=True)
    return list(staged)


def prepare(folder: Path) -> None:
    """Create the folder and try to write to it, before any time is spent.

    Raises:
        OSError: if it cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


def to_json(report: Mapping[str, Any]) -> str:
    """The document as strict JSON text."""
    return json.dumps(report, allow_nan=False, ensure_ascii=False, indent=1) + "\n"


def plain(value: Any) -> Any:
    """A value as strict JSON has it: NaN and infinities become strings.

    Examples:
        >>> plain({"a": (1, float("nan")), "b": -np.inf, "c": np.float32(0.5)})
        {'a': [1, 'NaN'], 'b': '-Infinity', 'c': 0.5}
    """
    if value is None or isinstance(value, (bool, int, str)):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if hasattr(value, "__array__"):
        return plain(np.asarray(value).tolist())
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        return value if math.isfinite(value) else f"{'-' * (value < 0)}Infinity"
    return str(value)


def _claim(result: Result, options: Options) -> dict[str, Any]:
    """One entry of "claims"."""
    claim, worst = result.claim, result.worst
    return {
        "id": claim.id,
        "kind": claim.kind,
        "verdict": result.verdict.value,
        "says": claim.says,
        "formula": claim.formula,
        "source": claim.source,
        "falsified_by": claim.falsified_by,
        "cases": result.cases,
        "proved": result.proved,
        "refused": result.refused,
        "seconds": round(result.seconds, 4),
        "reason": result.reason,
        "worst": None if worst is None else _evidence(worst),
        "evidence": [_evidence(each) for each in result.evidence],
        "repeat": options.repeat(claim.id),
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    """One row of "evidence"; ``asdict`` would copy the arrays in ``numbers``."""
    fields = dataclasses.fields(evidence)
    return {field.name: getattr(evidence, field.name) for field in fields}


def _summary(
    results: Sequence[Result], device: Mapping[str, Any], target: str | None
) -> dict[str, Any]:
    """Counts, and the verdict in words."""
    counts = {
        verdict.value.lower(): sum(result.verdict is verdict for result in results)
        for verdict in Verdict
    }
    summary = {
        "claims": len(results),
        **counts,
        "cases": sum(result.cases for result in results),
        "proved": sum(result.proved for result in results),
        "refused": sum(result.refused for result in results),
        "seconds": round(sum(result.seconds for result in results), 3),
    }
    where = display_name(dict(device))
    return {**summary, "sentence": _sentence(summary, where, target)}


def _sentence(summary: Mapping[str, Any], device: str, target: str | None) -> str:
    """The verdict in words."""
    claims = f"claims about {target}" if target else "claims"
    parts = [f"{summary['holds']} of {summary['claims']} {claims} hold on {device}"]
    parts += [
        f"{summary[verdict]} {words}"
        for verdict, words in (
            ("falsified", "falsified"),
            ("error", "ended in an error"),
            ("unsupported", "cannot be checked here"),
        )
        if summary[verdict]
    ]
    if summary["proved"]:
        parts.append(f"proved for {summary['proved']:,} geometries")
    parts.append(f"{summary['cases']:,} single comparisons")
    if summary["refused"]:
        parts.append(f"{summary['refused']:,} cases were refused, and not checked")
    return "; ".join(parts) + "."
