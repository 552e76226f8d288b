"""The classic 3 by 3 filters, on a real photograph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import numpy as np

import jconv
from jconv.algorithms import REGISTRY, Shapes
from jconv.errors import UnsupportedError
from jconv.geometry import Geometry
from jconv.numerics import unit_roundoff
from jconv.verify import photograph
from jconv.verify.claim import Evidence, claim
from jconv.verify.comparison import by_every_method, equality, error_scale

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.verify.comparison import Array
    from jconv.verify.context import Context

Rows = tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]

FILTERS: dict[str, tuple[Rows, int]] = {
    "identity": (((0, 0, 0), (0, 1, 0), (0, 0, 0)), 1),
    "Sobel, horizontal": (((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)), 1),
    "Sobel, vertical": (((-1, -2, -1), (0, 0, 0), (1, 2, 1)), 1),
    "Laplacian": (((0, 1, 0), (1, -4, 1), (0, 1, 0)), 1),
    "sharpen": (((0, -1, 0), (-1, 5, -1), (0, -1, 0)), 1),
    "emboss": (((-2, -1, 0), (-1, 1, 1), (0, 1, 2)), 1),
    "Gaussian (1 2 1)": (((1, 2, 1), (2, 4, 2), (1, 2, 1)), 16),
}
"""Name -> integer weights and what they are divided by, a power of two."""


@claim(
    "filters.blur",
    says="Nine weights of 1/9 replace every pixel by the mean of its neighbourhood; "
    "other weights find edges, sharpen, emboss, or change nothing.",
    formula="y(i, j) = (1/9) Σₚ,ᵩ x(i + p, j + q)",
    source="S0, S3, S4",
    kind="bounded",
    falsified_by="a pixel of the blur further from the local mean than rounding "
    "allows, or a pixel of another filter that differs at all",
)
def filters_blur(context: Context) -> Iterator[Evidence]:
    """Whole numbers exactly; ninths, no binary fractions, within their bound."""
    photo = photograph.grey()
    for dtype in ("float32",) if context.quick else ("float32", "float64"):
        yield from _means(photo, dtype)
    kernels = np.array([np.array(rows) / d for rows, d in FILTERS.values()])
    x, w = photo[..., None].astype("float64"), kernels.transpose(1, 2, 0)[:, :, None]
    whole = {name: filtered(photo, rows) for name, (rows, _) in FILTERS.items()}
    for method, y in by_every_method(context, jconv.conv, x, w):
        for n, (name, (_, divisor)) in enumerate(FILTERS.items()):
            yield equality(
                f"{name} of the photograph, every pixel exactly, by {method}",
                y[..., n] * divisor,
                whole[name],
                case=f"FILTERS[{name!r}] on photograph.grey(), method={method!r}",
            )
    yield equality(
        "the identity leaves the photograph as it is",
        whole["identity"],
        photo[1:-1, 1:-1],
    )


def filtered(photo: Array, rows: Rows) -> Array:
    """Nine shifted copies of the photograph, weighted and added, in whole numbers.

    Examples:
        >>> filtered(np.arange(9).reshape(3, 3), FILTERS["sharpen"][0])
        array([[4]])
    """
    height, width = photo.shape[0] - 2, photo.shape[1] - 2
    total = np.zeros((height, width), np.int64)
    for p, row in enumerate(rows):
        for q, weight in enumerate(row):
            total += weight * photo[p : p + height, q : q + width]
    return total


def _means(photo: Array, dtype: str) -> Iterator[Evidence]:
    """Blur by every algorithm, also the inexact ones.

    With S the sum of nine pixels, m = S / 9 and u the unit roundoff, the weight is
    fl(1/9) = (1 + e)/9 with |e| <= u. The terms then add up to m (1 + e), of which the
    algorithm may miss a share B: the error is at most (B (1 + u) + u) m, and the m that
    it is compared with is rounded once, in float64. Of a transform the share is one of
    the operands' norms.
    """
    x = photo[..., None].astype(dtype)
    w = np.full((3, 3, 1, 1), 1 / 9).astype(dtype)
    mean = filtered(photo, ((1, 1, 1),) * 3) / 9
    geometry = Geometry.from_call(photo.shape, (3, 3))
    shapes: Shapes = {"input": (1, *x.shape, 1), "kernel": (1, 3, 3, 1, 1, 1)}
    u = unit_roundoff(dtype)
    for method, algorithm in REGISTRY.items():
        try:
            y = jax.jit(_precisely, static_argnames="method")(x, w, method=method)
        except UnsupportedError:
            continue
        error = np.abs(np.asarray(y, "float64")[..., 0] - mean)
        share = algorithm.error_bound(geometry, shapes, "output", dtype)
        scale = (1 + u) * error_scale(algorithm, x, w, mean)
        bound = share * scale + (u + unit_roundoff("float64")) * mean
        strain = float(np.max(error / np.maximum(bound, np.finfo("float64").tiny)))
        yield Evidence(
            strain <= 1,
            f"1/9 is the local mean of {mean.size} pixels in {dtype} by {method}; the "
            "error is told in units of its bound",
            case=f"nine weights of 1/9 on photograph.grey() in {dtype}, "
            f"method={method!r}",
            error=strain,
            bound=1.0,
            numbers={"largest error": float(error.max()), "largest mean": mean.max()},
        )


def _precisely(x: Array, w: Array, *, method: str) -> jax.Array:
    """Convolve without the reduced precision that accelerators default to."""
    return jconv.conv(x, w, precision="highest", method=method)
