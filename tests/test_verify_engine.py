"""The judge itself: verdicts of claims that are planted to hold, fail and break."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jconv.errors import UnsupportedError
from jconv.verify import engine, registry
from jconv.verify.claim import Check, Claim, Evidence, Verdict
from jconv.verify.context import Context
from jconv.verify.sources import LECTURES

GOOD, BAD = Evidence(True, "one is one"), Evidence(False, "one is two")  # noqa: FBT003


def planted(check: Check, name: str = "planted.claim") -> Claim:
    """A claim that is in no registry."""
    return Claim(name, "It holds.", "exact", "a failure", "none", "", check)


def yielding(*evidence: Evidence, then: BaseException | None = None) -> Check:
    """A check that yields evidence and then ends, or breaks."""

    def check(context: Context) -> Iterator[Evidence]:
        yield from evidence
        if then is not None:
            raise then

    return check


@pytest.mark.parametrize(
    ("check", "verdict", "reason"),
    [
        pytest.param(yielding(GOOD, GOOD), "HOLDS", "", id="all hold"),
        pytest.param(yielding(GOOD, BAD, GOOD), "FALSIFIED", "", id="one fails"),
        pytest.param(yielding(), "ERROR", "no evidence", id="nothing checked"),
        pytest.param(
            yielding(GOOD, then=UnsupportedError("no float64 here")),
            "UNSUPPORTED",
            "no float64 here",
            id="unsupported",
        ),
        pytest.param(
            yielding(BAD, then=UnsupportedError("no float64 here")),
            "FALSIFIED",
            "no float64 here",
            id="a failure is not hidden by what follows it",
        ),
        pytest.param(
            yielding(BAD, then=RuntimeError("broken")),
            "FALSIFIED",
            "broken",
            id="nor by an error",
        ),
        pytest.param(
            yielding(GOOD, then=RuntimeError("broken")),
            "ERROR",
            "RuntimeError: broken (in check, test_verify_engine.py:",
            id="error",
        ),
        pytest.param(
            yielding(GOOD, then=SystemExit(0)), "ERROR", "SystemExit: 0", id="exit"
        ),
        pytest.param(
            yielding(GOOD, then=GeneratorExit()), "ERROR", "GeneratorExit", id="close"
        ),
        pytest.param(
            lambda context: iter([True]),
            "ERROR",
            "must yield Evidence",
            id="no evidence",
        ),
        pytest.param(
            lambda context: 1 / 0, "ERROR", "ZeroDivisionError", id="no generator"
        ),
    ],
)
def test_verdict(check: Check, verdict: str, reason: str) -> None:
    (result,) = engine.run([planted(check)], Context())
    assert result.verdict == verdict
    assert reason in result.reason
    assert bool(reason) == bool(result.reason)


@pytest.mark.parametrize("truth", [np.bool_(0), jnp.zeros((), bool)], ids=type)
def test_an_array_that_is_false_does_not_hold(truth: object) -> None:
    evidence = Evidence(truth, "an array")  # type: ignore[arg-type]
    (result,) = engine.run([planted(yielding(evidence))], Context())
    assert result.verdict is Verdict.FALSIFIED
    assert result.evidence[0].holds is False


def test_smallest_failure_is_told() -> None:
    failures = [Evidence(False, f"{n}", size=n) for n in (5, 2, 9)]  # noqa: FBT003
    (result,) = engine.run([planted(yielding(*failures, GOOD))], Context())
    assert result.worst is not None
    assert result.worst.what == "2"
    assert len(result.evidence) == 4, "the check is heard to its end"


def test_run_goes_on_after_every_kind_of_failure() -> None:
    checks = [
        yielding(then=RuntimeError()),
        yielding(BAD),
        yielding(then=UnsupportedError()),
        yielding(GOOD),
    ]
    results = engine.run([planted(check) for check in checks], Context())
    verdicts = [result.verdict.value for result in results]
    assert verdicts == ["ERROR", "FALSIFIED", "UNSUPPORTED", "HOLDS"]


def test_random_numbers_depend_on_seed_and_id_alone() -> None:
    def drawn(context: Context) -> Iterator[Evidence]:
        numbers = context.integers((4,)).tolist()
        yield Evidence(True, "drawn", numbers={"drawn": numbers})  # noqa: FBT003

    one, other = planted(drawn, "a.one"), planted(drawn, "a.other")

    def numbers(claims: list[Claim], seed: int) -> dict[str, object]:
        results = engine.run(claims, Context(seed=seed))
        return {each.claim.id: each.evidence[0].numbers["drawn"] for each in results}

    both = numbers([one, other], 3)
    assert both["a.one"] != both["a.other"]
    assert numbers([other], 3) == {"a.other": both["a.other"]}
    assert numbers([one], 4)["a.one"] != both["a.one"]


def test_checks_run_with_64_bit_types_on_the_chosen_device() -> None:
    def check(context: Context) -> Iterator[Evidence]:
        array = jnp.arange(3.0)
        yield Evidence(array.dtype == np.float64, "64 bits")
        yield Evidence(array.devices() == {jax.devices("cpu")[0]}, "first device")
        yield Evidence(context.claim_id == "planted.claim", "its own id")

    with jax.enable_x64(False):  # noqa: FBT003
        (result,) = engine.run([planted(check)], Context(platform="cpu"))
        assert jnp.arange(3.0).dtype == np.float32, "the setting is put back"
    assert result.verdict is Verdict.HOLDS


def test_events_come_in_order() -> None:
    told: list[str] = []

    def listen(event: engine.Event) -> None:
        if isinstance(event, engine.Started):
            told.append(f"start {event.claim.id}")
        else:
            told.append(f"{event.result.verdict} {event.result.claim.id}")

    claims = [planted(yielding(GOOD), "a"), planted(yielding(BAD), "b")]
    engine.run(claims, Context(), listen)
    assert told == ["start a", "HOLDS a", "start b", "FALSIFIED b"]


def test_interruption_passes_and_the_listener_has_what_was_done() -> None:
    def interrupted(context: Context) -> Iterator[Evidence]:
        raise KeyboardInterrupt

    finished: list[engine.Event] = []
    claims = [planted(yielding(GOOD)), planted(interrupted), planted(yielding(GOOD))]
    with pytest.raises(KeyboardInterrupt):
        engine.run(claims, Context(), finished.append)
    assert sum(isinstance(event, engine.Finished) for event in finished) == 1


def test_reason_names_no_folder() -> None:
    def outside() -> Callable[[], object]:
        return lambda: dataclasses.replace(GOOD, nonsense=1)

    def check(context: Context) -> Iterator[Evidence]:
        outside()()
        yield GOOD

    (result,) = engine.run([planted(check)], Context())
    assert result.verdict is Verdict.ERROR
    assert "nonsense" in result.reason
    assert "/" not in result.reason.split(" (in ")[1]


def test_sources_that_are_letters_are_listed_and_no_others_are() -> None:
    sources = (each.source for each in registry().values())
    letters = {name for source in sources for name in re.findall(r"\bS\d\b", source)}
    assert letters == set(LECTURES)
