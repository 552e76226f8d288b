"""One call, understood: what is wrong with its shapes and options is raised here.

No array is touched for that. What is wrong with a dtype or a precision is raised by
``operands``, with a cotangent by ``call``.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

from jconv import borders, layout
from jconv.algorithms import Method, Tuned, check_method
from jconv.errors import GeometryError, UnsupportedError
from jconv.geometry import Geometry
from jconv.geometry.checks import at_least, is_integer, not_symbolic
from jconv.geometry.padding import per_axis, resolve_padding
from jconv.geometry.transposed import transposed_geometry
from jconv.layout import Layout
from jconv.options import Options

Shape = tuple[Any, ...]


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a call means, in canonical terms.

    Attributes:
        geometry: the relation, of the input after its border was extended.
        layout: where the dimensions of x, w and y are.
        border: (low, high) entries that ``padding_mode`` adds to each spatial axis.
        mode: the padding mode.
        method: an algorithm's name, "auto", "fast", "direct", or ``jconv.tuned``'s.
        input: shape of x in the default order (*batch, *spatial, c_in).
        kernel: shape of w in the default order (*kernel, c_in // groups, c_out).
    """

    geometry: Geometry
    layout: Layout
    border: tuple[tuple[int, int], ...]
    mode: str
    method: Method
    input: Shape
    kernel: Shape

    @property
    def output(self) -> Shape:
        """Shape of y in the default order (*batch, *output, c_out)."""
        batch = self.input[: len(self.input) - self.geometry.rank - 1]
        return (*batch, *self.geometry.output_shape, self.kernel[-1])

    def shape(self, role: str) -> Shape:
        """Shape of one role in the user's order."""
        default = getattr(self, role)
        permutation = self.layout.of(role)  # type: ignore[arg-type]
        if permutation is None:
            return default
        inverse = sorted(range(len(permutation)), key=permutation.__getitem__)
        return tuple(default[n] for n in inverse)


def plan(input_shape: Shape, kernel_shape: Shape, options: Options) -> Plan:
    """Understand a call of ``conv`` or of one of its derivatives.

    Args:
        input_shape: shape of x in the user's order.
        kernel_shape: shape of w in the user's order.
        options: the other arguments.

    Raises:
        GeometryError: for any argument that is wrong.
        UnsupportedError: for a padding mode together with input dilation.
    """
    plain = all(map(_is_plain, vars(options).values()))
    if plain and all(type(n) is int for n in (*input_shape, *kernel_shape)):
        return _cached_plan(input_shape, kernel_shape, options)
    return _plan(input_shape, kernel_shape, options)


def plan_transpose(
    output_shape: Shape,
    kernel_shape: Shape,
    options: Options,
    output_padding: int | Sequence[int],
    input_spatial: Sequence[int] | None,
) -> Plan:
    """Understand a call of ``conv_transpose``, whose ``output_shape`` is y's."""
    arrangement, (y, w) = _default_shapes(
        options, ("output", output_shape), ("kernel", kernel_shape)
    )
    rank = len(w) - 2
    at_least(1, groups=options.groups)
    _check_groups(options.groups, w[-2] * options.groups, w[-1])
    if y[-1] != w[-1]:
        raise GeometryError.of(
            "y",
            tuple(output_shape),
            f"{w[-1]} channels, as the kernel {tuple(kernel_shape)} puts out",
        )
    geometry = transposed_geometry(
        y[len(y) - rank - 1 : -1],
        w[:-2],
        stride=options.stride,
        padding=options.padding,
        output_padding=output_padding,
        input_shape=input_spatial,
        kernel_dilation=options.kernel_dilation,
        groups=options.groups,
    )
    batch = y[: len(y) - rank - 1]
    return Plan(
        geometry=geometry,
        layout=arrangement,
        border=((0, 0),) * rank,
        mode="zeros",
        method=_checked_method(options.method),
        input=(*batch, *geometry.input_shape, w[-2] * options.groups),
        kernel=w,
    )


def _plan(input_shape: Shape, kernel_shape: Shape, options: Options) -> Plan:
    """``plan`` without the cache."""
    mode = borders.check_mode(options.padding_mode)
    arrangement, (x, w) = _default_shapes(
        options, ("input", input_shape), ("kernel", kernel_shape)
    )
    rank = len(w) - 2
    spatial = x[len(x) - rank - 1 : -1]
    _check_groups(options.groups, x[-1], w[-1])
    if w[-2] * options.groups != x[-1]:
        raise GeometryError.of(
            "w",
            tuple(kernel_shape),
            f"{x[-1]} // {options.groups} input channels, because x "
            f"{tuple(input_shape)} has {x[-1]} and groups={options.groups}; got "
            f"{w[-2]}",
        )
    padding, border = options.padding, ((0, 0),) * rank
    if mode != "zeros":
        padding, border = _split_border(mode, spatial, w[:-2], options)
    geometry = Geometry.from_call(
        tuple(n + low + high for n, (low, high) in zip(spatial, border, strict=True)),
        w[:-2],
        stride=options.stride,
        padding=padding,
        kernel_dilation=options.kernel_dilation,
        input_dilation=options.input_dilation,
        groups=options.groups,
    )
    return Plan(
        geometry=geometry,
        layout=arrangement,
        border=border,
        mode=mode,
        method=_checked_method(options.method),
        input=x,
        kernel=w,
    )


_cached_plan = functools.lru_cache(maxsize=4096)(_plan)


def _is_plain(value: Any) -> bool:
    """Whether a cache may compare it: 1, 1.0 and True are equal, not the same."""
    if type(value) is tuple:
        return all(map(_is_plain, value))
    return value is None or type(value) in (int, str, Tuned)


def _default_shapes(
    options: Options, *arrays: tuple[str, Shape]
) -> tuple[Layout, list[Shape]]:
    """The layout, and the given shapes in the default order."""
    kernel_shape = dict(arrays)["kernel"]
    rank = len(kernel_shape) - 2
    if rank < 0:
        raise GeometryError.of(
            "w", kernel_shape, "a shape (*kernel, c_in // groups, c_out)"
        )
    arrangement = layout.parse(options.dimension_numbers, rank)
    shapes = []
    for role, shape in arrays:
        permutation = arrangement.of(role)  # type: ignore[arg-type]
        needed = rank + 1 if permutation is None else rank + 2
        if len(shape) < needed or (permutation and len(shape) != needed):
            name = {"input": "x", "output": "y", "kernel": "w"}[role]
            raise GeometryError.of(
                name,
                tuple(shape),
                f"{'at least ' if permutation is None else ''}{needed} dimensions for "
                f"the kernel {tuple(kernel_shape)}, which has {rank} spatial axes",
            )
        default = shape if permutation is None else [shape[n] for n in permutation]
        first = 0 if role == "kernel" else len(default) - rank - 1
        spatial = default[first : first + rank]
        not_symbolic(f"{role} shape", default, spatial, "batch sizes and channels")
        shapes.append(tuple(default))
    return arrangement, shapes


def _check_groups(groups: Any, c_in: Any, c_out: Any) -> None:
    """Groups must divide both channel counts."""
    at_least(1, groups=groups)
    for name, channels in (("c_in", c_in), ("c_out", c_out)):
        if channels % groups:
            if not is_integer(channels):
                expected = f"1, as {name} is the symbolic size {channels}"
                raise GeometryError.of("groups", groups, expected)
            divisors = [d for d in range(1, channels + 1) if channels % d == 0]
            raise GeometryError.of(
                "groups",
                groups,
                f"a divisor of {name}={channels}",
                f"Use one of {', '.join(map(str, divisors))}.",
            )


def _checked_method(method: Any) -> Method:
    """The method, if there is such an algorithm."""
    check_method(method)
    return method


def _split_border(
    mode: str, spatial: Shape, kernel: Shape, options: Options
) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
    """Split the padding into what the geometry crops and what the mode adds."""
    rank = len(kernel)
    dilations = per_axis("input_dilation", options.input_dilation, rank)
    if any(dilation != 1 for dilation in dilations):
        message = (
            f"padding_mode={mode!r} with input_dilation={options.input_dilation}: it "
            "is not defined whether the zeros between inputs repeat too. Pad x first."
        )
        raise UnsupportedError(message)
    pads = resolve_padding(
        options.padding,
        spatial,
        kernel,
        per_axis("stride", options.stride, rank),
        per_axis("kernel_dilation", options.kernel_dilation, rank, negative=True),
    )
    border = tuple((max(0, low), max(0, high)) for low, high in pads)
    if any(n == 0 and sum(added) for n, added in zip(spatial, border, strict=True)):
        raise GeometryError.of(
            "padding_mode", mode, "inputs to take the border from", "Use 'zeros'."
        )
    return tuple((min(0, low), min(0, high)) for low, high in pads), border
