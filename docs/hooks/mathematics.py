"""Formulas become MathML when the site is built: no script, no font, no network."""

from __future__ import annotations

import html
import re
from typing import Any

from latex2mathml.converter import convert

FORMULA = re.compile(
    r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL
)
"""What ``pymdownx.arithmatex`` leaves in a page."""

PRIME = re.compile(r"<msup>(<mi>\w</mi>)<mi>&#x02032;</mi></msup>")
"""A prime is high already; as a superscript it is too small to see."""

LEFT_OVER = re.compile(r"&#x00026;|\\\\")

MENDED = '<mrow>\\1<mo lspace="0" rspace="0">&#x02032;</mo></mrow>'

BAR = '<mo stretchy="false">&#x0007C;</mo>'
CLOSE_BAR = '<mo stretchy="false" lspace="0" rspace="0">&#x0007C;</mo>'


def on_page_content(content: str, **_: Any) -> str:
    """Replace every formula of a page, before the search index reads it."""
    return FORMULA.sub(_mathml, content)


def _mathml(found: re.Match[str]) -> str:
    """One formula."""
    tag, bracket, latex = found.groups()
    display = "inline" if bracket == "(" else "block"
    element = convert(html.unescape(latex).strip(), display=display)
    assert not LEFT_OVER.search(element), latex  # what the converter does not know
    element = PRIME.sub(MENDED, element).replace(BAR, CLOSE_BAR)
    return f'<{tag} class="formula">{element}</{tag}>'
