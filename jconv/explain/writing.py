"""Calls and tuples as source text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jconv.geometry import Geometry

WIDTH = 84


def call(name: str, *arguments: str, **options: object) -> str:
    """A call as code, broken over lines if it is long.

    Examples:
        >>> call("conv", "x", "w", stride=2)
        'conv(x, w, stride=2)'
    """
    named = [f"{key}={value}".replace("'", '"') for key, value in options.items()]
    parts = [*arguments, *named]
    line = f"{name}({', '.join(parts)})"
    if len(line) <= WIDTH - 6 and "\n" not in line:
        return line
    together = ", ".join(arguments)
    rows = [together, *named] if len(together) < WIDTH // 2 else parts
    body = "".join(f"    {row},\n" for row in rows if row)
    return f"{name}(\n{body})"


def briefly(values: Sequence[int]) -> int | tuple[int, ...]:
    """One int where all axes agree.

    Examples:
        >>> briefly((2, 2)), briefly((2, 1))
        (2, (2, 1))
    """
    return values[0] if len(set(values)) == 1 else tuple(values)


def options(
    geometry: Geometry, padding: tuple[tuple[int, int], ...] | None = None
) -> dict[str, object]:
    """The geometry's arguments of ``jconv.conv``, without those at their default.

    Examples:
        >>> from jconv.geometry import Geometry
        >>> options(Geometry.from_call((7,), (3,), stride=2, padding=(1,)))
        {'stride': 2, 'padding': 1}
    """
    pads = geometry.padding if padding is None else padding
    ends = {end for pair in pads for end in pair}
    given: dict[str, object] = {
        name: briefly([getattr(axis, name) for axis in geometry.axes])
        for name in ("stride", "kernel_dilation", "input_dilation")
    }
    given = {name: value for name, value in given.items() if value != 1}
    if ends != {0}:
        given["padding"] = ends.pop() if len(ends) == 1 else pads
    if geometry.groups > 1:
        given["groups"] = geometry.groups
    return given


def reversed_along(array: str, marked: Sequence[bool], library: str = "jnp") -> str:
    """An array reversed along its marked axes, the kernel's axes coming first.

    Examples:
        >>> reversed_along("w", (True, False)), reversed_along("w", (False,))
        ('jnp.flip(w, (0,))', 'w')
    """
    axes = tuple(a for a, flip in enumerate(marked) if flip)
    return f"{library}.flip({array}, {axes})" if axes else array
