"""Where a program will run, known while an algorithm is traced for one platform.

The primitive is lowered for each platform by itself, so one of two ways is traced, not
both with a choice between them: lowering takes a fifth less time.
"""

from __future__ import annotations

import contextlib
import contextvars
from typing import TYPE_CHECKING, TypeVar

from jax import lax

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jax import Array

Made = TypeVar("Made")

_PLATFORM = contextvars.ContextVar[str | None]("platform", default=None)
_PARTITIONED = contextvars.ContextVar[bool]("partitioned", default=False)


@contextlib.contextmanager
def traced_for(platform: str | None, *, partitioned: bool = False) -> Iterator[None]:
    """Inside, it is known where the program will run.

    Args:
        platform: as lowerings name it; None is anywhere.
        partitioned: whether the compiler divides it among devices.
    """
    tokens = _PLATFORM.set(platform), _PARTITIONED.set(partitioned)
    try:
        yield
    finally:
        _PLATFORM.reset(tokens[0])
        _PARTITIONED.reset(tokens[1])


def is_partitioned() -> bool:
    """Whether the compiler divides what is traced among devices."""
    return _PARTITIONED.get()


def by_platform(
    *operands: Array, cpu: Callable[..., Made], default: Callable[..., Made]
) -> Made:
    """``lax.platform_dependent``, of which only one way is traced where that is known.

    Examples:
        >>> with traced_for("cpu"):
        ...     by_platform(cpu=lambda: "one", default=lambda: "another")
        'one'
    """
    platform = _PLATFORM.get()
    if platform is None:
        return lax.platform_dependent(*operands, cpu=cpu, default=default)
    return (cpu if platform == "cpu" else default)(*operands)
