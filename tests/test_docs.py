"""The docs: their code runs, the site builds strictly, and its links lead somewhere."""

from __future__ import annotations

import functools
import html.parser
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urldefrag, urlsplit

import jax
import pytest

import jconv
from tests.browser import browser, executable

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(
    path for path in DOCS.rglob("*.md") if "\nexecuted: true" in path.read_text()
)
BUILDERS = ("material", "mkdocstrings", "latex2mathml")
PACKAGES = (
    "jconv",
    "jconv.geometry",
    "jconv.lax",
    "jconv.nn",
    "jconv.nn.data",
    "jconv.nn.train",
    "jconv.pool",
)


BUILDABLE = all(map(importlib.util.find_spec, BUILDERS))


@functools.cache
def hook(name: str) -> ModuleType:
    """One of the site's hooks, which are no package."""
    spec = importlib.util.spec_from_file_location(name, DOCS / "hooks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(markdown: str) -> int:
    """Run a page under JAX's defaults, not under the settings of the tests."""
    with jax.enable_x64(False), jax.numpy_rank_promotion("allow"):  # noqa: FBT003
        return hook("executed").run(markdown, "page.md")


@pytest.mark.skipif(BUILDABLE, reason="the build runs them")
@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_what_a_page_says_it_prints_is_what_it_prints(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if "\nrequires: flax" in text:
        pytest.importorskip("flax")
    assert run(text) > 0


WRONG = {
    "output": "```pycon\n>>> 1 + 1\n3\n```\n",
    "exception": "```pycon\n>>> 1 / 0\n1\n```\n",
    "later block": "```python\na = 1\n```\n\n```pycon\n>>> a\n2\n```\n",
}


@pytest.mark.parametrize("page", WRONG.values(), ids=WRONG)
def test_a_page_that_is_wrong_fails(page: str) -> None:
    with pytest.raises(AssertionError):
        run(page)


def test_the_table_of_algorithms_has_a_row_for_each() -> None:
    rows = list(hook("catalogue").algorithms())[2:]
    names = [row.split("`")[1] for row in rows]
    assert names == list(jconv.algorithms.REGISTRY)


class Contents(html.parser.HTMLParser):
    """What a page links to, loads, and can be linked at."""

    def __init__(self) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.ids: set[str] = set()
        self.formulas = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect addresses and ids."""
        has = {name: value or "" for name, value in attrs}
        self.ids |= {has[name] for name in ("id", "name") if name in has}
        self.formulas += tag == "math"
        if tag == "a" and "href" in has:
            self.links.add(has["href"])
        elif "src" in has:
            self.loads.add(has["src"])
        elif tag == "link" and has.get("rel") in ("stylesheet", "icon", "preconnect"):
            self.loads.add(has["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Contents]:
    """Every page of the site, built as ``mkdocs build --strict`` builds it."""
    if not BUILDABLE:
        pytest.skip("needs the extra 'docs'")
    out = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr[-4000:]
    pages = {}
    for path in out.rglob("*.html"):
        if path.name != "404.html":  # its links are relative to the server's root
            pages[path] = Contents()
            pages[path].feed(path.read_text(encoding="utf-8"))
    assert len(pages) > 20
    return pages


def broken(site: dict[Path, Any]) -> list[str]:
    """Relative links to files that are not there, or to places they do not have."""
    found = []
    for page, contents in site.items():
        for link in sorted(contents.links | contents.loads):
            if urlsplit(link).scheme:
                continue
            address, anchor = urldefrag(link)
            target = (page.parent / unquote(address)).resolve() if address else page
            lost = anchor and target in site and unquote(anchor) not in site[target].ids
            if not target.exists() or lost:
                found.append(f"{page.name}: {link}")
    return found


def test_every_link_leads_to_a_page_and_a_place_in_it(site: dict[Path, Any]) -> None:
    assert broken(site) == []


def test_broken_links_are_found(tmp_path: Path) -> None:
    page, contents = tmp_path / "page.html", Contents()
    page.touch()
    contents.feed('<p id="a"><a href="#a"></a><a href="#b"></a><img src="c.png">')
    assert broken({page: contents}) == ["page.html: #b", "page.html: c.png"]


def test_no_page_loads_anything_from_elsewhere(site: dict[Path, Any]) -> None:
    loads = {load for contents in site.values() for load in contents.loads}
    assert {
        load for load in loads if urlsplit(load).scheme not in ("", "data")
    } == set()


SEARCH = """new Promise((found) => {
    const box = document.querySelector(".md-search__input");
    const told = document.querySelector(".md-search-result__meta");
    new MutationObserver(() => /\\d/.test(told.textContent) && found(told.textContent))
        .observe(told, {childList: true, characterData: true, subtree: true});
    box.focus();
    box.value = "ties";
    box.dispatchEvent(new KeyboardEvent("keyup", {bubbles: true}));
})"""
"""Types a word into the search box and waits for the count of what was found."""


@pytest.mark.skipif(executable() is None, reason="no Chromium here")
def test_a_page_opened_from_a_folder_can_search(site: dict[Path, Any]) -> None:
    (tour,) = (page for page in site if page.name == "tour.html")
    with browser() as chromium:
        page = chromium.open(tour)
        answer = page.call(
            "Runtime.evaluate",
            expression=SEARCH,
            awaitPromise=True,
            returnByValue=True,
            timeout=20_000,
        )
        assert int(answer["result"]["value"].split()[0]) > 0
        assert page.complaints() == []


def test_formulas_and_figures_are_in_their_places(site: dict[Path, Any]) -> None:
    for page, contents in site.items():
        text = page.read_text(encoding="utf-8")
        for left in (
            "arithmatex",
            "<!-- figure",
            "data-figure",
            "<!-- table",
            "<!-- api",
        ):
            assert left not in text, (page.name, left)
        if page.parent.name == "derivations" and page.stem != "index":
            assert contents.formulas > 3, page.name


BELOW = """[...document.querySelectorAll("div.formula")].map(
    (each) => [each.scrollHeight - each.clientHeight, getComputedStyle(each).overflowY])
"""
"""How much of each formula lies below its box, and what becomes of it."""


@pytest.mark.skipif(executable() is None, reason="no Chromium here")
def test_a_formula_neither_scrolls_up_and_down_nor_is_cut(
    site: dict[Path, Any],
) -> None:
    pages = [page for page, contents in site.items() if contents.formulas > 1]
    with browser() as chromium:
        for path in pages:
            page = chromium.open(path, width=1000)
            told = page.evaluate(BELOW)
            assert all(each == [0, "hidden"] for each in told), (path.name, told)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_documented(site: dict[Path, Any], package: str) -> None:
    ids = {
        name
        for page, contents in site.items()
        if page.parent.name == "api"
        for name in contents.ids
    }
    names, address = hook("public_names").public(package), hook("public_names").address
    if package == "jconv":  # its page names the rooms in which functions live
        ids = {name.rpartition(".")[2] for name in ids}
        assert set(names) - ids == set()
    else:
        assert {address(package, name) for name in names} - ids == set()
