"""Every small geometry, every algorithm, every role, exactly: ``--exhaustive``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jconv.verify.claim import Claim, Evidence
from jconv.verify.device import display_name, record
from jconv.verify.exhaustive.running import Found, Plan, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jconv.verify.context import Context

ID = "backward.exhaustive"


def claim(plan: Plan, tell: Callable[[int, int], None] = lambda *_: None) -> Claim:
    """The claim whose check is the exhaustive run.

    Args:
        plan: what to run.
        tell: called with (geometries done, geometries in all).
    """

    def check(context: Context) -> Iterator[Evidence]:
        found = run(plan, context.platform, tell)
        yield from evidence(found, display_name(record(context.platform)))

    return Claim(
        id=ID,
        says="Every algorithm computes a convolution and both of its derivatives right "
        "for every small geometry: as a program it is bilinear and right on all pairs "
        "of basis vectors, and compiled it gives the same.",
        kind="exact",
        falsified_by="a geometry, an algorithm and a pair of basis vectors on which a "
        "result differs from the index relation",
        source="linear algebra; geometries with the same table of taps are the same",
        formula="f bilinear and f(eᵢ, eⱼ) = ΣT eᵢ eⱼ for all i, j  ⟹  f = ΣT",
        check=check,
    )


def evidence(found: Found, device: str) -> Iterator[Evidence]:
    """What was found, in rows of a report."""
    for told in found.wrong:
        yield Evidence(holds=False, what=told, case=told)
    yield Evidence(
        holds=not found.wrong,
        what=f"proved for {found.proved:,} of {found.total:,} geometries, "
        f"{found.algorithms} algorithms, in all three roles",
        cases=found.pairs,
        proved=found.proved,
        numbers=_circumstances(found),
    )
    yield Evidence(
        holds=not found.wrong,
        what=f"compiled whole and run on {device}: {found.compiled:,} of them",
        cases=found.compiled,
    )
    for name, count in found.by_routine.items():
        yield Evidence(
            holds=True,
            what=f"`{name}`: "
            + (f"proved for {count:,} geometries" if count else "refuses all"),
        )
    for told in found.doubt:
        yield Evidence(
            holds=True, what=f"exact on a basis, bilinearity not shown: {told}"
        )


def _circumstances(found: Found) -> dict[str, Any]:
    """What a reader of the figures should know."""
    told: dict[str, Any] = {"seconds of work": round(found.seconds, 1)}
    if found.resumed:
        told["taken up from an earlier run"] = found.resumed
    if found.done < found.total:
        told["still to do"] = found.total - found.done
    if found.dropped:
        told["earlier run not taken up, as these differ"] = ", ".join(found.dropped)
    return told


__all__ = ["ID", "Found", "Plan", "claim", "run"]
