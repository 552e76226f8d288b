"""The gradient audit: during training, are the derivatives really those?

Every ``nn.Conv`` of a network is looked at with the input x, the kernel w and the
cotangent dy that it has in a live step; no other layer is, not ``ConvTranspose`` nor
``LocallyConnected``. Its two derivatives are computed four ways,

    used        by the layer's own operation, in the dtype of the training step
    derived     by jax.vjp through an algorithm's plain lax operations
    coded       by the textbook's transposed convolutions (``jconv.rules``)
    peer        by jax.vjp of ``lax.conv_general_dilated``

the last three in double precision, of the same numbers. Any two may differ by the sum
of their a-priori bounds at the most: entry by entry a bound is a factor B times the sum
of the absolute values of the terms, which the peer computes. In single precision alone
B of a long sum would hide a fault of a thousandth.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from jconv import algorithms, borders, rules
from jconv.algorithms.accelerators import is_accelerator
from jconv.compat import lowering_platform
from jconv.geometry import OPERANDS
from jconv.nn.listening import Listener
from jconv.options import Options
from jconv.plan import plan
from jconv.verify import routes
from jconv.verify.allowance import WIDE, allowed
from jconv.verify.families import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jax import Array

    from jconv.algorithms import Method
    from jconv.geometry import Role
    from jconv.nn.listening import Operation
    from jconv.nn.train import Problem

NAMES = ("used", "derived", "coded", "peer")
PAIRS = tuple(itertools.combinations(NAMES, 2))
DERIVATIVES: tuple[Role, ...] = ("input", "kernel")
PLAIN = ("taps", "patches", "loop")
"""Algorithms of plain lax operations, in the order in which they are asked."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """Two routes to one derivative of one layer.

    Attributes:
        layer: the convolution's place in the network, from 0.
        kernel_shape: of its kernel.
        derivative: "input" or "kernel".
        routes: the two that were compared.
        error: the largest difference, as a share of the sum of absolute terms.
        bound: the largest that rounding can explain.
    """

    layer: int
    kernel_shape: tuple[int, ...]
    derivative: str
    routes: tuple[str, str]
    error: float
    bound: float

    @property
    def holds(self) -> bool:
        """Whether the two agree; a NaN does not."""
        return self.error <= self.bound

    def __str__(self) -> str:
        """One line."""
        return (
            f"convolution {self.layer}, kernel {self.kernel_shape}, derivative in its "
            f"{self.derivative}: {self.routes[0]} and {self.routes[1]} differ by "
            f"{self.error:.3g} of the sum of terms; rounding explains {self.bound:.3g}"
        )


class Audit:
    """An audit of one network, compiled for batches of the first one's shape."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._compiled: Any = None

    def __call__(
        self,
        params: Any,
        state: Any,
        images: Array,
        labels: Array,
        key: Array,
    ) -> list[Finding]:
        """Look at every convolution of one step.

        Args:
            params: the network's parameters.
            state: its layers' state.
            images: the batch.
            labels: of the batch.
            key: for what is drawn in the step.
        """
        arguments = (params, state, images, labels, key)
        if self._compiled is None:
            self._compiled = self._understood(*arguments)
        cases, methods, live, compare = self._compiled
        operands = live(*arguments)
        # Sums in double precision, on whatever device.
        with jax.enable_x64(True), jax.default_matmul_precision("highest"):  # noqa: FBT003
            errors = jax.tree.map(float, compare(operands))
        return [
            Finding(
                layer=n,
                kernel_shape=case.w,
                derivative=out,
                routes=pair,
                error=errors[n][out][pair],
                bound=allowed(case, method, out, pair),
            )
            for n, (case, method) in enumerate(zip(cases, methods, strict=True))
            for out in DERIVATIVES
            for pair in PAIRS
        ]

    def _understood(
        self,
        *arguments: Any,
    ) -> tuple[list[Case], list[Method], Any, Any]:
        """All convolutions and their methods; jitted, the live operands; the errors."""
        first = Listener()
        shapes = jax.eval_shape(lambda *a: self._outputs(first, *a), *arguments)
        options = first.options
        cases = [
            case_of(x.shape, w.shape, own, w.dtype)
            for (x, w), own in zip(shapes, options, strict=True)
        ]

        def live(*arguments: Any) -> list[tuple[Array, Array, Array]]:
            zeros = [jnp.zeros(case.y, case.dtype) for case in cases]

            def loss(probes: list[Array]) -> tuple[Array, list[Any]]:
                listener = Listener(probes)
                return self._loss(listener, *arguments), listener.operands

            cotangents, operands = jax.grad(loss, has_aux=True)(zeros)
            return [(x, w, dy) for (x, w), dy in zip(operands, cotangents, strict=True)]

        def compare(operands: list[tuple[Array, Array, Array]]) -> list[Any]:
            each = zip(cases, options, operations, operands, strict=True)
            return [
                _errors(case, own, operation, arrays)
                for case, own, operation, arrays in each
            ]

        operations = [_as_in_training(own) for own in first.operations]
        methods = [Options.of(**own).method for own in options]
        return cases, methods, jax.jit(live), jax.jit(compare)

    def _loss(self, listener: Listener, *live: Any) -> Array:
        """The loss of a network whose convolutions are listened to."""
        model = listener.beside(self.problem.model)
        listened = dataclasses.replace(self.problem, model=model)
        value, _ = listened.loss(*live)
        return value

    def _outputs(self, listener: Listener, *live: Any) -> list[Any]:
        """The operands of all convolutions."""
        self._loss(listener, *live)
        return listener.operands


def case_of(
    x: tuple[int, ...],
    w: tuple[int, ...],
    options: Mapping[str, Any],
    dtype: Any,
) -> Case:
    """A convolution of live arrays without its border: x is extended before.

    Args:
        x: shape of the input.
        w: shape of the kernel.
        options: arguments of ``jconv.conv``.
        dtype: of the arrays.
    """
    understood = plan(x, w, Options.of(**options))
    geometry = understood.geometry
    plainly = {
        "stride": tuple(axis.stride for axis in geometry.axes),
        "padding": geometry.padding,
        "kernel_dilation": tuple(axis.kernel_dilation for axis in geometry.axes),
        "groups": geometry.groups,
    }
    extended = (*x[: len(x) - geometry.rank - 1], *geometry.input_shape, x[-1])
    y = (*extended[: -geometry.rank - 1], *geometry.output_shape, w[-1])
    case = Case(geometry, tuple(plainly.items()), extended, w, y, str(dtype))
    return dataclasses.replace(case, method=_plain_method(case))


def _plain_method(case: Case) -> str:
    """The first plain algorithm that takes the case."""
    shapes = {role: case.canonical(role) for role in OPERANDS["output"]}
    for name in PLAIN:
        refused = algorithms.REGISTRY[name].refuses(
            case.geometry, shapes, "output", case.dtype, None
        )
        if not refused:
            return name
    return PLAIN[-1]


def _as_in_training(operation: Operation) -> Operation:
    """The operation at the precision that is asked for now.

    The highest one would keep "auto" from transforms that training may use. Only where
    a device multiplies in fewer bits unless told otherwise, it is told.
    """
    asked = jax.config.jax_default_matmul_precision  # type: ignore[attr-defined]
    precision = "highest" if is_accelerator(lowering_platform()) else asked

    def own(x: Array, w: Array, **options: Any) -> Array:
        with jax.default_matmul_precision(precision):
            return operation(x, w, **options)

    return own


def _errors(
    case: Case,
    options: Mapping[str, Any],
    operation: Operation,
    arrays: tuple[Array, Array, Array],
) -> dict[Role, dict[tuple[str, str], Array]]:
    """Per derivative and pair of routes the largest difference, in sums of terms."""
    x, w, dy = arrays
    understood = plan(x.shape, w.shape, Options.of(**options))
    x = borders.extend(x, understood.border, understood.mode)
    live, wide = (x, w, dy), tuple(each.astype(WIDE) for each in (x, w, dy))
    own = functools.partial(operation, method=understood.method, padding_mode="zeros")
    found = _every_route(case, own, live, wide)
    absolute = _vjp(routes.peer(case), *map(jnp.abs, wide))
    tiny = jnp.finfo(WIDE).tiny
    return {
        out: {
            (a, b): jnp.max(
                jnp.abs(found[a][out] - found[b][out])
                / jnp.maximum(absolute[out], tiny)
            )
            for a, b in PAIRS
        }
        for out in DERIVATIVES
    }


def _every_route(
    case: Case, operation: Operation, live: Any, wide: Any
) -> dict[str, dict[Role, Array]]:
    """Both derivatives by every route, in double precision but for the one used."""
    options = dict(case.options)
    x, w, dy = wide
    used = _vjp(functools.partial(operation, **options), *live)
    doubled = dataclasses.replace(case, dtype=WIDE)
    return {
        "used": {out: array.astype(WIDE) for out, array in used.items()},
        "derived": _vjp(routes.plain(doubled), x, w, dy),
        "coded": {
            "input": rules.conv_input_vjp(dy, w, input_shape=case.x, **options),
            "kernel": rules.conv_kernel_vjp(x, dy, kernel_shape=case.w, **options),
        },
        "peer": _vjp(routes.peer(doubled), x, w, dy),
    }


def _vjp(
    function: Callable[[Array, Array], Array], x: Array, w: Array, dy: Array
) -> dict[Role, Array]:
    """What JAX makes of a function's derivatives."""
    y, pullback = jax.vjp(function, x, w)
    return dict(zip(DERIVATIVES, pullback(dy.astype(y.dtype)), strict=True))
