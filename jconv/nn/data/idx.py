"""MNIST and Fashion-MNIST from their IDX files, packed with gzip or not.

An IDX file is two zero bytes, the code of its dtype (8: unsigned bytes), the number of
dimensions, every size as a big-endian 32-bit integer, then the numbers.

References:
    Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits",
    http://yann.lecun.com/exdb/mnist, 1998.
    H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST",
    https://arxiv.org/abs/1708.07747, 2017.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

import numpy as np

from jconv.nn.data.dataset import Dataset, Examples, examples
from jconv.nn.data.files import check, check_length, found, read

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

UNSIGNED_BYTE = 8

DIGITS = tuple(str(digit) for digit in range(10))
CLOTHES = (
    *("T-shirt", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
)


def mnist(folder: Path) -> Dataset:
    """MNIST from a folder with its four files.

    Raises:
        DataError: if a file is missing, cut short, or no such file.
    """
    return _read_all(folder, "mnist", DIGITS)


def fashion_mnist(folder: Path) -> Dataset:
    """Fashion-MNIST, whose files have MNIST's names.

    Raises:
        DataError: if a file is missing, cut short, or no such file.
    """
    return _read_all(folder, "fashion-mnist", CLOTHES)


def _read_all(folder: Path, name: str, classes: tuple[str, ...]) -> Dataset:
    """Both parts."""
    train, test = (_part(folder, part, name, classes) for part in ("train", "t10k"))
    return Dataset(name, train, test, classes)


def _part(folder: Path, part: str, name: str, classes: tuple[str, ...]) -> Examples:
    """One part's pictures and labels, checked against each other."""
    paths = {}
    for kind, ending in (("images", "idx3-ubyte"), ("labels", "idx1-ubyte")):
        # Some archives have a dot where others have a hyphen.
        stems = (f"{part}-{kind}-{ending}", f"{part}-{kind}.{ending}")
        names = [stem + packed for stem in stems for packed in ("", ".gz")]
        paths[kind] = found(folder, names, name)
    images = read_idx(paths["images"], rank=3)
    labels = read_idx(paths["labels"], rank=1)
    same = len(images) == len(labels)
    check(paths["labels"], same, f"{len(images)} labels; it has {len(labels)}")
    known = bool((labels < len(classes)).all())
    check(paths["labels"], known, f"labels below {len(classes)}")
    return examples(images[..., None], labels, 255)


def read_idx(path: Path, rank: int) -> NDArray[np.uint8]:
    """The numbers of an IDX file of unsigned bytes.

    Args:
        path: of the file, packed with gzip or not.
        rank: how many dimensions it must have.

    Raises:
        DataError: if its header says something else, or it is not as long as that says.
    """
    content = read(path)
    start = 4 + 4 * rank
    check(path, len(content) >= start, f"an IDX header of {start} bytes")
    magic = content[:4]
    is_idx = magic == bytes((0, 0, UNSIGNED_BYTE, rank))
    expected = (
        f"the IDX header of unsigned bytes in {rank} dimensions, "
        f"00 00 08 {rank:02x}; it begins with {magic.hex(' ')}"
    )
    check(path, is_idx, expected)
    sizes = struct.unpack(f">{rank}I", content[4:start])
    check(path, all(sizes), f"sizes above 0; its header says {sizes}")
    check_length(path, content, start + math.prod(sizes))
    return np.frombuffer(content, np.uint8, offset=start).reshape(sizes)
