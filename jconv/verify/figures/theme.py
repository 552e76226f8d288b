"""Figures in light and dark: every colour of the look is a variable of the page.

A file keeps its colours on white. An ``<svg>`` in a page names a CSS variable for each
of them instead, with the colour itself beside it for pages that set none. Heat maps and
photographs stay as they are: their colours are data.
"""

from __future__ import annotations

import re

from jconv.verify.figures.style import (
    COTANGENT,
    FAINT,
    INK,
    INPUT,
    KERNEL,
    ON_WEIGHT,
    OUTPUT,
    SOFT,
    TINT,
    WEIGHT_COLORS,
    WINDOW_COLORS,
    WRONG,
)

COLORS = {
    "ink": (INK, "#e6e9ee"),
    "soft": (SOFT, "#a9b2bf"),
    "faint": (FAINT, "#434b58"),
    "paper": ("#ffffff", "#1e2129"),
    "input": (INPUT, "#74b3ee"),
    "input-tint": (TINT[INPUT], "#1f3c59"),
    "kernel": (KERNEL, "#f19c5e"),
    "kernel-tint": (TINT[KERNEL], "#4d2f19"),
    "output": (OUTPUT, "#67c58d"),
    "output-tint": (TINT[OUTPUT], "#1b4129"),
    "cotangent": (COTANGENT, "#c099e4"),
    "cotangent-tint": (TINT[COTANGENT], "#3e2b54"),
    "weight-1": (WEIGHT_COLORS[0], "#ef8a86"),
    "weight-2": (WEIGHT_COLORS[1], "#e6b83f"),
    "weight-3": (WEIGHT_COLORS[2], "#66c3d2"),
    "window-3": (WINDOW_COLORS[2], "#d9a441"),
    "on-weight": (ON_WEIGHT, "#14171d"),
    "wrong": (WRONG, "#ff8a80"),
}
"""Name -> the colour in the light, and in the dark."""


def css(*, dark: bool) -> str:
    """Declarations of all the variables, for one ground.

    Examples:
        >>> css(dark=False)[:21]
        '--jconv-ink: #1b2330;'
    """
    return " ".join(f"--jconv-{name}: {pair[dark]};" for name, pair in COLORS.items())


def themed(svg: str) -> str:
    """The same element with variables in the places of colours.

    Examples:
        >>> themed('<path style="fill: #1b2330; stroke: #123456"/>')
        '<path style="fill: var(--jconv-ink, #1b2330); stroke: #123456"/>'
    """
    names = {light: name for name, (light, _) in COLORS.items()}
    return re.sub(
        r"(?<=: )#[0-9a-f]{6}\b",
        lambda found: (
            f"var(--jconv-{names[found[0]]}, {found[0]})"
            if found[0] in names
            else found[0]
        ),
        svg,
    )
