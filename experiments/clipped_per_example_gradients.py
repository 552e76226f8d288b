"""Every example's gradient is clipped, noise is added: a step in the manner of DP-SGD.

The norm of an example's gradient is that of the convolution's kernel (by
``jconv.per_example_kernel_norms``, without the gradient itself), of the bias and of the
dense layer together. A second backward pass, with each example's loss weighted by its
factor, gives the clipped sum: no example's gradient is ever kept. It illustrates the
claim ``per-example.sum``. How much privacy a run gives is not counted here.

    python -m experiments.clipped_per_example_gradients --out DIR

References:
    M. Abadi et al., "Deep learning with differential privacy",
    https://arxiv.org/abs/1607.00133, 2016 (algorithm 1).
    X. Li et al., "Large language models can be strong differentially private learners",
    https://arxiv.org/abs/2110.05679, 2021 (ghost clipping).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

import jconv
from experiments._run import command, experiment
from jconv.nn import data, initialisers
from jconv.nn.train.step import cross_entropy
from jconv.verify.figures.style import INK, INPUT
from jconv.verify.figures.style import KERNEL as KERNEL_COLOR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

CLAIM = "per-example.sum"
KERNEL, CLASSES = (3, 3, 1, 8), 10
LARGEST, NOISE, RATE = 4.0, 0.5, 0.25
BATCH, STEPS, QUICK_STEPS = 128, 60, 4

Params = dict[str, Any]


def begin(key: Any) -> Params:
    """A convolution, then a dense layer."""
    draw, flat = initialisers.he_normal, 3 * 3 * KERNEL[-1]
    first, second = jax.random.split(key)
    fans = {"fan_in": 9, "fan_out": 72}
    return {
        "kernel": draw(first, KERNEL, **fans, dtype="float32"),
        "bias": jnp.zeros((1, 1, 1, KERNEL[-1]), "float32"),
        "dense": draw(
            second, (flat, CLASSES), fan_in=flat, fan_out=10, dtype="float32"
        ),
    }


def losses(params: Params, x: Any, labels: Any, probes: Any = None) -> Any:
    """Every example's loss; and what the dense layer saw.

    The derivative in a probe, zeros that are added to a layer's output, is that
    output's cotangent.
    """
    at_conv, at_dense = (0.0, 0.0) if probes is None else probes
    y = jconv.conv(x, params["kernel"]) + params["bias"] + at_conv
    h = jconv.max_pool(jax.nn.relu(y), 2).reshape(x.shape[0], -1)
    return cross_entropy(h @ params["dense"] + at_dense, labels), h


def norms(params: Params, x: Any, labels: Any) -> Any:
    """Every example's gradient norm (n,), from operands and cotangents alone."""
    n, height, width, _ = x.shape
    at_conv = jnp.zeros((n, height - 2, width - 2, KERNEL[-1]), x.dtype)
    probes = (at_conv, jnp.zeros((n, CLASSES), x.dtype))

    def total(probes: Any) -> Any:
        each, h = losses(params, x, labels, probes)
        return each.sum(), h

    (dy, dz), h = jax.grad(total, has_aux=True)(probes)
    of_kernel = jconv.per_example_kernel_norms(x, dy, kernel_shape=KERNEL)
    of_bias = jnp.sum(dy, (1, 2))
    squares = of_kernel**2 + jnp.sum(of_bias**2, -1)
    # An outer product's norm is the product of the norms.
    return jnp.sqrt(squares + jnp.sum(h**2, -1) * jnp.sum(dz**2, -1))


@jax.jit
def step(params: Params, x: Any, labels: Any, key: Any) -> Any:
    """Clip every example's gradient, add noise, descend; return the norms too."""
    found = norms(params, x, labels)
    factors = jax.lax.stop_gradient(jnp.minimum(1.0, LARGEST / found))
    clipped = jax.grad(lambda p: jnp.sum(factors * losses(p, x, labels)[0]))(params)
    leaves, tree = jax.tree.flatten(clipped)
    keys = jax.random.split(key, len(leaves))
    noisy = [
        leaf + NOISE * LARGEST * jax.random.normal(each, leaf.shape, leaf.dtype)
        for leaf, each in zip(leaves, keys, strict=True)
    ]
    slopes = jax.tree.unflatten(tree, noisy)
    moved = jax.tree.map(lambda p, g: p - RATE * g / x.shape[0], params, slopes)
    return moved, found


@jax.jit
def directly(params: Params, x: Any, labels: Any) -> Any:
    """The same norms from every example's gradient, one by one."""

    def one(x: Any, label: Any) -> Any:
        slopes = jax.grad(lambda p: losses(p, x[None], label[None])[0].sum())(params)
        return jnp.sqrt(sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(slopes)))

    return jax.vmap(one)(x, labels)


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """Train; the norms of the first and of the last step, and what it came to."""
    digits, key = data.digits(), jax.random.key(0)
    params, seen, apart = begin(key), [], 0.0
    steps = QUICK_STEPS if quick else STEPS
    for n in range(steps):
        index = data.order(len(digits.train), BATCH, 0, n)[0]
        x, labels = digits.train.take(index).arrays()
        one_by_one = directly(params, x, labels) if n in (0, steps - 1) else None
        params, found = step(params, x, labels, jax.random.fold_in(key, n))
        if one_by_one is not None:
            seen.append(np.asarray(found))
            apart = max(apart, float(jnp.abs(found / one_by_one - 1).max()))
    first, last = seen
    return {
        "largest_norm_kept": LARGEST,
        "noise_over_largest_norm": NOISE,
        "steps": steps,
        "clipped": {
            "first step": float((first > LARGEST).mean()),
            "last step": float((last > LARGEST).mean()),
        },
        "largest_relative_difference_from_one_by_one": apart,
        "norms": {
            "first step": np.round(first.astype(float), 4).tolist(),
            "last step": np.round(last.astype(float), 4).tolist(),
        },
    }


def draw(numbers: Mapping[str, Any]) -> Figure:
    """Both histograms, and where the norms are cut."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    figure = Figure(figsize=(7, 3.9), layout="constrained")
    axes = figure.subplots()
    norms = numbers["norms"]
    bins = np.linspace(0, 1.05 * max(map(max, norms.values())), 40)
    for (name, found), colour in zip(norms.items(), (KERNEL_COLOR, INPUT), strict=True):
        share = f"{100 * numbers['clipped'][name]:.0f} % clipped"
        label = f"{name}, {share}"
        axes.hist(found, bins, color=colour, alpha=0.75, label=label)
    axes.axvline(LARGEST, color=INK, linestyle="--", linewidth=1.2)
    place = {"xycoords": ("data", "axes fraction"), "va": "bottom", "ha": "center"}
    axes.annotate(f"clipped to norm {LARGEST:g}", (LARGEST, 1.01), **place)
    axes.set(xlabel="norm of an example's gradient", ylabel="examples of a batch")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
