"""Why a derivative is the convolution that it is: the sentences, for page and terminal.

``*x*`` is an array's name, which the page sets in italics. What stands in braces is
filled in by whoever shows a sentence; the page chooses among them for itself, as its
sliders move (``templates/story.js``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jconv.explain.subject import Subject
    from jconv.geometry import Role

SENTENCES = {
    "output": (
        "Every output is the same sum at another place: the weights stay, the window "
        "moves by the stride."
    ),
    "input": (
        "In the sum, the index of *dy* goes up while that of *w* goes down: the "
        "kernel, reversed, slides over *dy*."
    ),
    "input, kernel backwards": (
        "The kernel ran backwards already, so now it slides over *dy* as it is."
    ),
    "input, some backwards": (
        "Along an axis where it ran backwards already, it slides as it is."
    ),
    "input, stride": "The stride of {stride} becomes {zeros} between the *dy*.",
    "input, holes": "The zeros between the inputs become a stride of {holes}.",
    "kernel": (
        "Each entry of *dw* is *x* seen through *dy*: the cotangent is the kernel now."
    ),
    "kernel, stride": "The stride of {stride} sets its entries {stride} apart.",
    "kernel, dilation": "The kernel's dilation of {dilation} becomes the stride.",
    "kernel, kernel backwards": (
        "Where the kernel runs backwards, *dw* comes out reversed."
    ),
    "groups": (
        "Outputs of a group see no other group's inputs: each group is a convolution "
        "of its own."
    ),
}
"""What holds -> why; ``input`` and ``kernel`` are the roles that are derived."""


def because(subject: Subject, out: Role) -> str:
    """Why role ``out`` is computed by a convolution, in a few sentences.

    Examples:
        >>> from jconv.explain.subject import Subject
        >>> print(because(Subject.from_call((7,), (3,), stride=2), "kernel"))
        Each entry of dw is x seen through dy: the cotangent is the kernel now. The
        stride of 2 sets its entries 2 apart.
    """
    stride, holes, dilation = (
        subject.per_axis(name)
        for name in ("stride", "input_dilation", "kernel_dilation")
    )
    backwards = [d < 0 for d in dilation]
    chosen: list[str] = [out]
    if out == "input" and any(backwards):
        every = ["input, kernel backwards"]
        chosen = every if all(backwards) else [out, "input, some backwards"]
    if max(stride) > 1 and out != "output":
        chosen.append(f"{out}, stride")
    if max(holes) > 1 and out == "input":
        chosen.append("input, holes")
    if out == "kernel":
        steep = max(map(abs, dilation)) > 1
        chosen += ["kernel, dilation"] if steep else []
        chosen += ["kernel, kernel backwards"] if any(backwards) else []
    if subject.geometry.groups > 1:
        chosen.append("groups")
    zeros = [s - 1 for s in stride]
    return (
        " ".join(SENTENCES[name] for name in chosen)
        .replace("*", "")
        .format(
            stride=_each(stride),
            zeros=f"{_each(zeros)} zero{'' if set(zeros) == {1} else 's'}",
            holes=_each(holes),
            dilation=_each([abs(d) for d in dilation]),
        )
    )


def _each(numbers: Sequence[int]) -> str:
    """One number where all axes agree, else one of each.

    Examples:
        >>> _each((2, 2)), _each((2, 1))
        ('2', '2 × 1')
    """
    same = len(set(numbers)) == 1
    return str(numbers[0]) if same else " × ".join(map(str, numbers))
