"""The lecture's small examples, term by term: which cotangent meets which weight."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

import jconv
from jconv.geometry import Axis, Role
from jconv.verify.claim import Evidence, claim
from jconv.verify.comparison import by_every_method, equality

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jax import Array as JaxArray

    from jconv.verify.comparison import Array
    from jconv.verify.context import Context

FIVE_TO_THREE = Axis(n_input=5, n_kernel=3, n_output=3)
"""Five inputs, three weights, three outputs."""

NINE_TO_FOUR = (Axis(3, 2, 2), Axis(3, 2, 2))
"""A 3 x 3 input, a 2 x 2 kernel, four outputs."""

ORDER: tuple[Role, ...] = ("output", "kernel", "input")
"""The order of indices in ``Axis.triples``."""


@claim(
    "backward.input-1d",
    says="An input receives every cotangent that it helped to make, times the weight "
    "through which it did: the last weight for the first such output, and so on "
    "backwards.",
    formula="∂L/∂x₃ = δ₁w₃ + δ₂w₂ + δ₃w₁,  ∂L/∂x₁ = δ₁w₁",
    source="S0, S3",
    kind="exact",
    falsified_by="any other pairing of cotangents and weights",
)
def backward_input_1d(context: Context) -> Iterator[Evidence]:
    """The terms from the relation, then the same sums by every algorithm."""
    terms = _terms((FIVE_TO_THREE,), "δ{o}·w{k}", at="input")
    for i, said in {3: "δ1·w3 + δ2·w2 + δ3·w1", 1: "δ1·w1"}.items():
        found = " + ".join(terms[i])
        yield Evidence(found == said, f"∂L/∂x{i} = {said}", case=found)
    w, dy = context.integers((3,)), context.integers((3,), "float64", 1)
    by_hand = [
        dy[0] * w[0],
        dy[0] * w[1] + dy[1] * w[0],
        dy[0] * w[2] + dy[1] * w[1] + dy[2] * w[0],
        dy[1] * w[2] + dy[2] * w[1],
        dy[2] * w[2],
    ]

    def input_vjp(dy: Array, w: Array, *, method: str) -> JaxArray:
        dy, w = dy[:, None], w[:, None, None]
        return jconv.conv_input_vjp(dy, w, input_shape=(5, 1), method=method)[:, 0]

    for method, dx in by_every_method(context, input_vjp, dy, w):
        yield equality(f"all five sums by {method}", dx, by_hand)


@claim(
    "backward.kernel-1d",
    says="A shared weight receives, from every input that it touched, that input times "
    "the cotangent of the output it helped to make; the sum over all inputs is a "
    "convolution of the input with the cotangent.",
    formula="∂L/∂wⱼ = Σᵢ δᵢ xᵢ₊ⱼ₋₁;  x₃ sends δ₃x₃ to w₁, δ₂x₃ to w₂, δ₁x₃ to w₃",
    source="S3",
    kind="exact",
    falsified_by="any other pairing of cotangents and inputs, in symbols or in numbers",
)
def backward_kernel_1d(context: Context) -> Iterator[Evidence]:
    """The terms from the relation, then the same sums by every algorithm."""
    terms = _terms((FIVE_TO_THREE,), "δ{o}·x{i}", at="kernel")
    for k, term in {1: "δ3·x3", 2: "δ2·x3", 3: "δ1·x3"}.items():
        yield Evidence(term in terms[k], f"x3 sends {term} to w{k}", case=str(terms[k]))
    said = {k: [f"δ{i}·x{i + k - 1}" for i in (1, 2, 3)] for k in (1, 2, 3)}
    yield Evidence(terms == said, "∂L/∂wⱼ = Σ δᵢ xᵢ₊ⱼ₋₁ for all three", case=str(terms))
    x, dy = context.integers((5,)), context.integers((3,), "float64", 1)
    by_hand = [sum(dy[i] * x[i + j] for i in range(3)) for j in range(3)]
    conv = np.correlate(x, dy, mode="valid")
    yield equality("the sums are the convolution of x with δ", conv, by_hand)

    def kernel_vjp(x: Array, dy: Array, *, method: str) -> JaxArray:
        x, dy = x[:, None], dy[:, None]
        dw = jconv.conv_kernel_vjp(x, dy, kernel_shape=(3, 1, 1), method=method)
        return dw[:, 0, 0]

    for method, dw in by_every_method(context, kernel_vjp, x, dy):
        yield equality(f"all three sums by {method}", dw, by_hand)


@claim(
    "backward.input-2d",
    says="In two dimensions the middle input of a 3 × 3 image helped to make all four "
    "outputs of a 2 × 2 kernel, and receives all four cotangents, the kernel turned "
    "by half a turn.",
    formula="∂L/∂x₅ = δ₄w₁ + δ₃w₂ + δ₂w₃ + δ₁w₄,  ∂L/∂x₁ = δ₁w₁",
    source="S0",
    kind="exact",
    falsified_by="any other pairing of cotangents and weights",
)
def backward_input_2d(context: Context) -> Iterator[Evidence]:
    """The terms from the relation, then the same sums by every algorithm."""
    terms = _terms(NINE_TO_FOUR, "δ{o}·w{k}", at="input")
    for i, said in {5: "δ1·w4 + δ2·w3 + δ3·w2 + δ4·w1", 1: "δ1·w1"}.items():
        found = " + ".join(terms[i])
        yield Evidence(found == said, f"∂L/∂x{i} = {said}", case=found)
    w, dy = context.integers((2, 2)), context.integers((2, 2), "float64", 1)
    by_hand = np.zeros((3, 3))
    for o in np.ndindex(2, 2):
        by_hand[o[0] : o[0] + 2, o[1] : o[1] + 2] += dy[o] * w

    def input_vjp(dy: Array, w: Array, *, method: str) -> JaxArray:
        dy, w = dy[..., None], w[..., None, None]
        return jconv.conv_input_vjp(dy, w, input_shape=(3, 3, 1), method=method)[..., 0]

    for method, dx in by_every_method(context, input_vjp, dy, w):
        yield equality(f"all nine sums by {method}", dx, by_hand)


def _terms(axes: tuple[Axis, ...], term: str, *, at: Role) -> dict[int, list[str]]:
    """The relation as symbols: for each index of one role, its sum's terms, sorted.

    Indices count from 1, row by row, as in the lecture.
    """
    collected: dict[int, list[str]] = {}
    for triples in itertools.product(*(axis.triples() for axis in axes)):
        o, k, i = (
            int(np.ravel_multi_index(indices, [axis.size(role) for axis in axes])) + 1
            for role, indices in zip(ORDER, zip(*triples, strict=True), strict=True)
        )
        index = {"input": i, "kernel": k, "output": o}[at]
        collected.setdefault(index, []).append(term.format(o=o, k=k, i=i))
    return {index: sorted(terms) for index, terms in collected.items()}
