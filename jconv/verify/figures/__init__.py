"""Figures of claims, drawn from what jconv itself computes.

``FIGURES`` says which claims have one. matplotlib is imported only when one is drawn,
and never through pyplot: no state outlives a figure.
"""

from __future__ import annotations

import functools
import html
import importlib
import io
import re
from typing import TYPE_CHECKING

from jconv.verify.figures.style import SETTINGS
from jconv.verify.figures.theme import themed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.figure import Figure

FIGURES: Mapping[str, str] = {
    "definition.2d": "definition:sliding_window",
    "definition.linear": "definition:toeplitz",
    "linear.collapse": "definition:border_of_same",
    "filters.blur": "photograph:filters",
    "stride.subsample": "stride:subsampling",
    "backward.is-conv": "stride:backward_of_stride",
    "backward.input-1d": "backward:input_arrows",
    "backward.kernel-1d": "backward:kernel_arrows",
    "backward.input-2d": "backward:input_windows",
    "backward.numerical": "numbers:steps",
    "backward.continuous": "numbers:convergence",
    "pool.max.ties": "max_pool_ties:figure",
    "pool.avg.border": "average_pool_borders:figure",
    "pool.max.forward": "pooled_quarters:figure",
    "conv1x1": "bottleneck:figure",
    "channels.rgb": "channels:figure",
    "definition.weight-sharing": "sharing:figure",
    "size.stride": "windows:figure",
    "backward.dense-analogy": "relation:three_contractions",
    "net.alexnet": "alexnet:parameters",
    "net.structure": "alexnet:sizes",
}
"""Claim id -> the ``module:function`` of this package that draws its figure."""


def draw(claim_id: str) -> Figure:
    """A claim's figure."""
    module, function = FIGURES[claim_id].split(":")
    package = importlib.import_module(f"{__name__}.{module}")
    return getattr(package, function)()


@functools.cache
def svg(claim_id: str) -> str | None:
    """A claim's figure as an ``<svg>`` element to stand in a page; None without one.

    Drawn when it is first asked for: whoever asks again gets the same text.
    """
    if claim_id not in FIGURES:
        return None
    label = f"Figure of the claim {claim_id}"
    return element(lambda: draw(claim_id), claim_id, label)


def element(drawing: Callable[[], Figure], name: str, label: str) -> str:
    """What a function draws, as an ``<svg>`` element whose ids start with a name.

    Its colours follow the page that it stands in; see ``theme``.
    """
    import matplotlib as mpl  # noqa: PLC0415 (slow to load)

    text = io.StringIO()
    with mpl.rc_context(SETTINGS):
        drawing().savefig(
            text, format="svg", bbox_inches="tight", metadata={"Date": None}
        )
    return themed(_embedded(text.getvalue(), name, label))


def _embedded(document: str, name: str, label: str) -> str:
    """The bare element, with a name for who cannot see it, and ids of its own.

    Two figures in one page must not share ids: a reference would find the wrong one.
    """
    bare = document[document.index("<svg") :]
    bare = re.sub(r"<metadata>.*?</metadata>", "", bare, flags=re.DOTALL)
    prefix = re.sub(r"\W", "-", name)
    bare = re.sub(r'\bid="', f'id="{prefix}-', bare)
    bare = re.sub(r'(href="#|url\(#)', rf"\g<1>{prefix}-", bare)
    return bare.replace("<svg", f'<svg role="img" aria-label="{html.escape(label)}"', 1)
