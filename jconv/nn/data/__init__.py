"""Data sets by name: what ships with scikit-learn, and what users have on disk."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from jconv.errors import GeometryError
from jconv.nn.data.augment import Augment
from jconv.nn.data.batches import check_batch_size, in_turn, order
from jconv.nn.data.bundled import digits, photographs
from jconv.nn.data.cifar import cifar10, cifar100
from jconv.nn.data.dataset import Dataset, Examples
from jconv.nn.data.files import DataError
from jconv.nn.data.idx import fashion_mnist, mnist

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BUNDLED: Mapping[str, Callable[[int], Dataset]] = {
    "digits": digits,
    "photographs": photographs,
}
ON_DISK: Mapping[str, Callable[[Path], Dataset]] = {
    "mnist": mnist,
    "fashion-mnist": fashion_mnist,
    "cifar10": cifar10,
    "cifar100": cifar100,
}
NAMES = (*BUNDLED, *ON_DISK)

__all__ = [
    "NAMES",
    "Augment",
    "DataError",
    "Dataset",
    "Examples",
    "check_batch_size",
    "cifar10",
    "cifar100",
    "digits",
    "fashion_mnist",
    "in_turn",
    "load",
    "mnist",
    "order",
    "photographs",
]


def load(name: str, folder: Path | None = None, seed: int = 0) -> Dataset:
    """A data set by its name.

    Args:
        name: one of ``NAMES``.
        folder: where its files are, if it does not come with a package.
        seed: of the split, where the publishers made none.

    Raises:
        GeometryError: for an unknown name, or if the folder is missing.
        DataError: if the files are not what they should be.

    Examples:
        >>> load("digits").classes[:3]
        ('0', '1', '2')
        >>> load("mnits")
        Traceback (most recent call last):
        ...
        jconv.errors.GeometryError: data='mnits': expected one of digits, photographs,
        mnist, fashion-mnist, cifar10, cifar100. Did you mean mnist?
    """
    if name in BUNDLED:
        return BUNDLED[name](seed)
    if name not in ON_DISK:
        near = difflib.get_close_matches(name, NAMES, n=1)
        mend = f"Did you mean {near[0]}?" if near else ""
        raise GeometryError.of("data", name, f"one of {', '.join(NAMES)}", mend)
    if folder is None:
        expected = f"the folder with the files of {name}"
        mend = "Pass it as `folder`, on the command line as --data-dir."
        raise GeometryError.of("data folder", None, expected, mend)
    return ON_DISK[name](Path(folder))
