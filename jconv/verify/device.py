"""The device record: what a report must say so that its numbers can be judged.

It names hardware and versions and nothing that identifies a person or a machine: no
host name, no user name, no path.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform as system
import re
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jconv.version import source_digest, version

PLATFORMS = ("cpu", "gpu", "tpu")
"""The platforms that a user can ask for."""


def present_platforms() -> tuple[str, ...]:
    """Those of ``PLATFORMS`` that JAX finds on this machine."""
    return tuple(name for name in PLATFORMS if _devices(name))


def record(platform: str) -> dict[str, Any]:
    """Describe a platform's first device and the software that drives it.

    Args:
        platform: "cpu", "gpu" or "tpu".

    Examples:
        >>> record("cpu")["platform"]
        'cpu'
    """
    devices = jax.devices(platform)
    precision = jax.config.jax_default_matmul_precision  # type: ignore[attr-defined]
    return {
        "platform": devices[0].platform,
        "kind": devices[0].device_kind,
        "count": len(devices),
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "os": f"{system.system()} {system.machine()}",
        "python": system.python_version(),
        "jconv": version(),
        "source": source_digest(),
        "jax": jax.__version__,
        "jaxlib": importlib.metadata.version("jaxlib"),
        "numpy": np.__version__,
        "default_matmul_precision": precision or "default",
        "x64": True,  # the engine switches it on
        "xla_flags": _without_paths(os.environ.get("XLA_FLAGS", "")),
    }


def display_name(device: dict[str, Any]) -> str:
    """A device record in a few words: the processor's name tells more than "cpu"."""
    if device["platform"] == "cpu":
        return f"CPU ({device['cpu']}, {device['cores']} cores)"
    return f"{device['platform'].upper()} ({device['kind']})"


def _devices(platform: str) -> list[Any]:
    """A platform's devices; none where JAX does not know it."""
    try:
        return list(jax.devices(platform))
    except RuntimeError:
        return []


def _cpu_name() -> str:
    """The processor's name as the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.MULTILINE)
        if found:
            return found[1].strip()
    return system.processor() or system.machine()


def _without_paths(flags: str) -> str:
    """Flags with every value that is a path replaced by an ellipsis.

    Examples:
        >>> _without_paths("--xla_a=3 --xla_dump_to=/home/someone/dump")
        '--xla_a=3 --xla_dump_to=…'
    """
    return re.sub(r"(=)\S*[/\\]\S*", r"\1…", flags)
