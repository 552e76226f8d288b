"""CIFAR-10 and CIFAR-100 from their binary or their Python version.

A record of the binary version is one label (two in CIFAR-100, the coarse one first) and
3,072 bytes: 32 x 32 red values, then green, then blue. The Python version holds the
same rows in a pickle.

References:
    A. Krizhevsky, "Learning multiple layers of features from tiny images",
    https://www.cs.toronto.edu/~kriz/cifar.html, 2009.
"""

from __future__ import annotations

import dataclasses
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np

from jconv.nn.data import unpickling
from jconv.nn.data.dataset import Dataset, Examples, examples
from jconv.nn.data.files import check, found, read

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SIDE, PIXELS = 32, 3 * 32 * 32


@dataclasses.dataclass(frozen=True)
class Version:
    """Where the parts of a data set stand, and how its labels are called."""

    name: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    label_bytes: int
    label_key: bytes
    classes: tuple[str, ...]


CIFAR10 = Version(
    "cifar10",
    tuple(f"data_batch_{n}" for n in range(1, 6)),
    ("test_batch",),
    1,
    b"labels",
    (
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    ),
)
CIFAR100 = Version(
    "cifar100",
    ("train",),
    ("test",),
    2,
    b"fine_labels",
    tuple(f"class {n}" for n in range(100)),
)
FOLDERS = ("", "cifar-10-batches-bin", "cifar-10-batches-py")
FOLDERS_100 = ("", "cifar-100-binary", "cifar-100-python")


def cifar10(folder: Path) -> Dataset:
    """CIFAR-10 from a folder with its batches, or with the unpacked archive.

    Raises:
        DataError: if a file is missing, cut short, or no such file.
    """
    return _read_all(folder, CIFAR10, FOLDERS)


def cifar100(folder: Path) -> Dataset:
    """CIFAR-100, by its fine labels.

    Raises:
        DataError: if a file is missing, cut short, or no such file.
    """
    return _read_all(folder, CIFAR100, FOLDERS_100)


def _read_all(folder: Path, version: Version, folders: tuple[str, ...]) -> Dataset:
    """Both parts, all files of each."""
    parts = []
    for names in (version.train, version.test):
        rows = [_file(folder, name, version, folders) for name in names]
        pixels = np.concatenate([each for each, _ in rows])
        labels = np.concatenate([each for _, each in rows])
        parts.append(_as_examples(pixels, labels))
    return Dataset(version.name, parts[0], parts[1], version.classes)


def _file(
    folder: Path, name: str, version: Version, folders: tuple[str, ...]
) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """Rows of pixels (n, 3072), and labels, of one file."""
    spots = [
        f"{place}/{name}{ending}".lstrip("/") for place in folders for ending in ENDINGS
    ]
    path = found(folder, spots, f"{version.name}'s binary or Python version")
    content = read(path)
    is_binary = path.suffix == ".bin"
    reader = _binary if is_binary else _python
    pixels, labels = reader(path, content, version)
    known = bool(len(labels) and (labels >= 0).all() and labels.max() < _count(version))
    check(path, known, f"labels in 0 ... {_count(version) - 1}")
    return pixels, labels


ENDINGS = (".bin", "")


def _count(version: Version) -> int:
    """How many classes."""
    return len(version.classes)


def _binary(
    path: Path, content: bytes, version: Version
) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """Records of labels and pixels, one after the other."""
    record = version.label_bytes + PIXELS
    whole = bool(content) and len(content) % record == 0
    expected = f"records of {record:,} bytes; it has {len(content):,} bytes"
    check(path, whole, expected)
    rows = np.frombuffer(content, np.uint8).reshape(-1, record)
    return rows[:, version.label_bytes :], rows[:, version.label_bytes - 1]


def _python(
    path: Path, content: bytes, version: Version
) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """A pickled dict of rows and labels."""
    try:
        held = unpickling.load(content)
    # A damaged pickle may fail in any of these ways.
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError) as error:
        check(path, holds=False, expected=f"a pickle of arrays ({error})")
    except (AttributeError, IndexError, KeyError, MemoryError, OverflowError) as error:
        check(path, holds=False, expected=f"an undamaged pickle ({error!r})")
    is_batch = isinstance(held, dict) and {b"data", version.label_key} <= held.keys()
    expected = f"a batch of {version.name}: a dict with data and labels"
    check(path, is_batch, expected)
    pixels, labels = np.asarray(held[b"data"]), np.asarray(held[version.label_key])
    fits = pixels.dtype == np.uint8 and pixels.shape == (len(labels), PIXELS)
    expected = f"one row of {PIXELS:,} bytes for each label; it has {pixels.shape}"
    check(path, fits and labels.ndim == 1, expected)
    return pixels, labels


def _as_examples(pixels: NDArray[np.uint8], labels: NDArray[Any]) -> Examples:
    """Rows of colour planes as pictures with the channel last."""
    planes = pixels.reshape(-1, 3, SIDE, SIDE)
    return examples(planes.transpose(0, 2, 3, 1), labels, 255)
