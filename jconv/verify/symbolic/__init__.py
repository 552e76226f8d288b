"""Proofs for all sizes: the geometry's own code, run on symbols, judged by a solver.

Read in this order: ``integer`` (what the code is run on), ``trail`` (one path through
it), ``contracts`` (what ``//``, ``gcd`` and ``pow`` promise), ``world`` and
``statement`` (what is claimed), ``statements`` (the theorems), ``prover``;
then ``counterexample``, ``wrong_rules`` and ``oracle`` (that a proof can fail).
"""

from jconv.verify.symbolic.prover import Proof, Verdict, prove
from jconv.verify.symbolic.solver import available, require, version
from jconv.verify.symbolic.statement import STATEMENTS, Statement
from jconv.verify.symbolic.statements import contractions as _registers_all  # noqa: F401
from jconv.verify.symbolic.wrong_rules import WRONG_RULES, Refutation, WrongRule, refute

__all__ = [
    "STATEMENTS",
    "WRONG_RULES",
    "Proof",
    "Refutation",
    "Statement",
    "Verdict",
    "WrongRule",
    "available",
    "prove",
    "refute",
    "require",
    "version",
]
