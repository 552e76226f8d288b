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

    from jconv.bench.compiled import Program
    from jconv.bench.limits import Limits
    from jconv.bench.run import Measured, Run
    from jconv.bench.timing import Samples

SCHEMA = "jconv-bench/1"
"""Changes whenever a reader of the old document would be misled by the new one."""


def document(
    run: Run, limits: Limits, first_aa: Samples, settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything a run found, as plain JSON values.

    Args:
        run: the rows.
        limits: the machine's.
        first_aa: the A/A run that came before all rows.
        settings: "command", "malloc" and "torch", as they are to be written.
    """
    rows = [entry(each, limits) for each in run.measured]
    written = {
        "schema": SCHEMA,
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "device": _device(),
        **settings,
        "compilation_cache": bool(jax.config.jax_compilation_cache_dir),  # type: ignore[attr-defined]
        "limits": {
            "flop_per_s": limits.flop_per_s,
            "copies": [
                {"bytes": n_bytes, "bytes_per_s": rate}
                for n_bytes, rate in sorted(limits.bytes_per_s.items())
            ],
        },
        "first_aa": first_aa.aa,
        "summary": summary.of(rows),
        "rows": rows,
        "failures": [{"id": name, "error": text} for name, text in run.failures],
    }
    return report.plain(written)


def entry(measured: Measured, limits: Limits) -> dict[str, Any]:
    """One entry of "rows"."""
    row, samples, lax = measured.row, measured.samples, measured.lax
    ours_s = samples.median(OURS)
    limit_s = limits.seconds(row.flop, row.n_bytes)
    torch = _torch(measured.torch)
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
        "limit_s": limit_s,
        "limit_share": limit_s / ours_s,
        "aa": samples.aa,
        "noisy": samples.noisy,
        "attempts": samples.attempts,
        "difference": measured.difference,
        "agrees": measured.agrees,
        "lax_over_jconv": lax and samples.median(LAX) / ours_s,
        "torch_over_jconv": torch and torch["median_s"] / ours_s,
        "jconv": _program(measured.ours, samples.seconds[OURS]),
        "lax": lax and _program(lax, samples.seconds[LAX]),
        "torch": torch,
        "torch_error": measured.torch_error,
    }


def _program(program: Program, seconds: Sequence[float]) -> dict[str, Any]:
    """A compiled program's times and memory."""
    return {
        "median_s": statistics.median(seconds),
        "compile_s": program.compile_s,
        "temp_bytes": program.temp_bytes,
        "peak_bytes": program.peak_bytes,
        "samples_s": list(seconds),
    }


def _torch(seconds: Mapping[str, Sequence[float]]) -> dict[str, Any] | None:
    """PyTorch's times by memory layout, and which layout is best."""
    if not seconds:
        return None
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    best = min(medians, key=medians.__getitem__)
    samples = {name: list(each) for name, each in seconds.items()}
    return {"layout": best, "median_s": medians[best], "samples_s": samples}


def _device() -> dict[str, Any]:
    """The record of the device; 64-bit types are the verifier's habit, not ours."""
    record = device.record(jax.default_backend())
    return record | {"x64": bool(jax.config.jax_enable_x64)}  # type: ignore[attr-defined]
