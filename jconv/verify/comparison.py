"""What the claims share: integer cases, every exact algorithm, evidence of equality."""

from __future__ import annotations

import dataclasses
import functools
import math
import zlib
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jconv import compat
from jconv.algorithms import REGISTRY
from jconv.errors import UnsupportedError
from jconv.primitive.lowering import chosen
from jconv.verify.claim import Evidence
from jconv.verify.entries import difference
from jconv.verify.jaxprs import equations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import ArrayLike, NDArray

    from jconv.algorithms import Algorithm
    from jconv.geometry import Geometry
    from jconv.verify.context import Context

    Array = NDArray[Any]

QUICK = 2
"""How many algorithms a quick run takes in every comparison."""


@dataclasses.dataclass(frozen=True)
class Case:
    """One convolution of small random integers.

    Attributes:
        input: shape of x.
        kernel: shape of w.
        options: other arguments of ``jconv.conv``.
    """

    input: tuple[int, ...]
    kernel: tuple[int, ...]
    options: dict[str, Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, geometry: Geometry, c_in: int = 1, c_out: int = 1) -> Case:
        """The call that means this geometry."""
        options = {
            "stride": tuple(axis.stride for axis in geometry.axes),
            "padding": geometry.padding,
            "kernel_dilation": tuple(axis.kernel_dilation for axis in geometry.axes),
            "groups": geometry.groups,
        }
        return cls(
            (*geometry.input_shape, c_in),
            (*geometry.kernel_shape, c_in // geometry.groups, c_out),
            options,
        )

    def operands(self, context: Context) -> tuple[Array, Array]:
        """The operands x and w."""
        return context.integers(self.input), context.integers(self.kernel, "float64", 1)

    def text(self, context: Context, method: str) -> str:
        """The case as code that can be run again."""
        arguments = "".join(
            f", {name}={value!r}" for name, value in self.options.items()
        )
        return (
            f"context = Context(seed={context.seed}, claim_id={context.claim_id!r}); "
            f"jconv.conv(context.integers({self.input}), "
            f"context.integers({self.kernel}, 'float64', 1){arguments}, "
            f"method={method!r})"
        )


def by_every_method(
    context: Context,
    function: Callable[..., Any],
    *arrays: Any,
) -> Iterator[tuple[str, Any]]:
    """Yield (method, result) of a function for every exact algorithm that does it.

    A quick run takes ``QUICK`` of them: ``taps``, and the others in turn.

    Args:
        context: of the claim.
        function: takes ``method=`` and the arrays. Compiling dominates, so all methods
            make one program.
        arrays: its arguments, or trees of them.
    """
    able = able_methods(context, function, *arrays)
    results = jax.jit(
        lambda *arrays: [function(*arrays, method=name) for name in able]
    )(*arrays)
    yield from zip(able, jax.tree.map(np.asarray, results), strict=True)


def able_methods(
    context: Context,
    function: Callable[..., Any],
    *arrays: Any,
) -> list[str]:
    """The exact algorithms that do a function; in a quick run the first ``QUICK``."""
    salt = [np.shape(each) for each in jax.tree.leaves(arrays)]
    able: list[str] = []
    for name in in_turn(context, salt):
        if context.quick and len(able) == QUICK:
            break
        if not why_refused(functools.partial(function, method=name), *arrays):
            able.append(name)
    return able


def in_turn(context: Context, salt: object) -> list[str]:
    """The exact algorithms: first ``taps``, then the others from a place of its own.

    Args:
        context: of a claim; its id and the salt decide which of the others comes first.
        salt: what distinguishes this comparison from others of the claim.
    """
    first, *rest = (n for n, each in REGISTRY.items() if each.exact_on_integers)
    if not context.quick or not rest:
        return [first, *rest]
    begin = zlib.crc32(f"{context.claim_id} {salt}".encode()) % len(rest)
    return [first, *rest[begin:], *rest[:begin]]


def why_refused(function: Callable[..., Any], *arrays: Any) -> str | None:
    """Why an algorithm that a function names refuses one of its convolutions.

    It says so itself where a user asks for it; here only tracing finds out, which is
    quick.
    """
    platform = compat.lowering_platform()
    try:
        for equation in equations(jax.make_jaxpr(function)(*arrays)):
            if equation.primitive.name == "conv":
                first, second = (each.aval for each in equation.invars)
                params = equation.params.items()
                asked = {name: each for name, each in params if name != "sharding"}
                chosen(first, second, platform=platform, **asked)
    except UnsupportedError as error:
        return str(error)
    return None


def error_scale(
    algorithm: Algorithm, first: ArrayLike, second: ArrayLike, absolute: ArrayLike
) -> Array:
    """What an algorithm's ``error_bound`` is a factor of.

    Args:
        algorithm: sums of products are bounded entry by entry, transforms by norms.
        first: the first operand.
        second: the second operand.
        absolute: the sum of |terms| of every entry.
    """
    if algorithm.exact_on_integers:
        return np.asarray(absolute)
    norms = [np.linalg.norm(np.ravel(each)) for each in (first, second)]
    return np.full(np.shape(absolute), math.prod(norms))


def equality(
    what: str, got: ArrayLike, expected: ArrayLike, *, case: str = "", show: str = ""
) -> Evidence:
    """Evidence that two arrays are equal: one shape, and the same numbers.

    A NaN equals nothing. 0 and -0 are one number: correct algorithms end in either,
    as they add zeros in different orders. The dtype may be a wider one of the oracle.

    Args:
        what: what is compared, in words.
        got: what jconv computed.
        expected: what it should be.
        case: the case in a form that can be run again.
        show: a name under which the values themselves are told, for small results.
    """
    got, expected = np.asarray(got), np.asarray(expected)
    if got.shape != expected.shape:
        return Evidence(
            holds=False,
            what=what,
            case=case,
            size=expected.size,
            numbers={"shape": got.shape, "expected shape": expected.shape},
        )
    holds = np.array_equal(got, expected)
    off = np.abs(np.subtract(got, expected, dtype="complex128"))
    return Evidence(
        holds=holds,
        what=what,
        case=case,
        size=expected.size,
        error=None if holds else float(off.max()),
        bound=None if holds else 0.0,
        numbers=({show: got.tolist()} if show else {}) | _first(got, expected),
    )


def _first(got: Array, expected: Array) -> dict[str, str]:
    """The first entry that differs, if one does also in the dtype that was computed."""
    told = difference(got, expected, got.dtype.name)
    return {"first": told} if told else {}
