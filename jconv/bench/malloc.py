"""Page faults of fresh buffers: seen, and avoided by settings of glibc's malloc.

glibc gives large buffers back to the system as soon as they are freed. Every result of
a JAX program is then paged in anew, which may take ten times as long as computing it.
Settings in the environment keep the memory; they must be there when a process starts.

References:
    GNU C Library manual, "Malloc Tunable Parameters",
    https://sourceware.org/glibc/manual/latest/html_node/Malloc-Tunable-Parameters.html,
    2025.
"""

from __future__ import annotations

import importlib
import json
import mmap
import os
import platform
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any, NoReturn

import jax
import jax.numpy as jnp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SETTINGS = {
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "8589934592",
    "MALLOC_TOP_PAD_": "268435456",
    "MALLOC_ARENA_MAX": "1",
}
"""Keep freed memory, whatever its size, in one arena."""

ONE_LINE = "export " + " ".join(f"{name}={value}" for name, value in SETTINGS.items())
"""What a user sets before starting Python."""

SIZES = tuple(n << 20 for n in (16, 64))
"""Bytes of the results that are probed; glibc treats 32 MB and more differently."""

STORM = 0.5
"""The share of a result's pages that may be paged in anew at every call."""

BEFORE = "JCONV_BENCH_BEFORE"
"""The variable that tells a restarted process what its forerunner found."""


def probe(repeats: int = 8) -> dict[str, Any]:
    """Compute ``x + 1`` into a fresh buffer and into x's own, and count page faults.

    Returns:
        Both times and the faults of the call that had fewest, for every size; whether
        that is a storm; and the settings of malloc that the process was started with.
    """
    sizes = [_probe(n_bytes, repeats) for n_bytes in SIZES]
    return {
        "storm": any(is_storm(each["bytes"], each["faults"]) for each in sizes),
        "sizes": sizes,
        "environment": present(),
    }


def is_storm(n_bytes: int, faults: float) -> bool:
    """Whether most pages of a result are paged in anew.

    Examples:
        >>> page = mmap.PAGESIZE
        >>> is_storm(100 * page, 100), is_storm(100 * page, 3)
        (True, False)
    """
    return faults * mmap.PAGESIZE > STORM * n_bytes


def _probe(n_bytes: int, repeats: int) -> dict[str, Any]:
    """Probe results of one size."""
    x = jnp.zeros(n_bytes // 4, jnp.float32)
    fresh = jax.jit(lambda x: x + 1).lower(x).compile()
    donated = jax.jit(lambda x: x + 1, donate_argnums=0).lower(x).compile()
    y = jax.block_until_ready(fresh(x))
    for _ in range(repeats):  # memory that was never touched faults once
        jax.block_until_ready(fresh(x))
    fresh_s, in_place_s, faults = [], [], []
    for _ in range(repeats):
        start, known = time.perf_counter(), _faults()
        jax.block_until_ready(fresh(x))
        fresh_s.append(time.perf_counter() - start)
        faults.append(_faults() - known)
        start = time.perf_counter()
        y = jax.block_until_ready(donated(y))
        in_place_s.append(time.perf_counter() - start)
    return {
        "bytes": n_bytes,
        "fresh_s": statistics.median(fresh_s),
        "in_place_s": statistics.median(in_place_s),
        "faults": min(faults),  # a heap that still grows faults now and then
    }


def _faults() -> int:
    """Page faults of this process so far; 0 where nobody counts them."""
    try:
        resource = importlib.import_module("resource")
    except ImportError:  # not a Unix
        return 0
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)


def present() -> dict[str, str]:
    """The settings of malloc in this process's environment."""
    names = (name for name in os.environ if name.startswith(("MALLOC_", "LD_PRELOAD")))
    return {
        name: os.environ[name] if name != "LD_PRELOAD" else "set"
        for name in sorted(names)
    }


def can_restart(words: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether a fresh process with the settings would change anything.

    Only glibc reads them, only a process that is ``jconv bench`` and nothing else may
    be replaced, and one that has them already need not be.

    Args:
        words: the process's own, as ``sys.argv``.
        environment: its variables.
    """
    return (
        platform.libc_ver()[0] == "glibc"
        and list(words[1:2]) == ["bench"]
        and not SETTINGS.keys() <= environment.keys()
    )


def restart(before: Mapping[str, Any]) -> NoReturn:
    """Replace this process by the same command under the settings.

    Args:
        before: what ``probe`` found; the new process records it.
    """
    environment = {**os.environ, **SETTINGS, BEFORE: json.dumps(before)}
    command = [sys.executable, "-m", "jconv", *sys.argv[1:]]
    os.execve(sys.executable, command, environment)  # our own words


def before() -> dict[str, Any] | None:
    """What the process found that restarted itself as this one."""
    text = os.environ.get(BEFORE)
    return None if text is None else json.loads(text)
