"""What a claim may use: the device, the seed, and how much time there is."""

from __future__ import annotations

import dataclasses
import zlib
from typing import Any

import numpy as np

TARGET_DTYPES = ("float32",)
"""What a user's own convolution is tried in by default: many know nothing else."""


@dataclasses.dataclass(frozen=True)
class Context:
    """Everything a check depends on besides the code it checks.

    Attributes:
        seed: from it and a claim's id every random number follows.
        quick: whether to sample the families of geometries instead of running all.
        platform: "cpu", "gpu" or "tpu": where it runs.
        dtypes: names of the dtypes to check, where a claim looks at several.
        claim_id: the claim being checked.
    """

    seed: int = 0
    quick: bool = False
    platform: str = "cpu"
    dtypes: tuple[str, ...] = ("float32", "float64", "bfloat16", "complex64", "int32")
    claim_id: str = ""

    def rng(self, *salt: int) -> np.random.Generator:
        """A generator of this claim's own; more salt, another one."""
        name = zlib.crc32(self.claim_id.encode())
        return np.random.default_rng([self.seed, name, *salt])

    def integers(
        self,
        shape: tuple[int, ...],
        dtype: Any = "float64",
        *salt: int,
    ) -> np.ndarray[Any, Any]:
        """Small random integers in a dtype: exact wherever sums stay representable.

        The values are in -4 ... 4, so that every dtype holds them and their products.
        """
        numbers = self.rng(*salt, *shape).integers(-4, 5, shape)
        if np.issubdtype(np.dtype(dtype), np.complexfloating):
            imaginary = self.rng(*salt, *shape, 1).integers(-4, 5, shape)
            return (numbers + 1j * imaginary).astype(dtype)
        return numbers.astype(dtype)
