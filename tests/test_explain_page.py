"""The page in a browser: what it shows, keys, mouse, numbers, widths, no complaint."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
import pytest

import jconv
from jconv import cli
from jconv.errors import GeometryError
from jconv.explain.page import LIMITS, initial, render
from jconv.explain.subject import Subject
from tests import browser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browser import Chromium, Page

in_a_browser = pytest.mark.skipif(
    browser.executable() is None, reason="there is no Chromium here"
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with browser.browser() as started:
        yield started


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("page") / "page.html"
    assert cli.main(["explain", "--page", str(written)]) == 0
    return written


def text(page: Page, selector: str) -> str:
    found = page.evaluate(f"document.querySelector({json.dumps(selector)}).textContent")
    return found.replace("\u2009", " ")


def shown(page: Page) -> list[float]:
    """The numbers of the picture's result."""
    expression = (
        "[...document.querySelectorAll('#picture .result')]"
        ".map(e => e.firstChild.textContent.replace('−', '-'))"
    )
    return [float(number) for number in page.evaluate(expression)]


def test_the_page_needs_nothing_but_itself() -> None:
    page = render(Subject.from_call((5,), (3,)))
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "@import" not in page
    assert "src=" not in page
    assert len(page) < 100_000


@in_a_browser
def test_it_tells_the_worked_example(chromium: Chromium, path: Path) -> None:
    page = chromium.open(path, "#tab=dx")
    assert text(page, ".symbols") == "∂L/∂x₃ = δ₁ w₃ + δ₂ w₂ + δ₃ w₁"
    assert text(page, ".numbers") == "= 2·(−1) + 1·2 + 3·1 = 3"
    assert shown(page) == [2, 5, 3, 5, -3]
    assert text(page, "#code").startswith("dx = jconv.conv(dy, jnp.flip(w, (0,))")
    assert "agree in all 5 entries" in text(page, "#check")
    assert page.complaints() == []


ADDRESSES = {
    "stride": "n=7&k=3&s=2",
    "true, dilated, holes": "n=6&k=3&s=2&lo=2&hi=1&mode=-1&e=2&d=2",
    "cropped": "n=8&k=2&lo=-1&hi=-2&s=3",
    "image": "rank=2&n=5,4&k=3,2&s=2,1&lo=1,0&hi=1,2",
    "image, true": "rank=2&n=3&k=2&d=2&lo=2&hi=2&mode=-1",
}


@in_a_browser
@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES)
def test_its_numbers_and_its_code_are_jconvs(
    address: str, chromium: Chromium, path: Path
) -> None:
    page = chromium.open(path, f"#{address}")
    axes = page.evaluate("State.axes()")
    sizes = {
        role: tuple(axis[f"n{role.capitalize()}"] for axis in axes)
        for role in ("input", "kernel", "output")
    }
    values = {
        role: np.reshape(page.evaluate(f"State.values('{role}')"), size)
        for role, size in sizes.items()
    }
    given: dict[str, Any] = {
        "x": jnp.asarray(values["input"], "float64")[None, ..., None],
        "w": jnp.asarray(values["kernel"], "float64")[..., None, None],
        "dy": jnp.asarray(values["output"], "float64")[None, ..., None],
        "jconv": jconv,
        "jnp": jnp,
    }
    for tab in ("y", "dx", "dw"):
        page.evaluate(f"document.getElementById('tab-{tab}').click()")
        exec(text(page, "#code"), given)  # our own text
        assert shown(page) == np.ravel(given[tab]).tolist()
    # The code is a forward convolution each time; these are the derivatives:
    parameters = page.evaluate("State.state")
    axes_given = parameters["axes"][: parameters["rank"]]
    options = {
        "stride": tuple(axis["s"] for axis in axes_given),
        "padding": tuple((axis["lo"], axis["hi"]) for axis in axes_given),
        "kernel_dilation": tuple(parameters["mode"] * axis["d"] for axis in axes_given),
        "input_dilation": tuple(axis["e"] for axis in axes_given),
    }
    dx = jconv.conv_input_vjp(
        given["dy"], given["w"], input_shape=given["x"].shape, **options
    )
    np.testing.assert_array_equal(given["dx"], dx)
    assert page.complaints() == []


@in_a_browser
def test_keys_mouse_and_numbers(chromium: Chromium, path: Path) -> None:
    page = chromium.open(path, "#tab=y&n=6&k=2")
    page.evaluate("document.querySelector('#picture .result[tabindex=\"0\"]').focus()")
    assert text(page, ".symbols") == "y₃ = x₃ w₁ + x₄ w₂"
    page.press("ArrowRight")
    assert text(page, ".symbols") == "y₄ = x₄ w₁ + x₅ w₂"
    assert page.evaluate("document.activeElement.dataset.at") == "3"
    page.hover("#picture .result")
    assert text(page, ".symbols") == "y₁ = x₁ w₁ + x₂ w₂"
    before = shown(page)
    page.evaluate("document.querySelector('[data-key=\"input:0\"]').select()")
    page.evaluate("document.querySelector('[data-key=\"input:0\"]').focus()")
    page.press("9")
    assert shown(page) == [before[0] + 8, *before[1:]]
    assert page.evaluate("document.activeElement.dataset.key") == "input:0"
    page.evaluate("document.getElementById('slider-s').focus()")
    page.press("ArrowRight")
    assert len(shown(page)) == 3
    assert "s=2" in page.evaluate("location.hash")
    page.evaluate("document.getElementById('tab-y').focus()")
    page.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-dx"
    assert text(page, "#question") == "How does the loss depend on one input?"
    page.evaluate("document.querySelector('[data-mode=\"-1\"]').click()")
    assert "ran backwards" in text(page, "#reason")
    page.evaluate("document.querySelector('[data-rank=\"2\"]').click()")
    assert page.evaluate("document.querySelectorAll('#picture .block').length") == 3
    page.evaluate("document.querySelector('[data-axis=\"1\"]').click()")
    page.evaluate("document.getElementById('slider-s').focus()")
    page.press("ArrowLeft")
    assert page.evaluate("State.axes().map(a => a.stride)") == [2, 1]
    assert text(page, "#row-s output") == "2 × 1"
    assert page.complaints() == []


@in_a_browser
def test_pools_stand_side_by_side(chromium: Chromium, path: Path) -> None:
    page = chromium.open(path, "#tab=pool&n=4&k=2&lo=1&hi=1")
    cards = page.evaluate(
        "[...document.querySelectorAll('.card')].map(e => e.textContent)"
    )
    assert len(cards) == 5
    kept = page.evaluate("[...document.querySelectorAll('.sum')].map(e => e.className)")
    assert kept == ["sum kept", "sum lost", "sum kept", "sum kept", "sum lost"]
    assert "12221" in cards[3].replace("counted", "").split("mean")[0]
    page.evaluate("document.querySelectorAll('#picture .result')[2].click()")
    assert text(page, ".symbols") == "y₃ = max(x₂, x₃) = 3"
    assert "x₂ and x₃ are equal" in text(page, ".note")
    assert page.complaints() == []


@in_a_browser
@pytest.mark.parametrize("tab", ["y", "dx", "dw", "pool"])
def test_it_fits_a_phone(tab: str, chromium: Chromium, path: Path) -> None:
    page = chromium.open(path, f"#tab={tab}&rank=2&n=6&k=3&lo=3&hi=3", 375)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page = chromium.open(path, f"#tab={tab}&n=12&lo=5&hi=5&e=3", 375)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert page.complaints() == []


@in_a_browser
def test_light_and_dark(chromium: Chromium, path: Path) -> None:
    page = chromium.open(path)
    ground = "getComputedStyle(document.body).backgroundColor"
    page.prefer("light")
    light = page.evaluate(ground)
    page.prefer("dark")
    dark = page.evaluate(ground)
    assert light != dark
    page.evaluate("document.getElementById('theme').click()")
    assert page.evaluate(ground) == light


@in_a_browser
def test_nothing_fits_is_told(chromium: Chromium, path: Path) -> None:
    page = chromium.open(path, "#n=2&k=5")
    assert page.evaluate("document.getElementById('empty').hidden") is False
    for tab in ("dx", "dw", "pool"):
        page.evaluate(f"document.getElementById('tab-{tab}').click()")
    assert page.complaints() == []


@in_a_browser
@pytest.mark.parametrize("rank", LIMITS)
def test_the_ends_of_all_sliders_can_be_drawn(
    rank: int, chromium: Chromium, path: Path
) -> None:
    page = chromium.open(path)
    for end in (0, 1):
        chosen = "&".join(f"{name}={ends[end]}" for name, ends in LIMITS[rank].items())
        for tab in ("y", "dx", "dw", "pool"):
            address = json.dumps(f"#tab={tab}&rank={rank}&{chosen}")
            page.evaluate(f"location.hash = {address}; State.read({address})")
            page.evaluate("dispatchEvent(new Event('hashchange'))")
            assert "differ" not in text(page, "#check")
    assert page.complaints() == []


REFUSED = {
    "3-D": Subject.from_call((3, 3, 3), (2, 2, 2)),
    "large": Subject.from_call((28,), (3,)),
    "two directions": Subject.from_call((4, 4), (2, 2), kernel_dilation=(1, -1)),
}


@pytest.mark.parametrize("subject", REFUSED.values(), ids=REFUSED)
def test_what_the_page_cannot_show_is_refused(subject: Subject) -> None:
    with pytest.raises(GeometryError, match="expected"):
        initial(subject)
