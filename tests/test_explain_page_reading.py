"""What a reader of the page needs: where it counts from, reasons, names, edges."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from jconv import cli
from jconv.explain.because import because
from jconv.explain.subject import Subject
from tests import browser
from tests.test_explain_page import text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browser import Chromium

pytestmark = pytest.mark.skipif(
    browser.executable() is None, reason="there is no Chromium here"
)

SETTLED = "new Promise((f) => requestAnimationFrame(() => requestAnimationFrame(f)))"
"""What is told only once a drawing has its size."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with browser.browser() as started:
        yield started


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("page") / "page.html"
    assert cli.main(["explain", "--page", str(written)]) == 0
    return written


def test_the_relation_says_from_where_it_counts(chromium: Chromium, path: Path) -> None:
    page = chromium.open(path, "#tab=dx&n=7&s=2&at=2")
    assert text(page, ".symbols") == "∂L/∂x₃ = δ₁ w₃ + δ₂ w₁"
    assert text(page, "#relation") == "2·o + k = i"
    assert text(page, "#counted") == "counted from 0: δ₁ w₃ has o = 0, k = 2, i = 2"
    page = chromium.open(path, "#tab=dw&rank=2&n=4&k=2&lo=1&at=1,0")
    assert "o = (0, 1), k = (1, 0), i = (0, 0)" in text(page, "#counted")
    page = chromium.open(path, "#tab=y&n=3&k=2&hi=4&at=5")
    assert text(page, "#counted") == "counted from 0"
    page = chromium.open(path, "#tab=pool&n=4&k=2&lo=1&at=1")
    told = "counted from 0: x₁ in the window of y₂ has o = 1, k = 0, i = 0"
    assert text(page, "#counted") == told
    assert page.complaints() == []


def test_a_mean_has_two_divisors_where_padding_is_in_the_window(
    chromium: Chromium, path: Path
) -> None:
    def note(at: int) -> str:
        page = chromium.open(path, f"#tab=pool&n=5&k=3&lo=1&at={at}")
        return text(page, ".note").replace("\u00a0", " ")

    assert "each of the 2 receives δ₁ / 2, or δ₁ / 3 with padding counted." in note(0)
    assert "each of the 3 receives δ₂ / 3." in note(1)


REASONS = {
    "n=7&k=3&s=2": Subject.from_call((7,), (3,), stride=2),
    "n=6&k=3&d=2&e=3&mode=-1": Subject.from_call(
        (6,), (3,), kernel_dilation=-2, input_dilation=3
    ),
    "rank=2&n=6&k=2&s=3,1&d=1,2": Subject.from_call(
        (6, 6), (2, 2), stride=(3, 1), kernel_dilation=(1, 2)
    ),
}


@pytest.mark.parametrize("address", REASONS)
def test_its_reasons_are_those_of_the_terminal(
    address: str, chromium: Chromium, path: Path
) -> None:
    for tab, out in (("y", "output"), ("dx", "input"), ("dw", "kernel")):
        page = chromium.open(path, f"#tab={tab}&{address}")
        told = because(REASONS[address], out)  # type: ignore[arg-type]
        assert text(page, "#reason") == re.sub(r"\bdy\b", "δ", told)


@pytest.mark.parametrize("width", [375, 700, 1000, 1280])
def test_names_and_numbers_do_not_overprint(
    width: int, chromium: Chromium, path: Path
) -> None:
    """In a cell that names what it meets there is no room for its own name."""
    address = "#tab=y&rank=2&n=6&k=3&s=2,1&lo=0,1&hi=1"
    page = chromium.open(path, address, width)
    crowded = page.evaluate(
        """[...document.querySelectorAll(".cell:has(em)")].filter((cell) => {
        const [own, other] = ["small", "em"].map((tag) => cell.querySelector(tag));
        const shown = [own, other].map((e) => e && e.getClientRects().length);
        return cell.clientWidth < 48 && shown[0] && shown[1];
    }).length"""
    )
    assert crowded == 0
    assert page.evaluate("document.querySelectorAll('.cell em').length") > 9


def test_what_is_wider_than_the_screen_fades_until_it_is_scrolled(
    chromium: Chromium, path: Path
) -> None:
    page = chromium.open(path, "#tab=dx&n=12&lo=5&hi=5", 375)
    wait = {"expression": SETTLED, "awaitPromise": True}
    page.call("Runtime.evaluate", **wait)
    fading = "document.querySelectorAll('#picture .scroller.more').length"
    assert page.evaluate(fading) == 2
    scrolled = "document.querySelectorAll('#picture .scroller')"
    page.evaluate(f"{scrolled}.forEach((each) => (each.scrollLeft = 9999))")
    page.call("Runtime.evaluate", **wait)
    assert page.evaluate(fading) == 0
    for width in (375, 1280):
        page = chromium.open(path, "#tab=dx", width)
        page.call("Runtime.evaluate", **wait)
        tabs = "(e => [e.scrollWidth - e.clientWidth, e.scrollHeight - e.clientHeight])"
        assert page.evaluate(f"{tabs}(document.querySelector('.tabs'))") == [0, 0]
        assert page.evaluate(fading) == 0
