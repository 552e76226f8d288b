"""Real pictures that come with scikit-learn: nothing needs downloading.

The digits are the test part of the UCI set of E. Alpaydin and C. Kaynak (1998): 1,797
handwritten digits, 8 x 8 pixels with values 0 ... 16. The photographs are "china.jpg"
by danielbuechele (CC BY 2.0) and "flower.jpg" by D. Lalonde (public domain).

The files are read where the package has them: its own loaders would first import all
that it computes with, which takes longer than most runs' first epoch.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jconv.errors import GeometryError, UnsupportedError
from jconv.nn.data.dataset import Dataset, Examples, examples, split

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIGITS_TEST_SHARE = 0.2


def digits(seed: int = 0) -> Dataset:
    """1,797 handwritten digits of 8 x 8 pixels, a fifth of each class for the test.

    359 are few: some fifths are harder than others by a percent. So the seed decides
    which fifth it is, and several seeds tell more than one.

    Args:
        seed: of the split.

    Examples:
        >>> data = digits()
        >>> data.input_shape, len(data.train), len(data.test)
        ((8, 8, 1), 1438, 359)
    """
    table = np.loadtxt(_shipped("data/digits.csv.gz"), delimiter=",")
    pixels, labels = table[:, :-1], table[:, -1]
    whole = examples(pixels.reshape(-1, 8, 8, 1), labels, 16)
    names = [str(digit) for digit in range(10)]
    return split(whole, names, "digits", DIGITS_TEST_SHARE, seed)


PHOTOGRAPHS = {"temple": "china.jpg", "flower": "flower.jpg"}


def photographs(seed: int = 0, size: int = 32, count: int = 2000) -> Dataset:
    """Square patches of two photographs; the label says of which one.

    Patches for learning are cut from the left three quarters, those for the test from
    the right quarter, so that no pixel is in both.

    Args:
        seed: of the places.
        size: height and width of a patch.
        count: patches of each photograph to learn from; a fourth as many for the test.

    Raises:
        GeometryError: if a patch is larger than the part that it is cut from.
    """
    rng = np.random.default_rng(seed)
    parts: dict[str, list[Examples]] = {"train": [], "test": []}
    for label, file in enumerate(PHOTOGRAPHS.values()):
        photo = photograph(file)
        border = photo.shape[1] * 3 // 4
        areas = {"train": photo[:, :border], "test": photo[:, border:]}
        for part, area in areas.items():
            number = count if part == "train" else count // 4
            if not 1 <= size <= min(area.shape[:2]):
                expected = f"1 ... {min(area.shape[:2])}, the size of what is cut"
                raise GeometryError.of("size", size, expected)
            tops = rng.integers(0, area.shape[0] - size + 1, number)
            lefts = rng.integers(0, area.shape[1] - size + 1, number)
            patches = [
                area[top : top + size, left : left + size]
                for top, left in zip(tops, lefts, strict=True)
            ]
            labels = np.full(number, label)
            parts[part].append(examples(np.stack(patches), labels, 255))
    joined = {
        part: Examples(
            np.concatenate([each.images for each in both]),
            np.concatenate([each.labels for each in both]),
        )
        for part, both in parts.items()
    }
    names = tuple(PHOTOGRAPHS)
    return Dataset("photographs", joined["train"], joined["test"], names)


def photograph(file: str) -> NDArray[Any]:
    """One of scikit-learn's photographs (427, 640, 3), values 0 ... 255.

    Args:
        file: "china.jpg" or "flower.jpg".

    Examples:
        >>> photograph("china.jpg").shape
        (427, 640, 3)
    """
    from PIL import Image  # noqa: PLC0415  (only who looks at photographs needs it)

    with Image.open(_shipped(f"images/{file}")) as opened:
        return np.asarray(opened)


def _shipped(name: str) -> Path:
    """A file of scikit-learn's data sets; the package itself is not imported.

    Raises:
        UnsupportedError: if it is not installed.
    """
    found = importlib.util.find_spec("sklearn")
    if found is None or found.origin is None:
        message = "these pictures come with scikit-learn: pip install scikit-learn"
        raise UnsupportedError(message)
    return Path(found.origin).parent / "datasets" / name
