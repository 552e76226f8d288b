"""Neighbours of convolution: patches, unshared weights, derivatives of one example."""

from __future__ import annotations

import dataclasses
import string
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

import jconv
from jconv import reference
from jconv.verify import families, routes
from jconv.verify.claim import Evidence, claim
from jconv.verify.comparison import equality

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jax import Array
    from numpy.typing import NDArray

    from jconv.verify.context import Context

    Program = Callable[..., Any]

WINDOW_OPTIONS = ("stride", "padding", "kernel_dilation", "input_dilation")

MOVERS = ("scatter", "gather", "convolution", "dot_general")
"""What neither patches nor their fold may be lowered to."""


def _cases(context: Context) -> tuple[families.Case, ...]:
    """Every value of every factor, or a few cases."""
    return families.sample(1)[: 3 if context.quick else None]


@claim(
    "patches.adjoint",
    says="Cutting an array into windows and adding windows up where they came from are "
    "adjoint: overlaps are added. Both only move data and add, and so do their "
    "derivatives, which are each other.",
    formula="⟨p, extract(x)⟩ = ⟨fold(p), x⟩",
    source="im2col and col2im as two directions of the relation",
    kind="exact",
    falsified_by="a window, a sum or a derivative that differs from the relation's, "
    "or a scatter or gather in the compiled program",
)
def patches_adjoint(context: Context) -> Iterator[Evidence]:
    """Both directions, and the derivative of each, against the relation in NumPy."""
    for case in _cases(context):
        places = (*case.y[:-1], *case.geometry.kernel_shape, case.x[-1])
        x, p = context.integers(case.x), context.integers(places, "float64", 1)
        lowered = jax.jit(_both_ways(case)).lower(x, p)
        patches, again, folded, back = lowered.compile()(x, p)
        windows = _by_the_relation(x, case, folded=False)
        sums = _by_the_relation(p, case, folded=True)
        name, call = repr(case.geometry), case.call
        yield equality(f"the windows, {name}", patches, windows, case=call)
        yield equality(f"their sum, {name}", folded, sums, case=call)
        yield equality(f"fold's derivative extracts, {name}", again, windows, case=call)
        yield equality(f"extract's derivative folds, {name}", back, sums, case=call)
        left, right = np.vdot(p, patches), np.vdot(folded, x)
        yield equality(
            f"⟨p, extract(x)⟩ = ⟨fold(p), x⟩, {name}", left, right, case=call
        )
        text = lowered.as_text()
        found = [word for word in MOVERS if word in text]
        what = f"no scatter, no gather, {name}"
        yield Evidence(not found, what, case=call, numbers={"found": found})


def _both_ways(case: families.Case) -> Program:
    """(x, p) -> patches of x and the fold's derivative, fold of p and the other."""
    options = {n: value for n, value in case.options if n in WINDOW_OPTIONS}

    def extract(x: Array) -> Array:
        return jconv.extract_patches(x, case.geometry.kernel_shape, **options)

    def fold(p: Array) -> Array:
        return jconv.fold_patches(p, input_shape=case.x, **options)

    def program(x: Array, p: Array) -> Any:
        patches, back = jax.vjp(extract, x)
        folded, again = jax.vjp(fold, p)
        return patches, again(x)[0], folded, back(p)[0]

    return program


def _by_the_relation(
    array: NDArray[Any], case: families.Case, *, folded: bool
) -> NDArray[Any]:
    """Windows of x, or the sum of windows, summed over the relation's tables."""
    geometry = case.geometry
    letters = iter(string.ascii_letters)
    o, k, i = ("".join(next(letters) for _ in geometry.axes) for _ in range(3))
    apart, together = f"...{o}{k}Z", f"...{i}Z"
    source, result = (apart, together) if folded else (together, apart)
    terms = [source, *(o[a] + k[a] + i[a] for a in range(geometry.rank))]
    tables = [reference.relation(axis).astype(array.dtype) for axis in geometry.axes]
    summed: NDArray[Any] = np.einsum(f"{','.join(terms)}->{result}", array, *tables)
    return summed


@claim(
    "local.weight-sharing",
    says="A convolution is a layer with a kernel of its own at every place, all tied "
    "to one: with equal kernels the outputs are equal, and the gradients of the untied "
    "kernels, added over the places, are the gradient of the shared one.",
    formula="dw = Σₒ dw[o]",
    source="S0, S1, S3; the chain rule of w[o] = w",
    kind="exact",
    falsified_by="an output or a summed gradient that differs from the oracle's",
)
def local_weight_sharing(context: Context) -> Iterator[Evidence]:
    """Equal kernels everywhere, against the oracle of the shared convolution."""
    for case in _cases(context):
        x, w, dy = (
            context.integers(shape, "float64", n)
            for n, shape in enumerate((case.x, case.w, case.y))
        )
        tied = np.broadcast_to(w, (*case.geometry.output_shape, *w.shape))
        y, (dx, dw), derived = jax.jit(_untied(case))(x, tied, dy)
        expected = routes.oracle(case, x, w, dy)
        name, call = repr(case.geometry), case.call
        places = tuple(range(case.geometry.rank))
        summed = np.asarray(dw).sum(places)
        yield equality(f"the output, {name}", y, expected["output"], case=call)
        yield equality(f"input gradient, {name}", dx, expected["input"], case=call)
        yield equality(f"Σ kernel gradients, {name}", summed, expected["kernel"])
        yield equality(f"derived = coded, dx, {name}", derived[0], dx, case=call)
        yield equality(f"derived = coded, dw, {name}", derived[1], dw, case=call)


def _untied(case: families.Case) -> Program:
    """(x, w, dy) -> the output, the two coded derivatives, the two that JAX derives."""
    options = dict(case.options)

    def local(x: Array, w: Array) -> Array:
        return jconv.conv_local(x, w, **options)

    def program(x: Array, w: Array, dy: Array) -> Any:
        y, back = jax.vjp(local, x, w)
        dx = jconv.conv_local_input_vjp(dy, w, input_shape=x.shape, **options)
        dw = jconv.conv_local_kernel_vjp(x, dy, kernel_shape=w.shape, **options)
        return y, (dx, dw), back(dy)

    return program


@claim(
    "per-example.sum",
    says="The kernel gradient of a batch is the sum of its examples' own. Each is "
    "computed as if the example were alone, and its norm also follows without it, from "
    "products of pairs of patches and of cotangents.",
    formula="dw = Σₑ dwₑ,  |dwₑ|² = Σₒₒ′ ⟨Pₒ, Pₒ′⟩⟨dyₒ, dyₒ′⟩",
    source="Goodfellow 2015, https://arxiv.org/abs/1510.01799; Bu, Mao and Xu 2022, "
    "https://arxiv.org/abs/2205.10683",
    kind="exact",
    falsified_by="an example's gradient, a sum or a squared norm that differs from the "
    "oracle's",
)
def per_example_sum(context: Context) -> Iterator[Evidence]:
    """Single examples by the oracle; squared norms, which are integers, by rounding."""
    for case in _cases(context):
        x, dy = context.integers(case.x), context.integers(case.y, "float64", 1)
        each, norms = jax.jit(_singles(case))(x, dy)
        batch = case.x[: len(case.x) - case.geometry.rank - 1]
        single = dataclasses.replace(
            case, x=case.x[len(batch) :], y=case.y[len(batch) :]
        )
        alone, w = np.zeros((*batch, *case.w)), np.zeros(case.w)
        for example in np.ndindex(*batch):
            found = routes.oracle(single, x[example], w, dy[example])
            alone[example] = found["kernel"]
        whole = routes.oracle(case, x, w, dy)["kernel"]
        name, call = repr(case.geometry), case.call
        examples = tuple(range(len(batch)))
        yield equality(f"each example, {name}", each, alone, case=call)
        total = np.asarray(each).sum(examples)
        yield equality(f"their sum, {name}", total, whole, case=call)
        squares = (alone**2).sum(tuple(range(len(batch), alone.ndim)))
        for form, norm in zip(("gradients", "pairs"), norms, strict=True):
            rounded = np.rint(np.asarray(norm) ** 2)
            yield equality(f"|dw|² by {form}, {name}", rounded, squares, case=call)


def _singles(case: families.Case) -> Program:
    """(x, dy) -> each example's derivative, and its norms in both forms."""
    options = dict(case.options) | {"kernel_shape": case.w}

    def program(x: Array, dy: Array) -> Any:
        norms = [
            jconv.per_example_kernel_norms(x, dy, method=method, **options)
            for method in ("gradient", "gram")
        ]
        return jconv.per_example_kernel_vjp(x, dy, **options), norms

    return program
