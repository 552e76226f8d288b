"""``jconv explain`` where it is hard: empty, huge, narrow, cropped away, in groups."""

from __future__ import annotations

import io
import json
import shlex
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from rich.console import Console

from jconv import cli, reference, rules
from jconv.explain import because, code, figure, sizes, sums, taps
from jconv.explain.document import document
from jconv.explain.subject import Subject
from jconv.explain.text import show
from jconv.geometry import OPERANDS, ROLES, Geometry
from tests.test_explain import integers, into, out_of

if TYPE_CHECKING:
    from pathlib import Path

HUGE = 99_999_999_999_999_999_999

EMPTY = {
    "no inputs": Subject.from_call((0,), (3,)),
    "padding only": Subject.from_call((0,), (3,), padding=2),
    "padding only, holes": Subject.from_call((0,), (3,), padding=2, input_dilation=3),
    "no taps": Subject.from_call((5,), (0,)),
    "no taps, dilated": Subject.from_call((5,), (0,), kernel_dilation=2),
}


def told(subject: Subject, width: int, libraries: tuple[str, ...] = ()) -> str:
    """What a terminal of this width shows."""
    file = io.StringIO()
    show(Console(file=file, width=width), subject, libraries)
    return file.getvalue()


def run(words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    exit_code = cli.main(["explain", *shlex.split(words)])
    said = capsys.readouterr()
    return exit_code, said.out, said.err


def test_words_say_what_happens_in_each_group() -> None:
    grouped = Geometry.from_call((6,), (3,), groups=2)
    dx, dw = (rules.describe(grouped, out) for out in ("input", "kernel"))
    assert "channels swapped within each group" in dx
    assert "groups=2" in dx
    assert dw.startswith("for each of the 2 groups of channels: dw = conv(")
    assert "groups" not in rules.describe(Geometry.from_call((6,), (3,)), "kernel")


def test_words_are_a_sentence_where_nothing_is_flipped() -> None:
    geometry = Geometry.from_call(
        (9,), (3,), kernel_dilation=-2, padding=((2, 1),), stride=2
    )
    assert ", w with its channels swapped," in rules.describe(geometry, "input")


def test_a_derivative_is_told_with_its_reason() -> None:
    plain = Subject.from_call((7,), (3,), stride=2)
    for out in ("input", "kernel"):
        reason = because.because(plain, out)
        assert reason in " ".join(told(plain, 110).split())
    assert "becomes 1 zero between" in because.because(plain, "input")
    image = Subject.from_call(
        (9, 9),
        (3, 3),
        stride=(3, 1),
        kernel_dilation=(2, -1),
        input_dilation=2,
        groups=2,
        channels=(2, 2),
    )
    dx, dw = (because.because(image, out) for out in ("input", "kernel"))
    for expected in (
        "ran backwards",
        "3 × 1 becomes 2 × 0 zeros",
        "a stride of 2",
        "each group",
    ):
        assert expected in dx
    assert "dilation of 2 × 1" in dw
    assert "comes out reversed" in dw
    assert set(because.SENTENCES) > {"input", "kernel", "groups"}


def test_the_relation_says_from_where_it_counts() -> None:
    page = told(EMPTY["no inputs"], 110)
    assert "Counted from 0, y[o] has the product" in page
    assert "There is no output." in page


WIDE = {
    "stride": ((24,), (3,), {"stride": 3, "padding": 1}),
    "long kernel": ((9,), (11,), {"padding": 5}),
    "image": ((14, 14), (3, 3), {}),
}


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("given", WIDE.values(), ids=WIDE)
def test_no_window_is_cut_off(given: Any, width: int) -> None:
    size, kernel, options = given
    subject = Subject.from_call(size, kernel, **options)
    lines = [line.split() for line in told(subject, width).splitlines()]
    axis = subject.geometry.axes[0]
    for name, cells in taps.picture(axis) or []:
        if width == 200:
            assert [name, *filter(None, cells)] in lines
    last = taps.window(axis, axis.n_output - 1)
    row = [f"y[{last.output}]", *last.inputs.split(), *last.taps.split()]
    if width < 200 or taps.picture(axis) is None:
        assert row in [line[: len(row)] for line in lines]


@pytest.mark.parametrize("width", [40, 60, 80, 110])
@pytest.mark.parametrize("library", code.LIBRARIES)
def test_code_can_be_copied_from_any_terminal(library: str, width: int) -> None:
    subject = Subject.from_call(
        (28, 28), (3, 3), padding=((9, -2), (0, 3)), groups=2, channels=(4, 6)
    )
    page = told(subject, width, (library,))
    lines = [line.strip("│ ") for line in page.splitlines()]
    for line in code.snippet(library, subject).splitlines():
        assert line.strip() in lines


@pytest.mark.parametrize("kernel", [3, 10**15], ids=["short", "long"])
def test_huge_sizes_take_no_time(kernel: int, tmp_path: Path) -> None:
    subject = Subject.from_call((HUGE,), (kernel,), padding=1)
    geometry = subject.geometry
    assert f"dw[{kernel // 2}] = dy[" in told(subject, 110, tuple(code.LIBRARIES))
    assert document(subject)["shapes"]["x"] == [1, HUGE, 1]
    begins = sums.equation(geometry, "kernel", (1,), shown=3)
    assert begins.startswith("dw[1] = dy[0] x[0] + dy[1] x[1] + … + dy[")
    assert sizes.flop(subject) is None or kernel == 3
    figure.write(subject, tmp_path / "figure.png")
    square = Subject.from_call((HUGE, HUGE), (kernel, 3)).geometry
    assert figure.matrix(square)[0, 0] == 1
    first = next(iter(sums.terms(square, "kernel", (0, 0))))
    assert first == ((0, 0), (0, 0))


@pytest.mark.parametrize("subject", EMPTY.values(), ids=EMPTY)
def test_an_empty_size_is_told_as_it_is(subject: Subject, tmp_path: Path) -> None:
    for size in sizes.sizes(subject):
        left, right = size.filled.rsplit(" = ", 1)
        python = left.replace("⌊(", "((").replace("⌋", ")").replace("−", "-")
        assert eval(python.replace("·", "*").replace("/", "//")) == int(right)
        assert "-" not in left
    figure.write(subject, tmp_path / "figure.png")


CROPPED_AWAY = {
    "high": Subject.from_call((5,), (3,), padding=((9, -6),)),
    "low": Subject.from_call((5,), (3,), padding=((-6, 9),), stride=2),
    "image": Subject.from_call((5, 4), (3, 2), padding=((9, -6), (1, 0))),
    "holes": Subject.from_call((3,), (2,), padding=((-7, 9),), input_dilation=3),
}


@pytest.mark.parametrize("library", code.LIBRARIES)
@pytest.mark.parametrize(
    "subject", (EMPTY | CROPPED_AWAY).values(), ids=EMPTY | CROPPED_AWAY
)
def test_code_that_is_shown_runs(subject: Subject, library: str) -> None:
    source = code.snippet(library, subject)
    if source.startswith("# None: "):
        assert code.is_empty(subject)
        assert library != "jconv"
        return
    if library in ("flax", "torch"):
        pytest.importorskip(library)
    arrays = {role: integers(subject, role) for role in ROLES}
    names = {"x": "input", "w": "kernel", "dy": "output"}
    given: dict[str, Any] = {
        name: into(library, name, arrays[role]) for name, role in names.items()
    }
    exec(compile(source, library, "exec"), given)  # our own text
    for out, name in sums.RESULT.items():
        split = {role: array[None, ..., None, :] for role, array in arrays.items()}
        split["kernel"] = arrays["kernel"][None, ..., None, :]
        pair = (split[role] for role in OPERANDS[out])
        wanted = reference.contract(*pair, subject.geometry, out)
        got = out_of(library, name, given[name])
        np.testing.assert_array_equal(got, wanted.reshape(subject.shape(out)))


def test_a_comment_says_what_is_done_to_the_transposed_convolution() -> None:
    made = {
        "convolution:": Subject.from_call((5,), (3,)),
        "convolution, cropped:": Subject.from_call((5,), (3,), padding=1),
        "convolution, extended by zeros:": Subject.from_call((8,), (3,), stride=3),
        "cropped and extended by zeros:": Subject.from_call(
            (6,), (3,), stride=3, padding=((1, 0),)
        ),
    }
    for words, subject in made.items():
        assert f"{words}\n" in code.LIBRARIES["torch"](subject), words


def test_json_holds_the_code_that_was_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for words, wanted in (
        ("--code torch --code lax", ["torch", "lax"]),
        ("--code none", []),
    ):
        exit_code, printed, _ = run(f"--json {words}", capsys)
        assert exit_code == 0
        assert list(json.loads(printed)["code"]) == wanted


@pytest.mark.parametrize(("kind", "what"), [("page", "page"), ("figure", "picture")])
def test_what_the_page_or_the_picture_does_not_show_is_said(
    kind: str, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / {"page": "page.html", "figure": "figure.svg"}[kind]
    _, printed, said = run(f"--channels 4:4 --groups 4 --{kind} {path}", capsys)
    assert printed == f"Written: {path}\n"
    assert f"The {what} shows one example and one channel" in said
    assert run(f"--{kind} {path}", capsys)[2] == ""


@pytest.mark.parametrize(
    "option", ["--stride", "--kernel-dilation", "--input-dilation"]
)
def test_a_step_that_is_no_integer_is_told_what_is(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code, _, complaint = run(f"{option}=2.5", capsys)
    assert exit_code == 2
    assert "an integer such as 2, or one per axis such as 2x1" in complaint
