"""Every small geometry, every algorithm, every role, exactly: ``--exhaustive``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jconv.errors import UnsupportedError
from jconv.verify.claim import Claim, Evidence
from jconv.verify.device import display_name, record
from jconv.verify.exhaustive.found import NOT_TRIED, Found
from jconv.verify.exhaustive.running import Plan, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jconv.verify.context import Context

ID = "backward.exhaustive"

TO_DO = "still to do"
"""What a row calls the geometries that are left."""


def claim(plan: Plan, tell: Callable[[int, int], None] = lambda *_: None) -> Claim:
    """The claim whose check is the exhaustive run.

    Args:
        plan: what to run.
        tell: called with (geometries done, geometries in all).
    """

    def check(context: Context) -> Iterator[Evidence]:
        found = run(plan, context.platform, tell)
        yield from evidence(found, display_name(record(context.platform)))
        if found.proved < found.total and not found.wrong:
            raise UnsupportedError(_partly(found))

    return Claim(
        id=ID,
        says="Every exact algorithm computes a convolution and both of its derivatives "
        "right for every small geometry: as a program it is bilinear and right on all "
        "pairs of basis vectors, and compiled it gives the same.",
        kind="exact",
        falsified_by="a geometry, an algorithm and a pair of basis vectors on which a "
        "result differs from the index relation",
        source="linear algebra; geometries with the same table of taps are the same",
        formula="f bilinear and f(eᵢ, eⱼ) = ΣT eᵢ eⱼ for all i, j  ⟹  f = ΣT",
        check=check,
    )


def evidence(found: Found, device: str) -> Iterator[Evidence]:
    """What was found, in rows of a report; rows that sum up others count no cases.

    Args:
        found: what was found.
        device: the name of what ran the compiled programs.
    """
    for told in found.wrong:
        yield Evidence(holds=False, what=told, cases=0, case=told)
    yield Evidence(
        holds=not found.wrong_programs,
        what=f"proved for {found.proved:,} of {found.total:,} geometries, "
        f"{found.algorithms} algorithms, in all three roles",
        cases=found.pairs,
        proved=found.proved,
        numbers=_circumstances(found),
    )
    miscompiled = f", {found.miscompiled:,} wrong" if found.miscompiled else ""
    yield Evidence(
        holds=not found.miscompiled,
        what=f"compiled whole and run on {device}: {found.compiled:,} of them"
        f"{miscompiled}",
        cases=found.compiled,
    )
    for name, standing in found.by_routine.items():
        yield Evidence(holds=not standing.wrong, what=f"`{name}`: {standing}", cases=0)
    for told in found.doubt:
        what = f"exact on a basis, bilinearity not shown: {told}"
        yield Evidence(holds=True, what=what, cases=0)


def _partly(found: Found) -> str:
    """Why a run in which nothing is wrong is no proof of the whole."""
    part = f"{found.proved:,} of {found.total:,} geometries proved"
    if found.done < found.total:
        return f"{part}; the same command goes on"
    return f"{part}; for the others something is not shown"


def _circumstances(found: Found) -> dict[str, Any]:
    """What a reader of the figures should know."""
    told: dict[str, Any] = {"seconds of work": round(found.seconds, 1)}
    if found.resumed:
        told["taken up from an earlier run"] = found.resumed
    if found.done < found.total:
        told[TO_DO] = found.total - found.done
    if found.dropped:
        told["earlier run not taken up, as these differ"] = ", ".join(found.dropped)
    return told


__all__ = ["ID", "NOT_TRIED", "TO_DO", "Found", "Plan", "claim", "run"]
