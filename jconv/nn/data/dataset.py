"""What a data set is: pictures with labels, split into two parts."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from jconv.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jax import Array
    from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True)
class Examples:
    """Pictures (n, height, width, c), float32 in 0 ... 1, and labels (n,), int32.

    Raises:
        GeometryError: if there are not as many labels as pictures.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.int32]

    def __post_init__(self) -> None:
        """Refuse pictures and labels that do not belong together."""
        if self.images.ndim != 4 or len(self.images) != len(self.labels):
            raise GeometryError.of(
                "labels",
                self.labels.shape,
                f"one for each picture of images {self.images.shape}, which must be "
                "(n, height, width, c)",
            )

    def __len__(self) -> int:
        """How many examples."""
        return len(self.labels)

    def arrays(self) -> tuple[Array, Array]:
        """Pictures and labels as JAX takes them."""
        return jnp.asarray(self.images), jnp.asarray(self.labels)

    def take(self, index: Any) -> Examples:
        """Some of them."""
        return Examples(self.images[index], self.labels[index])


@dataclasses.dataclass(frozen=True)
class Dataset:
    """A data set: what is learned from, and what is only looked at in the end.

    Attributes:
        name: as the user asked for it.
        train: what is learned from.
        test: what is only looked at in the end.
        classes: their names.
    """

    name: str
    train: Examples
    test: Examples
    classes: tuple[str, ...]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one picture."""
        return self.train.images.shape[1:]


def examples(images: NDArray[Any], labels: NDArray[Any], largest: float) -> Examples:
    """Numbers 0 ... ``largest`` as float32 in 0 ... 1; labels as int32.

    Examples:
        >>> made = examples(np.array([[[[0], [16]]]]), np.array([7]), 16)
        >>> made.images.ravel().tolist(), made.labels.tolist()
        ([0.0, 1.0], [7])
    """
    scaled = np.asarray(images, np.float32) / np.float32(largest)
    return Examples(scaled, np.asarray(labels, np.int32))


def split(
    whole: Examples, classes: Sequence[str], name: str, test_share: float, seed: int
) -> Dataset:
    """Every class split in the same proportion, always alike for the same seed.

    Args:
        whole: all examples.
        classes: their names.
        name: of the data set.
        test_share: the part that is kept for the test.
        seed: of the permutation.
    """
    rng = np.random.default_rng(seed)
    train, test = [], []
    for label in range(len(classes)):
        members = rng.permutation(np.flatnonzero(whole.labels == label))
        cut = round(len(members) * test_share)
        test.append(members[:cut])
        train.append(members[cut:])
    parts = (np.sort(np.concatenate(part)) for part in (train, test))
    learned, looked_at = (whole.take(part) for part in parts)
    return Dataset(name, learned, looked_at, tuple(classes))
