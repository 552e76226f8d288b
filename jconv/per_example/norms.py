"""Norms of the examples' kernel derivatives, with or without the derivatives.

With P[o] the patches of one example, dw[k, c, m] = sum over o of P[o, k, c] dy[o, m].
So the squared norm needs no dw (the *Gram form*, or "ghost norm"):

    |dw|^2  =  sum over o, o' of  <P[o], P[o']> <dy[o], dy[o']>

of each group, then added over the groups.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING, Any, Unpack

import jax
import jax.numpy as jnp

from jconv import compat, layout, numerics, operands
from jconv.algorithms import Tuned
from jconv.algorithms.parts.contraction import contract
from jconv.algorithms.parts.unfolding import take
from jconv.algorithms.patches import PATCHES
from jconv.algorithms.protocol import concrete
from jconv.algorithms.tuned import describe
from jconv.errors import GeometryError, UnsupportedError
from jconv.per_example.gradients import as_examples, batch_of, gradients, understand

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from jax import Array
    from jax.typing import ArrayLike

    from jconv.algorithms import Method, Precision, Shapes
    from jconv.geometry import Role
    from jconv.options import GeometryArguments
    from jconv.plan import Plan

METHODS = ("auto", "gradient", "gram")


def per_example_kernel_norms(
    x: ArrayLike,
    dy: ArrayLike,
    *,
    kernel_shape: Sequence[int],
    method: str = "auto",
    precision: Any = None,
    **options: Unpack[GeometryArguments],
) -> Array:
    """Euclidean norm (*batch,) of each example's kernel derivative.

    "gradient" computes the derivatives; "gram" does without them, by the sum over pairs
    of output positions; "auto" takes the one with fewer multiplications: the second if
    there are few positions and many channels. Where the terms of dw cancel, the Gram
    form loses up to twice as many digits. The derivative of a norm that is 0 is 0.

    Args:
        x: input (*batch, *spatial, c_in).
        dy: cotangent (*batch, *output, c_out).
        kernel_shape: the shape (*kernel, c_in // groups, c_out) of w, whole.
        method: "auto", "gradient" or "gram".
        precision: of (x, dy).
        **options: the geometry arguments of ``jconv.conv``.

    Returns:
        The norms, real; of integers in JAX's default float.

    Raises:
        GeometryError: for any argument that is wrong, ``dy``'s shape included.
        UnsupportedError: for "gram", if an array's type says that it is divided along
            what is compared.

    Examples:
        >>> import jax.numpy as jnp
        >>> x = jnp.array([[3.0, 4.0], [6.0, 8.0]])[..., None]
        >>> dy = jnp.ones((2, 1, 1))
        >>> per_example_kernel_norms(x, dy, kernel_shape=(2, 1, 1), method="gram")
        Array([ 5., 10.], dtype=float32)

    References:
        I. Goodfellow, "Efficient per-example gradient computations",
        https://arxiv.org/abs/1510.01799, 2015.
        Z. Bu, J. Mao and S. Xu, "Scalable and efficient training of large convolutional
        neural networks with differential privacy", https://arxiv.org/abs/2205.10683,
        2022.
    """
    if method not in METHODS:
        raise GeometryError.of("method", method, f"one of {', '.join(METHODS)}")
    x, dy, understood = understand(x, dy, kernel_shape, options)
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        x, dy = x.astype(float), dy.astype(float)
    if method == "auto":
        costs = multiplications(understood)
        method = min(costs, key=costs.__getitem__)
        if _is_divided(x, "input", understood) or _is_divided(dy, "output", understood):
            method = "gradient"  # each device has its share of it
    pair = operands.canonical_precision(precision)
    try:
        return _norms(x, dy, understood=understood, precision=pair, method=method)
    except compat.ShardingTypeError as error:
        if method != "gram":
            raise
        message = (
            "method='gram' compares all positions over all channels, which the types "
            f"of x ({jax.typeof(x)}) and dy ({jax.typeof(dy)}) divide among devices. "
            "Use method='gradient', or jax.sharding.reshard to divide the batch alone."
        )
        raise UnsupportedError(message) from error


def _is_divided(array: Array, role: Role, understood: Plan) -> bool:
    """Whether an array's type says that an example is divided among devices."""
    sharding = compat.explicit_sharding(jax.typeof(array))
    if sharding is None:
        return False
    order = understood.layout.of(role) or range(array.ndim)
    names = [*sharding.spec, *(None,) * array.ndim]
    return any(names[n] for n in order[len(batch_of(understood)) :])


def multiplications(understood: Plan) -> dict[str, int]:
    """Multiplications that either form takes for one example.

    "gradient" takes one for each meeting of the relation and pair of channels; "gram"
    O^2 (K c_in + c_out), with O output and K kernel positions. Bu, Mao and Xu (2022)
    compare the entries held instead, 2 O^2 with K c_in c_out; that saves more memory
    and, where the two rules differ, is slower.
    """
    geometry = understood.geometry
    *_, depth, c_out = concrete(understood.kernel)
    taps = math.prod(geometry.kernel_shape)
    compared = taps * depth * geometry.groups + c_out
    return {
        "gradient": geometry.pair_count * depth * c_out,
        "gram": math.prod(geometry.output_shape) ** 2 * compared,
    }


@functools.partial(
    jax.jit, static_argnames=("understood", "precision", "method"), inline=True
)
def _norms(
    x: Array, dy: Array, *, understood: Plan, precision: Precision, method: str
) -> Array:
    """The root of the squares, in a float wide enough for them."""
    accumulate = numerics.accumulation_dtype(x.dtype)
    if method == "gradient":
        by = dataclasses.replace(understood, method=_preferred(x, dy, understood))
        dw = gradients(x, dy, understood=by, precision=precision, dtype=accumulate)
        # Over its own dimensions: divided among devices they could not become one.
        own = range(len(batch_of(understood)), dw.ndim)
        squares = jnp.sum(jnp.real(dw * jnp.conj(dw)), own)
    else:
        x, dy = as_examples(x, dy, understood)
        merged = x.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])
        patches = layout.split_groups(take(merged, understood.geometry), x.shape[-2])
        squares = _gram(patches, dy, understood.geometry.rank, precision, accumulate)
        squares = squares.reshape(batch_of(understood))
    positive = squares > 0  # a root has no derivative at 0; rounding may go below
    norms = jnp.where(positive, jnp.sqrt(jnp.where(positive, squares, 1)), 0)
    return norms.astype(jnp.zeros((), x.dtype).real.dtype)


def _preferred(x: Array, dy: Array, understood: Plan) -> Method:
    """``patches`` where it holds: one product, with nothing to place or add after it.

    On a CPU XLA fuses the sum of squares with the sums of ``taps`` and then runs ten
    times longer than without it (jax 0.10.2).
    """
    x, dy = jax.eval_shape(functools.partial(as_examples, understood=understood), x, dy)
    shapes: Shapes = {"input": x.shape, "output": dy.shape}
    call = describe(understood.geometry, shapes, "kernel", x.dtype, "cpu")
    return Tuned.of({call: PATCHES.name})


def _gram(
    patches: Array,
    dy: Array,
    rank: int,
    precision: Precision,
    accumulate: np.dtype[Any],
) -> Array:
    """Squares from patches (e, *output, *window, g, c) and dy (e, *output, g, m)."""
    places = tuple(f"o{a}" for a in range(rank))
    others = tuple(f"p{a}" for a in range(rank))
    taps = tuple(f"k{a}" for a in range(rank))
    grams = [
        contract(
            array,
            ("e", *places, *rest),
            jnp.conj(array),
            ("e", *others, *rest),
            ("e", "g", *places, *others),
            precision=each,
            accumulate=accumulate,
        )
        for array, rest, each in zip(
            (patches, dy),
            ((*taps, "g", "c"), ("g", "m")),
            [(each, each) for each in precision] if precision else (None, None),
            strict=True,
        )
    ]
    product = jnp.real(grams[0] * grams[1])
    return jnp.sum(product, range(1, product.ndim))
