"""What all experiments share: a command line, and two files beside each other."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import matplotlib as mpl

from jconv.verify.figures.style import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.figure import Figure

    Numbers = dict[str, Any]

DPI = 110


class Missing(Exception):  # noqa: N818  (nothing failed: something is to be made first)
    """What an experiment draws was not recorded yet; says how to record it."""


class Main(Protocol):
    """The function ``main`` of an experiment."""

    def __call__(self, out: Path, *, quick: bool = False) -> list[Path]:
        """Write the figure and its data into a folder, and tell where."""


def experiment(
    name: str,
    claim: str,
    measure: Callable[[bool], Numbers],
    draw: Callable[[Mapping[str, Any]], Figure],
) -> Main:
    """The ``main`` of an experiment: measure, draw what was measured, write both.

    Args:
        name: of its module; the files are called so, with dashes.
        claim: the id of the claim that it illustrates; empty if there is none.
        measure: gives the numbers, as JSON has them; told whether to be quick.
        draw: makes the figure of those numbers, and of nothing else.
    """

    def main(out: Path, *, quick: bool = False) -> list[Path]:
        """Write the figure and its data into a folder, and tell where."""
        out.mkdir(parents=True, exist_ok=True)
        stem = name.rpartition(".")[2].replace("_", "-")
        numbers = {"claim": claim, "quick": quick, **measure(quick)}
        data, picture = out / f"{stem}.json", out / f"{stem}.png"
        data.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
        with mpl.rc_context(SETTINGS):
            draw(numbers).savefig(
                picture,
                dpi=DPI,
                facecolor="white",
                bbox_inches="tight",
                metadata={"Software": None},  # the same numbers give the same bytes
            )
        return [picture, data]

    return main


def command(main: Main, words: str | None) -> None:
    """Run one experiment from the command line."""
    out, quick = arguments(words)
    try:
        for path in main(out, quick=quick):
            print(path)
    except Missing as missing:
        sys.exit(str(missing))


def arguments(words: str | None) -> tuple[Path, bool]:
    """Read ``--out DIR`` and ``--quick``."""
    parser = argparse.ArgumentParser(description=(words or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("figures"), metavar="DIR")
    parser.add_argument("--quick", action="store_true", help="smaller, in seconds")
    given = parser.parse_args()
    return given.out, given.quick
