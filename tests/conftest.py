"""Settings of every test: float64, no silent broadcasting, four CPU devices.

``JCONV_PROFILE`` selects how long the property tests search: ``ci`` (the default, the
same examples every time) or ``deep`` (more examples, other ones each time).

Nearly all of the suite's time goes into compiling, so on a CPU the compiler's last
stage does not optimise, and writes loops by the shorter one of its two ways where it
still has both; unless the profile is ``deep``. What comes before, the passes that
rewrite, fuse and partition programs, is the same.
"""

from __future__ import annotations

import gc
import importlib.metadata
import os

import hypothesis

FORCED_DEVICES = "--xla_force_host_platform_device_count"
OPTIMISATION = "--xla_backend_optimization_level"
EMITTERS = "--xla_cpu_use_fusion_emitters"

BOTH_EMITTERS = importlib.metadata.version("jaxlib").startswith("0.10.")
"""Others do not know the flag, and abort."""

if os.environ.get("JAX_PLATFORMS", "cpu") == "cpu":
    # Before the backend starts: meshes and pmap need several devices.
    flags = os.environ.get("XLA_FLAGS", "")
    if FORCED_DEVICES not in flags:
        flags = f"{flags} {FORCED_DEVICES}=4"
    if os.environ.get("JCONV_PROFILE") != "deep":
        if OPTIMISATION not in flags:
            flags = f"{flags} {OPTIMISATION}=0"
        if BOTH_EMITTERS and EMITTERS not in flags:
            # Halves the suite's time.
            flags = f"{flags} {EMITTERS}=false"
    os.environ["XLA_FLAGS"] = flags.strip()

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)  # noqa: FBT003
jax.config.update("jax_numpy_rank_promotion", "raise")

hypothesis.settings.register_profile(
    "ci", derandomize=True, max_examples=60, deadline=None, database=None
)
hypothesis.settings.register_profile(
    "deep", max_examples=2000, deadline=None, print_blob=True
)
hypothesis.settings.load_profile(os.environ.get("JCONV_PROFILE", "ci"))


def pytest_collection_finish() -> None:
    """Have the garbage collector look less often, and at nothing that stays anyway.

    Of the suite's time an eighth went into it. (A run inside another one, as planted
    faults need it, finds it done.)
    """
    if not gc.get_freeze_count():
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
