"""The report: a strict document, a self-contained page, and files that are whole."""

from __future__ import annotations

import html.parser
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jconv.verify import device, figures, page, report
from jconv.verify.claim import Claim, Evidence, Result, Verdict
from jconv.verify.sources import LECTURES

HOSTILE = "<script>alert('&')</script>"

CLAIM_KEYS = {
    "id",
    "kind",
    "verdict",
    "says",
    "formula",
    "source",
    "falsified_by",
    *("cases", "proved", "refused"),
    "seconds",
    "reason",
    "worst",
    "evidence",
    "repeat",
}
EVIDENCE_KEYS = {
    "holds",
    "what",
    "cases",
    "case",
    "size",
    "error",
    "bound",
    "proved",
    "numbers",
    "limit",
    "refused",
}
TOP_KEYS = {"schema", "created", "device", "seed", "options", "summary", "claims"}


def claim(name: str, **changes: Any) -> Claim:
    """A claim with every field filled."""
    fields = {
        "says": f"What {name} says.",
        "kind": "bounded",
        "falsified_by": "an error above the bound",
        "source": "see https://example.org/paper",
        "formula": "y_i = Σ_{k} x_{i+k} w_k",
    }
    return Claim(name, check=lambda context: iter(()), **{**fields, **changes})


def holding(**fields: Any) -> Evidence:
    return Evidence(True, "compared", **fields)  # noqa: FBT003


@pytest.fixture
def results() -> list[Result]:
    """One result of each verdict, with everything that is awkward to write down."""
    awkward = {"array": np.arange(3), "nan": np.nan, "inf": -np.inf, "f": np.float32(2)}
    many = tuple(holding(error=0.1 * n, bound=2.0, proved=n) for n in range(1, 11))
    failing = Evidence(False, HOSTILE, case=HOSTILE, error=np.nan)  # noqa: FBT003
    return [
        Result(claim("size.one"), Verdict.HOLDS, many, 0.5),
        Result(
            claim("size.two", says=HOSTILE, formula="a < b"),
            Verdict.FALSIFIED,
            (holding(numbers=awkward), failing),
            0.25,
        ),
        Result(claim("mine.three"), Verdict.UNSUPPORTED, (), 0.0, HOSTILE),
        Result(claim("size.four"), Verdict.ERROR, (), 0.0, "RuntimeError: broken"),
    ]


@pytest.fixture
def document(results: list[Result]) -> dict[str, Any]:
    options = report.Options(seed=3, quick=True, dtypes=("float32",), platform="cpu")
    return report.document(results, options, device.record("cpu"))


def test_document_is_strict_json_with_the_documented_keys(
    document: dict[str, Any],
) -> None:
    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is not JSON")

    read = json.loads(report.to_json(document), parse_constant=refuse)
    assert read == document
    assert set(read) == TOP_KEYS
    assert read["schema"] == report.SCHEMA
    assert {"platform", "kind", "jax", "jaxlib"} <= set(read["device"])
    for each in read["claims"]:
        assert set(each) == CLAIM_KEYS
        assert all(set(row) == EVIDENCE_KEYS for row in each["evidence"])
    assert read["claims"][1]["evidence"][0]["numbers"] == {
        "array": [0, 1, 2],
        "nan": "NaN",
        "inf": "-Infinity",
        "f": 2.0,
    }


def test_schema_document_names_every_key(document: dict[str, Any]) -> None:
    text = (Path(__file__).parents[1] / "docs" / "report-schema.md").read_text("utf-8")
    keys = {*document, *document["device"], *document["options"], *document["summary"]}
    missing = {
        key for key in keys | CLAIM_KEYS | EVIDENCE_KEYS if f"`{key}`" not in text
    }
    assert not missing
    assert report.SCHEMA in text


def test_summary_counts(document: dict[str, Any]) -> None:
    summary = document["summary"]
    assert [summary[name] for name in ("claims", "holds", "falsified")] == [4, 1, 1]
    assert (summary["unsupported"], summary["error"]) == (1, 1)
    assert (summary["cases"], summary["proved"]) == (12, 55)
    sentence = summary["sentence"]
    assert sentence.startswith("1 of 4 claims hold on CPU")
    assert "proved for 55 geometries; 12 single comparisons." in sentence


def test_worst_is_the_failure_or_the_closest_call(document: dict[str, Any]) -> None:
    closest, failing, nothing, _ = (each["worst"] for each in document["claims"])
    assert closest["error"] == pytest.approx(1.0)
    assert failing["holds"] is False
    assert nothing is None


def test_repeat_is_the_whole_command(document: dict[str, Any]) -> None:
    assert document["claims"][0]["repeat"] == (
        "jconv verify --claim size.one --seed 3 --quick --dtype float32 --platform cpu"
    )
    assert report.Options().repeat("a.b") == "jconv verify --claim a.b --seed 0"


def test_device_record_names_no_place_and_no_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XLA_FLAGS", "--xla_a=true --xla_dump_to=/home/someone/dump")
    told = json.dumps(device.record("cpu"))
    assert "--xla_a=true" in told
    assert "someone" not in told
    assert str(Path.home()) not in told
    assert os.uname().nodename not in told


class Page(html.parser.HTMLParser):
    """What a page refers to, and the text a reader sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in {"src", "href", "xlink:href", "srcset", "action"}:
                self.references.append((tag, value or ""))
            if name == "id":
                self.ids.append(value or "")

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture
def rendered(document: dict[str, Any]) -> str:
    return page.render(document, draw=lambda name: None)


def test_page_tells_every_claim(rendered: str, document: dict[str, Any]) -> None:
    seen = Page(rendered)
    for each in document["claims"]:
        assert each["id"] in seen.ids
        for field in ("id", "says", "falsified_by", "repeat", "reason"):
            assert each[field] in seen.words
    assert document["summary"]["sentence"] in seen.words
    assert "4 more rows" in seen.words
    assert seen.words.count("✗ falsified") == 2, "the legend and the badge"


def test_page_tells_what_lecture_notes_are_called(rendered: str) -> None:
    assert all(title in rendered for title in LECTURES.values())


def test_page_escapes_what_claims_say(rendered: str) -> None:
    assert "script" not in Page(rendered).tags
    assert "&lt;script&gt;" in rendered


def test_page_needs_no_network(rendered: str) -> None:
    seen = Page(rendered)
    outside = [each for each in seen.references if not each[1].startswith("#")]
    assert outside == [("a", "https://example.org/paper")] * 4
    assert "@import" not in rendered
    assert "url(http" not in rendered
    assert not {"link", "script", "iframe"} & set(seen.tags)


def test_page_is_the_same_for_the_same_document(document: dict[str, Any]) -> None:
    drawn = [page.render(document, draw=lambda name: "<svg></svg>") for _ in range(2)]
    assert drawn[0] == drawn[1]


def test_claims_of_a_topic_stand_together(rendered: str) -> None:
    ids = [name for name in Page(rendered).ids if "." in name]
    assert ids == ["size.one", "size.two", "size.four", "mine.three"]


def test_figure_that_cannot_be_drawn_costs_no_report(document: dict[str, Any]) -> None:
    def broken(name: str) -> str:
        message = "no photograph <here>"
        raise OSError(message)

    assert "no photograph <here>" in Page(page.render(document, draw=broken)).words


@pytest.mark.parametrize("name", figures.FIGURES)
def test_figure_is_self_contained(name: str) -> None:
    drawn = figures.svg(name)
    assert drawn is not None
    seen = Page(drawn)
    assert seen.tags[0] == "svg"
    assert len(set(seen.ids)) == len(seen.ids)
    assert all(each.startswith(name.replace(".", "-")) for each in seen.ids)
    outside = [value for _, value in seen.references if not value.startswith("#")]
    assert all(value.startswith("data:image/png;base64,") for value in outside)
    inside = {value[1:] for _, value in seen.references if value.startswith("#")}
    assert inside <= set(seen.ids)


def test_claim_without_figure_has_none() -> None:
    assert figures.svg("no.such") is None


FORMULAS = {
    "O = I - K + 1": "<i>O</i> = <i>I</i> − <i>K</i> + 1",
    "kernel_dilation a": "kernel_dilation <i>a</i>",
    "a < b": "<i>a</i> &lt; <i>b</i>",
    "x_12": "<i>x</i><sub>12</sub>",
    "δ₁w₃": "<i>δ</i><sub>1</sub><i>w</i><sub>3</sub>",
    "dx = 2^n": "<i>dx</i> = 2^<i>n</i>",
}


@pytest.mark.parametrize(("formula", "expected"), FORMULAS.items(), ids=FORMULAS)
def test_mathematics(formula: str, expected: str) -> None:
    assert str(page.mathematics(formula)) == expected


def test_files_are_written_whole(tmp_path: Path) -> None:
    written = report.write(tmp_path, {"a.html": "page", "b.json": "{}"})
    assert written == [tmp_path / "a.html", tmp_path / "b.json"]
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {
        "a.html": "page",
        "b.json": "{}",
    }


@pytest.mark.parametrize("fault", ["replace", "write"])
def test_failure_leaves_the_old_report_and_nothing_partial(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report.write(tmp_path, {"a.html": "old", "b.json": "old"})

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    target = (report.os, "replace") if fault == "replace" else (Path, "write_text")
    with monkeypatch.context() as patched:
        patched.setattr(*target, full)
        with pytest.raises(OSError, match="No space"):
            report.write(tmp_path, {"a.html": "new", "b.json": "new"})
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {
        "a.html": "old",
        "b.json": "old",
    }


def test_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="Not a directory"):
        report.prepare(tmp_path / "file" / "folder")
