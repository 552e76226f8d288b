"""What a run has found: the journal's lines in figures."""

from __future__ import annotations

import collections
import dataclasses
from typing import TYPE_CHECKING, Any

from jconv.verify.exhaustive.routines import family, routines

if TYPE_CHECKING:
    from collections.abc import Sequence


NOT_TRIED = "not tried yet"


@dataclasses.dataclass(frozen=True)
class Standing:
    """How one routine stands, in numbers of geometries.

    Attributes:
        tried: it was tried with, whether it computes them or refuses.
        proved: it is proved for.
        wrong: it is wrong for, in some role.
        doubt: it is right for, but not shown to be bilinear.
    """

    tried: int = 0
    proved: int = 0
    wrong: int = 0
    doubt: int = 0

    def __str__(self) -> str:
        """In words.

        Examples:
            >>> print(Standing())
            not tried yet
            >>> print(Standing(tried=9), Standing(tried=9, proved=5), sep="; ")
            refuses all; proved for 5 geometries
            >>> print(Standing(tried=9, proved=5, wrong=2))
            wrong for 2 geometries, proved for 5 geometries
        """
        if not self.tried:
            return NOT_TRIED
        counts = {
            "wrong for": self.wrong,
            "bilinearity not shown for": self.doubt,
            "proved for": self.proved,
        }
        told = [f"{words} {n:,} geometries" for words, n in counts.items() if n]
        return ", ".join(told) or "refuses all"


@dataclasses.dataclass(frozen=True)
class Found:
    """What the journal holds when a run ends.

    Attributes:
        total: geometries there are.
        done: geometries that were on trial, in this run or before.
        resumed: of them, before.
        proved: geometries for which every routine that computes them is proved.
        pairs: single comparisons.
        compiled: geometries that were compiled whole and run on the device.
        miscompiled: of them, those with a wrong result.
        by_routine: how each routine stands, compiled ones not counted.
        wrong: what is wrong, in words: programs first, then what was compiled.
        doubt: what is right but not shown to be bilinear.
        dropped: why an older journal was not taken up.
        seconds: of all batches.
    """

    total: int
    done: int
    resumed: int
    proved: int
    pairs: int
    compiled: int
    miscompiled: int
    by_routine: dict[str, Standing]
    wrong: list[str]
    doubt: list[str]
    dropped: list[str]
    seconds: float

    @property
    def algorithms(self) -> int:
        """How many algorithms have a proof."""
        return len({family(name) for name, n in self.by_routine.items() if n.proved})

    @property
    def wrong_programs(self) -> int:
        """How often a routine is wrong for a geometry, before any compiler."""
        return sum(each.wrong for each in self.by_routine.values())


COUNTED = ("tried", "proved", "wrong", "doubt")
"""What a line counts per routine."""


def summary(
    lines: Sequence[dict[str, Any]], total: int, resumed: int, dropped: list[str]
) -> Found:
    """The journal's lines in figures."""
    counts = {key: collections.Counter[str]() for key in COUNTED}
    for line in lines:
        for key in COUNTED:
            counts[key].update(line["by_routine"][key])
    return Found(
        total=total,
        done=sum_of(lines, "geometries"),
        resumed=resumed,
        proved=sum_of(lines, "proved"),
        pairs=sum_of(lines, "pairs"),
        compiled=sum_of(lines, "compiled"),
        miscompiled=sum_of(lines, "miscompiled"),
        by_routine={
            name: Standing(**{key: counts[key][name] for key in COUNTED})
            for name in routines()
        },
        wrong=[
            told
            for key in ("wrong", "wrong_compiled")
            for line in lines
            for told in line[key]
        ],
        doubt=[told for line in lines for told in line["doubt"]],
        dropped=dropped,
        seconds=sum_of(lines, "seconds"),
    )


def sum_of(lines: Sequence[dict[str, Any]], key: str) -> Any:
    """The sum of one key."""
    return sum(line[key] for line in lines)
