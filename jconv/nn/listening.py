"""Listening to a network's convolutions: what they are given, and what they do."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jconv.nn.convolution import map_operations

if TYPE_CHECKING:
    from jax import Array

    from jconv.nn.layer import Layer

Operation = Callable[..., "Array"]
"""What takes the arguments of ``jconv.conv``."""


@dataclasses.dataclass
class Listener:
    """It remembers each call of a ``Conv``, and adds a probe to its output.

    The derivative of the loss in a probe of zeros is the output's cotangent.

    Attributes:
        probes: one for each call, in order; None to add nothing.
        operands: (x, w) of each call.
        options: the other arguments of each call.
        operations: what each call called: the layer's own convolution.

    Examples:
        >>> from jconv.nn import Conv, Sequential
        >>> listener = Listener()
        >>> net = listener.beside(Sequential((Conv(8, 3), Conv(4, 3, stride=2))))
        >>> net.output_shape((9, 9, 1))
        (3, 3, 4)
        >>> [options["stride"] for options in listener.options]
        [1, 2]
    """

    probes: list[Array] | None = None
    operands: list[tuple[Array, Array]] = dataclasses.field(default_factory=list)
    options: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    operations: list[Operation] = dataclasses.field(default_factory=list)

    def beside(self, layer: Layer) -> Layer:
        """The network, listened to; nothing else changes."""
        return map_operations(self._heard, layer)

    def _heard(self, own: Operation) -> Operation:
        """A layer's own convolution, listened to."""

        def heard(x: Array, w: Array, **options: Any) -> Array:
            y = own(x, w, **options)
            self.operands.append((x, w))
            self.options.append(options)
            self.operations.append(own)
            return y if self.probes is None else y + self.probes[len(self.operands) - 1]

        return heard
