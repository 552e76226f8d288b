"""The algorithms, and how one of them is chosen.

An algorithm computes all three contractions from plain lax operations and knows nothing
of derivatives: those belong to the primitive. To add one, write a file with the
``protocol.Algorithm`` in it and a line in ``REGISTRY``; tests, claims and benchmarks
iterate the registry.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from jax import lax

from jconv.algorithms.accelerators import is_accelerator, on
from jconv.algorithms.accuracy import BOUND_RATIO, acceptable
from jconv.algorithms.col2im import COL2IM
from jconv.algorithms.depthwise import DEPTHWISE, DEPTHWISE_WHOLE
from jconv.algorithms.dft import DFT
from jconv.algorithms.fft import FFT
from jconv.algorithms.grouped import Grouped
from jconv.algorithms.loop import LOOP
from jconv.algorithms.matmul import MATMUL
from jconv.algorithms.mixed import MIXED
from jconv.algorithms.patches import PATCHES
from jconv.algorithms.phases import Phases
from jconv.algorithms.protocol import Algorithm, Precision, Shapes, result_shape
from jconv.algorithms.taps import TAPS
from jconv.algorithms.tuned import Tuned
from jconv.algorithms.winograd import WINOGRAD
from jconv.errors import GeometryError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jax.typing import DTypeLike

    from jconv.geometry import Geometry, Role

PHASES = Phases((TAPS, MATMUL, LOOP, PATCHES, MIXED, DEPTHWISE))

GROUPED = Grouped((TAPS, MATMUL, LOOP, PATCHES, MIXED, COL2IM, PHASES))

REGISTRY: Mapping[str, Algorithm] = {
    each.name: each
    for each in (
        TAPS,
        MATMUL,
        LOOP,
        PATCHES,
        MIXED,
        COL2IM,
        PHASES,
        DEPTHWISE,
        DEPTHWISE_WHOLE,
        GROUPED,
        DFT,
        FFT,
        WINOGRAD,
    )
}
"""Every algorithm by its name, as it works on a CPU."""

AUTO = "auto"
"""The ``method`` that leaves the choice to ``choose``."""

FAST = "fast"
"""The same, however much may be lost to rounding."""

DIRECT = "direct"
"""The same, of sums of products alone: nothing is transformed."""

CHOICES = (AUTO, FAST, DIRECT)
"""Methods that leave the choice, for derivatives too."""

TIMED_ON_CPUS_ALONE = frozenset({WINOGRAD.name})
"""What is not taken elsewhere, unless it is asked for by its name or as "fast"."""


def registry(platform: str | None) -> Mapping[str, Algorithm]:
    """Every algorithm by its name, as it works on a platform.

    Examples:
        >>> registry("cpu") == REGISTRY, registry("cuda").keys() == REGISTRY.keys()
        (True, True)
    """
    return {name: on(each, platform) for name, each in REGISTRY.items()}


Method = str | Tuned
"""What a user passes as ``method``."""


def check_method(method: object) -> None:
    """Refuse what is neither an algorithm's name nor ``jconv.tuned``'s.

    Raises:
        GeometryError: naming those that exist.
    """
    if isinstance(method, Tuned):
        return
    if not isinstance(method, str) or method not in (*CHOICES, *REGISTRY):
        names = ", ".join((*CHOICES, *REGISTRY))
        raise GeometryError.of("method", method, f"one of {names}, or jconv.tuned(...)")


def for_derivatives(method: Method) -> Method:
    """A name is of one contraction; measurements and wishes are of all."""
    return method if isinstance(method, Tuned) or method in CHOICES else AUTO


def choose(
    geometry: Geometry,
    shapes: Shapes,
    out: Role,
    dtype: DTypeLike,
    platform: str | None,
    method: Method = AUTO,
    *,
    precision: Precision = None,
    partitioned: bool = False,
) -> Algorithm:
    """The algorithm that ``method`` names, or the one with the smallest predicted cost.

    A pure function of its arguments: nothing is timed, no device is asked. Of a program
    that is ``partitioned``, the compiler may divide batch axes among devices; then only
    those are considered that keep these axes whole. Who asks for the highest precision
    gets "direct" for "auto", and no transform that was measured: no digits are lost.

    Raises:
        UnsupportedError: if the named algorithm refuses, with its reason.
    """
    check_method(method)
    call = (geometry, shapes, out, dtype, platform)
    here = registry(platform)
    exact = precision is not None and set(precision) == {lax.Precision.HIGHEST}
    left = DIRECT if exact else AUTO
    if method == AUTO:
        method = left
    elif isinstance(method, Tuned):
        measured = here.get(method.name_for(*call) or "")
        holds = _holds(measured, call, exact=exact, partitioned=partitioned)
        method = measured.name if measured and holds else left
    if method not in CHOICES:
        reason = here[method].refuses(*call)
        if reason:
            message = f"method={method!r} cannot compute this {out}: {reason}."
            raise UnsupportedError(message)
        return here[method]
    able = [
        each
        for each in candidates(*call, method=method).values()
        if each.keeps_batch_whole or not partitioned
    ]
    return min(able, key=lambda each: each.cost(*call))


def candidates(
    geometry: Geometry,
    shapes: Shapes,
    out: Role,
    dtype: DTypeLike,
    platform: str | None,
    *,
    method: str = AUTO,
) -> dict[str, Algorithm]:
    """What is able to compute this, and may by ``method``, one of ``CHOICES``.

    For "auto" that is what loses little to rounding (``accuracy.acceptable``) and was
    timed on such a platform.
    """
    untried = TIMED_ON_CPUS_ALONE if is_accelerator(platform) else frozenset()
    ratio = math.inf if method == FAST else BOUND_RATIO
    return {
        name: each
        for name, each in registry(platform).items()
        if (method == FAST or name not in untried)
        and (method != DIRECT or each.exact_on_integers)
        and not each.refuses(geometry, shapes, out, dtype, platform)
        and acceptable(each, geometry, shapes, out, dtype, ratio=ratio)
    }


def _holds(
    measured: Algorithm | None, call: Any, *, exact: bool, partitioned: bool
) -> bool:
    """Whether a measured choice does here what it did; what it loses was asked for."""
    return (
        measured is not None
        and (measured.exact_on_integers or not exact)
        and (measured.keeps_batch_whole or not partitioned)
        and not measured.refuses(*call)
        and acceptable(measured, *call[:-1], ratio=math.inf)
    )


__all__ = [
    "AUTO",
    "CHOICES",
    "DIRECT",
    "FAST",
    "REGISTRY",
    "Algorithm",
    "Method",
    "Precision",
    "Shapes",
    "Tuned",
    "candidates",
    "check_method",
    "choose",
    "for_derivatives",
    "registry",
    "result_shape",
]
