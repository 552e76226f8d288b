"""What the user of ``jconv verify`` selects: claims, dtypes, a platform, a folder.

Everything is refused here, in one message, before any time is spent.
"""

from __future__ import annotations

import difflib
import fnmatch
from typing import TYPE_CHECKING, Any

from jconv.cli_options import refuse
from jconv.errors import GeometryError

# Everything else of jconv is imported when it is needed: ``--help`` must not wait.
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from jconv.verify.claim import Claim

DTYPES = (
    *("float16", "bfloat16", "float32", "float64", "complex64", "complex128"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
)
"""What a user may ask for; bool is no number here."""


def selected(
    patterns: Sequence[str], target: str | None = None, dtypes: tuple[str, ...] = ()
) -> list[Claim]:
    """The claims that any pattern matches: jconv's, or those about a target."""
    from jconv import verify  # noqa: PLC0415

    claims: Mapping[str, Claim] = verify.registry() if target is None else {}
    if target is not None:
        from jconv.verify import target as targets  # noqa: PLC0415

        claims = targets.claims(target, dtypes)
    for pattern in patterns:
        if not fnmatch.filter(claims, pattern):
            near = difflib.get_close_matches(pattern, claims, n=4, cutoff=0.4)
            near += [name for name in claims if pattern.strip("*") in name][:4]
            mend = f"Near it: {', '.join(dict.fromkeys(near))}. " if near else ""
            raise GeometryError.of(
                "--claim",
                pattern,
                "the id of a claim, or a pattern that matches some",
                f"{mend}See: jconv verify --list",
            )
    return [
        each
        for name, each in claims.items()
        if not patterns or any(fnmatch.fnmatchcase(name, p) for p in patterns)
    ]


def check_modes(
    claim: Sequence[str] | None,
    target: str | None,
    budget: float | None,
    *,
    exhaustive: bool,
) -> None:
    """Refuse options that exclude or need each other."""
    if exhaustive and (claim or target):
        name, value = ("--target", target) if target else ("--claim", claim)
        raise GeometryError.of(
            name, value, "nothing beside --exhaustive", "Run them one after the other."
        )
    if budget is not None and not exhaustive:
        expected = "nothing without --exhaustive"
        raise GeometryError.of("--budget", budget, expected, "Use --quick for less.")


IGNORED = {
    "--exhaustive": (
        ("--quick", "--seed", "--dtype"),
        "It tries everything, in one dtype.",
    ),
    "--list": (
        ("--json", "--exhaustive", "--compare", "--with"),
        "It only tells the claims.",
    ),
}
"""What would be ignored beside an option, and why."""


def refuse_ignored(given: Mapping[str, Any], modes: Mapping[str, bool]) -> None:
    """Refuse options that would be ignored."""
    for mode in (mode for mode, on in modes.items() if on):
        names, why = IGNORED[mode]
        options = {name: (given[name] or None, None) for name in names}
        refuse(options, f"nothing beside {mode}", why)


def checked_dtypes(names: Sequence[str]) -> tuple[str, ...]:
    """The dtypes, if there are such."""
    for name in names:
        if name not in DTYPES:
            near = difflib.get_close_matches(name, DTYPES, n=2)
            mend = f"Did you mean {' or '.join(near)}?" if near else ""
            raise GeometryError.of("--dtype", name, f"one of {', '.join(DTYPES)}", mend)
    return tuple(dict.fromkeys(names))


def checked_platform(name: str | None) -> str | None:
    """The platform, if this machine has it."""
    from jconv.verify.device import present_platforms  # noqa: PLC0415

    if name is not None and name not in present_platforms():
        expected = f"a platform of this machine: {', '.join(present_platforms())}"
        raise GeometryError.of("--platform", name, expected)
    return name


def prepared(folder: Path) -> None:
    """Refuse a folder that cannot be written to while nothing is lost yet."""
    from jconv.verify import report  # noqa: PLC0415

    try:
        report.prepare(folder)
    except OSError as error:
        raise GeometryError.of(
            "--out",
            str(folder),
            f"a folder that can be written to ({error.strerror})",
            "Use another one.",
        ) from error


def tell_all(console: Console, claims: Sequence[Claim]) -> None:
    """Ids with their sentences, by topic."""
    from jconv.verify.page import topic  # noqa: PLC0415

    by_topic: dict[str, list[Claim]] = {}
    for each in claims:
        by_topic.setdefault(topic(each.id), []).append(each)
    for title, members in by_topic.items():
        console.print(f"\n{title}", style="bold")
        for each in members:
            console.print(f"  {each.id}", style="cyan", highlight=False)
            console.print(f"      {each.says}", markup=False, highlight=False)
