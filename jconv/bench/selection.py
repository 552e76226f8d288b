"""Which rows are measured: tables, families, roles and patterns."""

from __future__ import annotations

import dataclasses
import difflib
import fnmatch
import itertools
from typing import TYPE_CHECKING

from jconv.algorithms import AUTO
from jconv.bench.conv_rows import conv_rows, per_example_rows
from jconv.bench.held_out import HELD_OUT
from jconv.bench.layers import LAYERS, QUICK
from jconv.bench.pool_rows import pool_rows
from jconv.bench.step_rows import step_rows
from jconv.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from jconv.algorithms import Method
    from jconv.bench.row import Row

TABLES: dict[str, Callable[[Method], Iterable[Row]]] = {
    "layers": lambda method: conv_rows(LAYERS, method),
    "per-example": lambda _: per_example_rows(),
    "pools": lambda _: pool_rows(),
    "steps": step_rows,
    "held-out": lambda method: conv_rows(HELD_OUT, method),
}
"""Every table by its name, made for the ``method`` of our convolutions."""

USUAL = ("layers", "per-example", "pools", "steps")
"""What is measured if no table is asked for."""


@dataclasses.dataclass(frozen=True)
class Selection:
    """What the user asked for; empty means everything.

    Attributes:
        tables: names of tables.
        patterns: of rows' ids or names.
        families: tags.
        roles: "fwd", "dx", "dw" or "step".
        quick: whether one of each kind is enough.
        method: of our convolutions.
    """

    tables: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    quick: bool = False
    method: str = AUTO

    def rows(self) -> list[Row]:
        """The rows, in the order of their tables.

        Raises:
            GeometryError: for a pattern, a family or a role that matches nothing.
        """
        tables = self.tables or (tuple(TABLES) if self.patterns else USUAL)
        made = (TABLES[name](self.method) for name in tables)
        found = list(itertools.chain.from_iterable(made))
        if self.quick and not self.patterns:
            found = [row for row in found if row.name in QUICK]
        if not found:
            message = "--quick: no row of these tables is quick; leave it out"
            raise GeometryError(message)
        for option, values, words in (
            ("--only", self.patterns, _names),
            ("--family", self.families, _tags),
            ("--role", self.roles, _roles),
        ):
            for value in values:
                _check(option, value, found, words)
            if values:
                found = [row for row in found if _matches(words(row), values)]
        if not found:
            message = "nothing to measure: no row has this family and this role"
            raise GeometryError(message)
        return found

    def words(self) -> list[str]:
        """The command that selects the same.

        Examples:
            >>> " ".join(Selection(("pools",), roles=("dx",)).words())
            'jconv bench --pools --role dx'
        """
        words = ["jconv", "bench", *(f"--{table}" for table in self.tables)]
        for option, values in (
            ("--only", self.patterns),
            ("--family", self.families),
            ("--role", self.roles),
        ):
            words += [word for value in values for word in (option, value)]
        words += ["--method", self.method] * (self.method != AUTO)
        return words + ["--quick"] * self.quick


def _names(row: Row) -> tuple[str, ...]:
    """What ``--only`` is matched with."""
    return (row.id, row.name)


def _tags(row: Row) -> tuple[str, ...]:
    """What ``--family`` is matched with."""
    return row.tags


def _roles(row: Row) -> tuple[str, ...]:
    """What ``--role`` is matched with."""
    return (row.role,)


def _matches(words: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether any word is matched by any pattern."""
    return any(fnmatch.fnmatchcase(w, p) for w in words for p in patterns)


def _check(
    option: str,
    value: str,
    rows: Sequence[Row],
    words: Callable[[Row], tuple[str, ...]],
) -> None:
    """Refuse a pattern that matches nothing, and name what is near it."""
    known = list(dict.fromkeys(word for row in rows for word in words(row)))
    if _matches(known, (value,)):
        return
    stem = value.strip("*")
    near = difflib.get_close_matches(value, known, n=4, cutoff=0.4)
    near += [word for word in known if stem and stem in word]
    near = list(dict.fromkeys(near))[:4]
    mend = f"Near it: {', '.join(near)}." if near else f"Some: {', '.join(known[:8])}."
    expected = "a name of a row, or a pattern that matches some"
    if option != "--only":
        expected = "one of those that the rows have"
    raise GeometryError.of(option, value, expected, mend)
