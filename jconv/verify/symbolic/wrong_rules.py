"""Planted wrong rules: what a programmer might write, and what the solver says of it.

A proof that cannot fail is none. Each rule below takes the place of the right one in
its statement; the solver must find numbers for which the statement fails, and the
oracle must find wrong results for these numbers.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Any

from jconv.geometry import Axis, OrdinaryAxis, Progression, Role, same_padding
from jconv.geometry.extents import dilated_size, window_span
from jconv.geometry.padding import split_evenly
from jconv.verify.symbolic import interrupt, oracle, solver
from jconv.verify.symbolic.counterexample import Counterexample, search
from jconv.verify.symbolic.statement import STATEMENTS, Subject
from jconv.verify.symbolic.statements import contractions, ranks, sizes

Confirm = Callable[[str, Mapping[str, int], Subject], tuple[list[Any], list[Any]]]
"""(case, numbers, wrong rule) -> (what is right, what came out)."""


@dataclasses.dataclass(frozen=True)
class WrongRule:
    """A mistake in the place of what a statement is about.

    Attributes:
        id: its name.
        says: the mistake, in words.
        statement: which statement must fall.
        subject: the wrong code.
        confirm: runs it beside the oracle.
    """

    id: str
    says: str
    statement: str
    subject: Subject
    confirm: Confirm


@dataclasses.dataclass(frozen=True)
class Refutation:
    """What became of a wrong rule.

    Attributes:
        rule: the rule.
        counterexample: numbers for which its statement fails; None if none was found.
        right: what the oracle says for these numbers.
        got: what the wrong rule gives.
        seconds: how long it took.
    """

    rule: WrongRule
    counterexample: Counterexample | None
    right: list[Any]
    got: list[Any]
    seconds: float

    @property
    def confirmed(self) -> bool:
        """Whether it was found and is wrong in numbers, too."""
        return self.counterexample is not None and self.right != self.got


def refute(rule: WrongRule) -> Refutation:
    """Look for a counterexample, and run it.

    Raises:
        UnsupportedError: if the solver is not installed.
    """
    solver.require()
    start = time.perf_counter()

    def shows(case: str, values: dict[str, int]) -> bool:
        right, got = rule.confirm(case, values, rule.subject)
        return right != got

    with interrupt.heeded():
        found = search(STATEMENTS[rule.statement], rule.subject, shows)
    right: list[Any] = []
    got: list[Any] = []
    if found is not None:
        right, got = rule.confirm(found.case, found.values, rule.subject)
    return Refutation(rule, found, right, got, time.perf_counter() - start)


WRONG_RULES: dict[str, WrongRule] = {}
"""Every wrong rule by its id."""


def _wrong(statement: str, confirm: Confirm) -> Callable[[Subject], Subject]:
    """Register a wrong subject; its docstring says what is wrong."""

    def register(subject: Subject) -> Subject:
        name = subject.__name__.strip("_").replace("_", "-")
        says = str(subject.__doc__)
        WRONG_RULES[name] = WrongRule(name, says, statement, subject, confirm)
        return subject

    return register


def _by_oracle(check: Callable[..., Any], *first: Any) -> Confirm:
    """A confirmation that needs no case."""
    return lambda case, values, subject: check(*first, values, subject)


def _with(rule: OrdinaryAxis, **fields: Any) -> OrdinaryAxis:
    """A textbook rule whose axis is another one."""
    return dataclasses.replace(rule, axis=dataclasses.replace(rule.axis, **fields))


DX = ("symbolic.textbook-input", _by_oracle(oracle.textbook, "input"))
DW = ("symbolic.textbook-kernel", _by_oracle(oracle.textbook, "kernel"))


@_wrong(*DX)
def _kernel_not_flipped(axis: Axis) -> OrdinaryAxis:
    """The kernel of dx is not flipped."""
    return dataclasses.replace(axis.as_convolution("input"), flip_kernel=False)


@_wrong(*DX)
def _dx_padded_by_one_too_many(axis: Axis) -> OrdinaryAxis:
    """The padding of dx is d·K − low instead of d·(K − 1) − low."""
    rule = axis.as_convolution("input")
    return _with(rule, low=rule.axis.low + rule.axis.kernel_dilation)


@_wrong(*DX)
def _dx_without_zeros(axis: Axis) -> OrdinaryAxis:
    """The stride stays the stride of dx; no zeros between the cotangents."""
    rule = axis.as_convolution("input")
    return _with(rule, stride=axis.stride, input_dilation=axis.input_dilation)


@_wrong(*DW)
def _dw_keeps_the_stride(axis: Axis) -> OrdinaryAxis:
    """The stride stays the stride of dw; the cotangent is not dilated by it."""
    dilation = abs(axis.kernel_dilation)
    rule = axis.as_convolution("kernel")
    return _with(rule, stride=axis.stride, kernel_dilation=dilation)


@_wrong(*DW)
def _dw_not_reversed(axis: Axis) -> OrdinaryAxis:
    """The result of a true convolution's dw is not turned around."""
    return dataclasses.replace(axis.as_convolution("kernel"), flip_result=False)


@_wrong("symbolic.textbook-output", _by_oracle(oracle.textbook, "output"))
def _true_convolution_low_kept(axis: Axis) -> OrdinaryAxis:
    """A true convolution is flipped, its padding left as it was."""
    return _with(axis.as_convolution("output"), low=axis.low)


TRIPLES = ("symbolic.progressions", oracle.triples)


@_wrong(*TRIPLES)
def _progression_starts_late(axis: Axis, fixed: Role, index: Any) -> Progression:
    """The progression begins one step after its first entry."""
    line = axis.progression(fixed, index)
    start, step = line.output
    return dataclasses.replace(line, output=(start + step, step))


@_wrong(*TRIPLES)
def _gcd_forgotten(axis: Axis, fixed: Role, index: Any) -> Progression:
    """The steps are stride and input dilation, not divided by their gcd."""
    line = axis.progression(fixed, index)
    if fixed != "kernel":
        return line
    return dataclasses.replace(
        line,
        input=(line.input[0], axis.stride),
        output=(line.output[0], axis.input_dilation),
    )


@_wrong(*TRIPLES)
def _last_entry_dropped(axis: Axis, fixed: Role, index: Any) -> Progression:
    """The progression ends one entry early."""
    line = axis.progression(fixed, index)
    return dataclasses.replace(line, length=max(0, line.length - 1))


@_wrong(
    "symbolic.one-index-set",
    oracle.step,
)
def _placed_without_holes(axis: Axis, out: Role, line: Progression) -> dict[Role, Any]:
    """A step's product is placed side by side, without the steps between entries."""
    moved = contractions.step(axis, out, line)
    wrong = dataclasses.replace(moved[out], pace=1)
    return moved | {out: wrong}


@_wrong(
    "symbolic.window-table",
    oracle.cell,
)
def _remainder_ignored(axis: Axis, result: Any, tap: Any) -> tuple[Any, Any]:
    """The table rounds down where no index fits."""
    spot = axis.stride * result + axis.kernel_dilation * tap - axis.low
    return spot // axis.input_dilation, True


COUNT = ("symbolic.output-size", _by_oracle(oracle.window_count))


@_wrong(*COUNT)
def _output_size_rounded_up(
    n_input: Any,
    n_kernel: Any,
    stride: Any,
    padding: tuple[Any, Any],
    kernel_dilation: Any,
    input_dilation: Any,
) -> Any:
    """The output size is rounded up instead of down."""
    room = dilated_size(n_input, input_dilation) + sum(padding)
    return max(0, -((window_span(n_kernel, kernel_dilation) - room) // stride) + 1)


@_wrong(*COUNT)
def _dilation_times_kernel(
    n_input: Any,
    n_kernel: Any,
    stride: Any,
    padding: tuple[Any, Any],
    kernel_dilation: Any,
    input_dilation: Any,
) -> Any:
    """A dilated window is taken to span d·K positions."""
    room = dilated_size(n_input, input_dilation) + sum(padding)
    return max(0, (room - abs(kernel_dilation) * n_kernel) // stride + 1)


@_wrong("symbolic.kernel-size", _by_oracle(oracle.kernel_size))
def _kernel_size_one_stride_short(n_input: Any, n_output: Any, stride: Any) -> Any:
    """K = I − s·O + 1 instead of I − s·(O − 1)."""
    return n_input - stride * n_output + 1


@_wrong("symbolic.same-padding", _by_oracle(oracle.same_size))
def _same_rounded_down(
    n_input: Any, n_kernel: Any, stride: Any, dilation: Any
) -> tuple[Any, Any]:
    """“Same” padding makes room for I/s outputs rounded down instead of up."""
    n_output = n_input // stride
    span = window_span(n_kernel, dilation)
    return split_evenly(max(stride * (n_output - 1) + span - n_input, 0))


@_wrong("symbolic.stride-subsamples", _by_oracle(oracle.subsampled))
def _same_pads_of_each_stride(call: dict[str, Any]) -> Axis:
    """The strided and the dense convolution are both padded “same”, each for itself."""
    pads = same_padding(
        dilated_size(call["n_input"], call["input_dilation"]),
        call["n_kernel"],
        call["stride"],
        call["kernel_dilation"],
    )
    return sizes.axis_of_call(call | {"padding": pads})


@_wrong("symbolic.any-rank", _by_oracle(oracle.made_together))
def _first_stride_for_all(calls: tuple[dict[str, Any], ...]) -> tuple[Axis, ...]:
    """Every axis gets the first one's stride."""
    stride = calls[0]["stride"]
    return ranks.from_calls(tuple(call | {"stride": stride} for call in calls))
