"""Proved for all sizes: what ``jconv prove`` shows, as claims of the report."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from jconv.errors import UnsupportedError
from jconv.verify.claim import Evidence, claim

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.verify.claim import Check
    from jconv.verify.context import Context

SENTENCES = {
    "one-index-set": (
        "Output, input derivative and kernel derivative are computed as sums over one "
        "index set, for every size, stride, dilation and padding.",
        "y = Σ T x w,  dx = Σ T w dy,  dw = Σ T x dy,  one T",
    ),
    "patches-table": (
        "The table from which the algorithm patches gathers holds, in every cell, the "
        "one index that completes the relation, or none, for all sizes.",
        "table[a, b] = c  ⇔  s·o + d·k = e·i + low",
    ),
    "progressions": (
        "With one index held fixed, the code's arithmetic progression holds every "
        "solution of the relation and nothing else, for all sizes.",
        "{(o, k, i) : s·o + d·k = e·i + low} = {start + step·j : 0 ≤ j < length}",
    ),
    "textbook-input": (
        "For all sizes the textbook's forward convolution for dx (kernel flipped, "
        "zeros between the cotangents, pads d·(K−1) − low) has exactly the index set "
        "of the input derivative.",
        "s·o + d·k = e·i + low  ⇔  e·i + d·(K−1−k) = s·o + d·(K−1) − low",
    ),
    "textbook-kernel": (
        "For all sizes the textbook's forward convolution for dw (the cotangent as a "
        "kernel dilated by the stride) has exactly the index set of the kernel "
        "derivative, also for a negative kernel dilation.",
        "s·o + d·k = e·i + low  ⇔  d·k + s·o = e·i + low",
    ),
    "textbook-output": (
        "For all sizes a true convolution is the ordinary one by the flipped kernel.",
        "s·o + d·k = e·i + low  ⇔  s·o + |d|·(K−1−k) = e·i + low − d·(K−1)",
    ),
    "output-size": (
        "The output size is the largest number of windows that lie inside the padded "
        "input, for all sizes.",
        "the n-th window fits  ⇔  n ≤ ⌊(padded − span)/s⌋ + 1",
    ),
    "kernel-size": (
        "I − s·(O − 1) is the largest kernel that gives O outputs, for all sizes.",
        "K gives O or more  ⇔  K ≤ I − s·(O − 1)",
    ),
    "same-padding": (
        "After “same” padding there are ⌈I/s⌉ outputs, for all sizes.",
        "s·(O − 1) < I ≤ s·O",
    ),
    "stride-subsamples": (
        "For all sizes a strided convolution is the one with stride 1, of which every "
        "s-th output is kept.",
        "T_s[o, k, i] = T_1[s·o, k, i],  o < O_s ⇔ s·o < O_1",
    ),
    "any-rank": (
        "Axes do not see each other: what is proved of one axis holds of any number.",
        "T = ∏_a T_a",
    ),
}
"""Statement -> what it says and its formula; known without a solver."""

SLOW = {"symbolic.progressions": 1}
"""How many cases a quick run proves of statements that have many."""


def _check(name: str) -> Check:
    """Prove one statement, then see its planted wrong rules fall."""

    def check(context: Context) -> Iterator[Evidence]:
        yield from _evidence(name, context)

    return check


def _evidence(name: str, context: Context) -> Iterator[Evidence]:
    """The proof, and one refutation for each wrong rule."""
    from jconv.verify import symbolic  # noqa: PLC0415

    symbolic.require()
    statement = symbolic.STATEMENTS[name]
    cases = list(statement.checks.items())
    chosen = dict(cases[: SLOW.get(name, len(cases))] if context.quick else cases)
    proof = symbolic.prove(dataclasses.replace(statement, checks=chosen))
    if proof.verdict is symbolic.Verdict.OPEN:
        raise UnsupportedError(
            f"not proved: {symbolic.version()} left open {'; '.join(proof.missing)}"
        )
    part = f" ({', '.join(chosen)})" if len(chosen) < len(cases) else ""
    yield Evidence(
        proof.verdict is symbolic.Verdict.PROVED,
        f"proved for all sizes{part}: {proof.paths} paths through "
        f"{', '.join(statement.code)}, by {symbolic.version()}",
        cases=proof.goals,
        case=f"{proof.counterexample}: {'; '.join(proof.missing)}",
        numbers={
            "statement": statement.formula,
            "hypotheses": "; ".join(statement.hypotheses),
            "paths": proof.paths,
            "goals": proof.goals,
            "lemmas": proof.lemmas,
        },
    )
    for rule in symbolic.WRONG_RULES.values():
        if rule.statement != name or context.quick:
            continue
        refutation = symbolic.refute(rule)
        yield Evidence(
            refutation.confirmed,
            f"planted: {rule.says.rstrip('.')}: refuted by "
            f"{refutation.counterexample}, where the oracle has {refutation.right} and "
            f"the wrong rule {refutation.got}",
            case=rule.id,
        )


for _name, (_says, _formula) in SENTENCES.items():
    claim(
        f"symbolic.{_name}",
        says=_says,
        formula=_formula,
        source="project",
        kind="symbolic",
        falsified_by="integers for which it fails, however large, or a planted wrong "
        "rule that is not refuted",
    )(_check(f"symbolic.{_name}"))
