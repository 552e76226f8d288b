"""Proved for all sizes: what ``jconv prove`` shows, as claims of the report."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from jconv.verify import symbolic
from jconv.verify.claim import Evidence, claim

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.verify.claim import Check
    from jconv.verify.context import Context
    from jconv.verify.symbolic import Proof, Statement

QUICK = {
    "symbolic.progressions": ("k fixed",),
    "symbolic.any-rank": ("dx's rule", "dw's rule", "sliced"),
}
"""The cases that a quick run proves of statements that take seconds."""

VERDICTS = {
    symbolic.Verdict.PROVED: "proved for all sizes",
    symbolic.Verdict.REFUTED: "refuted",
    symbolic.Verdict.OPEN: "not proved",
}
"""How a row begins."""


class NotProvedError(Exception):
    """The solver is there, and left a statement open: neither proved nor refuted."""


def _check(statement: Statement) -> Check:
    """The claim's check."""
    return lambda context: _evidence(statement, context)


def _evidence(statement: Statement, context: Context) -> Iterator[Evidence]:
    """The proof, and one refutation for each wrong rule planted in its place."""
    symbolic.require()
    chosen = dict(statement.checks)
    if context.quick and statement.id in QUICK:
        chosen = {name: chosen[name] for name in QUICK[statement.id]}
    proof = symbolic.prove(dataclasses.replace(statement, checks=chosen))
    if proof.verdict is symbolic.Verdict.OPEN and not proof.denied:
        raise NotProvedError(
            f"not proved: {symbolic.version()} left open {'; '.join(proof.missing)}"
        )
    part = f" ({', '.join(chosen)})" if len(chosen) < len(statement.checks) else ""
    yield Evidence(
        proof.verdict is symbolic.Verdict.PROVED,
        f"{VERDICTS[proof.verdict]}{part}: {proof.paths} paths through "
        f"{', '.join(statement.code)}, by {symbolic.version()}",
        cases=proof.goals,
        case=_failure(proof),
        numbers={
            "statement": statement.formula,
            "hypotheses": "; ".join(statement.hypotheses),
            "paths": proof.paths,
            "goals": proof.goals,
            "lemmas": proof.lemmas,
        },
    )
    for rule in symbolic.WRONG_RULES.values():
        if rule.statement != statement.id or context.quick:
            continue
        refutation = symbolic.refute(rule)
        yield Evidence(
            refutation.confirmed,
            f"planted: {rule.says.rstrip('.')}: refuted by "
            f"{refutation.counterexample}, where the oracle has {refutation.right} and "
            f"the wrong rule {refutation.got}",
            case=rule.id,
        )


def _failure(proof: Proof) -> str:
    """The numbers for which a goal fails, and the goals that are not proved."""
    goals = "; ".join(proof.missing)
    if proof.counterexample is not None:
        return f"{proof.counterexample}: {goals}"
    return f"the solver has numbers against it that the code does not confirm: {goals}"


for _statement in symbolic.STATEMENTS.values():
    claim(
        _statement.id,
        says=_statement.says,
        formula=_statement.formula,
        source="project",
        kind="symbolic",
        falsified_by="integers for which it fails, however large, or a planted wrong "
        "rule that is not refuted",
    )(_check(_statement))
