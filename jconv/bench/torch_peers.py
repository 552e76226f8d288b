"""The same convolutions in PyTorch, in both of its memory layouts.

Derivatives are asked for one at a time, of ``aten.convolution_backward`` itself, so
that no autograd is in the way. Everything runs eagerly, as PyTorch is used.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jconv.bench.layer import Layer, Pass
    from jconv.bench.row import Thunk

INSTALL = (
    "pip install torch --index-url https://download.pytorch.org/whl/cpu, "
    "or --peers lax to go without"
)
"""What helps who has no PyTorch."""

WAITING = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Threads that wait without spinning; read when PyTorch is loaded."""


def load() -> Any:
    """PyTorch, or None if it is not installed."""
    os.environ.update(WAITING)
    try:
        return importlib.import_module("torch")
    except ImportError:
        return None


def layouts(rank: int) -> dict[str, Any]:
    """The memory layouts of arrays with some spatial axes."""
    torch = load()
    found = {"channels-first": torch.contiguous_format}
    if rank == 2:
        found["channels-last"] = torch.channels_last
    if rank == 3:
        found["channels-last"] = torch.channels_last_3d
    return found


def place() -> str:
    """Where PyTorch computes: on the GPU, if JAX does and PyTorch can."""
    both = jax.default_backend() == "gpu" and load().cuda.is_available()
    return "cuda" if both else "cpu"


def waited(call: Thunk) -> Thunk:
    """The call, returning when its work is done: a GPU's goes on behind it."""
    if place() == "cpu":
        return call

    def wait() -> object:
        result = call()
        load().cuda.synchronize()
        return result

    return wait


def tensor(array: np.ndarray, layout: Any = None) -> Any:
    """Give x (n, *spatial, c) as PyTorch's (n, c, *spatial) in a memory layout."""
    made = as_it_is(np.moveaxis(array, -1, 1))
    return made if layout is None else made.contiguous(memory_format=layout)


def kernel_tensor(array: np.ndarray, layout: Any = None) -> Any:
    """Give w (*kernel, c_in, c_out) as PyTorch's (c_out, c_in, *kernel)."""
    made = as_it_is(np.moveaxis(array, (-1, -2), (0, 1)))
    return made if layout is None else made.contiguous(memory_format=layout)


def as_it_is(array: np.ndarray) -> Any:
    """Give PyTorch an array, in its own memory and where PyTorch computes."""
    return load().from_numpy(np.ascontiguousarray(array)).to(place())


def conv_calls(
    layer: Layer, pass_: Pass, operands: Sequence[np.ndarray]
) -> Mapping[str, Thunk]:
    """One pass of a layer, by memory layout."""
    torch = load()
    first, second = operands
    shapes = layer.shapes
    x = first if pass_ != "dx" else np.zeros(shapes["input"], np.float32)
    w = second if pass_ != "dw" else np.zeros(shapes["kernel"], np.float32)
    dy = {"fwd": None, "dx": first, "dw": second}[pass_]
    geometry = (
        list(layer.strides),
        list(layer.paddings),
        [layer.dilation] * layer.rank,
        False,  # not transposed
        [0] * layer.rank,
        layer.groups,
    )
    calls: dict[str, Thunk] = {}
    for name, layout in layouts(layer.rank).items():
        tensors = (tensor(x, layout), kernel_tensor(w, layout))
        cotangent = None if dy is None else tensor(dy, layout)

        def call(
            tensors: tuple[Any, Any] = tensors,
            cotangent: Any = cotangent,
        ) -> object:
            with torch.no_grad():
                if cotangent is None:
                    return torch.ops.aten.convolution(*tensors, None, *geometry)
                wanted = [pass_ == "dx", pass_ == "dw", False]
                return torch.ops.aten.convolution_backward(
                    cotangent, *tensors, None, *geometry, wanted
                )[0 if pass_ == "dx" else 1]

        calls[name] = call
    return calls


def per_example_calls(
    layer: Layer, operands: Sequence[np.ndarray]
) -> Mapping[str, Thunk]:
    """The kernel derivative of every example: ``torch.func.vmap`` of the derivative."""
    torch = load()
    function = getattr(torch.nn.functional, f"conv{layer.rank}d")
    w = kernel_tensor(np.zeros(layer.shapes["kernel"], np.float32))
    x, dy = (tensor(array) for array in operands)

    def single(x: Any, dy: Any) -> Any:
        def forward(w: Any) -> Any:
            return function(
                x[None],
                w,
                stride=layer.strides,
                padding=layer.paddings,
                dilation=layer.dilation,
                groups=layer.groups,
            )[0]

        return torch.func.vjp(forward, w)[1](dy)[0]

    mapped = torch.func.vmap(single)
    return {"channels-first": lambda: mapped(x, dy)}
