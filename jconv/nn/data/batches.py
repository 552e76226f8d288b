"""The order of the examples: a function of the seed and the epoch, and of nothing else.

So a run that was stopped goes on exactly where it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jconv.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from jconv.nn.data.dataset import Examples


def check_batch_size(batch_size: int, count: int) -> None:
    """Refuse a batch that is empty, or larger than the data.

    Raises:
        GeometryError: telling how many examples there are.
    """
    if not 1 <= batch_size <= count:
        expected = f"1 ... {count:,}, the number of examples to learn from"
        raise GeometryError.of("batch_size", batch_size, expected)


def order(count: int, batch_size: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Which examples (steps, batch_size) an epoch's steps see.

    Every example comes at most once; the last ones, which fill no batch, wait for
    another epoch.

    Raises:
        GeometryError: if the batch is larger than the data.

    Examples:
        >>> sorted(order(6, 3, seed=0, epoch=1).ravel().tolist())
        [0, 1, 2, 3, 4, 5]
    """
    check_batch_size(batch_size, count)
    steps = count // batch_size
    shuffled = np.random.default_rng([seed, epoch]).permutation(count)
    return shuffled[: steps * batch_size].reshape(steps, batch_size)


def in_turn(whole: Examples, batch_size: int) -> Iterator[tuple[Examples, int]]:
    """All examples in batches of one size: (batch, how many of it count).

    The last batch is filled up with copies of its first example.
    """
    for start in range(0, len(whole), batch_size):
        index = np.arange(start, start + batch_size)
        counts = min(batch_size, len(whole) - start)
        index[counts:] = start
        yield whole.take(index), counts
