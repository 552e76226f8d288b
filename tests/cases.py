"""Convolutions as data, and the two judges that tests compare with.

``oracle`` sums over the relation in NumPy; ``peer`` is ``lax.conv_general_dilated``.
Arrays hold small integers, so that equality can be asked for bit by bit.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from jax import lax

from jconv import reference
from jconv.algorithms import REGISTRY
from jconv.geometry import Axis, Geometry

if TYPE_CHECKING:
    import jax

    from jconv.geometry import Role


@dataclasses.dataclass(frozen=True)
class Case:
    """One convolution in default (channels-last) order, named for test ids."""

    id: str
    input: tuple[int, ...]
    kernel: tuple[int, ...]
    batch: tuple[int, ...] = (2,)
    c_in: int = 2
    c_out: int = 3
    groups: int = 1
    stride: Any = 1
    padding: Any = "valid"
    kernel_dilation: Any = 1
    input_dilation: Any = 1

    @property
    def arguments(self) -> dict[str, Any]:
        """Keywords of ``jconv.conv`` and its derivatives."""
        names = ("stride", "padding", "kernel_dilation", "input_dilation", "groups")
        return {name: getattr(self, name) for name in names}

    @property
    def geometry(self) -> Geometry:
        """The relation."""
        return Geometry.from_call(self.input, self.kernel, **self.arguments)

    @property
    def shapes(self) -> dict[Role, tuple[int, ...]]:
        """Shape of each role in default order."""
        return {
            "input": (*self.batch, *self.input, self.c_in),
            "kernel": (*self.kernel, self.c_in // self.groups, self.c_out),
            "output": (*self.batch, *self.geometry.output_shape, self.c_out),
        }

    def array(self, role: Role, salt: int = 0, dtype: Any = "float64") -> np.ndarray:
        """Small integers of a role's shape; another salt, other ones."""
        return integers(self.shapes[role], salt, dtype)


CASES = (
    Case("plain", (6,), (3,)),
    Case("stride-2", (7,), (3,), stride=2),
    Case("stride-beyond-kernel", (9,), (2,), stride=4),
    Case("same", (5,), (4,), padding="same"),
    Case("same-lower-stride-2", (6,), (3,), padding="same_lower", stride=2),
    Case("full", (4,), (3,), padding="full"),
    Case("causal-dilated", (6,), (3,), padding="causal", kernel_dilation=2),
    Case("asymmetric-pads", (5,), (3,), padding=((3, 1),)),
    Case("negative-pads", (8,), (3,), padding=((-1, -2),), stride=2),
    Case("kernel-dilation-3", (9,), (3,), kernel_dilation=3),
    Case("true-convolution", (6,), (3,), kernel_dilation=-1, padding=1),
    Case("true-convolution-dilated", (9,), (3,), kernel_dilation=-2, stride=2),
    Case("input-dilation-2", (5,), (3,), input_dilation=2, padding=1),
    Case("gcd-2", (5,), (3,), stride=2, input_dilation=4, padding=((2, 3),)),
    Case("stride-3-holes-2", (6,), (4,), stride=3, input_dilation=2, padding=2),
    Case("kernel-as-large-as-input", (7,), (6,)),
    Case("window-beyond-input", (2,), (5,), padding=4),
    Case("pointwise", (4,), (1,)),
    Case("pointwise-narrowing", (5,), (1,), groups=2, c_in=8, c_out=4),
    Case("groups-2", (6,), (3,), groups=2, c_in=4, c_out=6),
    Case("depthwise", (5,), (3,), groups=3, c_in=3, c_out=3, padding="same"),
    Case("depth-multiplier", (5,), (2,), groups=2, c_in=2, c_out=6, stride=2),
    Case("no-batch", (5,), (3,), batch=()),
    Case("two-batch-axes", (5,), (3,), batch=(2, 3)),
    Case("0-D", (), ()),
    Case("0-D-groups", (), (), groups=2, c_in=4, c_out=2),
    Case(
        "2-D",
        (5, 6),
        (3, 2),
        stride=(1, 2),
        padding=((1, 0), (0, 2)),
        kernel_dilation=(2, -1),
    ),
    Case("2-D-holes", (3, 4), (2, 3), input_dilation=(2, 1), padding="same"),
    Case("3-D", (3, 4, 3), (2, 1, 2), stride=(1, 2, 1), padding=(0, 0, 1), batch=(1,)),
    Case("4-D", (2, 3, 2, 2), (2, 2, 1, 2), padding=(1, 0, 0, 0), batch=(1,), c_out=1),
)
"""One of every kind; together they enter each branch of each rule."""

PLANES = (
    Case("plane", (6, 5), (3, 3), padding="same"),
    Case("plane-stride-2", (7, 6), (3, 3), padding="same", stride=2),
    Case("plane-holes", (4, 3), (3, 2), padding=((2, 1), (1, 1)), input_dilation=2),
    Case("plane-true", (6, 5), (2, 3), kernel_dilation=(-2, 1), padding="full"),
    Case("plane-groups", (5, 4), (3, 2), groups=4, c_in=8, c_out=4, padding="same"),
)
"""Two axes and a few channels: what algorithms that copy windows are made for."""

EMPTY_CASES = (
    Case("batch-0", (5,), (3,), batch=(0,)),
    Case("input-0", (0,), (3,), padding=2),
    Case("c_in-0", (4,), (3,), c_in=0),
    Case("c_out-0", (4,), (3,), c_out=0),
    Case("2-D-input-0", (0, 3), (1, 2), padding=((1, 1), (0, 0))),
)
"""Sizes of zero: sums of nothing are zero, arrays of nothing stay empty."""

FEW = tuple(
    case
    for case in CASES
    if case.id
    in ("true-convolution-dilated", "stride-3-holes-2", "groups-2", "2-D", "no-batch")
)
"""For tests whose subject is not the geometry."""


EXACT = tuple(name for name, each in REGISTRY.items() if each.exact_on_integers)
"""Methods that equality can be asked of."""


def by_id(case: Case) -> str:
    """Test id of a case."""
    return case.id


def named(name: str) -> Case:
    """The case of that id."""
    return next(case for case in (*CASES, *EMPTY_CASES) if case.id == name)


def integers(
    shape: tuple[int, ...], salt: int = 0, dtype: Any = "float64"
) -> np.ndarray:
    """Integers in -4 ... 4 (0 ... 4 if unsigned), complex ones in both parts."""
    rng = np.random.default_rng([*shape, 7919, salt])
    dtype = np.dtype(dtype)
    values = rng.integers(0 if dtype.kind == "u" else -4, 5, shape)
    if dtype.kind == "c":
        return (values + 1j * rng.integers(-4, 5, shape)).astype(dtype)
    return values.astype(dtype)


# Judges -----------------------------------------------------------------------------


def canonical(array: np.ndarray, groups: int) -> np.ndarray:
    """Default order -> the primitive's: e in front, (groups, rest) at the end."""
    return array.reshape(1, *array.shape[:-1], groups, array.shape[-1] // groups)


def default(array: np.ndarray) -> np.ndarray:
    """The primitive's order -> default order."""
    return array.reshape(*array.shape[1:-2], array.shape[-2] * array.shape[-1])


def oracle(case: Case, out: Role, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Role ``out`` of a case, summed over the relation."""
    first, second = (canonical(np.asarray(a), case.groups) for a in (first, second))
    return default(reference.contract(first, second, case.geometry, out))


def peer(case: Case, x: jax.Array, w: jax.Array, **options: Any) -> jax.Array:
    """The convolution by ``lax.conv_general_dilated``."""
    geometry = case.geometry
    rank = geometry.rank
    w = lax.rev(
        w, [n for n, axis in enumerate(geometry.axes) if axis.kernel_dilation < 0]
    )
    flat = x.reshape(math.prod(case.batch), *x.shape[x.ndim - rank - 1 :])
    spatial = "DHWXYZ"[:rank]
    y = lax.conv_general_dilated(
        flat,
        w,
        [axis.stride for axis in geometry.axes],
        geometry.padding,
        lhs_dilation=[axis.input_dilation for axis in geometry.axes],
        rhs_dilation=[abs(axis.kernel_dilation) for axis in geometry.axes],
        dimension_numbers=(f"N{spatial}C", f"{spatial}IO", f"N{spatial}C"),
        feature_group_count=case.groups,
        **options,
    )
    return y.reshape(*case.batch, *y.shape[1:])


# Strategies -------------------------------------------------------------------------

compiling = settings(max_examples=max(settings.default.max_examples // 4, 1))
"""For property tests whose every example compiles a program of its own."""


@st.composite
def axes(draw: st.DrawFn, smallest: int = 0) -> Axis:
    """Any axis, negative kernel dilations and pads included."""
    sizes = st.integers(smallest, 7)
    return Axis(
        n_input=draw(sizes),
        n_kernel=draw(sizes),
        n_output=draw(sizes),
        stride=draw(st.integers(1, 4)),
        kernel_dilation=draw(st.integers(-4, 4).filter(bool)),
        input_dilation=draw(st.integers(1, 4)),
        low=draw(st.integers(-9, 9)),
    )


@st.composite
def geometries(draw: st.DrawFn, max_rank: int = 2) -> Geometry:
    """A geometry of small axes, with groups."""
    small = st.integers(1, 4)
    rank = draw(st.integers(0, max_rank))
    return Geometry(
        tuple(
            Axis(
                n_input=draw(small),
                n_kernel=draw(small),
                n_output=draw(small),
                stride=draw(st.integers(1, 3)),
                kernel_dilation=draw(st.integers(-3, 3).filter(bool)),
                input_dilation=draw(st.integers(1, 3)),
                low=draw(st.integers(-4, 6)),
            )
            for _ in range(rank)
        ),
        groups=draw(st.integers(1, 2)),
    )
