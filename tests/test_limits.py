"""Known limits are strict: they excuse what they describe, and must occur."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import pytest

from jconv.verify import engine, families, limits, routes
from jconv.verify import registry as claims_registry
from jconv.verify.claim import Claim, Evidence, Result, Verdict
from jconv.verify.context import Context
from jconv.verify.limits import Limit

GOOD = Evidence(True, "plain case")  # noqa: FBT003
LIMITED = Evidence(False, "cropped case", size=1)  # noqa: FBT003
OTHER = Evidence(False, "plain case", size=9)  # noqa: FBT003
GONE = Evidence(True, "cropped case")  # noqa: FBT003


def limit(claim: str = "planted.*", platform: str = "cpu") -> Limit:
    """A limit of cropped cases."""
    return Limit(
        claim=claim,
        case="cropped",
        where="planted devices",
        applies=lambda device: device["platform"] == platform,
        reason="it crops wrongly",
        link="https://example.org/issue",
    )


def judged(
    evidence: list[Evidence],
    known: Limit,
    monkeypatch: pytest.MonkeyPatch,
    then: Exception | None = None,
) -> Result:
    """The verdict of the whole engine on evidence, with one known limit."""

    def check(context: Context) -> Iterator[Evidence]:
        yield from evidence
        if then is not None:
            raise then

    monkeypatch.setattr(limits, "LIMITS", (known,))
    claim = Claim("planted.claim", "It holds.", "exact", "a failure", "", "", check)
    return engine.run([claim], Context())[0]


CASES = {
    "explained": ([GOOD, LIMITED], Verdict.UNSUPPORTED),
    "another failure besides": ([LIMITED, OTHER], Verdict.FALSIFIED),
    "only another failure": ([OTHER], Verdict.FALSIFIED),
    "no longer occurs": ([GOOD, GONE], Verdict.ERROR),
    "occurs in one of two": ([GONE, LIMITED], Verdict.UNSUPPORTED),
    "not tried": ([GOOD], Verdict.HOLDS),
}


@pytest.mark.parametrize(("evidence", "verdict"), CASES.values(), ids=CASES)
def test_verdict(
    evidence: list[Evidence], verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = judged(evidence, limit(), monkeypatch)
    assert result.verdict is verdict
    if verdict is Verdict.UNSUPPORTED:
        assert "known limit on planted devices: it crops wrongly" in result.reason
        assert "https://example.org/issue" in result.reason
    if verdict is Verdict.ERROR:
        assert "no longer occurs" in result.reason
        assert "Remove it" in result.reason


def test_the_unexplained_failure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    worst = judged([LIMITED, OTHER], limit(), monkeypatch).worst
    assert worst is not None
    assert worst.what == OTHER.what, "though the explained one is smaller"


@pytest.mark.parametrize(
    "elsewhere", [limit(claim="other.*"), limit(platform="tpu")], ids=["claim", "where"]
)
def test_a_limit_of_elsewhere_explains_nothing(
    elsewhere: Limit, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert judged([LIMITED], elsewhere, monkeypatch).verdict is Verdict.FALSIFIED
    assert judged([GONE], elsewhere, monkeypatch).verdict is Verdict.HOLDS


def test_an_error_can_be_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = RuntimeError("no cropped kernels")
    result = judged([GOOD], limit(), monkeypatch, broken)
    assert result.verdict is Verdict.UNSUPPORTED
    other = RuntimeError("out of memory")
    result = judged([GOOD], limit(), monkeypatch, other)
    assert result.verdict is Verdict.ERROR
    assert "out of memory" in result.reason


def test_limits_name_claims_that_exist_and_where_to_read_on() -> None:
    known = [*claims_registry(), *(f"target.{part}" for part in target_parts())]
    for each in limits.LIMITS:
        assert any(limits.fnmatch.fnmatchcase(name, each.claim) for name in known)
        assert each.link.startswith("https://")


def target_parts() -> tuple[str, ...]:
    from jconv.verify.target import SAYS

    return tuple(SAYS)


def test_a_peer_that_breaks_is_told_and_explained_by_a_limit_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The other routes are compared all the same; nothing is dropped silently."""
    right = routes.every_route

    def every_route(case: Any, *, with_peer: bool = True) -> Any:
        def breaks(*_: Any) -> Any:
            raise jax.errors.JaxRuntimeError("UNIMPLEMENTED: no such convolution")

        return breaks if with_peer else right(case, with_peer=False)

    known = Limit(
        claim="backward.derived-*",
        case="lax's own convolutions in float32",
        where="planted devices",
        applies=lambda device: True,
        reason="lax lacks it",
        link="https://example.org/issue",
    )
    sample = families.sample
    claim = claims_registry()["backward.derived-equals-coded"]
    monkeypatch.setattr(routes, "every_route", every_route)
    monkeypatch.setattr(families, "sample", lambda *n, **f: sample(*n, **f)[:1])
    context = Context(quick=True, dtypes=("float32",))
    for listed, verdict in (((), "FALSIFIED"), ((known,), "UNSUPPORTED")):
        monkeypatch.setattr(limits, "LIMITS", listed)
        result = engine.run([claim], context)[0]
        assert result.verdict == verdict
        compared, told = result.evidence
        assert compared.holds
        assert compared.cases > 5
        assert "UNIMPLEMENTED: no such convolution" in told.case
