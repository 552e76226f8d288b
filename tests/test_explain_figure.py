"""The picture of ``jconv explain``: what it shows of large sizes, and its names."""

from __future__ import annotations

import numpy as np

from jconv.explain import figure, shown
from jconv.explain.subject import Subject
from jconv.geometry import Geometry


def words_of(subject: Subject) -> list[str]:
    """All texts of the figure."""
    from matplotlib.text import Text

    return [each.get_text() for each in figure.draw(subject).findobj(Text)]


def test_a_figure_shows_where_something_is() -> None:
    behind = Subject.from_call((3,), (3,), padding=20)
    cropped = Subject.from_call((200,), (3,), padding=((-60, 5),))
    for subject, first in ((behind, "y18  ="), (cropped, "x60")):
        words = words_of(subject)
        assert first in words
        assert "w2" in words
        axis = subject.geometry.axes[0]
        o, k, i = shown.first_met(axis)
        assert axis.holds(o, k, i)
        assert figure.matrix(
            subject.geometry, *shown.corner(subject.geometry, 48)
        ).any()
        outputs, inputs = (shown.around(n, size, 12) for n, size in ((o, 41), (i, 200)))
        assert figure._met(axis, k, outputs, inputs)


def test_a_figure_says_what_it_leaves_out_of_each_part() -> None:
    words = words_of(Subject.from_call((100,), (40,), stride=3))
    assert "outputs 0 to 11 of 21\ntaps 0 to 11 of 40\ninputs 0 to 11 of 100" in words
    assert "outputs 0 to 7 of 21, 22 of 100 positions" in words
    assert "input index (a part)" in words
    assert "windows, counted from 0\n3·o + k = i" in words
    whole = words_of(Subject.from_call((5,), (3,)))
    assert not [word for word in whole if " of " in word and "y, dx" not in word]


def test_a_weight_of_an_image_is_named_by_row_and_column() -> None:
    words = words_of(Subject.from_call((4, 4), (2, 2)))
    assert {"w00", "w01", "w10", "w11"} <= set(words)
    assert {"w2", "w3"}.isdisjoint(words)


def test_the_first_that_meets_is_found_as_by_looking_at_all() -> None:
    random = np.random.default_rng(3)
    for _ in range(300):
        n, k, s, e = (int(random.integers(1, high)) for high in (7, 5, 4, 4))
        d = int(random.integers(1, 4) * random.choice([-1, 1]))
        low, high = (int(each) for each in random.integers(-5, 15, 2))
        try:
            geometry = Geometry.from_call(
                (n,),
                (k,),
                stride=s,
                padding=((low, high),),
                kernel_dilation=d,
                input_dilation=e,
            )
        except ValueError:
            continue
        axis = geometry.axes[0]
        by_hand = min(((o, i, k) for o, k, i in axis.triples()), default=(0, 0, 0))
        o, k, i = shown.first_met(axis)
        assert (o, i, k) == by_hand
