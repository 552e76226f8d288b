"""Planted faults of convolution's neighbours; ``tests.faults`` registers them."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jconv import local
from jconv.algorithms.parts import unfolding
from jconv.per_example import gradients, norms
from tests.planting import fault

PATCHES = "tests/test_patches.py::test_the_relations_windows_and_their_adjoint"
LOCAL = "tests/test_local.py::test_equal_kernels_make_a_convolution"
SINGLE = "tests/test_per_example.py::test_each_is_its_examples_and_norms_agree"


@fault(unfolding, "_spread", claim="patches.adjoint", test=PATCHES)
def windows_shifted_by_one(right: Any) -> Any:
    """What a step of a window covers is placed one entry too late."""
    return lambda *arguments: jnp.roll(right(*arguments), 1, axis=arguments[1])


@fault(unfolding, "_put_axis", claim="patches.adjoint", test=PATCHES)
def overlaps_not_added(right: Any) -> Any:
    """Where windows overlap the fold takes the mean instead of the sum."""

    def wrong(patches: Any, dim: int, axis: Any) -> Any:
        counts = right(jnp.ones_like(patches), dim, axis)
        return right(patches, dim, axis) / jnp.maximum(counts, 1)

    return wrong


@fault(local, "contract", claim="local.weight-sharing", test=LOCAL)
def places_mixed_up(right: Any) -> Any:
    """Every place is given the result of its neighbour."""

    def wrong(*arguments: Any, **options: Any) -> Any:
        result, labels = right(*arguments, **options), arguments[-1]
        places = [n for n, label in enumerate(labels) if label.startswith("o")]
        return jnp.roll(result, 1, places[0]) if places else result

    return wrong


@fault(gradients, "as_examples", claim="per-example.sum", test=SINGLE)
def examples_mixed_up(right: Any) -> Any:
    """The examples of dy are those of x in another order."""

    def wrong(*arguments: Any) -> Any:
        x, dy = right(*arguments)
        return x, jnp.roll(dy, 1, axis=0)

    return wrong


@fault(norms, "_gram", claim="per-example.sum", test=SINGLE)
def own_pairs_alone(right: Any) -> Any:
    """The Gram form forgets the pairs of two different places."""

    def wrong(patches: Any, dy: Any, rank: int, *rest: Any) -> Any:
        kept = tuple(range(1, 1 + rank))
        squares = (patches**2).sum(tuple(range(1 + rank, patches.ndim - 2)))
        return (squares.sum(-1) * (dy**2).sum(-1)).sum((*kept, -1))

    return wrong
