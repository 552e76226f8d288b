"""Reading the pickles of CIFAR's Python version without running what they name.

A pickle may name any function of any module and have it called. This reader knows the
few names that an array of bytes needs, and refuses all others.
"""

from __future__ import annotations

import codecs
import io
import pickle
from typing import Any

import numpy as np
from numpy._core.multiarray import _reconstruct

ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    # Python 3 spells bytes so in the pickle protocols of Python 2:
    ("_codecs", "encode"): codecs.encode,
} | {
    # NumPy 2 moved it; the published files name the old place.
    (module, "_reconstruct"): _reconstruct
    for module in ("numpy.core.multiarray", "numpy._core.multiarray")
}
"""What a pickle may name, and what is used for it."""


class _Reader(pickle.Unpickler):
    """The standard reader with a short list of names."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        """Look a name up in the list; nothing is ever imported."""
        try:
            return ALLOWED[module_name, global_name]
        except KeyError:
            message = f"it names {module_name}.{global_name}, which no data set needs"
            raise pickle.UnpicklingError(message) from None


def load(content: bytes) -> Any:
    """The object of a pickle: lists, dicts, numbers, bytes and arrays of numbers.

    Raises:
        pickle.UnpicklingError: if it names anything else.

    Examples:
        >>> load(pickle.dumps({"labels": [3, 5]}))
        {'labels': [3, 5]}
        >>> load(pickle.dumps(print))
        Traceback (most recent call last):
        ...
        _pickle.UnpicklingError: it names builtins.print, which no data set needs
    """
    return _Reader(io.BytesIO(content), encoding="bytes").load()
