"""The textbook rules: an ordinary forward convolution computes dx, and one dw.

Both are given by ``Axis.as_convolution(out)`` as an axis of their own, with flags for a
reversed kernel or result. The statement runs it and compares two relations: the axis's
own, and the rule's after the flips, with the roles renamed. And it asks the public
``Geometry.from_call`` for the rule's convolution by its stride, padding and dilations,
as a user of ``jconv.conv`` would: the very same axis must come back.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from jconv.geometry import Axis, Geometry, OrdinaryAxis, Role
from jconv.verify.symbolic.statement import Goal, statement
from jconv.verify.symbolic.statements.progressions import AXIS
from jconv.verify.symbolic.world import axis_of, same, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.verify.symbolic.statement import Check, Subject
    from jconv.verify.symbolic.world import World

RENAMED: dict[Role, dict[Role, Role]] = {
    "output": {"input": "input", "kernel": "kernel", "output": "output"},
    "input": {"input": "output", "kernel": "kernel", "output": "input"},
    "kernel": {"input": "input", "kernel": "output", "output": "kernel"},
}
"""Role computed -> the rule's role -> whose array it is in the original convolution."""


def _check(out: Role) -> Check:
    """The statement about ``as_convolution(out)``."""

    def check(world: World, subject: Subject) -> Iterator[Goal]:
        axis = axis_of(world)
        rule = subject(axis)
        for role, original in RENAMED[out].items():
            says = f"the rule's {role} has the size of the original's {original}"
            yield Goal(says, rule.axis.size(role) == axis.size(original))
        yield Goal("the rule's taps run forwards", rule.axis.kernel_dilation >= 1)
        original_indices: dict[Role, Any] = {
            "output": world.integer("o"),
            "kernel": world.integer("k"),
            "input": world.integer("i"),
        }
        ruled = _ruled(rule, out, original_indices)
        with world.scope():
            world.suppose(
                *(within(original_indices[r], axis.size(r)) for r in original_indices)
            )
            yield Goal(
                "the two relations hold for the same indices",
                same(
                    axis.holds(*original_indices.values()),
                    rule.axis.holds(ruled["output"], ruled["kernel"], ruled["input"]),
                ),
            )
            for role in RENAMED[out]:
                yield Goal(
                    f"the rule's {role} index exists",
                    within(ruled[role], rule.axis.size(role)),
                )
        with world.scope():
            world.suppose(rule.axis.n_output >= 1, rule.axis.n_kernel >= 1)
            called = _called(rule)
            for field in dataclasses.fields(Axis):
                yield Goal(
                    f"conv with the rule's arguments has the rule's {field.name}",
                    getattr(called, field.name) == getattr(rule.axis, field.name),
                )

    return check


def _ruled(rule: OrdinaryAxis, out: Role, indices: dict[Role, Any]) -> dict[Role, Any]:
    """The rule's indices of a triple of the original relation."""
    ruled = {role: indices[original] for role, original in RENAMED[out].items()}
    if rule.flip_kernel:
        ruled["kernel"] = rule.axis.n_kernel - 1 - ruled["kernel"]
    if rule.flip_result:
        ruled["output"] = rule.axis.n_output - 1 - ruled["output"]
    return ruled


def _called(rule: OrdinaryAxis) -> Axis:
    """The axis of ``jconv.conv`` called with the rule's arguments."""
    axis = rule.axis
    geometry = Geometry.from_call(
        (axis.n_input,),
        (axis.n_kernel,),
        stride=(axis.stride,),
        padding=((axis.pad_low, axis.pad_high),),
        kernel_dilation=(axis.kernel_dilation,),
        input_dilation=(axis.input_dilation,),
        allow_empty=True,
    )
    return geometry.axes[0]


SAYS: dict[Role, str] = {
    "input": "dx is an ordinary convolution: of dy with zeros between its entries, by "
    'the flipped kernel; its index set is that of out="input".',
    "kernel": "dw is an ordinary convolution: of x by dy as a kernel dilated by the "
    'stride; its index set is that of out="kernel".',
    "output": "A true convolution, whose kernel runs backwards, is an ordinary one by "
    "the flipped kernel.",
}
"""Role computed -> what its rule is."""

RULES: dict[Role, tuple[str, ...]] = {
    "input": (
        "d > 0:  {}  ⇔  e·i + d·(K−1−k) = s·o + d·(K−1) − low",
        "d < 0:  {}  ⇔  e·i + |d|·k = s·o − low",
    ),
    "kernel": (
        "d > 0:  {}  ⇔  d·k + s·o = e·i + low",
        "d < 0:  {}  ⇔  |d|·(K−1−k) + s·o = e·i + low − d·(K−1)",
    ),
    "output": ("d < 0:  {}  ⇔  s·o + |d|·(K−1−k) = e·i + low − d·(K−1)",),
}
"""Role computed -> its rule's relation."""

for _out, _says in SAYS.items():
    statement(
        f"symbolic.textbook-{_out}",
        says=_says,
        formula="\n".join(each.format("s·o + d·k = e·i + low") for each in RULES[_out]),
        hypotheses=AXIS,
        code=(
            "Axis.as_convolution",
            "textbook.as_ordinary",
            "Axis.holds",
            "Axis.pad_low",
            "Axis.pad_high",
            "Geometry.from_call",
        ),
        subject=lambda axis, out=_out: axis.as_convolution(out),
        checks={"": _check(_out)},
    )
