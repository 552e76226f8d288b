"""Results of algorithms that transform, held to their bounds in every role."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np

from jconv import numerics, reference
from jconv.geometry import OPERANDS, ROLES


def check_bounds(algorithms, geometry, shapes, dtype):
    """Every role, by each of the algorithms that does it, in one program."""
    rng = np.random.default_rng(0)
    arrays = {r: rng.normal(size=shape) for r, shape in shapes.items()}
    if jnp.issubdtype(dtype, jnp.complexfloating):
        arrays = {r: x + 1j * rng.normal(size=x.shape) for r, x in arrays.items()}
    arrays = {r: np.asarray(jnp.asarray(x, dtype)) for r, x in arrays.items()}
    accumulate = numerics.accumulation_dtype(dtype)
    operands = {out: {r: shapes[r] for r in OPERANDS[out]} for out in ROLES}
    able = [
        (out, each)
        for out, each in itertools.product(ROLES, algorithms)
        if not each.refuses(geometry, operands[out], out, dtype, "cpu")
    ]

    @jax.jit
    def program(arrays):
        return [
            each.run(
                *(arrays[r] for r in OPERANDS[out]),
                geometry=geometry,
                out=out,
                precision=None,
                accumulate=accumulate,
            )
            for out, each in able
        ]

    wide = np.result_type(np.float64, accumulate)
    exact = {r: x.astype(wide) for r, x in arrays.items()}
    for (out, each), got in zip(able, program(arrays), strict=True):
        first, second = (exact[r] for r in OPERANDS[out])
        want = reference.contract(first, second, geometry, out)
        assert got.shape == want.shape
        assert got.dtype == accumulate
        scale = np.linalg.norm(first) * np.linalg.norm(second)
        oracle = numerics.contraction_bound(geometry, operands[out], out, "float64")
        bound = each.error_bound(geometry, operands[out], out, dtype)
        assert np.abs(np.asarray(got) - want).max() <= (bound + oracle) * scale
    return able
