"""What was proved and refuted, as one JSON document (see ``docs/proofs.md``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jconv.verify.symbolic import solver
from jconv.verify.symbolic.prover import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jconv.verify.symbolic.counterexample import Counterexample
    from jconv.verify.symbolic.prover import Proof
    from jconv.verify.symbolic.wrong_rules import Refutation

SCHEMA = "jconv-proofs/1"


def document(
    proofs: Sequence[Proof], refutations: Sequence[Refutation]
) -> dict[str, Any]:
    """Everything that a run found, as plain JSON values."""
    return {
        "schema": SCHEMA,
        "solver": solver.version(),
        "summary": summary(proofs, refutations),
        "statements": [_statement(each) for each in proofs],
        "refuted": [_refuted(each) for each in refutations],
    }


def summary(
    proofs: Sequence[Proof], refutations: Sequence[Refutation]
) -> dict[str, Any]:
    """Counts, and whether all came out as it should."""
    proved = sum(each.verdict is Verdict.PROVED for each in proofs)
    confirmed = sum(each.confirmed for each in refutations)
    return {
        "statements": len(proofs),
        "proved": proved,
        "refuted": sum(each.verdict is Verdict.REFUTED for each in proofs),
        "open": sum(each.verdict is Verdict.OPEN for each in proofs),
        "wrong_rules": len(refutations),
        "wrong_rules_refuted": confirmed,
        "holds": proved == len(proofs) and confirmed == len(refutations),
        "seconds": round(_seconds(proofs) + _seconds(refutations), 3),
    }


def _seconds(timed: Sequence[Proof] | Sequence[Refutation]) -> float:
    """The time they took together."""
    return sum(each.seconds for each in timed)


def _statement(proof: Proof) -> dict[str, Any]:
    """One entry of "statements"."""
    statement = proof.statement
    return {
        "id": statement.id,
        "says": statement.says,
        "statement": statement.formula,
        "hypotheses": list(statement.hypotheses),
        "code": list(statement.code),
        "verdict": proof.verdict.value,
        "paths": proof.paths,
        "goals": proof.goals,
        "lemmas": proof.lemmas,
        "missing": list(proof.missing),
        "counterexample": _counterexample(proof.counterexample),
        "seconds": round(proof.seconds, 3),
    }


def _refuted(refutation: Refutation) -> dict[str, Any]:
    """One entry of "refuted"."""
    rule = refutation.rule
    return {
        "id": rule.id,
        "says": rule.says,
        "statement": rule.statement,
        "verdict": "REFUTED" if refutation.counterexample else "OPEN",
        "counterexample": _counterexample(refutation.counterexample),
        "right": refutation.right,
        "got": refutation.got,
        "confirmed": refutation.confirmed,
        "seconds": round(refutation.seconds, 3),
    }


def _counterexample(found: Counterexample | None) -> dict[str, Any] | None:
    """The numbers, and what fails for them."""
    if found is None:
        return None
    return {"case": found.case, "values": found.values, "fails": found.fails}
