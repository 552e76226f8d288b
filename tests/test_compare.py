"""``jconv verify --compare``: what changed, and reports that cannot be compared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jconv import cli
from jconv.verify import difference, page, report
from jconv.verify.claim import Claim, Evidence
from jconv.verify.context import Context
from jconv.verify.device import record

BEFORE = {
    "same.holds": ("HOLDS", 3),
    "was.good": ("HOLDS", 0),
    "was.bad": ("FALSIFIED", 0),
    "was.proved": ("HOLDS", 12),
    "was.there": ("HOLDS", 0),
}
AFTER = {
    "same.holds": ("HOLDS", 3),
    "was.good": ("FALSIFIED", 0),
    "was.bad": ("HOLDS", 0),
    "was.proved": ("HOLDS", 11),
    "is.here": ("HOLDS", 0),
}
EXPECTED = {
    "was.good": "worse",
    "was.there": "gone",
    "was.proved": "weaker",
    "is.here": "new",
    "was.bad": "better",
}


def written(claims: dict[str, tuple[str, int]], **options: Any) -> dict[str, Any]:
    """A whole report with claims of given verdicts and proofs."""
    rows = [
        {
            "id": name,
            "verdict": verdict,
            "proved": proved,
            "reason": "",
            "worst": {"what": "one is two", "case": "1 == 2"},
        }
        for name, (verdict, proved) in claims.items()
    ]
    document = report.document([], report.Options(**options), record("cpu"))
    return document | {"claims": rows}


def test_every_direction_is_told_the_worst_first() -> None:
    found = difference.changes(written(BEFORE), written(AFTER))
    assert {each.id: each.direction for each in found} == EXPECTED
    assert [each.direction for each in found] == list(difference.ORDER)
    assert found[0].note == "one is two: 1 == 2"
    assert difference.changes(written(AFTER), written(AFTER)) == []


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ("HOLDS", "UNSUPPORTED", "worse"),
        ("UNSUPPORTED", "ERROR", "worse"),
        ("ERROR", "FALSIFIED", "worse"),
        ("ERROR", "UNSUPPORTED", "better"),
        ("FALSIFIED", "ERROR", "better"),
    ],
)
def test_order_of_verdicts(before: str, after: str, direction: str) -> None:
    old, new = written({"a.b": (before, 0)}), written({"a.b": (after, 0)})
    assert [each.direction for each in difference.changes(old, new)] == [direction]


def test_fewer_cases_under_the_same_options_are_weaker() -> None:
    old, new = written({"a.b": ("HOLDS", 0)}), written({"a.b": ("HOLDS", 0)})
    old["claims"][0]["cases"], new["claims"][0]["cases"] = 312, 4
    (change,) = difference.changes(old, new)
    assert change.direction == "weaker"
    assert change.note == "cases: 312 → 4"
    new["options"]["quick"] = True
    assert difference.changes(old, new) == []


def test_what_was_not_asked_for_is_not_gone() -> None:
    new = written({"was.bad": ("FALSIFIED", 0)}, patterns=("was.bad",))
    assert difference.changes(written(BEFORE), new) == []


def test_circumstances_are_those_that_differ() -> None:
    old, new = written(BEFORE), written(AFTER, quick=True, seed=3)
    old["device"]["jax"] = "0.0.1"
    found = difference.circumstances(old, new)
    assert set(found) == {"jax", "quick", "seed"}
    assert found["quick"] == ("no", "yes")


def test_targets_and_the_precision_of_products_are_circumstances() -> None:
    old, new = written(BEFORE), written(AFTER, target="my.kernels:conv")
    new["device"]["default_matmul_precision"] = "highest"
    found = difference.circumstances(old, new)
    assert found["target"] == ("jconv itself", "my.kernels:conv")
    assert found["default_matmul_precision"] == ("default", "highest")


def damaged(document: dict[str, Any], key: str) -> str:
    claims = [
        {k: v for k, v in each.items() if k != key} for each in document["claims"]
    ]
    document = {k: v for k, v in document.items() if k != key}
    return json.dumps(document | {"claims": claims} if key != "claims" else document)


def planted(*path: Any, value: Any) -> str:
    """A report in which one value is another one."""
    document: Any = written(BEFORE)
    part = document
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return json.dumps(document)


REFUSED = {
    "proved is a string": (
        planted("claims", 0, "proved", value="x"),
        "'proved' is no integer",
    ),
    "cases are a string": (
        planted("claims", 0, "cases", value="x"),
        "'cases' is no integer",
    ),
    "an id is an object": (planted("claims", 1, "id", value={}), "'id' is no string"),
    "no platform": (planted("device", value={}), "lacks the device's key 'platform'"),
    "options are an array": (planted("options", value=[]), "'options' is no object"),
    "dtypes are a number": (
        planted("options", "dtypes", value=5),
        "'dtypes' is no array of strings",
    ),
    "a claim is none": (planted("claims", 0, value=None), "no array of objects"),
    "worst is a string": (
        planted("claims", 0, "worst", value="x"),
        "'worst' is no object",
    ),
    "worst tells nothing": (planted("claims", 0, "worst", value={}), "'what'"),
    "a verdict is an array": (
        planted("claims", 0, "verdict", value=[]),
        "'verdict' is no string",
    ),
    "nested deeply": ("[" * 100_000, "nested too deeply"),
    "absent": (None, "No such file"),
    "empty": ("", "not JSON"),
    "cut off": ('{"schema": "jconv-rep', "not JSON"),
    "no object": ("[1]", "no key 'schema'"),
    "other program's": ('{"version": 3}', "no key 'schema'"),
    "older": ('{"schema": "jconv-report/0"}', "'jconv-report/0', this jconv reads"),
    "no claims": (damaged(written(BEFORE), "claims"), "the key 'claims'"),
    "no device": (damaged(written(BEFORE), "device"), "the key 'device'"),
    "no verdict": (damaged(written(BEFORE), "verdict"), "the key 'verdict'"),
    "strange verdict": (json.dumps(written({"a.b": ("MAYBE", 0)})), "MAYBE"),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("option", ["--compare", "--with"])
def test_a_report_that_cannot_be_compared_is_bad_usage(
    text: str | None,
    words: str,
    option: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, good = tmp_path / "old.json", tmp_path / "good.json"
    good.write_text(json.dumps(written(BEFORE)))
    if text is not None:
        path.write_text(text)
    other = ["--compare", str(good)] if option == "--with" else []
    assert cli.main(["verify", option, str(path), *other]) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert f"{option}=" in told.err
    assert "Traceback" not in told.err


def test_with_alone_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", "--with", "new.json"]) == 2
    assert "--compare" in capsys.readouterr().err


def test_two_reports_are_compared_without_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jconv.verify.engine.run", pytest.fail)
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(written(BEFORE)))
    new.write_text(json.dumps(written(AFTER)))
    assert cli.main(["verify", "--compare", str(old), "--with", str(new)]) == 1
    told = capsys.readouterr().out
    for words in ("▼ worse", "▲ better", "+ new", "− gone", "~ weaker", "one is two"):
        assert words in told
    new.write_text(json.dumps(written(AFTER, target="my:boom:")))
    cli.main(["verify", "--compare", str(old), "--with", str(new)])
    told = capsys.readouterr().out
    assert "target jconv itself → my:boom:" in told, "and no picture of a boom"
    assert cli.main(["verify", "--compare", str(new), "--with", str(new)]) == 0
    assert "Nothing changed" in capsys.readouterr().out


@pytest.mark.parametrize(("now", "code"), [(True, 0), (False, 1)], ids=["holds", "not"])
def test_a_run_is_compared_with_an_older_one(
    now: bool,  # noqa: FBT001
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def check(context: Context) -> Iterator[Evidence]:
        yield Evidence(now, "as planted")

    claim = Claim("a.b", "It holds.", "exact", "a failure", "none", "", check)
    monkeypatch.setattr("jconv.verify.registry", lambda: {"a.b": claim})
    old = tmp_path / "old.json"
    old.write_text(json.dumps(written({"a.b": ("HOLDS", 0)})))
    arguments = ["verify", "--compare", str(old), "--out", str(tmp_path / "new")]
    assert cli.main(arguments) == code
    read = difference.read(tmp_path / "new" / "report.json")
    assert read["comparison"]["worse"] == 1 - now


def test_the_page_tells_the_comparison() -> None:
    new = written({})
    new["comparison"] = difference.comparison(written(BEFORE), written(AFTER))
    text = page.render(new, draw=lambda name: None)
    assert difference.sentence(new["comparison"]) in text
    assert "was.proved" in text
