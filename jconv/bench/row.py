"""One row of the table: the same mathematics, computed by jconv and by its peers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Function = Callable[..., Any]
Thunk = Callable[[], object]
TorchCalls = Callable[[Sequence[Any]], Mapping[str, Thunk]]
Shapes = tuple[tuple[int, ...], ...]


@dataclasses.dataclass(frozen=True)
class Row:
    """What is measured, and by what.

    Attributes:
        name: the layer, pool or model.
        role: "fwd", "dx", "dw", or "step".
        family: what the geometric means are taken over.
        tags: all that ``--family`` finds it by.
        shape: the sizes in words.
        operands: shapes of the arguments, or a function that makes them.
        ours: a function of them, in jconv.
        lax: the same function, in ``jax.lax``.
        torch: from the operands to calls that wait, by memory layout.
        flop: operations of the direct sum.
        n_bytes: operands and result, each moved once.
        chosen: asks ``jconv.algorithms.choose`` for a name; "" where that says nothing.
        tolerance: how far both results may differ, relative to the largest entry.
    """

    name: str
    role: str
    family: str
    tags: tuple[str, ...]
    shape: str
    operands: Shapes | Callable[[], Sequence[Any]]
    ours: Function
    lax: Function
    torch: TorchCalls
    flop: int
    n_bytes: int
    chosen: Callable[[], str] = str
    tolerance: float = 1e-3

    @property
    def id(self) -> str:
        """The name with its role, as patterns match it.

        Examples:
            >>> fields = dict.fromkeys(Row.__dataclass_fields__) | {"name": "a/conv1"}
            >>> Row(**fields | {"role": "dx"}).id
            'a/conv1.dx'
        """
        return f"{self.name}.{self.role}"

    @property
    def algorithm(self) -> str:
        """The name of what computes it, asked for only now: a choice takes 20 ms."""
        return self.chosen()
