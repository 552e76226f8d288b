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
from jconv.verify.figures import backward, relation, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARK = re.compile(r"^<!-- figure: (\S+) \| (.+?) -->$", re.MULTILINE)
sys.path.append(str(Path(__file__).parents[2]))  # experiments are not installed

PLACE = re.compile(r'<div data-figure="([^"]+)" data-caption="([^"]*)"></div>')

NAMES = {
    "ink": style.INK,
    "soft": style.SOFT,
    "faint": style.FAINT,
    "input": style.INPUT,
    "kernel": style.KERNEL,
    "output": style.OUTPUT,
    "cotangent": style.COTANGENT,
    "input-tint": style.TINT[style.INPUT],
    "kernel-tint": style.TINT[style.KERNEL],
    "output-tint": style.TINT[style.OUTPUT],
    "cotangent-tint": style.TINT[style.COTANGENT],
    "paper": "#ffffff",
    "on-weight": relation.ON_WEIGHT,
    **{f"weight-{n}": color for n, color in enumerate(backward.WEIGHT_COLORS, 1)},
    "window-3": backward.WINDOW_COLORS[2],
}
"""Variable of ``assets/extra.css`` -> the colour in the light, as matplotlib has it."""


def on_page_markdown(markdown: str, **_: Any) -> str:  # noqa: ANN401
    """Keep a figure's place while the page is read as Markdown."""

    def place(found: re.Match[str]) -> str:
        caption = html.escape(found[2])
        return f'<div data-figure="{found[1]}" data-caption="{caption}"></div>'

    return MARK.sub(place, markdown)


def on_post_page(output: str, **_: Any) -> str:  # noqa: ANN401
    """Put the figures in their places; the search index has not seen them."""
    return PLACE.sub(lambda found: _figure(found[1], html.unescape(found[2])), output)


@functools.cache
def _figure(name: str, caption: str) -> str:
    """One figure with its caption; pictures and plots keep their white ground."""
    element = figures.element(lambda: _draw(name), name, caption)
    plot = "<image" in element or "matplotlib.axis" in element
    card = ' class="card"' if plot else ""
    if not plot:
        for variable, color in NAMES.items():
            element = element.replace(color, f"var(--jconv-{variable})")
    described = html.escape(caption, quote=False)
    return f"<figure{card}>{element}<figcaption>{described}</figcaption></figure>"


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
