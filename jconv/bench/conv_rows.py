"""Rows of layers: the convolution, both derivatives, and those of single examples."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

import jconv
from jconv import algorithms, compat
from jconv.algorithms import AUTO
from jconv.bench import peers, torch_peers
from jconv.bench.layer import ITEMSIZE, ROLE_OF, Layer, Pass
from jconv.bench.row import Row
from jconv.bench.scale import scaled
from jconv.geometry import OPERANDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jconv.algorithms import Method
    from jconv.bench.row import Function

PASSES: tuple[Pass, ...] = ("fwd", "dx", "dw")

PER_EXAMPLE: tuple[Layer, ...] = (
    Layer("per_example/mnist", 64, (28, 28), 1, 32, (5, 5), padding=2),
    Layer("per_example/cifar32", 32, (32, 32), 32, 32, (3, 3), padding=1),
    Layer("per_example/conv64", 32, (28, 28), 64, 64, (3, 3), padding=1),
    Layer("per_example/conv128s2", 16, (28, 28), 128, 128, (3, 3), 2, 1),
    Layer("per_example/pointwise", 16, (14, 14), 256, 512, (1, 1)),
    Layer("per_example/audio", 16, (1024,), 64, 64, (9,), padding=4),
    Layer("per_example/dw3", 16, (28, 28), 96, 96, (3, 3), 1, 1, groups=96),
    Layer("per_example/grouped", 4, (14, 14), 128, 128, (3, 3), 1, 1, groups=8),
)
"""As in differentially private training: every example's own gradient."""


def conv_rows(layers: Sequence[Layer], method: Method = AUTO) -> Iterator[Row]:
    """Three rows a layer, ours by a method."""
    for layer in scaled(layers):
        for pass_ in PASSES:
            yield Row(
                name=layer.name,
                role=pass_,
                family=layer.family,
                tags=layer.tags,
                shape=layer.shape,
                operands=layer.operand_shapes(pass_),
                ours=functools.partial(our_pass(layer, pass_), method=method),
                lax=peers.lax_pass(layer, pass_),
                torch=functools.partial(torch_peers.conv_calls, layer, pass_),
                flop=layer.flop,
                n_bytes=layer.n_bytes,
                chosen=functools.partial(chosen, layer, pass_, method),
            )


def per_example_rows() -> Iterator[Row]:
    """One row a layer: dw of every example."""
    for layer in scaled(PER_EXAMPLE):
        ours = functools.partial(
            jconv.per_example_kernel_vjp,
            kernel_shape=layer.shapes["kernel"],
            **layer.arguments,
        )
        kernels = layer.batch * math.prod(layer.shapes["kernel"])
        arrays = sum(math.prod(layer.shapes[role]) for role in OPERANDS["kernel"])
        yield Row(
            name=layer.name,
            role="dw",
            family="per-example",
            tags=("per-example", *layer.tags[1:]),
            shape=layer.shape,
            operands=layer.operand_shapes("dw"),
            ours=ours,
            lax=peers.lax_per_example(layer),
            torch=functools.partial(torch_peers.per_example_calls, layer),
            flop=layer.flop,
            n_bytes=ITEMSIZE * (kernels + arrays),
            chosen=functools.partial(_chosen_per_example, layer),
        )


def our_pass(layer: Layer, pass_: Pass) -> Function:
    """One pass of a layer as a function of its operands."""
    shapes, arguments = layer.shapes, layer.arguments
    functions: dict[Pass, Function] = {
        "fwd": functools.partial(jconv.conv, **arguments),
        "dx": functools.partial(
            jconv.conv_input_vjp, input_shape=shapes["input"], **arguments
        ),
        "dw": functools.partial(
            jconv.conv_kernel_vjp, kernel_shape=shapes["kernel"], **arguments
        ),
    }
    return functions[pass_]


def chosen(layer: Layer, pass_: Pass, method: Method = AUTO) -> str:
    """The name of the algorithm that jconv takes for a pass."""
    return _choose(layer, pass_, layer.canonical_shapes, method)


def _chosen_per_example(layer: Layer) -> str:
    """The name of the algorithm, where the examples are label e of all arrays."""
    shapes: algorithms.Shapes = {
        role: (layer.batch, *shape[2:])
        for role, shape in layer.canonical_shapes.items()
        if role != "kernel"
    }
    return _choose(layer, "dw", shapes, AUTO)


def _choose(
    layer: Layer, pass_: Pass, shapes: algorithms.Shapes, method: Method
) -> str:
    """Ask as the primitive does when it is lowered."""
    out = ROLE_OF[pass_]
    operands = {role: shapes[role] for role in OPERANDS[out]}
    call = (layer.geometry, operands, out, "float32", compat.lowering_platform())
    return algorithms.choose(*call, method).name
