"""Counterexamples held against the NumPy oracle: what is right, and what comes out.

The solver says that a rule is wrong for some numbers; here the rule is run on arrays
of these sizes, and ``jconv.reference``, which knows nothing of any rule, says what is
right.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from jconv import reference
from jconv.geometry import ROLES, Axis, Geometry, Progression
from jconv.verify.symbolic.statements.progressions import NAMES
from jconv.verify.symbolic.statements.textbook import RENAMED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from jconv.geometry import OrdinaryAxis, Role
    from jconv.verify.symbolic.statement import Subject

FIELDS = tuple(field.name for field in dataclasses.fields(Axis))
SHAPES = {"input": (1, -1, 1, 1), "kernel": (1, -1, 1, 1, 1), "output": (1, -1, 1, 1)}
"""Canonical shapes of one axis with nothing else in them."""

Outcome = tuple[list[int], list[int]]
"""What is right, and what came out."""


def axis_of(values: Mapping[str, int]) -> Axis:
    """The axis of a counterexample."""
    return Axis(**{name: values[name] for name in FIELDS})


def arrays(axis: Axis) -> dict[Role, NDArray[np.int64]]:
    """Numbers whose products tell where they come from."""
    return {
        "input": np.arange(1, axis.n_input + 1) ** 2,
        "kernel": 10 ** np.arange(axis.n_kernel),
        "output": np.arange(2, axis.n_output + 2) ** 3,
    }


def contract(axis: Axis, out: Role, given: Mapping[Role, Any]) -> NDArray[Any]:
    """One contraction along one axis, by the oracle."""
    first, second = (given[role].reshape(SHAPES[role]) for role in ROLES if role != out)
    return reference.contract(first, second, Geometry((axis,)), out).ravel()


def textbook(out: Role, values: Mapping[str, int], subject: Subject) -> Outcome:
    """A derivative by the oracle, and by a rule's forward convolution."""
    axis = axis_of(values)
    numbers = arrays(axis)
    right = contract(axis, out, numbers)
    rule: OrdinaryAxis = subject(axis)
    given = {role: numbers[RENAMED[out][role]] for role in ("input", "kernel")}
    if rule.flip_kernel:
        given["kernel"] = given["kernel"][::-1]
    try:
        got = contract(rule.axis, "output", given)  # type: ignore[arg-type]
    except ValueError:  # the rule is for arrays of other sizes
        return right.tolist(), []
    return right.tolist(), (got[::-1] if rule.flip_result else got).tolist()


def triples(
    case: str, values: Mapping[str, int], subject: Subject
) -> tuple[list[list[int]], list[list[int]]]:
    """The triples with one index fixed, from the oracle's table and a progression."""
    fixed = _fixed(case)
    axis, t = axis_of(values), values["t"]
    place = ("output", "kernel", "input").index(fixed)
    right = np.argwhere(reference.relation(axis)).tolist()
    line: Progression = subject(axis, fixed, t)
    got = [
        [line.of(role)[0] + line.of(role)[1] * j for role in ROLES[::-1]]
        for j in range(line.length)
    ]
    return [row for row in right if row[place] == t], sorted(got)


def _fixed(case: str) -> Role:
    """The role that a case such as "k fixed" holds fixed."""
    return next(role for role, name in NAMES.items() if case == f"{name} fixed")


def step(case: str, values: Mapping[str, int], subject: Subject) -> Outcome:
    """The result of one step of ``taps``, entry by entry, right and as placed."""
    fixed = _fixed(case.split(", ")[1])
    out: Role = next(role for role in ROLES if case.startswith(role))
    axis = axis_of(values)
    spots: dict[Role, tuple[int, int]] = {
        role: (values[f"start_{name}"], values.get(f"step_{name}", 0))
        for role, name in NAMES.items()
    }
    line = Progression(values["length"], **spots)
    numbers = arrays(axis)
    moved = subject(axis, out, line)
    right, got = (np.zeros(axis.size(out) + 2, np.int64) for _ in range(2))
    for j in range(line.length):
        at = {role: line.of(role)[0] + line.of(role)[1] * j for role in ROLES}
        put = {
            role: moved[role].origin + moved[role].pace * (j if role != fixed else 0)
            for role in ROLES
        }
        operands = [role for role in ROLES if role != out]
        right[at[out]] += np.prod([numbers[role][at[role]] for role in operands])
        got[put[out]] += np.prod([numbers[role][put[role]] for role in operands])
    return right.tolist(), got.tolist()


def cell(_: str, values: Mapping[str, int], subject: Subject) -> Outcome:
    """The source's index that completes a cell's triple, and what the table names."""
    axis = axis_of(values)
    result, tap = values["o"], values["k"]
    right = np.flatnonzero(reference.relation(axis)[result, tap]).tolist()
    index, exists = subject(axis, result, tap)
    inside = exists and 0 <= index < axis.n_input
    return right, [int(index)] if inside else []


def window_count(values: Mapping[str, int], subject: Subject) -> Outcome:
    """How many windows a padded input holds, found by sliding one over it."""
    call = {k: values[k] for k in ("n_input", "n_kernel", "stride")}
    dilations = {k: values[k] for k in ("kernel_dilation", "input_dilation")}
    pads = values["pad_low"], values["pad_high"]
    got = subject(**call, **dilations, padding=pads)
    return [_windows(**call, **dilations, padding=pads)], [got]


def _windows(
    n_input: int,
    n_kernel: int,
    stride: int,
    padding: tuple[int, int],
    kernel_dilation: int = 1,
    input_dilation: int = 1,
) -> int:
    """Windows of one axis, counted."""
    room = (n_input - 1) * input_dilation + 1 + sum(padding)
    span = len(range(0, abs(kernel_dilation) * n_kernel, abs(kernel_dilation)))
    span = (span - 1) * abs(kernel_dilation) + 1
    if room < span:
        return 0
    windows = np.lib.stride_tricks.sliding_window_view(np.zeros(room), span)
    return len(windows[::stride])


def kernel_size(values: Mapping[str, int], subject: Subject) -> Outcome:
    """The largest kernel that gives O outputs, by trying all of them."""
    n_input, n_output, stride = (values[k] for k in ("n_input", "n_output", "stride"))
    sizes = range(1, n_input + 1)
    fitting = [k for k in sizes if _windows(n_input, k, stride, (0, 0)) == n_output]
    return [max(fitting)], [subject(n_input, n_output, stride)]


def same_size(values: Mapping[str, int], subject: Subject) -> Outcome:
    """How many strides begin inside the input, and outputs after "same" padding."""
    names = ("n_input", "n_kernel", "stride", "kernel_dilation")
    n_input, n_kernel, stride, dilation = (values[name] for name in names)
    pads = subject(n_input, n_kernel, stride, dilation)
    count = _windows(n_input, n_kernel, stride, pads, dilation)
    return [len(range(0, n_input, stride))], [count]


def subsampled(values: Mapping[str, int], subject: Subject) -> Outcome:
    """Every s-th output of the convolution with stride 1, and that with stride s."""
    names = ("n_input", "n_kernel", "stride", "kernel_dilation", "input_dilation")
    call: dict[str, Any] = {name: values[name] for name in names}
    call["padding"] = (values["pad_low"], values["pad_high"])
    strided, dense = subject(call), subject(call | {"stride": 1})
    kept = contract(dense, "output", arrays(dense))[:: call["stride"]]
    return kept.tolist(), contract(strided, "output", arrays(strided)).tolist()


def made_together(values: Mapping[str, int], subject: Subject) -> Outcome:
    """The sizes of the outputs of two axes, counted, and as the geometry has them."""
    calls = []
    for number in "12":
        names = ("n_input", "n_kernel", "stride", "kernel_dilation", "input_dilation")
        call: dict[str, Any] = {name: values[f"{name}_{number}"] for name in names}
        call["padding"] = (values[f"low_{number}"], values[f"high_{number}"])
        calls.append(call)
    together = subject(tuple(calls))
    return [_windows(**call) for call in calls], [axis.n_output for axis in together]
