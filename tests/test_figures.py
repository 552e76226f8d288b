"""What the figures of claims say in words."""

from __future__ import annotations

import re

import pytest
from matplotlib.text import Text

from jconv.verify import figures

ARROWS = ("backward.input-1d", "backward.kernel-1d", "backward.input-2d")


@pytest.mark.parametrize("name", ARROWS)
def test_figure_names_entries_as_the_formulas_do(name: str) -> None:
    """An output is y, o is an index; and ink is white in the dark."""
    words = [each.get_text() for each in figures.draw(name).findobj(Text)]
    assert [each for each in words if re.search("o[₁-₉]|black", each)] == []
    assert any("y₁" in each for each in words)
