"""A convolution that a target is tried on: its call, and the oracle for it."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from jconv import reference
from jconv.geometry import OPERANDS, Geometry

if TYPE_CHECKING:
    from collections.abc import Callable

    from jconv.geometry import Role
    from jconv.verify.target.load import Target


@dataclasses.dataclass(frozen=True)
class Case:
    """One call of a target, in lax's default order (batch, channel, *spatial).

    Attributes:
        x: shape of the input.
        w: shape of the kernel (out, in // groups, *kernel).
        stride: per axis, like all that follow but the last three.
        pads: (low, high).
        lhs_dilation: of the input.
        rhs_dilation: of the kernel.
        groups: of the channels.
        channels_last: whether the target is called with "NHWC" instead.
        dtype: of all arrays.
    """

    x: tuple[int, ...]
    w: tuple[int, ...]
    stride: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]
    lhs_dilation: tuple[int, ...]
    rhs_dilation: tuple[int, ...]
    groups: int = 1
    channels_last: bool = False
    dtype: str = "float32"

    @property
    def rank(self) -> int:
        """The number of spatial axes."""
        return len(self.stride)

    @property
    def geometry(self) -> Geometry:
        """The relation."""
        return Geometry.from_call(
            self.x[2:],
            self.w[2:],
            stride=self.stride,
            padding=self.pads,
            input_dilation=self.lhs_dilation,
            kernel_dilation=self.rhs_dilation,
            groups=self.groups,
            allow_empty=True,
        )

    @property
    def y(self) -> tuple[int, ...]:
        """Shape of the output."""
        return (self.x[0], self.w[0], *self.geometry.output_shape)

    def shape(self, role: Role) -> tuple[int, ...]:
        """Shape of one role."""
        return {"input": self.x, "kernel": self.w, "output": self.y}[role]

    @property
    def size(self) -> int:
        """How large it is; the smallest failure is told."""
        return math.prod(self.x) + math.prod(self.w) + math.prod(self.y)

    @property
    def keywords(self) -> dict[str, Any]:
        """The keyword arguments that the target is called with."""
        return {
            "window_strides": self.stride,
            "padding": list(self.pads),
            "lhs_dilation": self.lhs_dilation,
            "rhs_dilation": self.rhs_dilation,
            "dimension_numbers": self.numbers,
            "feature_group_count": self.groups,
        }

    @property
    def numbers(self) -> tuple[str, str, str] | None:
        """Lax's ``dimension_numbers``; None is (batch, channel, *spatial)."""
        if not self.channels_last:
            return None
        spatial = "WHD"[: self.rank][::-1]
        return (f"N{spatial}C", f"{spatial}IO", f"N{spatial}C")

    @property
    def text(self) -> str:
        """The keyword arguments that are not the plainest, as code."""
        plain = {
            "lhs_dilation": (1,) * self.rank,
            "rhs_dilation": (1,) * self.rank,
            "dimension_numbers": None,
            "feature_group_count": 1,
        }
        return "".join(
            f", {name}={value!r}"
            for name, value in self.keywords.items()
            if plain.get(name, ()) != value
        )


class NoArrayError(Exception):
    """The target returned something else than one array."""


def call(target: Target, case: Case) -> Callable[[Any, Any], Any]:
    """The target as a function of x and w in the default order."""

    def run(x: Any, w: Any) -> Any:
        if case.channels_last:
            x, w = jnp.moveaxis(x, 1, -1), jnp.moveaxis(w, (1, 0), (-2, -1))
        y = target.function(x, w, **case.keywords)
        if not hasattr(y, "shape") or not hasattr(y, "dtype"):
            message = f"returns a {type(y).__name__}, not one array"
            raise NoArrayError(message)
        if case.channels_last and jnp.ndim(y) == case.rank + 2:
            y = jnp.moveaxis(y, -1, 1)
        return y

    return run


def oracle(case: Case, out: Role, first: Any, second: Any) -> Any:
    """One contraction by NumPy, straight from the relation, in the default order."""
    canonical = []
    for role, array in zip(OPERANDS[out], (first, second), strict=True):
        moved = np.moveaxis(array, 1, -1)
        if role == "kernel":  # (out, *kernel, in) -> (*kernel, in, out)
            moved = np.moveaxis(moved, 0, -1)
        groups = (case.groups, moved.shape[-1] // case.groups)
        canonical.append(moved.reshape(1, *moved.shape[:-1], *groups))
    first, second = canonical
    found = reference.contract(first, second, case.geometry, out)[0]
    merged = found.reshape(*found.shape[:-2], math.prod(found.shape[-2:]))
    if out == "kernel":
        return np.moveaxis(np.moveaxis(merged, -1, 0), -1, 1)
    return np.moveaxis(merged, -1, 1)
