"""The document of a run: what was measured, where, and under which settings.

``docs/bench-schema.md`` describes it.
"""

from __future__ import annotations

import datetime as dt
import statistics
from typing import TYPE_CHECKING, Any

import jax

from jconv.bench import summary
from jconv.bench.run import LAX, OURS
from jconv.verify import device, report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jconv.bench.limits import Limits
    from jconv.bench.run import Measured

SCHEMA = "jconv-bench/1"
"""Changes whenever a reader of the old document would be misled by the new one."""


def document(
    found: Sequence[Measured],
    limits: Limits,
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything a run found, as plain JSON values.

    Args:
        found: the rows.
        limits: the machine's.
        settings: "command", "malloc" and "torch", as they are written.
    """
    rows = [entry(each, limits) for each in found]
    written = {
        "schema": SCHEMA,
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "device": _device(),
        **settings,
        "limits": {
            "flop_per_s": limits.flop_per_s,
            "bytes_per_s": [list(pair) for pair in sorted(limits.bytes_per_s.items())],
        },
        "summary": summary.of(rows),
        "rows": rows,
    }
    return report.plain(written)


def entry(measured: Measured, limits: Limits) -> dict[str, Any]:
    """One entry of "rows"."""
    row, samples = measured.row, measured.samples
    ours = samples.median(OURS)
    least = limits.seconds(row.flop, row.n_bytes)
    return {
        "id": row.id,
        "name": row.name,
        "role": row.role,
        "family": row.family,
        "tags": list(row.tags),
        "shape": row.shape,
        "algorithm": row.algorithm,
        "flop": row.flop,
        "bytes": row.n_bytes,
        "limit_s": least,
        "limit_share": least / ours,
        "aa": samples.aa,
        "noisy": samples.noisy,
        "attempts": samples.attempts,
        "difference": measured.difference,
        "agrees": measured.agrees,
        "jconv": _program(measured.ours, samples.seconds[OURS]),
        "lax": None
        if measured.lax is None
        else _program(measured.lax, samples.seconds[LAX]),
        "torch": _torch(measured),
        "torch_error": measured.torch_error,
        "lax_over_jconv": None if measured.lax is None else samples.median(LAX) / ours,
        "torch_over_jconv": None
        if not measured.torch
        else min(map(statistics.median, measured.torch.values())) / ours,
    }


def _program(program: Any, seconds: Sequence[float]) -> dict[str, Any]:  # noqa: ANN401
    """A compiled program's times and memory."""
    return {
        "median_s": statistics.median(seconds),
        "samples_s": list(seconds),
        "compile_s": program.compile_s,
        "temp_bytes": program.temp_bytes,
        "peak_bytes": program.peak_bytes,
    }


def _torch(measured: Measured) -> dict[str, Any] | None:
    """PyTorch's times by memory layout, and which layout is best."""
    if not measured.torch:
        return None
    medians = {name: statistics.median(s) for name, s in measured.torch.items()}
    best = min(medians, key=medians.__getitem__)
    return {"best": best, "median_s": medians[best], "samples_s": measured.torch}


def _device() -> dict[str, Any]:
    """The record of the device, without what is the verifier's."""
    record = device.record(jax.default_backend())
    return record | {"x64": bool(jax.config.jax_enable_x64)}  # type: ignore[attr-defined]
