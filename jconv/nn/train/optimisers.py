"""Optimisers and schedules of optax, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jconv.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import optax

OPTIMISERS: Mapping[str, float] = {
    "sgd": 0.1,
    "momentum": 0.05,
    "adam": 2e-3,
    "adamw": 2e-3,
}
"""Name -> its usual learning rate."""

SCHEDULES = ("constant", "cosine", "warmup-cosine", "exponential", "linear")

MOMENTUM = 0.9
WARMUP_SHARE = 0.1
FINAL_SHARE = 0.01
"""Where "exponential" ends, as a share of where it begins."""


def check(optimiser: str, schedule: str, learning_rate: float | None) -> None:
    """Refuse unknown names, and a learning rate that learns nothing.

    Raises:
        GeometryError: naming what there is.
    """
    if optimiser not in OPTIMISERS:
        expected = f"one of {', '.join(OPTIMISERS)}"
        raise GeometryError.of("optimiser", optimiser, expected)
    if schedule not in SCHEDULES:
        raise GeometryError.of("schedule", schedule, f"one of {', '.join(SCHEDULES)}")
    if learning_rate is not None and not 0 < learning_rate < float("inf"):
        expected = "a finite number above 0"
        raise GeometryError.of("learning_rate", learning_rate, expected)


def build(
    optimiser: str,
    schedule: str,
    learning_rate: float | None,
    steps: int,
    weight_decay: float = 0.0,
) -> optax.GradientTransformation:
    """An optimiser whose learning rate follows a schedule over all steps.

    Args:
        optimiser: one of ``OPTIMISERS``.
        schedule: one of ``SCHEDULES``.
        learning_rate: the largest; None for the optimiser's usual one.
        steps: of the whole run.
        weight_decay: of adamw.
    """
    import optax  # noqa: PLC0415  (only who trains needs it)

    check(optimiser, schedule, learning_rate)
    peak = OPTIMISERS[optimiser] if learning_rate is None else learning_rate
    rate = _schedule(schedule, peak, max(steps, 1))
    if optimiser == "sgd":
        return optax.sgd(rate)
    if optimiser == "momentum":
        return optax.sgd(rate, momentum=MOMENTUM, nesterov=True)
    if optimiser == "adam":
        return optax.adam(rate)
    return optax.adamw(rate, weight_decay=weight_decay)


def _schedule(name: str, peak: float, steps: int) -> Any:
    """From the number of the step to the learning rate."""
    import optax  # noqa: PLC0415  (only who trains needs it)

    if name == "cosine":
        return optax.cosine_decay_schedule(peak, steps)
    if name == "warmup-cosine":
        rising = max(1, round(WARMUP_SHARE * steps))
        return optax.warmup_cosine_decay_schedule(0.0, peak, rising, max(steps, 2))
    if name == "exponential":
        return optax.exponential_decay(peak, steps, FINAL_SHARE)
    if name == "linear":
        return optax.linear_schedule(peak, 0.0, steps)
    return optax.constant_schedule(peak)
