"""``jconv explain``: its equations, formulas, code, pictures and documents."""

from __future__ import annotations

import io
import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
import pytest
from rich.console import Console

from jconv import cli, reference
from jconv.explain import code, figure, sizes, sums, taps, text
from jconv.explain.document import document
from jconv.explain.subject import Subject
from jconv.geometry import OPERANDS, ROLES, Geometry

if TYPE_CHECKING:
    from pathlib import Path

SUBJECTS: dict[str, Subject] = {
    "5 -> 3": Subject.from_call((5,), (3,)),
    "stride": Subject.from_call((7,), (3,), stride=2, padding=((2, 1),)),
    "unused end": Subject.from_call((8,), (3,), stride=3, batch=2),
    "true convolution": Subject.from_call(
        (6,), (3,), kernel_dilation=-1, padding="full", channels=(2, 3), batch=2
    ),
    "holes in x": Subject.from_call(
        (6,), (3,), input_dilation=2, padding=((1, 0),), stride=3
    ),
    "2-D groups": Subject.from_call(
        (6, 5),
        (3, 2),
        stride=(2, 1),
        padding="same",
        kernel_dilation=(1, -2),
        groups=2,
        channels=(4, 6),
        batch=2,
    ),
    "2-D cropped": Subject.from_call(
        (6, 5),
        (3, 2),
        stride=(2, 1),
        padding=((-1, 2), (0, 1)),
        input_dilation=(1, 2),
        channels=(2, 3),
    ),
    "3-D depthwise": Subject.from_call(
        (4, 4, 5), (2, 3, 2), stride=2, padding=1, channels=(2, 2), groups=2
    ),
}

every_subject = pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)


def integers(subject: Subject, role: str) -> np.ndarray:
    random = np.random.default_rng(len(role))
    shape = subject.shape(role)  # type: ignore[arg-type]
    return random.integers(-4, 5, shape).astype("float64")


def by_the_oracle(subject: Subject) -> dict[str, np.ndarray]:
    """y, dx and dw of the integers above."""
    groups = subject.geometry.groups
    split = {}
    for role in ROLES:
        array = integers(subject, role)
        split[role] = array.reshape(1, *array.shape[:-1], groups, -1)
    found = {}
    for out, name in sums.RESULT.items():
        pair = (split[role] for role in OPERANDS[out])
        summed = reference.contract(*pair, subject.geometry, out)
        found[name] = summed.reshape(subject.shape(out))
    return found


@every_subject
@pytest.mark.parametrize("library", code.LIBRARIES)
def test_the_code_computes_what_it_says(library: str, subject: Subject) -> None:
    if library in ("flax", "torch"):
        pytest.importorskip(library)
    source = code.LIBRARIES[library](subject)
    names = {"x": "input", "w": "kernel", "dy": "output"}
    given: dict[str, Any] = {}
    for name, role in names.items():
        given[name] = into(library, name, integers(subject, role))
    exec(compile(source, library, "exec"), given)  # our own text
    for name, wanted in by_the_oracle(subject).items():
        got = out_of(library, name, given[name])
        np.testing.assert_array_equal(got, wanted, err_msg=source)


def into(library: str, name: str, array: np.ndarray) -> Any:
    """An array as the library has it: PyTorch's channels come first."""
    if library != "torch":
        return jax.numpy.asarray(array)
    import torch

    places = ((-1, -2), (0, 1)) if "w" in name else (-1, 1)
    return torch.tensor(np.moveaxis(array, *places).copy())


def out_of(library: str, name: str, array: Any) -> np.ndarray:
    """The way back."""
    if library != "torch":
        return np.asarray(array)
    places = ((0, 1), (-1, -2)) if "w" in name else (1, -1)
    return np.moveaxis(array.detach().numpy(), *places)


@every_subject
def test_the_terms_of_each_entry_are_those_of_the_relation(subject: Subject) -> None:
    geometry = subject.geometry
    for out in ROLES:
        first, second = sums.FACTORS[out]
        found = set()
        for index in np.ndindex(geometry.size(out)):
            pairs = list(sums.terms(geometry, out, index))
            assert len(pairs) == sums.term_count(geometry, out, index)
            found |= {
                tuple(spots[role] for role in ROLES)
                for a, b in pairs
                for spots in [{out: index, first: a, second: b}]
            }
        tables = [np.argwhere(reference.relation(axis)) for axis in geometry.axes]
        wanted = set()
        for rows in np.ndindex(*(len(table) for table in tables)):
            o, k, i = zip(
                *(table[n] for table, n in zip(tables, rows, strict=True)), strict=True
            )
            wanted.add((tuple(map(int, i)), tuple(map(int, k)), tuple(map(int, o))))
        assert found == wanted


def test_a_formula_filled_in_has_the_value_that_it_states() -> None:
    for subject in SUBJECTS.values():
        for size in sizes.sizes(subject):
            left, right = size.filled.rsplit(" = ", 1)
            python = left.replace("⌊(", "((").replace("⌋", ")").replace("−", "-")
            python = python.replace("·", "*").replace("/", "//")
            assert eval(python) == int(right), size.filled  # our own text
    assert sizes.sizes(SUBJECTS["unused end"])[0].unused == 2


@every_subject
def test_the_matrix_of_the_figure_is_the_convolution(subject: Subject) -> None:
    geometry = subject.geometry
    w = np.arange(1.0, 1 + np.prod(geometry.kernel_shape))
    kernel = w.reshape(1, *geometry.kernel_shape, 1, 1, 1)
    n_input = int(np.prod(geometry.input_shape))
    basis = np.eye(n_input).reshape(1, n_input, *geometry.input_shape, 1, 1)
    single = Geometry(geometry.axes)
    columns = reference.contract(basis, kernel, single, "output")
    wanted = columns.reshape(n_input, -1).T[: figure.MATRIX_SHOWN]
    got = figure.matrix(geometry)
    assert np.array_equal(got, wanted[:, : figure.MATRIX_SHOWN])


def test_windows_of_a_large_axis_are_cut_and_told() -> None:
    axis = Geometry.from_call((200,), (9,), padding="same").axes[0]
    assert taps.picture(axis) is None
    assert None in taps.outputs_shown(axis)
    assert taps.window(axis, 0).absent == 4


def run(words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    exit_code = cli.main(["explain", *shlex.split(words)])
    told = capsys.readouterr()
    return exit_code, told.out, told.err


def test_the_terminal_tells_sizes_derivatives_and_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exit_code, told, _ = run("--input 7 --kernel 3 --stride 2 --padding 1", capsys)
    assert exit_code == 0
    for expected in (
        "⌊(7 + 1 + 1 − 3) / 2⌋ + 1 = 4",
        "2·o + k = i + 1",
        "y[0] (w0) w1 w2",
        "dx = conv(dy with 1 zero between its entries",
        "dx[3] = dy[1] w[2] + dy[2] w[0]",
        "F.conv_transpose1d",
        "nn.Conv",
    ):
        assert expected in told
    exit_code, told, _ = run("--input 64x64x9 --kernel 3x3x3 --code none", capsys)
    assert exit_code == 0
    assert "Along the columns" in told
    assert "import" not in told


def test_a_kernel_that_runs_backwards_along_one_axis_is_told_of_that_axis(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = "--input 5x4 --kernel 2x2 --code none --kernel-dilation"
    _, told, _ = run(f"{words} 1x-1", capsys)
    assert "true convolution along axis 1: the kernel runs backwards there" in told
    assert "w flipped along axis 0 and" in told
    _, told, _ = run(f"{words} -1", capsys)
    assert re.search(r"true convolution: the kernel runs backwards *\n", told)
    _, told, _ = run(f"{words} 1x-1 --json", capsys)
    dw = json.loads(told)["derivatives"]["dw"]
    assert dw["words"].endswith(") flipped along axis 1")


@pytest.mark.parametrize("width", [40, 60, 70, 80, 100])
def test_a_narrow_terminal_keeps_the_names_of_the_outputs(width: int) -> None:
    """What does not fit goes on below or is left out; nothing is cut."""
    subject = Subject.from_call((2800,), (500,), stride=2, padding="same")
    console = Console(width=width, record=True, file=io.StringIO())
    text.show(console, subject, ())
    told = console.export_text()
    table = told[told.index("  output") : told.index("The derivatives")]
    assert re.findall(r"y\[\d+\]", table)[-2:] == ["y[1398]", "y[1399]"]
    assert table.count("…") == 3 + 2 * 7  # a row left out, and each list's middle
    assert table.count("w[254]") == 1
    assert ("249  " in table) == (width >= 80)  # taps without an input


def test_json_is_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code, told, _ = run("--json", capsys)
    assert exit_code == 0
    assert json.loads(told) == document(SUBJECTS["5 -> 3"])
    (listed,) = document(Subject.from_call((9000,), (2000,)))["taps"]
    assert [tap["tap"] for tap in listed][30:34] == [30, 31, 1968, 1969]


@pytest.mark.parametrize(
    ("words", "ending", "begins"),
    [
        ("--input 7 --kernel 3 --stride 2", "png", b"\x89PNG"),
        ("--input 30x9x4 --kernel 3x3x2 --padding same", "svg", b"<?xml"),
        ("--input 9000 --kernel 2000", "png", b"\x89PNG"),
        ("--input 0 --kernel 3", "png", b"\x89PNG"),
    ],
    ids=["png", "3-D svg", "large", "empty"],
)
def test_the_figure_is_written(
    words: str,
    ending: str,
    begins: bytes,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / f"figure.{ending}"
    exit_code, told, _ = run(f"{words} --figure {path}", capsys)
    assert (exit_code, told) == (0, f"Written: {path}\n")
    assert path.read_bytes().startswith(begins)


WRONG = {
    "no kernel": "--input 9x9",
    "sizes": "--input 9by9 --kernel 3x3",
    "4-D": "--input 3x3x3x3 --kernel 1x1x1x1",
    "window too large": "--input 3 --kernel 5",
    "padding": "--padding 1:b",
    "input dilation": "--input-dilation 0",
    "groups": "--channels 4:6 --groups 4",
    "figure": "--figure picture.bmp",
    "code": "--code caffe",
}


@pytest.mark.parametrize("words", WRONG.values(), ids=WRONG)
def test_bad_usage_is_one_message(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code, told, complaint = run(words, capsys)
    assert (exit_code, told) == (2, "")
    assert "expected" in complaint
    assert complaint.count("\n") == 1


def test_a_folder_that_is_not_there_is_bad_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code, _, complaint = run(f"--figure {tmp_path}/none/f.png", capsys)
    assert exit_code == 2
    assert "No such file" in complaint
