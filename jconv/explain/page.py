"""The page to play with: one file, no network, no build step, light and dark.

The scripts stand in ``templates``, one concept a file. ``relation.js`` and ``pool.js``
do all arithmetic; the tests hold them against ``jconv.geometry`` entry by entry.
"""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from jconv.errors import GeometryError
from jconv.explain.because import SENTENCES

if TYPE_CHECKING:
    from jconv.explain.subject import Subject

SCRIPTS = (
    "relation.js",
    "pool.js",
    "state.js",
    "text.js",
    "draw.js",
    "picture.js",
    "slide.js",
    "story.js",
    "poolview.js",
    "page.js",
)
"""In the order in which they are loaded: each uses only those before it."""

LIMITS: dict[int, dict[str, tuple[int, int]]] = {
    1: {
        "n": (1, 12),
        "k": (1, 6),
        "s": (1, 4),
        "lo": (-2, 5),
        "hi": (-2, 5),
        "d": (1, 3),
        "e": (1, 3),
    },
    2: {
        "n": (1, 6),
        "k": (1, 4),
        "s": (1, 3),
        "lo": (-1, 3),
        "hi": (-1, 3),
        "d": (1, 2),
        "e": (1, 2),
    },
}
"""Rank -> what each slider reaches: what still reads well on a screen."""

OPTIONS = {
    "n": "--input",
    "k": "--kernel",
    "s": "--stride",
    "lo": "--padding",
    "hi": "--padding",
    "d": "--kernel-dilation",
    "e": "--input-dilation",
}
"""Slider -> the option that it is on the command line."""


def render(subject: Subject) -> str:
    """The page, opened at a convolution.

    Args:
        subject: of one or two axes, within LIMITS; channels and batch are not shown.

    Raises:
        GeometryError: if the page cannot show it.

    Examples:
        >>> from jconv.explain.subject import Subject
        >>> render(Subject.from_call((7,), (3,), stride=2))[:15]
        '<!doctype html>'
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(source("page.html.j2"))
    return template.render(
        style=Markup(source("page.css")),  # our own
        scripts={name: Markup(source(name)) for name in SCRIPTS},
        initial=Markup(json.dumps(initial(subject))),  # our own
        parameters=tuple(OPTIONS),
    )


@functools.cache
def source(name: str) -> str:
    """The text of a file in ``templates``."""
    return (
        resources.files("jconv.explain").joinpath("templates", name).read_text("utf-8")
    )


def initial(subject: Subject) -> dict[str, Any]:
    """What the page starts from.

    Raises:
        GeometryError: if the page cannot show it.

    Examples:
        >>> from jconv.explain.subject import Subject
        >>> initial(Subject.from_call((7,), (3,), stride=2))["axes"]
        [{'n': 7, 'k': 3, 's': 2, 'lo': 0, 'hi': 0, 'd': 1, 'e': 1}]
    """
    geometry = subject.geometry
    if geometry.rank not in LIMITS:
        raise GeometryError.of(
            "--page",
            geometry.kernel_shape,
            "a convolution of one or two spatial axes",
            "Use --figure for more.",
        )
    directions = {axis.kernel_dilation > 0 for axis in geometry.axes}
    if len(directions) > 1:
        given = subject.per_axis("kernel_dilation")
        expected = "one sign on the page, which has one direction for all axes"
        raise GeometryError.of("--kernel-dilation", given, expected)
    axes = []
    for axis, (low, high) in zip(geometry.axes, subject.padding, strict=True):
        parameters = {
            "n": axis.n_input,
            "k": axis.n_kernel,
            "s": axis.stride,
            "lo": low,
            "hi": high,
            "d": abs(axis.kernel_dilation),
            "e": axis.input_dilation,
        }
        for name, value in parameters.items():
            least, most = LIMITS[geometry.rank][name]
            if not least <= value <= most:
                expected = f"{least} to {most}, which the page can show"
                mend = "Use --figure, or no option, for others."
                raise GeometryError.of(OPTIONS[name], value, expected, mend)
        axes.append(parameters)
    mode = 1 if directions == {True} else -1
    return {
        "rank": geometry.rank,
        "axes": axes,
        "mode": mode,
        "limits": LIMITS,
        "because": SENTENCES,
    }
