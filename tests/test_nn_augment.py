"""Augmentation: every outcome is one of those it may be, and all of them come."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jconv.errors import GeometryError
from jconv.nn.data import Augment
from jconv.nn.data.augment import crop, flip, shift

COUNT = 300
PICTURE = np.arange(1.0, 13.0).reshape(3, 4, 1)
BATCH = jnp.broadcast_to(PICTURE, (COUNT, 3, 4, 1))
KEY = jax.random.key(0)


def moved(down: int, right: int) -> bytes:
    padded = np.pad(PICTURE, ((1, 1), (1, 1), (0, 0)))
    return padded[1 - down : 4 - down, 1 - right : 5 - right].tobytes()


def outcomes(found) -> set[bytes]:
    return {np.asarray(each).tobytes() for each in found}


# With 300 draws of nine or fewer outcomes the chance to miss one is below 1e-14.
def test_shift_moves_by_every_amount_up_to_the_largest():
    found = jax.jit(shift, static_argnums=2)(KEY, BATCH, 1)
    expected = {moved(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)}
    assert outcomes(found) == expected


def test_flip_mirrors_left_to_right_or_leaves():
    found = jax.jit(flip)(KEY, BATCH)
    assert outcomes(found) == {PICTURE.tobytes(), PICTURE[:, ::-1].tobytes()}


def test_crop_cuts_every_window():
    found = jax.jit(crop, static_argnums=2)(KEY, BATCH, (2, 3))
    windows = {
        PICTURE[top : top + 2, left : left + 3].tobytes()
        for top in (0, 1)
        for left in (0, 1)
    }
    assert outcomes(found) == windows


def test_a_test_sees_the_middle_and_nothing_drawn():
    augment = Augment(shift=1, flip=True, crop=2)
    picture = BATCH[:1]
    assert augment.shape((3, 4, 1)) == (2, 2, 1)
    assert augment(KEY, picture).shape == (1, 2, 2, 1)
    assert np.array_equal(augment.at_rest(picture)[0], PICTURE[:2, 1:3])
    assert Augment().at_rest(picture) is picture


@pytest.mark.parametrize(
    "change",
    [
        lambda: shift(KEY, BATCH, -1),
        lambda: crop(KEY, BATCH, (4, 4)),
        lambda: crop(KEY, BATCH, (0, 1)),
        lambda: Augment(crop=5).shape((3, 4, 1)),
    ],
    ids=["negative shift", "crop too large", "empty crop", "crop of the data"],
)
def test_what_cannot_be_is_refused(change):
    with pytest.raises(GeometryError):
        change()
