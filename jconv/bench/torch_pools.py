"""The same pools in PyTorch, in both of its memory layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jconv.bench.torch_peers import layouts, load, tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jconv.bench.pool_rows import Pool
    from jconv.bench.row import Thunk


def pool_calls(
    pool: Pool, role: str, operands: Sequence[np.ndarray]
) -> Mapping[str, Thunk]:
    """A pool or its derivative, by memory layout.

    One spatial axis is pooled as two, the first of size 1: PyTorch has no backward
    operation of its own for it.
    """
    torch = load()
    if len(pool.input) == 1:
        operands = [array[:, None] for array in operands]
    rank = max(2, len(pool.input))
    window = [1] * (rank - len(pool.input)) + list(pool.window)
    stride = [1] * (rank - len(pool.input)) + [pool.stride] * len(pool.input)
    padding = [0] * (rank - len(pool.input)) + [pool.padding] * len(pool.input)
    where = (window, stride, padding)
    forward = getattr(torch.nn.functional, f"{pool.kind}_pool{rank}d")
    if role == "fwd":
        return {
            name: _without_graph(torch, forward, tensor(operands[0], layout), *where)
            for name, layout in layouts(rank).items()
        }
    calls: dict[str, Thunk] = {}
    for name, layout in layouts(rank).items():
        dy = tensor(operands[0], layout)
        if pool.kind == "max":
            x = tensor(operands[1], layout)
            _, winners = forward(x, *where, return_indices=True)
            back = getattr(torch.ops.aten, f"max_pool{rank}d_with_indices_backward")
            more: tuple[Any, ...] = ([1] * rank, False, winners)
        else:
            shape = pool.x if len(pool.input) > 1 else (pool.x[0], 1, *pool.x[1:])
            x = tensor(np.zeros(shape, np.float32), layout)
            back = getattr(torch.ops.aten, f"avg_pool{rank}d_backward")
            more = (False, True, None)
        calls[name] = _without_graph(torch, back, dy, x, *where, *more)
    return calls


def _without_graph(torch: Any, function: Any, *arguments: Any) -> Thunk:
    """A call that records nothing for a derivative."""

    def call() -> object:
        with torch.no_grad():
            return function(*arguments)

    return call
