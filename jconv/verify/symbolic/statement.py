"""What is proved: a statement, its hypotheses, and the code that it is about."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jconv.verify.symbolic.world import World


@dataclasses.dataclass(frozen=True)
class Goal:
    """Something to be proved on every path.

    Attributes:
        says: it, in words.
        truth: it, over the world's integers.
    """

    says: str
    truth: Any


@dataclasses.dataclass(frozen=True)
class Lemma:
    """A step on the way: proved like a goal, then a fact for the rest of the scope.

    Attributes:
        truth: the step.
        given: what alone it follows from, each a fact or a lemma; None for everything
            known. Few premises make hard steps easy.
    """

    truth: Any
    given: tuple[Any, ...] | None = None


Subject = Callable[..., Any]
"""The code that a statement is about; a wrong rule is another one in its place."""

Check = Callable[[World, Subject], Iterator[Goal | Lemma]]


@dataclasses.dataclass(frozen=True)
class Statement:
    """A theorem about the code, for all integers that satisfy its hypotheses.

    Attributes:
        id: its name; the claim of ``jconv verify`` has the same.
        says: it, in one sentence.
        formula: it, in mathematics.
        hypotheses: what is supposed of the integers, in mathematics.
        code: the functions of jconv that are run on symbols.
        subject: what is replaced to plant a wrong rule.
        checks: run the subject in a world and yield what is to be proved, by the name
            of the case; the statement is proved if all of them are.
    """

    id: str
    says: str
    formula: str
    hypotheses: tuple[str, ...]
    code: tuple[str, ...]
    subject: Subject
    checks: Mapping[str, Check]


STATEMENTS: dict[str, Statement] = {}
"""Every statement by its id, in the order of ``statements``."""


def statement(
    name: str,
    *,
    says: str,
    formula: str,
    hypotheses: tuple[str, ...],
    code: tuple[str, ...],
    subject: Subject,
    checks: Mapping[str, Check],
) -> None:
    """Register a statement."""
    STATEMENTS[name] = Statement(name, says, formula, hypotheses, code, subject, checks)
