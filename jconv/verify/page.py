"""The report as a page for people: one file, no network, light and dark, any width."""

# ruff: noqa: RUF001 (mathematics is written in its own signs)

from __future__ import annotations

import functools
import itertools
import re
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup, escape

from jconv.errors import UnsupportedError
from jconv.verify.device import display_name
from jconv.verify.difference import sentence
from jconv.verify.failures import in_all
from jconv.verify.figures.theme import css
from jconv.verify.sources import LECTURES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TOPICS = {
    "target": "The convolution that was handed in",
    "definition": "What a convolution is",
    "channels": "Channels",
    "size": "Sizes",
    "stride": "Strides",
    "filters": "Filters on a photograph",
    "linear": "Stacks without an activation",
    "conv1x1": "1 × 1 convolutions",
    "backward": "The derivative of a convolution",
    "transform": "Under JAX's transformations",
    "dtype": "Number formats",
    "patches": "Patches",
    "local": "Weights that are not shared",
    "per-example": "Single examples",
    "pool": "Pooling",
    "net": "Networks",
}
"""What the part of an id before its first full stop stands for."""

VERDICTS = {
    "HOLDS": ("✓", "holds"),
    "FALSIFIED": ("✗", "falsified"),
    "UNSUPPORTED": ("○", "unsupported"),
    "ERROR": ("!", "error"),
}
"""Sign and word of each verdict: colour alone tells nothing to many readers."""

KINDS = {
    "symbolic": "shown for all values of its symbols",
    "exact": "equality as numbers",
    "bounded": "within an error bound derived beforehand",
    "measured": "numbers beside what was expected of them",
}
"""What each kind of evidence means."""

ROWS_SHOWN = 6
"""Rows of evidence that stand open; the rest is folded away."""


def topic(claim_id: str) -> str:
    """The heading that a claim belongs under.

    Examples:
        >>> topic("size.valid"), topic("mine.own")
        ('Sizes', 'Mine')
    """
    prefix = claim_id.split(".", maxsplit=1)[0]
    return TOPICS.get(prefix, prefix.capitalize())


def render(
    report: Mapping[str, Any], draw: Callable[[str], str | None] | None = None
) -> str:
    """The page of a report.

    Args:
        report: the document of ``report.document``.
        draw: gives a claim's figure as SVG, or None where it has none; by default
            ``figures.svg``.
    """
    if draw is None:
        from jconv.verify.figures import svg  # noqa: PLC0415 (matplotlib is slow to load)

        draw = svg
    claims = [
        {**claim, "figure": _figure(claim["id"], draw)} for claim in report["claims"]
    ]
    # Sorted: claims of one topic may be registered in several files.
    order = list(dict.fromkeys(topic(claim["id"]) for claim in claims))
    claims.sort(key=lambda claim: order.index(topic(claim["id"])))
    grouped = {
        name: list(members)
        for name, members in itertools.groupby(
            claims, key=lambda claim: topic(claim["id"])
        )
    }
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            topics=grouped,
            device_name=display_name(report["device"]),
            verdicts=VERDICTS,
            lectures=LECTURES,
            kinds=KINDS,
            rows_shown=ROWS_SHOWN,
            compared=_compared(report),
            figure_colors=css,
        )
    )


def _compared(report: Mapping[str, Any]) -> str:
    """What the comparison with an older report came to; empty without one."""
    return sentence(report["comparison"]) if report.get("comparison") else ""


@functools.cache
def _environment() -> jinja2.Environment:
    """Everything is escaped; a name the template lacks is an error, not a blank."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("jconv.verify", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(
        mathematics=mathematics, number=number, share=share, prose=prose, in_all=in_all
    )
    return environment


def _figure(claim_id: str, draw: Callable[[str], str | None]) -> Markup | None:
    """A claim's figure; one that cannot be drawn says so and costs no report."""
    try:
        drawn = draw(claim_id)
    except (UnsupportedError, ImportError, OSError) as error:
        return Markup('<p class="note">The figure could not be drawn: {}</p>').format(
            f"{type(error).__name__}: {error}"
        )
    return None if drawn is None else Markup(drawn)  # our own SVG


_WORD = "A-Za-zΑ-ΡΤ-ω"  # without the sign of summation
_LETTER = re.compile(rf"(?<![{_WORD}0-9_&])(d[xwyL]|[∂Δδ]?[{_WORD}])(?![{_WORD}0-9_])")
"""A variable: one letter that is no part of a word; or a differential, such as dx."""

_SCRIPT = re.compile(
    rf"([{_WORD}Σ\]}})′])([_^])(?:\{{([^{{}}]*)\}}|([\w*]+|[+−][\w]+))"
)
"""A letter or a bracket with ``_x``, ``_{...}``, ``^x`` or ``^{...}`` after it."""

_SMALL = "₀₁₂₃₄₅₆₇₈₉₊₋ₐₑₕᵢⱼₖₗₘₙₒₚᵩᵣₛₜᵤᵥₓ꜀"
_NORMAL = str.maketrans(_SMALL, "0123456789+−aehijklmnopqrstuvxc")
"""Unicode's subscripts, and what they stand for; it has no q and no c, so a phi and a
tone letter pass for them. As ``<sub>`` they need no rare font.
"""


def mathematics(formula: str) -> Markup:
    """Plain text as mathematics: variables in italics, ``_`` and ``^`` as scripts.

    Only a single letter takes a script, so names such as kernel_dilation stay whole.

    Examples:
        >>> str(mathematics("Σᵢ,ⱼ x₊₁"))
        'Σ<sub><i>i</i>,<i>j</i></sub> <i>x</i><sub>+1</sub>'
        >>> str(mathematics("O = K_{i+1} + pad_low"))
        '<i>O</i> = <i>K</i><sub><i>i</i>+1</sub> + pad_low'
    """
    text = re.sub(r"(?<=\s)-(?=\s)", "−", str(formula))
    small = f"[{_SMALL}]+(?:,[{_SMALL}]+)*"
    text = re.sub(small, lambda run: f"_{{{run[0].translate(_NORMAL)}}}", text)
    pieces, end = [], 0
    for found in _SCRIPT.finditer(text):
        before = text[found.start() - 1 : found.start()]
        if before.isalnum() or before == "_":
            continue
        pieces.append(_italic(text[end : found.start() + 1]))
        tag = "sub" if found[2] == "_" else "sup"
        script = found[3] if found[3] is not None else found[4]
        pieces.append(Markup(f"<{tag}>{_italic(script)}</{tag}>"))
        end = found.end()
    return Markup("").join([*pieces, _italic(text[end:])])


def _italic(text: str) -> Markup:
    """Escaped text with its single letters in italics."""
    return Markup(_LETTER.sub(r"<i>\1</i>", str(escape(text))))


def prose(text: str) -> Markup:
    """A sentence, in which words in backquotes are code.

    Examples:
        >>> str(prose("``conv`` is < `dot`"))
        '<code>conv</code> is &lt; <code>dot</code>'
    """
    return Markup(re.sub(r"(`+)([^`]+)\1", r"<code>\2</code>", str(escape(text))))


def number(value: Any) -> str:
    """A figure as a reader likes it: separators, four digits, lists in full.

    Examples:
        >>> number(73728), number(0.123456), number([1, 2.5]), number(1.25e-9)
        ('73,728', '0.1235', '1, 2.5', '1.25e-09')
    """
    if isinstance(value, list):
        return ", ".join(map(number, value))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def share(evidence: Mapping[str, Any]) -> str:
    """The error beside its bound.

    Examples:
        >>> share({"error": 1e-7, "bound": 4e-7}), share({"error": 0.0, "bound": None})
        ('1e-07, 25% of its bound', '0')
    """
    error, bound = evidence["error"], evidence["bound"]
    if error is None:
        return ""
    if isinstance(error, str) or isinstance(bound, str) or not bound:
        return number(error)
    percent = f"{100 * error / bound:.2g}% of its bound"
    return percent if bound == 1 else f"{number(error)}, {percent}"
