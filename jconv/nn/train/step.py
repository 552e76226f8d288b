"""One step of training as a pure function, and the judging of a network."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import register_dataclass, register_static

from jconv import numerics
from jconv.nn.data.augment import Augment
from jconv.nn.data.batches import in_turn
from jconv.nn.layer import Layer, Params, State

if TYPE_CHECKING:
    from collections.abc import Callable

    import optax
    from jax import Array

    from jconv.nn.data.dataset import Examples


@register_dataclass
@dataclasses.dataclass(frozen=True)
class TrainState:
    """All that changes from step to step.

    Attributes:
        params: what the optimiser changes.
        state: what the layers carry.
        optimiser: what the optimiser carries.
        step: how many steps were taken; with the seed it decides what is drawn next.
    """

    params: Params
    state: State
    optimiser: Any
    step: Array


@register_static
@dataclasses.dataclass(frozen=True)
class Problem:
    """What is minimised: a network's mean cross-entropy on augmented pictures.

    Attributes:
        model: from pictures to logits.
        augment: what is done to pictures in training.
        precision: dtype of activations and products.
    """

    model: Layer
    augment: Augment = Augment()  # noqa: RUF009  (frozen)
    precision: str = "float32"

    def logits(
        self,
        params: Params,
        state: State,
        images: Array,
        *,
        train: bool = False,
        key: Array | None = None,
    ) -> tuple[Array, State]:
        """Logits, at least in float32, and the layers' new state."""
        dtype = jnp.dtype(self.precision)
        cast = jax.tree.map(lambda leaf: leaf.astype(dtype), params)
        y, state = self.model.apply(
            cast, images.astype(dtype), state=state, train=train, key=key
        )
        return y.astype(numerics.accumulation_dtype(dtype)), state

    def loss(
        self, params: Params, state: State, images: Array, labels: Array, key: Array
    ) -> tuple[Array, tuple[State, Array]]:
        """Mean cross-entropy, the new state, and the share of right answers."""
        drawn, own = jax.random.split(key)
        images = self.augment(drawn, images)
        logits, state = self.logits(params, state, images, train=True, key=own)
        right = jnp.mean(jnp.argmax(logits, -1) == labels, dtype=jnp.float32)
        return jnp.mean(cross_entropy(logits, labels)), (state, right)


def cross_entropy(logits: Array, labels: Array) -> Array:
    """Per example (batch,) what the right class falls short of certainty."""
    logarithms = jax.nn.log_softmax(logits)
    picked = jax.nn.one_hot(labels, logits.shape[-1], dtype=logits.dtype)
    return -jnp.sum(logarithms * picked, axis=-1)


def begin(
    problem: Problem,
    optimiser: optax.GradientTransformation,
    input_shape: tuple[int, ...],
    seed: int,
) -> TrainState:
    """The state before the first step."""
    wide = "float64" if problem.precision == "float64" else "float32"
    params, state = problem.model.init(jax.random.key(seed), input_shape, wide)
    step = jnp.zeros((), jnp.int32)
    return TrainState(params, state, optimiser.init(params), step)


@functools.lru_cache(maxsize=4)
def make_step(
    problem: Problem, optimiser: optax.GradientTransformation, seed: int
) -> Callable[[TrainState, Array, Array], tuple[TrainState, dict[str, Array]]]:
    """The jitted step: (state, images, labels) -> (state, {"loss", "accuracy"}).

    Asked for the same again, it is the same function, which is compiled once.
    """

    @functools.partial(jax.jit, donate_argnums=0)
    def step(
        now: TrainState, images: Array, labels: Array
    ) -> tuple[TrainState, dict[str, Array]]:
        import optax  # noqa: PLC0415  (only who trains needs it)

        # Not the key of ``begin``: what is drawn in a step must not depend on it.
        key = jax.random.fold_in(jax.random.key(seed + 1), now.step)
        descent = jax.value_and_grad(problem.loss, has_aux=True)
        (loss, (state, right)), slope = descent(
            now.params, now.state, images, labels, key
        )
        change, carried = optimiser.update(slope, now.optimiser, now.params)
        params = optax.apply_updates(now.params, change)
        after = TrainState(params, state, carried, now.step + 1)
        return after, {"loss": loss, "accuracy": right}

    return step


@functools.partial(jax.jit, static_argnums=0)
def _judged(
    problem: Problem, params: Params, state: State, images: Array, labels: Array
) -> tuple[Array, Array]:
    """Per example the loss, and whether the answer is right."""
    rested = problem.augment.at_rest(images)
    logits, _ = problem.logits(params, state, rested)
    return cross_entropy(logits, labels), jnp.argmax(logits, -1) == labels


def judge(
    problem: Problem,
    params: Params,
    state: State,
    whole: Examples,
    batch_size: int = 256,
) -> dict[str, float]:
    """Mean loss and share of right answers on examples.

    Args:
        problem: the network.
        params: its parameters.
        state: its layers' state.
        whole: the examples; all of them count, in batches of one size.
        batch_size: examples at once.
    """
    total, right = 0.0, 0
    size = min(batch_size, len(whole))
    for batch, counts in in_turn(whole, size):
        found = _judged(problem, params, state, *batch.arrays())
        losses, hits = (np.asarray(each)[:counts] for each in found)
        total += float(losses.sum(dtype=np.float64))
        right += int(hits.sum())
    return {"loss": total / len(whole), "accuracy": right / len(whole)}
