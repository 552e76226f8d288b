"""Everything that a run depends on: a frozen value that a file can hold."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from jconv.algorithms import AUTO, CHOICES
from jconv.errors import GeometryError
from jconv.geometry.checks import at_least
from jconv.nn.train.optimisers import check as check_optimiser
from jconv.nn.zoo import check_name

if TYPE_CHECKING:
    from collections.abc import Mapping

PRECISIONS = ("float32", "bfloat16", "float64")
LEAST = {"epochs": 1, "batch_size": 1, "seed": 0, "shift": 0, "crop": 0}
LARGEST_SEED = 2**32 - 2
"""A key is made of 32 bits of a seed, and one of the seed after it."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """What is trained, on what, and how; two runs with equal settings are equal.

    Attributes:
        model: a name of ``zoo.MODELS``.
        data: a name of ``data.NAMES``.
        width: of the model; None for its usual one.
        epochs: how often every example is seen.
        batch_size: examples in a step.
        optimiser: a name of ``optimisers.OPTIMISERS``.
        learning_rate: None for the optimiser's usual one.
        schedule: a name of ``optimisers.SCHEDULES``.
        weight_decay: of adamw.
        precision: dtype of activations and products; parameters are kept in float32,
            or in float64 if that is asked for.
        method: of the convolutions and their derivatives: "auto"; "fast", which may
            lose more digits; or "direct", which transforms nothing.
        seed: of everything that is drawn.
        shift: pixels by which pictures are moved, at most.
        flip: whether pictures are mirrored.
        crop: side of a window that is cut out; 0 for none.
        permuted: whether the pixels of all pictures are shuffled, all alike.

    Raises:
        GeometryError: for anything that describes no run.

    Examples:
        >>> Settings("cnn", "digits", epochs=0)
        Traceback (most recent call last):
        ...
        jconv.errors.GeometryError: epochs=0: expected an integer of at least 1. Use 1.
    """

    model: str = "cnn"
    data: str = "digits"
    width: int | None = None
    epochs: int = 30
    batch_size: int = 64
    optimiser: str = "adam"
    learning_rate: float | None = None
    schedule: str = "cosine"
    weight_decay: float = 1e-4
    precision: str = "float32"
    method: str = AUTO
    seed: int = 0
    shift: int = 0
    flip: bool = False
    crop: int = 0
    permuted: bool = False

    def __post_init__(self) -> None:
        """Refuse what describes no run; what depends on the data is checked later."""
        check_name(self.model)
        check_optimiser(self.optimiser, self.schedule, self.learning_rate)
        for name, known in (("precision", PRECISIONS), ("method", CHOICES)):
            if getattr(self, name) not in known:
                expected = f"one of {', '.join(known)}"
                raise GeometryError.of(name, getattr(self, name), expected)
        for name in ("flip", "permuted"):
            if not isinstance(getattr(self, name), bool):
                raise GeometryError.of(name, getattr(self, name), "True or False")
        for name, least in LEAST.items():
            self._check_integer(name, least)
        if self.width is not None:
            self._check_integer("width", 1)
        if self.seed > LARGEST_SEED:
            raise GeometryError.of("seed", self.seed, f"at most {LARGEST_SEED}")
        if not 0 <= self.weight_decay < float("inf"):
            expected = "a finite number of at least 0"
            raise GeometryError.of("weight_decay", self.weight_decay, expected)

    def _check_integer(self, name: str, least: int) -> None:
        """Refuse what is none; NumPy's become Python's, which a file can hold."""
        at_least(least, **{name: getattr(self, name)})
        object.__setattr__(self, name, int(getattr(self, name)))

    def as_dict(self) -> dict[str, Any]:
        """For a file."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Settings:
        """From a file; what it does not name has its usual value.

        Raises:
            GeometryError: if it names what there is not.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        if unknown := sorted(set(found) - known):
            expected = f"settings of this version: {', '.join(sorted(known))}"
            raise GeometryError.of("settings", unknown, expected)
        return cls(**found)
