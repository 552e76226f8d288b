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

import json
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

STORM = 2.0
"""How many times longer a fresh result may take than one written in place."""

BEFORE = "JCONV_BENCH_BEFORE"
"""The variable that tells a restarted process what its forerunner found."""

N_BYTES = 16 << 20


def probe(repeats: int = 15) -> dict[str, Any]:
    """Time ``x + 1`` on 16 MB into a fresh buffer, and into x's own.

    Returns:
        Both times, their ratio, whether that is a storm of page faults, and the
        settings of malloc that the process was started with.
    """
    x = jnp.zeros(N_BYTES // 4, jnp.float32)
    fresh = jax.jit(lambda x: x + 1).lower(x).compile()
    donated = jax.jit(lambda x: x + 1, donate_argnums=0).lower(x).compile()
    y = jax.block_until_ready(x + 0)
    fresh_s, donated_s = [], []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(fresh(x))
        fresh_s.append(time.perf_counter() - start)
        start = time.perf_counter()
        y = jax.block_until_ready(donated(y))
        donated_s.append(time.perf_counter() - start)
    pair = statistics.median(fresh_s), statistics.median(donated_s)
    return verdict(*pair) | {"environment": present()}


def verdict(fresh_s: float, in_place_s: float) -> dict[str, Any]:
    """What two times mean.

    Examples:
        >>> verdict(0.004, 0.0005)["storm"], verdict(0.0006, 0.0005)["storm"]
        (True, False)
    """
    ratio = fresh_s / in_place_s
    return {
        "fresh_s": fresh_s,
        "in_place_s": in_place_s,
        "ratio": ratio,
        "storm": ratio > STORM,
    }


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
    os.execve(sys.executable, command, environment)  # noqa: S606 (our own words)


def before() -> dict[str, Any] | None:
    """What the process found that restarted itself as this one."""
    text = os.environ.get(BEFORE)
    return None if text is None else json.loads(text)
