"""Figures are drawn when the site is built, from what jconv computes.

In a page, a line of its own:

    <!-- figure: backward.input-1d | What one sees, in a sentence. -->

draws the figure of a claim; ``relation:variations`` instead of the id names a function
of ``jconv.verify.figures``, and ``experiments.ties_of_a_max_pool`` an experiment, which
is measured quickly. The sentence is the caption, and what a screen reader
reads. Colours become variables, so that a figure follows the page into the dark.
"""

from __future__ import annotations

import functools
import html
import importlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jconv.verify import figures
from jconv.verify.figures import theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARK = re.compile(r"^<!-- figure: (\S+) \| (.+?) -->$", re.MULTILINE)
sys.path.append(str(Path(__file__).parents[2]))  # experiments are not installed

PLACE = re.compile(r'<div data-figure="([^"]+)" data-caption="([^"]*)"></div>')

SHEET = "assets/figures.css"
COLORS = (
    f":root {{ {theme.css(dark=False)} }}\n"
    f'[data-md-color-scheme="slate"] {{ {theme.css(dark=True)} }}\n'
)
"""What the colours are on a light and on a dark page."""


def on_config(config: Any) -> Any:
    """Let every page load the colours."""
    config.extra_css.insert(0, SHEET)
    return config


def on_files(files: Any, config: Any) -> Any:
    """Write the colours into the site."""
    from mkdocs.structure.files import File  # noqa: PLC0415  (tests lack it)

    files.append(File.generated(config, SHEET, content=COLORS))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Keep a figure's place while the page is read as Markdown."""

    def place(found: re.Match[str]) -> str:
        caption = html.escape(found[2])
        return f'<div data-figure="{found[1]}" data-caption="{caption}"></div>'

    return MARK.sub(place, markdown)


def on_post_page(output: str, **_: Any) -> str:
    """Put the figures in their places; the search index has not seen them."""
    return PLACE.sub(lambda found: _figure(found[1], html.unescape(found[2])), output)


@functools.cache
def _figure(name: str, caption: str) -> str:
    """One figure with its caption."""
    element = figures.element(lambda: _draw(name), name, caption)
    described = html.escape(caption, quote=False)
    return f"<figure>{element}<figcaption>{described}</figcaption></figure>"


def _draw(name: str) -> Figure:
    """A claim's figure, an experiment's, or that of a ``module:function``."""
    if name in figures.FIGURES:
        return figures.draw(name)
    if name.startswith("experiments."):
        quick, experiment = True, importlib.import_module(name)
        return experiment.draw(experiment.measure(quick))
    module, function = name.split(":")
    package = importlib.import_module(f"jconv.verify.figures.{module}")
    return getattr(package, function)()
