"""How many examples at once: what keeps a device busy, and none waiting for a second.

The tables hold what suits a CPU. An accelerator does that in the time that it takes to
start an operation, so it gets more examples of the same images.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar

import jax

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Entry = TypeVar("Entry")

ACCELERATOR_EXAMPLES = 16
"""Times the examples of a table, on an accelerator."""


def scaled(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Layers, pools or models with a ``batch`` that suits the default device."""
    times = 1 if jax.default_backend() == "cpu" else ACCELERATOR_EXAMPLES
    for entry in entries:
        value: Any = entry
        yield dataclasses.replace(value, batch=times * value.batch)
