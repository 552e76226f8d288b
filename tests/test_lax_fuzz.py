"""Random convolutions of every kind equal ``jax.lax``'s bit for bit.

One seed is one convolution: rank 0 to 4, strides, both dilations, asymmetric and
negative pads, string pads, both kinds of groups, random orders of the dimensions, in
integer-valued float64. Every seed compares the primal, the JVP and both VJPs; beside
these a ``ci`` run (the default, 90 seeds) takes one *view* per seed, in turn:
second order, linear transposition, or one of three ways to vmap all of the above.
``JCONV_PROFILE=deep`` takes every view of each of 2000 seeds.

Compiling dominates, so everything of ours is one jitted function per seed and
everything of lax another one, both compiled without optimisation: sums of small
integers are exact in whatever order they are taken.
"""

from __future__ import annotations

import dataclasses
import math
import os
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax as peer

from jconv import lax as ours

if TYPE_CHECKING:
    from collections.abc import Callable

    Convolution = Callable[[jax.Array, jax.Array], jax.Array]

DEEP = os.environ.get("JCONV_PROFILE") == "deep"
USUAL_SEEDS = range(90)
SEEDS = range(2000) if DEEP else USUAL_SEEDS
UNOPTIMISED = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
}
RANKS = (0, 1, 1, 1, 2, 2, 2, 2, 3, 4)
MAPPED = 2
"""Size of the axis that vmap maps."""


# Random calls -----------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Call:
    """One call of ``conv_general_dilated``: two shapes and the keywords."""

    lhs: tuple[int, ...]
    rhs: tuple[int, ...]
    keywords: dict[str, Any]

    def by(self, module: Any) -> Convolution:
        """The call, by lax's function or by ours."""
        return lambda x, w: module.conv_general_dilated(x, w, **self.keywords)

    @property
    def out(self) -> tuple[int, ...]:
        """Shape of the result, by lax."""
        shapes = [jax.ShapeDtypeStruct(s, "float64") for s in (self.lhs, self.rhs)]
        return jax.eval_shape(self.by(peer), *shapes).shape


def random_call(seed: int) -> Call:
    """The seed's convolution; drawn anew until it has results, and not too many."""
    rng = np.random.default_rng([271828, seed])
    while True:
        rank = int(rng.choice(RANKS))
        axes = [random_axis(rng, rank) for _ in range(rank)]
        if all(1 <= results(axis) <= 7 for axis in axes):
            return assembled(rng, axes)


def random_axis(rng: np.random.Generator, rank: int) -> dict[str, Any]:
    """Sizes and parameters along one axis."""
    small = rank > 2
    return {
        "input": int(rng.integers(1, 4 if small else 7)),
        "kernel": int(rng.integers(1, 3 if small else 5)),
        "stride": int(rng.integers(1, 4)),
        "lhs_dilation": int(rng.choice([1, 1, 2, 3])),
        "rhs_dilation": int(rng.choice([1, 1, 2, 3])),
        "pads": tuple(int(n) for n in rng.integers(-2, 5, 2)),
    }


def results(axis: dict[str, Any]) -> int:
    """How many windows fit; 0 also if the pads crop more than there is."""
    room = axis["lhs_dilation"] * (axis["input"] - 1) + 1 + sum(axis["pads"])
    span = axis["rhs_dilation"] * (axis["kernel"] - 1) + 1
    return max(0, (room - span) // axis["stride"] + 1) if room > 0 else 0


def assembled(rng: np.random.Generator, axes: list[dict[str, Any]]) -> Call:
    """Shapes in a random order of dimensions, and the keywords."""
    feature_groups, batch_groups = [(1, 1), (1, 1), (2, 1), (3, 1), (1, 2), (1, 3)][
        rng.integers(6)
    ]
    groups = feature_groups * batch_groups
    batch = batch_groups * int(rng.integers(1, 3))
    c_in = int(rng.integers(1, 3))
    c_out = groups * int(rng.integers(1, 3))
    sizes = {
        "lhs": (batch, feature_groups * c_in, *(axis["input"] for axis in axes)),
        "rhs": (c_out, c_in, *(axis["kernel"] for axis in axes)),
    }
    numbers, order = random_order(rng, len(axes))
    shapes = {
        name: tuple(shape[order[name].index(n)] for n in range(len(shape)))
        for name, shape in sizes.items()
    }
    keywords: dict[str, Any] = {
        "window_strides": tuple(axis["stride"] for axis in axes),
        "padding": [axis["pads"] for axis in axes],
        "lhs_dilation": tuple(axis["lhs_dilation"] for axis in axes),
        "rhs_dilation": tuple(axis["rhs_dilation"] for axis in axes),
        "dimension_numbers": numbers,
        "feature_group_count": feature_groups,
        "batch_group_count": batch_groups,
    }
    if rng.random() < 0.2:
        keywords["padding"] = str(rng.choice(["SAME", "SAME_LOWER"]))
        keywords["lhs_dilation"] = None
    return Call(shapes["lhs"], shapes["rhs"], keywords)


def random_order(
    rng: np.random.Generator, rank: int
) -> tuple[Any, dict[str, tuple[int, ...]]]:
    """``dimension_numbers``, and where (batch, feature, *spatial) stand by them."""
    orders = [tuple(int(n) for n in rng.permutation(rank + 2)) for _ in range(3)]
    kind = rng.integers(3)
    if kind == 0:
        plain = tuple(range(rank + 2))
        return None, {"lhs": plain, "rhs": plain}
    if kind == 1:
        numbers: Any = peer.ConvDimensionNumbers(*orders)
    else:
        letters = [str(letter) for letter in rng.permutation(list("DHWxyz"))[:rank]]
        numbers = tuple(
            "".join(np.array([*channels, *letters])[np.argsort(order)])
            for channels, order in zip(("NC", "OI", "NC"), orders, strict=True)
        )
    found = peer.conv_dimension_numbers((1,) * (rank + 2), (1,) * (rank + 2), numbers)
    return numbers, {"lhs": found.lhs_spec, "rhs": found.rhs_spec}


# Views of a bilinear function -------------------------------------------------------

Arrays = dict[str, jax.Array]


def first_order(f: Convolution, a: Arrays) -> Any:
    """The primal, a JVP in both operands, and both VJPs."""
    primal, tangent = jax.jvp(f, (a["x"], a["w"]), (a["dx"], a["dw"]))
    return primal, tangent, pulled(f, a["x"], a["w"], a["y"])


def pulled(f: Convolution, x: jax.Array, w: jax.Array, y: jax.Array) -> Any:
    """Both VJPs."""
    return jax.vjp(f, x, w)[1](y)


def second_order(f: Convolution, a: Arrays) -> Any:
    """A JVP of the gradient of a quadratic function of the result."""

    def gradient(x: jax.Array, w: jax.Array) -> Any:
        return jax.grad(lambda *xw: (f(*xw) ** 2).sum() / 2, (0, 1))(x, w)

    return jax.jvp(gradient, (a["x"], a["w"]), (a["dx"], a["dw"]))


def transposed(f: Convolution, a: Arrays) -> Any:
    """``jax.linear_transpose`` in each operand."""
    in_x = jax.linear_transpose(lambda x: f(x, a["w"]), a["x"])(a["y"])
    in_w = jax.linear_transpose(lambda w: f(a["x"], w), a["w"])(a["y"])
    return in_x, in_w


def mapped(*names: str) -> Callable[[Convolution, Arrays], Any]:
    """``vmap`` over some of x, w and y: of the primal, and of both VJPs.

    The mapped axis comes first, last or in between, by the size of the array.
    """

    def view(f: Convolution, a: Arrays) -> Any:
        stacks, axes = [], []
        for name in ("x", "w", "y"):
            axis = None
            stack = a[name]
            if name in names:
                axis = a[name].size % (a[name].ndim + 1)
                stack = jnp.stack([a[name], a[name] * 2 - 1], axis)
            stacks.append(stack)
            axes.append(axis)
        pull = jax.vmap(lambda *xwy: pulled(f, *xwy), in_axes=axes)(*stacks)
        if axes[:2] == [None, None]:
            return pull
        return jax.vmap(f, in_axes=axes[:2], out_axes=-1)(*stacks[:2]), pull

    return view


VIEWS = {
    "second-order": second_order,
    "linear-transpose": transposed,
    "vmap-x": mapped("x"),
    "vmap-w": mapped("w"),
    "vmap-xw": mapped("x", "w"),
    "vmap-y": mapped("y"),
    "vmap-xy": mapped("x", "y"),
    "vmap-wy": mapped("w", "y"),
    "vmap-xwy": mapped("x", "w", "y"),
}


# The comparison ---------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_equals_lax_bit_for_bit(seed: int) -> None:
    call = random_call(seed)
    names = list(VIEWS) if DEEP else [list(VIEWS)[seed % len(VIEWS)]]
    views = {"first-order": first_order, **{name: VIEWS[name] for name in names}}
    rng = np.random.default_rng([314159, seed])
    shapes = {"x": call.lhs, "dx": call.lhs, "w": call.rhs, "dw": call.rhs}
    arrays = {
        name: rng.integers(-4, 5, shape).astype("float64")
        for name, shape in (shapes | {"y": call.out}).items()
    }

    def all_views(module: Any) -> Any:
        def run(a: Arrays) -> dict[str, Any]:
            return {name: view(call.by(module), a) for name, view in views.items()}

        return jax.jit(run, compiler_options=UNOPTIMISED)(arrays)

    got, want = all_views(ours), all_views(peer)
    assert jax.tree.structure(got) == jax.tree.structure(want)
    for (path, mine), theirs in zip(
        jax.tree_util.tree_leaves_with_path(got), jax.tree.leaves(want), strict=True
    ):
        where = f"{jax.tree_util.keystr(path)} of {call}"
        assert mine.dtype == theirs.dtype, where
        np.testing.assert_array_equal(mine, theirs, err_msg=where)


def test_the_seeds_enter_every_kind() -> None:
    """What the seeds cover, so that a change of the draw cannot narrow it unseen."""
    calls = [random_call(seed) for seed in USUAL_SEEDS]
    words = [call.keywords for call in calls]
    kinds = {
        "every rank": {len(call.lhs) - 2 for call in calls} == set(RANKS),
        "string pads": any(isinstance(each["padding"], str) for each in words),
        "negative pads": any(
            low < 0 or high < 0
            for each in words
            if not isinstance(each["padding"], str)
            for low, high in each["padding"]
        ),
        "feature groups": any(each["feature_group_count"] > 1 for each in words),
        "batch groups": any(each["batch_group_count"] > 1 for each in words),
        "all strided and dilated": any(
            each["lhs_dilation"] and min(each[name], default=1) > 1
            for each in words
            for name in ("window_strides",)
        ),
        "three spellings": {type(each["dimension_numbers"]) for each in words}
        == {type(None), tuple, peer.ConvDimensionNumbers},
        "enough work": sum(math.prod(call.out) for call in calls) > 2000,
    }
    assert [kind for kind, found in kinds.items() if not found] == []
