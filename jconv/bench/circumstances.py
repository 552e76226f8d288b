"""Under what is measured: malloc's settings and the peers that are installed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from jconv.bench import malloc, torch_peers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Say = Callable[[str], None]

TUNED, DEFAULT = "tuned", "default"
"""What ``--malloc`` may say."""


def settle_malloc(mode: str, say: Say) -> dict[str, Any]:
    """Look for storms of page faults; if tuned, start anew with what avoids them.

    Args:
        mode: "tuned", or "default" to keep what the user has.
        say: is told what was found, and the one line that users set.

    Returns:
        What is recorded.
    """
    probed = malloc.probe()
    if probed["storm"] and mode == TUNED and malloc.can_restart(sys.argv, os.environ):
        malloc.restart(probed)
    before = malloc.before()
    advice = f"\n  {malloc.ONE_LINE}"
    if probed["storm"]:
        say(
            "malloc gives freed memory back, and large results are paged in anew. "
            f"One line before Python starts avoids it:{advice}"
        )
    elif before is not None:
        slow, fast = (each["sizes"][-1]["fresh_s"] * 1e3 for each in (before, probed))
        say(
            f"malloc was tuned: x + 1 of 64 MB takes {fast:.1f} ms instead of "
            f"{slow:.1f} ms. For your own programs, before Python starts:{advice}"
        )
    return {"mode": mode, **probed, "before": before}


def installed(peers: Sequence[str], say: Say) -> tuple[str, ...]:
    """The peers that are there; who misses PyTorch is told how to get it."""
    if "torch" not in peers or torch_peers.load() is not None:
        return tuple(peers)
    say(f"PyTorch is not installed; going on without. ({torch_peers.INSTALL})")
    return tuple(name for name in peers if name != "torch")


def torch_record(peers: Sequence[str]) -> dict[str, Any] | None:
    """PyTorch's version and threads, if it is a peer."""
    if "torch" not in peers:
        return None
    torch = torch_peers.load()
    return {
        "version": torch.__version__,
        "device": torch_peers.place(),
        "threads": torch.get_num_threads(),
        "wait_policy": os.environ.get("OMP_WAIT_POLICY", ""),
    }
