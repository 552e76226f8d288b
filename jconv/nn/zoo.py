"""Models by name, each of any width: what the command line offers."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
from typing import TYPE_CHECKING

from jconv.errors import GeometryError
from jconv.nn import models
from jconv.nn.layer import Layer, Shape, parameter_count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MODELS: Mapping[str, Callable[..., Layer]] = {
    "mlp": models.mlp,
    "cnn": models.cnn,
    "lenet5": models.lenet5,
    "vgg": models.vgg,
    "resnet18": models.resnet18,
    "alexnet": models.alexnet,
}

WIDEST = 8192
"""No hidden layer is made wider to reach a number of parameters."""


def check_name(name: str) -> None:
    """Refuse an unknown model.

    Raises:
        GeometryError: naming the near ones.
    """
    if name not in MODELS:
        near = difflib.get_close_matches(name, MODELS, n=1)
        mend = f"Did you mean {near[0]}?" if near else ""
        raise GeometryError.of("model", name, f"one of {', '.join(MODELS)}", mend)


def has_width(name: str) -> bool:
    """Whether a model can be made wider or narrower.

    Examples:
        >>> has_width("cnn"), has_width("lenet5")
        (True, False)
    """
    return "width" in inspect.signature(MODELS[name]).parameters


def build(name: str, classes: int, width: int | None = None) -> Layer:
    """A model by its name.

    Args:
        name: one of ``MODELS``.
        classes: numbers in the output.
        width: None for the model's usual one.

    Raises:
        GeometryError: for an unknown name, or a width where there is none to choose.

    Examples:
        >>> build("mlp", classes=10, width=16).output_shape((8, 8, 1))
        (10,)
    """
    check_name(name)
    if width is None:
        return MODELS[name](classes)
    if not has_width(name):
        raise GeometryError.of("width", width, f"none, as {name} has fixed sizes")
    if width < 1:
        raise GeometryError.of("width", width, "an integer of at least 1")
    return MODELS[name](classes, width=width)


@dataclasses.dataclass(frozen=True)
class Fitted:
    """A width, and the number of parameters that it gives."""

    width: int | None
    parameters: int


def fit_width(name: str, classes: int, input_shape: Shape, parameters: int) -> Fitted:
    """The width whose number of parameters is nearest to a given one.

    Args:
        name: one of ``MODELS``.
        classes: numbers in the output.
        input_shape: the shape of one example.
        parameters: the number to come near.

    Examples:
        >>> fit_width("mlp", 10, (8, 8, 1), 26122)
        Fitted(width=128, parameters=26122)
    """

    def count(width: int | None) -> int:
        return parameter_count(build(name, classes, width), input_shape)

    check_name(name)
    if not has_width(name):
        return Fitted(None, count(None))
    low = high = 1
    while high < WIDEST and count(high) < parameters:
        low, high = high + 1, 2 * high
    while low < high:  # the least width that reaches the number
        middle = (low + high) // 2
        low, high = (low, middle) if count(middle) >= parameters else (middle + 1, high)
    widths = [width for width in (low - 1, low) if width >= 1]
    best = min(widths, key=lambda width: abs(count(width) - parameters))
    return Fitted(best, count(best))
