"""What one entry of a layer sees: at most its receptive field, and most of it inside.

A small network learns digits of 24 x 24. For the middle entry of each layer the map
shows how strongly it depends on each pixel: the root mean square of its derivative over
channels and unseen digits. Nothing is outside the square that the sizes of the layers
give; what is inside gathers in the middle. The filters of the first layer stand beside.

    python -m experiments.receptive_fields --out DIR [--quick]

References:
    W. Luo et al., "Understanding the effective receptive field in deep convolutional
    neural networks", https://arxiv.org/abs/1701.04128, 2016.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments._run import command, experiment
from jconv import nn
from jconv.geometry import receptive_field
from jconv.nn import data
from jconv.nn.train import Problem, judge, optimisers, step
from jconv.verify.figures.style import FAINT, INK, KERNEL, SOFT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Windows = list[tuple[int, int, int]]  # (n_kernel, stride, low padding) per layer

CLAIM = "definition.locality"
SIDE, LOOKED_AT = 24, 64
BATCH, STEPS, QUICK_STEPS = 64, 176, 2
RELU = nn.Activation("relu")
LAYERS = (
    nn.Conv(8, 5, padding="same"),
    RELU,
    nn.MaxPool(2),
    nn.Conv(16, 3, padding="same"),
    RELU,
    nn.Conv(16, 3, padding="same"),
    RELU,
)
DEPTHS = {
    "5 × 5 convolution": 1,
    "2 × 2 max-pool": 3,
    "3 × 3 convolution": 4,
    "3 × 3 convolution, again": 6,
}
"""Which layers are looked at: name -> how many layers there are up to it."""
WINDOWS: Windows = [(5, 1, 2), (2, 2, 0), (3, 1, 1), (3, 1, 1)]


def measure(quick: bool) -> dict[str, Any]:  # noqa: FBT001
    """The maps before and after training, the fields, the filters."""
    problem = Problem(nn.Sequential((*LAYERS, nn.Flatten(), nn.Dense(10))))
    steps = QUICK_STEPS if quick else STEPS
    optimiser = optimisers.build("adam", "cosine", None, steps)
    digits = data.digits(0)
    train, test = (_enlarged(each) for each in (digits.train, digits.test))
    now = step.begin(problem, optimiser, (SIDE, SIDE, 1), seed=0)
    before = jax.tree.map(np.asarray, now.params)
    take = step.make_step(problem, optimiser, seed=0)
    for n in range(steps):
        epoch, place = divmod(n, len(train) // BATCH)
        index = data.order(len(train), BATCH, 0, epoch)[place]
        now, _ = take(now, *train.take(index).arrays())
    images = jnp.asarray(test.images[:LOOKED_AT])
    seen = {"before training": before, "after training": now.params}
    return {
        "steps": steps,
        "test_accuracy": judge(problem, now.params, now.state, test)["accuracy"],
        "layers": [
            _layer(name, n, {when: _map(seen[when], images, n) for when in seen})
            for n, name in enumerate(DEPTHS)
        ],
        "filters": _filters_of(now.params),
    }


def _filters_of(params: Any) -> list[Any]:
    """The first layer's kernels, one after the other."""
    kernels = np.asarray(params[0]["kernel"], "float64")[:, :, 0]
    return np.round(np.moveaxis(kernels, -1, 0), 5).tolist()


def _enlarged(few: data.Examples) -> data.Examples:
    """Digits of three times the side; between pixels, straight lines."""
    shape = (len(few), SIDE, SIDE, 1)
    images = jax.image.resize(jnp.asarray(few.images), shape, "linear")
    return data.Examples(np.asarray(images), few.labels)


def _layer(name: str, n: int, maps: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """A layer's theoretical field, and what each map has beyond it and inside."""
    windows = WINDOWS[: n + 1]
    size = receptive_field([(kernel, stride) for kernel, stride, _ in windows])
    first, last = _reach(windows)
    row: dict[str, Any] = {"name": name, "field": size, "first": first, "last": last}
    for when, found in maps.items():
        inside = found[first : last + 1, first : last + 1]
        beyond = found.copy()
        beyond[first : last + 1, first : last + 1] = 0
        largest = np.sort(inside.ravel() ** 2)[::-1].cumsum()
        heart = 1 + int(np.searchsorted(largest, 0.9 * largest[-1]))
        row[when] = {
            "outside": float(beyond.max()),
            "pixels_with_nine_tenths": heart,
            "map": np.round(found / found.max(), 4).tolist(),
        }
    return row


def _reach(windows: Windows) -> tuple[int, int]:
    """The first and the last input that the middle output depends on."""
    side = SIDE
    for _, stride, _ in windows:
        side //= stride
    first = last = side // 2
    for kernel, stride, low in reversed(windows):
        first, last = first * stride - low, last * stride - low + kernel - 1
    return first, last


def _map(params: Any, images: Any, n: int) -> np.ndarray:
    """How strongly the middle entry of a layer depends on each pixel."""
    return np.asarray(_strength(list(DEPTHS.values())[n], params, images), "float64")


@functools.partial(jax.jit, static_argnums=0)
def _strength(depth: int, params: Any, images: Any) -> Any:
    """Root mean square of the derivative, over images and channels."""
    net = nn.Sequential(LAYERS[:depth])

    def middle(image: Any) -> Any:
        y, _ = net.apply(params[:depth], image[None])
        return y[0, y.shape[1] // 2, y.shape[2] // 2]

    slopes = jax.vmap(jax.jacrev(middle))(images)[..., 0]
    return jnp.sqrt(jnp.mean(slopes**2, (0, 1)))


def draw(numbers: Mapping[str, Any]) -> Figure:
    """Filters on the left; a column per layer, above before training, below after."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (slow to load)

    figure = Figure(figsize=(12.6, 5.7), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 3.6))
    _filters(left, numbers["filters"])
    layers = numbers["layers"]
    panels = right.subplots(2, len(layers))
    for row, when in zip(panels, ("before training", "after training"), strict=True):
        row[0].set_ylabel(when, color=INK, weight="bold")
        for axes, layer in zip(row, layers, strict=True):
            _field(axes, layer, layer[when])
    for axes, layer in zip(panels[0], layers, strict=True):
        size = layer["field"]
        axes.set_title(f"{layer['name']}\nsees {size} × {size}", color=INK, fontsize=10)
    words = "how the middle entry of each layer depends on the 24 × 24 pixels"
    right.suptitle(words, color=SOFT, fontsize=11)
    return figure


def _field(axes: Axes, layer: Mapping[str, Any], told: Mapping[str, Any]) -> None:
    """A map, and the square that the layers' sizes give."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    axes.imshow(told["map"], cmap="Greys", vmin=0, vmax=1)
    corner, side = layer["first"] - 0.5, layer["field"]
    frame = Rectangle((corner, corner), side, side, fill=False, ec=KERNEL, lw=2)
    axes.add_patch(frame)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_color(FAINT)
    heart, of = told["pixels_with_nine_tenths"], side**2
    axes.set_xlabel(f"nine tenths on {heart} of {of} pixels", color=SOFT, fontsize=9)


def _filters(figure: Any, filters: Sequence[Any]) -> None:
    """The first layer's kernels; white is 0."""
    largest = np.abs(filters).max()
    for axes, kernel in zip(figure.subplots(4, 2).flat, filters, strict=True):
        axes.imshow(kernel, cmap="RdBu_r", vmin=-largest, vmax=largest)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color(FAINT)
    figure.suptitle("filters it learned", color=SOFT, fontsize=11)
    figure.supxlabel("red +, blue −, white 0", color=SOFT, fontsize=9)


main = experiment(__spec__.name, CLAIM, measure, draw)

if __name__ == "__main__":
    command(main, __doc__)
