"""The algorithms, and how one of them is chosen.

An algorithm computes all three contractions from plain lax operations and knows nothing
of derivatives: those belong to the primitive. To add one, write a file with the
``protocol.Algorithm`` in it and a line in ``REGISTRY``; tests, claims and benchmarks
iterate the registry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jconv.algorithms.accelerators import on
from jconv.algorithms.accuracy import acceptable
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
"""The same, of all algorithms: those included that one has to ask for."""

INEXACT = 1.2
"""How many times as fast as an exact algorithm one must be that rounds in its own way:
predictions err by so much, and integers would rather stay integers."""

OPT_IN = frozenset({WINOGRAD.name})
"""What ``auto`` does not take: it saves some of the time, and rounds in its own way."""


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
    if not isinstance(method, str) or method not in (AUTO, FAST, *REGISTRY):
        names = ", ".join((AUTO, FAST, *REGISTRY))
        raise GeometryError.of("method", method, f"one of {names}, or jconv.tuned(...)")


def for_derivatives(method: Method) -> Method:
    """A name is of one contraction; measurements and wishes are of all."""
    return method if isinstance(method, Tuned) or method == FAST else AUTO


def choose(
    geometry: Geometry,
    shapes: Shapes,
    out: Role,
    dtype: DTypeLike,
    platform: str | None,
    method: Method = AUTO,
    *,
    partitioned: bool = False,
) -> Algorithm:
    """The algorithm that ``method`` names, or the one with the smallest predicted cost.

    What is not exact on integers has to be faster by ``INEXACT``.

    A pure function of its arguments: nothing is timed, no device is asked. Of a program
    that is ``partitioned``, the compiler may divide batch axes among devices; then only
    those are considered that keep these axes whole. What loses too much to rounding is
    not considered either (``accuracy.acceptable``), nor, unless ``method`` is "fast",
    what one has to ask for (``OPT_IN``).

    Raises:
        UnsupportedError: if the named algorithm refuses, with its reason.
    """
    check_method(method)
    call = (geometry, shapes, out, dtype, platform)
    here = registry(platform)
    if isinstance(method, Tuned):
        measured = here.get(method.name_for(*call) or "")
        method = _still_able(measured, call, partitioned=partitioned)
    if method not in (AUTO, FAST):
        reason = here[method].refuses(*call)
        if reason:
            message = f"method={method!r} cannot compute this {out}: {reason}."
            raise UnsupportedError(message)
        return here[method]
    able = [
        each
        for name, each in here.items()
        if (name not in OPT_IN or method == FAST)
        and (each.keeps_batch_whole or not partitioned)
        and not each.refuses(*call)
        and acceptable(each, *call[:-1])
    ]
    return min(able, key=lambda each: handicapped(each, each.cost(*call)))


def handicapped(algorithm: Algorithm, seconds: float) -> float:
    """Predicted seconds as ``choose`` compares them: exactness is worth some of them.

    Examples:
        >>> handicapped(TAPS, 1.0), handicapped(DFT, 1.0)
        (1.0, 1.2)
    """
    return seconds * (1 if algorithm.exact_on_integers else INEXACT)


def _still_able(each: Algorithm | None, call: Any, *, partitioned: bool) -> str:
    """A measured choice, unless it does not hold here."""
    if each is None or each.refuses(*call) or not acceptable(each, *call[:-1]):
        return AUTO
    return AUTO if partitioned and not each.keeps_batch_whole else each.name


__all__ = [
    "AUTO",
    "FAST",
    "OPT_IN",
    "REGISTRY",
    "Algorithm",
    "Method",
    "Precision",
    "Shapes",
    "Tuned",
    "check_method",
    "choose",
    "for_derivatives",
    "registry",
    "result_shape",
]
