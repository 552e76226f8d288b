"""The products of ``winograd``, a block of tiles after the other."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
from jax import lax

from jconv.algorithms.parts.buffers import carried, function
from jconv.algorithms.parts.turns import stacked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jax import Array

    from jconv.algorithms.parts.products import Product
    from jconv.algorithms.parts.toom_blocks import TileBlocks


def result_by_blocks(
    blocks: TileBlocks,
    sources: Callable[[Array], Array],
    kernel: Array,
    multiply: Callable[[Array, Array], Array],
) -> Array:
    """(e, n, *R, m), by products of (e, tiles, c) with the kernel's values."""
    tiles, e = blocks.tiles, kernel.shape[0]
    weights = [carried(values) for values in tiles.kernel(kernel)]

    def block(number: Array) -> Array:
        values = tiles.source(sources(number), blocks.counts)
        products = _products(multiply, values, [each() for each in weights], e)
        shape = (-1, e * blocks.examples, *blocks.counts, products[0].shape[-1])
        results = tiles.back([each.reshape(shape) for each in products])
        return results.reshape(e, blocks.examples, *results.shape[1:])

    if blocks.number == 1:
        whole = block(jnp.int32(0))
    else:
        whole = stacked(blocks.number, block)
        whole = jnp.moveaxis(whole, 1, 0) if e > 1 else whole
    whole = whole.reshape(e, blocks.n, *tiles.written(blocks.all_counts), -1)
    stop = [axis.n_output for axis in tiles.axes]
    return lax.slice(whole, [0] * whole.ndim, [e, blocks.n, *stop, whole.shape[-1]])


def kernel_by_blocks(
    blocks: TileBlocks,
    sources: Callable[[Array], Array],
    others: Callable[[Array], Array],
    matrix: tuple[int, int, int],
    product: Product,
) -> Array:
    """(e, *K, c, m), summed over the blocks; ``matrix`` is (e, c, m)."""
    tiles, (e, c, m) = blocks.tiles, matrix
    # The compiler for CPUs multiplies fastest if it turns the narrower operand.
    swapped = m < c
    matrix = (e, m, c) if swapped else (e, c, m)
    multiply = functools.partial(product.transposed, swapped=swapped)

    def block(number: Any) -> list[Array]:
        values = tiles.source(sources(number), blocks.counts)
        whose = tiles.other(others(number), blocks.counts)
        return _products(
            multiply, *((whose, values) if swapped else (values, whose)), e
        )

    def add(number: Any, total: list[Array]) -> list[Array]:
        return [lax.add(a, b) for a, b in zip(total, block(number), strict=True)]

    if blocks.number == 1:
        total = block(jnp.int32(0))
    else:
        size = (tiles.points // tiles.arrays * e, *matrix[1:])
        nothing = [jnp.zeros(size, product.accumulate)] * tiles.arrays
        total = lax.fori_loop(0, blocks.number, add, nothing)
    kernel = tiles.kernel_back([each.reshape(-1, *matrix) for each in total])
    return function(_transposed)(kernel) if swapped else kernel


def _transposed(kernel: Array) -> Array:
    """With its channels exchanged."""
    return jnp.swapaxes(kernel, -1, -2)


def _products(
    multiply: Callable[[Array, Array], Array],
    left: Sequence[Array],
    right: Sequence[Array],
    e: int,
) -> list[Array]:
    """Of (p, e n, *T, c) with (p, e, c, m) or (p, e n, *T, m): (p e, rows, columns)."""

    def flat(array: Array) -> Array:
        return array.reshape(array.shape[0] * e, -1, array.shape[-1])

    return [multiply(flat(a), flat(b)) for a, b in zip(left, right, strict=True)]
