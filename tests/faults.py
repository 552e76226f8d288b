"""Planted faults: each is put into the product, and a claim and a test must notice.

A check that has never failed may be unable to. Every fault below changes one thing that
a programmer might get wrong; ``test_faults.py`` plants each and asserts that the named
claim no longer holds and that the named test fails.

    python -m tests.faults           plant all, print who caught what
    python -m tests.faults NAME ...  plant some
"""

from __future__ import annotations

import dataclasses
import types
from typing import Any

import jax.numpy as jnp
import numpy as np

from jconv import borders, layout, numerics, rules
from jconv.algorithms.parts import grid, tiles
from jconv.geometry import axis as axes
from jconv.geometry import nd, padding
from jconv.geometry.axis import Axis
from jconv.primitive import batching, derivatives
from tests import faults_neighbours as _registers_theirs  # noqa: F401
from tests import faults_networks as _registers_networks  # noqa: F401
from tests import faults_numbers as _registers_numbers  # noqa: F401
from tests import faults_pooling as _registers_pools  # noqa: F401
from tests.planting import FAULTS, fault

COTANGENTS = (
    "tests/test_dtypes.py::"
    "test_every_cotangent_has_its_primals_dtype_as_in_lax_on_promoted_operands"
)
NARROW = "tests/test_dtypes.py::test_narrow_floats_are_summed_in_float32"
PREFERRED = (
    "tests/test_dtypes.py::"
    "test_preferred_element_type_is_the_results_and_not_the_cotangents"
)
HAND, ROUTES = "backward.input-1d", "backward.derived-equals-coded"
GEOMETRY, ALGORITHMS = "tests/test_geometry.py", "tests/test_algorithms.py"
PLANE = f"{ALGORITHMS}::test_every_role_with_tiny_limits[plane-holes]"


# Geometry ---------------------------------------------------------------------------


@fault(nd, "Axis", claim="size.same", test=GEOMETRY)
def low_plus_one(right: Any) -> Any:
    """The low padding is one too large."""
    return lambda **fields: right(**fields | {"low": fields["low"] + 1})


@fault(nd, "Axis", claim="definition.2d", test=GEOMETRY)
def low_minus_one(right: Any) -> Any:
    """The low padding is one too small."""
    return lambda **fields: right(**fields | {"low": fields["low"] - 1})


@fault(nd, "Axis", claim="size.stride", test=GEOMETRY)
def one_output_too_few(right: Any) -> Any:
    """The last window of a strided axis is forgotten."""

    def wrong(**fields: Any) -> Any:
        missing = fields["stride"] > 1 and fields["n_output"] > 1
        return right(**fields | {"n_output": fields["n_output"] - missing})

    return wrong


@fault(padding, "split_evenly", claim="size.same", test="tests/test_padding.py")
def same_padding_mirrored(right: Any) -> Any:
    """The extra of an odd "same" padding goes to the other side."""
    return lambda total, *, extra_low=False: right(total, extra_low=not extra_low)


@fault(nd, "resolve_padding", claim=ROUTES, test=GEOMETRY)
def negative_padding_ignored(right: Any) -> Any:
    """Negative padding does not crop."""
    return lambda *sizes: tuple((max(0, a), max(0, b)) for a, b in right(*sizes))


@fault(Axis, "progression", claim=HAND, test=ALGORITHMS)
def last_tap_dropped(right: Any) -> Any:
    """The last tap of an axis is skipped."""

    def wrong(self: Axis, fixed: Any, index: int) -> Any:
        found = right(self, fixed, index)
        last = fixed == "kernel" and index == self.n_kernel - 1
        return dataclasses.replace(found, length=0) if last else found

    return wrong


@fault(Axis, "progression", claim=ROUTES, test=ALGORITHMS)
def stride_and_dilation_swapped(right: Any) -> Any:
    """Stride and kernel dilation are swapped."""

    def wrong(self: Axis, fixed: Any, index: int) -> Any:
        if self.kernel_dilation < 0:
            return right(self, fixed, index)
        swapped = dataclasses.replace(
            self, stride=self.kernel_dilation, kernel_dilation=self.stride
        )
        return right(swapped, fixed, index)

    return wrong


@fault(Axis, "coefficient", claim=ROUTES, test=PLANE)
def holes_too_wide(right: Any) -> Any:
    """There is one zero too many between dilated inputs."""

    def wrong(self: Axis, role: Any) -> Any:
        return right(self, role) - (role == "input" and self.input_dilation > 1)

    return wrong


# Textbook rules ---------------------------------------------------------------------


@fault(axes, "as_ordinary", claim="backward.is-conv", test=GEOMETRY)
def kernel_not_flipped(right: Any) -> Any:
    """The textbook's dx takes the kernel as it is."""
    return lambda axis, out: dataclasses.replace(right(axis, out), flip_kernel=False)


@fault(axes, "as_ordinary", claim="backward.is-conv", test=GEOMETRY)
def textbook_stride_not_swapped(right: Any) -> Any:
    """The textbook's dw keeps the stride instead of dilating the cotangent by it."""

    def wrong(axis: Axis, out: Any) -> Any:
        rule = right(axis, out)
        if out != "kernel":
            return rule
        kept = dataclasses.replace(
            rule.axis, stride=axis.stride, kernel_dilation=abs(axis.kernel_dilation)
        )
        return dataclasses.replace(rule, axis=kept)

    return wrong


@fault(rules, "jnp", claim=ROUTES, test="tests/test_rules.py")
def channels_not_transposed(right: Any) -> Any:
    """The textbook's dx reshapes the kernel's channels where it should swap them."""

    def wrong(array: Any, first: int, second: int) -> Any:
        return right.reshape(array, right.swapaxes(array, first, second).shape)

    return types.SimpleNamespace(swapaxes=wrong, moveaxis=right.moveaxis)


@fault(rules, "_batch_as_channel", claim=ROUTES, test="tests/test_rules.py")
def batch_in_the_wrong_label(right: Any) -> Any:
    """The textbook's dw reads the batch where the channels are, and back."""
    return lambda x, rank: x.reshape(right(x, rank).shape)


# Algorithms -------------------------------------------------------------------------


@fault(grid.Window, "begin", claim=ROUTES, test=ALGORITHMS)
def loop_starts_late(right: Any) -> Any:
    """The loop's windows begin one position late."""
    return lambda self, role: right(self, role) + (role == self.grid)


@fault(tiles.Tiling, "padded", claim=ROUTES, test=ALGORITHMS)
def padding_repeats_the_border(right: Any) -> Any:
    """Windows read the nearest entry where there is none."""

    def wrong(self: Any, source: Any) -> Any:
        for dim, (axis, extent) in enumerate(
            zip(self.axes, self.extents, strict=True), 2
        ):
            nearest = np.arange(extent) - axis.low
            source = source.take(nearest.clip(0, axis.n_input - 1), dim)
        return source

    return wrong


@fault(layout, "from_canonical", claim=ROUTES, test="tests/test_vjp.py")
def group_off_by_one(right: Any) -> Any:
    """Every group's result stands where the next group's belongs."""
    return lambda array: right(jnp.roll(array, 1, axis=-2))


@fault(
    numerics,
    "accumulation_dtype",
    claim="dtype.accumulation",
    test=NARROW,
)
def narrow_accumulation(right: Any) -> Any:
    """Narrow floats are summed in their own dtype."""

    def wrong(*dtypes: Any) -> Any:
        return jnp.dtype(jnp.result_type(*dtypes))

    return wrong


# Rules of the primitive -------------------------------------------------------------


@fault(batching, "_split", claim="transform.vmap", test="tests/test_vmap.py")
def batch_inside_the_label(right: Any) -> Any:
    """The vmapped axis is taken for the other part of the merged one."""
    return lambda *arguments, outer: right(*arguments, outer=not outer)


@fault(derivatives, "contract", claim=ROUTES, test=COTANGENTS)
def cotangent_conjugated(right: Any) -> Any:
    """The transpose conjugates, as an adjoint would."""
    return lambda first, second, **params: jnp.conj(right(first, second, **params))


@fault(derivatives, "contract", claim="dtype.cotangent", test=PREFERRED)
def cotangent_of_wrong_dtype(right: Any) -> Any:
    """A cotangent keeps the dtype of the result instead of its primal's."""

    def wrong(first: Any, second: Any, **params: Any) -> Any:
        wide = jnp.promote_types(params["dtype"], "float32")
        return right(first, second, **params | {"dtype": wide})

    return wrong


@fault(
    borders,
    "extend",
    claim="definition.translation",
    test="tests/test_padding_modes.py",
)
def circular_repeats_the_edge(right: Any) -> Any:
    """Circular padding repeats the edge instead of wrapping around."""
    modes = {"circular": "replicate"}
    return lambda x, border, mode: right(x, border, modes.get(mode, mode))


def main(names: list[str]) -> int:
    """Plant faults, print who caught them; 1 if one was not caught."""
    from rich.console import Console
    from rich.table import Table

    from tests.test_faults import caught_by_claim, caught_by_test

    if unknown := [name for name in names if name not in FAULTS]:
        message = f"no fault is called {unknown[0]!r}; there are {', '.join(FAULTS)}"
        raise SystemExit(message)
    table = Table("fault", "caught by claim", "caught by test", title="Planted faults")
    missed = 0
    for name in names or list(FAULTS):
        claimed, tested = caught_by_claim(name), caught_by_test(name)
        missed += not (claimed and tested)
        table.add_row(f"{name}\n  {FAULTS[name].says}", claimed or "—", tested or "—")
    Console().print(table)
    return bool(missed)


if __name__ == "__main__":
    import sys

    raise SystemExit(main(sys.argv[1:]))
