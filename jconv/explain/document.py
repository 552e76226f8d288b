"""One convolution explained for machines."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from jconv import rules
from jconv.explain.code import LIBRARIES, snippet
from jconv.explain.sizes import FORMULA, flop, relation, sizes
from jconv.explain.sums import RESULT, equation
from jconv.geometry import parameter_count

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jconv.explain.subject import Subject
    from jconv.geometry import Axis, Role

SCHEMA = "jconv-explain/1"

TAPS_SHOWN = 32
"""Taps listed at each end of a kernel."""


def document(
    subject: Subject, libraries: Iterable[str] = tuple(LIBRARIES)
) -> dict[str, Any]:
    """Everything ``text`` tells, as plain values.

    Examples:
        >>> from jconv.explain.subject import Subject
        >>> told = document(Subject.from_call((5,), (3,)))
        >>> told["shapes"]["y"], told["derivatives"]["dx"]["padding"]
        ([1, 3, 1], [[2, 2]])
    """
    geometry = subject.geometry
    count = (geometry.kernel_shape, subject.c_in, subject.c_out, geometry.groups)
    return {
        "schema": SCHEMA,
        "shapes": {
            "x": list(subject.shape("input")),
            "w": list(subject.shape("kernel")),
            "y": list(subject.shape("output")),
        },
        "stride": list(subject.per_axis("stride")),
        "padding": [list(pair) for pair in subject.padding],
        "kernel_dilation": list(subject.per_axis("kernel_dilation")),
        "input_dilation": list(subject.per_axis("input_dilation")),
        "groups": geometry.groups,
        "weights": parameter_count(*count),
        "flop": flop(subject),
        "output_size": {
            "formula": FORMULA,
            "axes": [
                {"filled": size.filled, "unused_positions": size.unused}
                for size in sizes(subject)
            ],
        },
        "relation": [relation(axis) for axis in geometry.axes],
        "taps": [_taps(axis) for axis in geometry.axes],
        "derivatives": {
            RESULT[out]: _derivative(subject, out) for out in ("input", "kernel")
        },
        "code": {name: snippet(name, subject) for name in libraries},
    }


def _taps(axis: Axis) -> list[dict[str, Any]]:
    """Per tap the outputs and inputs that meet there, each as [start, step].

    Of a long kernel only the taps at both ends.
    """
    found = []
    begin = range(min(axis.n_kernel, TAPS_SHOWN))
    end = range(max(len(begin), axis.n_kernel - TAPS_SHOWN), axis.n_kernel)
    for k in itertools.chain(begin, end):
        tap = axis.tap(k)
        pair = {"outputs": list(tap.output), "inputs": list(tap.input)}
        found.append({"tap": k, "pairs": tap.length, **pair})
    return found


def _derivative(subject: Subject, out: Role) -> dict[str, Any]:
    """One derivative as the ordinary convolution that it is."""
    geometry = subject.geometry
    rule = geometry.as_convolution(out)
    given = rules.arguments(rule)
    middle = tuple(n // 2 for n in geometry.size(out))
    return {
        "words": rules.describe(geometry, out),
        "image": {"output": "dy", "input": "x"}[rule.image],
        "kernel": {"output": "dy", "kernel": "w"}[rule.kernel],
        "flip_kernel": list(rule.flip_kernel),
        "flip_result": list(rule.flip_result),
        **{name: _lists(value) for name, value in given.items()},
        "example": equation(geometry, out, middle) if all(geometry.size(out)) else None,
    }


def _lists(value: Any) -> Any:
    """Tuples as lists, as JSON will have them."""
    return [_lists(each) for each in value] if isinstance(value, tuple) else value
