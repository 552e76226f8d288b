"""Proofs that fail for large numbers alone, stay open, or are ended by Ctrl-C."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
import time
from typing import Any

import pytest

z3 = pytest.importorskip("z3", reason="the extra 'prove' is not installed")

from jconv.geometry import textbook  # noqa: E402
from jconv.verify import engine, symbolic  # noqa: E402
from jconv.verify import registry as claims  # noqa: E402
from jconv.verify.claim import Verdict as ClaimVerdict  # noqa: E402
from jconv.verify.context import Context  # noqa: E402
from jconv.verify.symbolic import (  # noqa: E402
    STATEMENTS,
    Verdict,
    counterexample,
    interrupt,
    solver,
)
from jconv.verify.symbolic.statement import Goal  # noqa: E402
from tests.test_symbolic import made  # noqa: E402


def test_a_rule_that_is_wrong_for_large_numbers_alone_falsifies_its_claim(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = textbook._kernel_rule

    def wrong(axis: Any) -> Any:
        rule = right(axis)
        low = rule.axis.low + (1 if axis.stride > 1000 else 0)
        return dataclasses.replace(rule, axis=dataclasses.replace(rule.axis, low=low))

    monkeypatch.setitem(textbook._RULES, "kernel", wrong)
    monkeypatch.setattr(counterexample, "BOUNDS", (1,))
    result = engine.judge(claims()["symbolic.textbook-kernel"], Context(quick=True))
    assert result.verdict is ClaimVerdict.FALSIFIED
    assert "stride=1001" in result.evidence[0].case
    assert result.evidence[0].what.startswith("refuted")


FAR = 10**6


def far(world: Any, subject: Any) -> Any:
    """False of one number alone, which no small bound reaches."""
    x = world.integer("x")
    yield Goal("it is not there", x != FAR)


def test_the_solvers_own_numbers_are_a_counterexample() -> None:
    proof = symbolic.prove(made(far))
    assert proof.verdict is Verdict.REFUTED
    assert proof.counterexample.values == {"x": FAR}
    assert proof.denied == ("it is not there",)


@pytest.mark.parametrize("denied", [True, False])
def test_a_claim_that_is_not_proved_never_passes(
    denied: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither where the solver says no, nor where its steps are spent."""
    proof = symbolic.Proof(
        STATEMENTS["symbolic.kernel-size"], Verdict.OPEN, 1, 0, 0, 0.0, ("a goal",)
    )
    proof = dataclasses.replace(proof, denied=("a goal",) * denied)
    monkeypatch.setattr(symbolic, "prove", lambda *_: proof)
    result = engine.judge(claims()["symbolic.kernel-size"], Context(quick=True))
    assert result.verdict is (ClaimVerdict.FALSIFIED if denied else ClaimVerdict.ERROR)
    told = result.evidence[0].what if denied else result.reason
    assert "not proved" in told


def fermat(world: Any, subject: Any) -> Any:
    x, y, z = (world.integer(name) for name in "xyz")
    world.suppose(x >= 1, y >= 1, z >= 1)
    yield Goal("Fermat, n = 3", x * x * x + y * y * y != z * z * z)


@pytest.fixture
def pressing() -> Any:
    """A function that presses Ctrl-C after some seconds."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timers: list[threading.Timer] = []

    def press(seconds: float) -> None:
        timers.append(threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)))
        timers[-1].start()

    yield press
    for each in timers:
        each.cancel()
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_a_proof_while_z3_answers(pressing: Any) -> None:
    pressing(0.5)
    with pytest.raises(KeyboardInterrupt):
        symbolic.prove(made(fermat))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_between_two_questions_is_not_lost(pressing: Any) -> None:
    def check(world: Any, subject: Any) -> Any:
        x = world.integer("x")
        os.kill(os.getpid(), signal.SIGINT)
        yield Goal("zero is less than one", x < x + 1)

    with pytest.raises(KeyboardInterrupt):
        symbolic.prove(made(check))
    assert symbolic.prove(made(far)).verdict is Verdict.REFUTED, "it is over"


def test_z3_leaves_ctrl_c_to_python(pressing: Any) -> None:
    """It may answer although it was interrupted, and say nothing of it."""
    asked = cubes(solver.STEPS, timeout_ms=1000)
    pressing(0.3)
    with pytest.raises(KeyboardInterrupt):
        asked.check()


def test_ctrl_c_makes_z3_give_up(pressing: Any) -> None:
    asked = cubes(2**32 - 1, timeout_ms=60_000)
    start = time.monotonic()
    pressing(0.3)
    with pytest.raises(KeyboardInterrupt), interrupt.heeded():
        interrupt.check(asked)
    assert time.monotonic() - start < 30
    assert signal.set_wakeup_fd(-1) == -1


def test_spent_steps_are_no_interruption() -> None:
    assert interrupt.check(cubes(20_000, timeout_ms=60_000)) == z3.unknown
    assert interrupt.check(cubes(40_000_000, timeout_ms=100)) == z3.unknown


def cubes(steps: int, timeout_ms: int) -> Any:
    """A question that z3 does not answer."""
    asked = solver.fresh_solver(steps)
    asked.set("timeout", timeout_ms)
    x, y, z = z3.Ints("x y z")
    asked.add(x >= 1, y >= 1, z >= 1, x * x * x + y * y * y == z * z * z)
    return asked
