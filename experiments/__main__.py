"""Run every experiment: ``python -m experiments --out DIR [--quick]``."""

from __future__ import annotations

import importlib
import time
from pathlib import Path

from experiments._run import Missing, arguments

NAMES = sorted(
    path.stem for path in Path(__file__).parent.glob("*.py") if path.stem[0] != "_"
)

if __name__ == "__main__":
    out, quick = arguments(__doc__)
    for name in NAMES:
        start = time.perf_counter()
        try:
            importlib.import_module(f"experiments.{name}").main(out, quick=quick)
        except Missing as missing:
            print(f"{name:44} left out: {missing}", flush=True)
            continue
        print(f"{name:44} {time.perf_counter() - start:6.1f} s", flush=True)
