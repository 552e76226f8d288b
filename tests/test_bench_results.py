"""The document of ``jconv bench``, its means and its pictures."""

from __future__ import annotations

import functools
import json

import numpy as np
import pytest

from jconv.bench import bars, figures, results, roofline, run, summary, table
from jconv.bench.compiled import Program, compiled
from jconv.bench.limits import Limits
from jconv.bench.row import Row
from jconv.bench.run import LAX, OURS, Measured, Run
from jconv.bench.timing import Effort, Samples
from jconv.verify import report

LIMITS = Limits(1e12, {1000: 1e11, 9000: 1e10})
PROGRAM = Program(run=None, compile_s=0.5, temp_bytes=3_000_000, peak_bytes=None)


def row(name: str = "net/conv1", role: str = "fwd", family: str = "dense") -> Row:
    return Row(
        name=name,
        role=role,
        family=family,
        tags=(family, "2-D"),
        shape="1 × 2x2",
        operands=((2, 2), (2, 2)),
        ours=lambda x, w: x @ w,
        lax=lambda x, w: x @ w,
        torch=lambda operands: {},
        flop=10**9,
        n_bytes=500,
        chosen=lambda: "taps",
    )


def measured(
    ours: float = 2e-3,
    lax: float = 6e-3,
    torch: float | None = None,
    aa: float = 1.01,
    **of_row: str,
) -> Measured:
    samples = Samples({OURS: [ours, ours, 9.0], LAX: [lax, 0.0, lax, 8.0]}, aa)
    times = {} if torch is None else {"first": [torch] * 3, "last": [2 * torch]}
    return Measured(row(**of_row), PROGRAM, PROGRAM, samples, 1e-6, times)


def document(*rows: Measured, failures: tuple[tuple[str, str], ...] = ()) -> dict:
    made = results.document(
        Run(list(rows), list(failures)),
        LIMITS,
        Samples({}, 0.99),
        {"command": "jconv bench", "malloc": {}, "torch": None},
    )
    return json.loads(report.to_json(made))  # as a reader sees it


def test_a_row_of_the_document():
    (entry,) = document(measured(torch=4e-3))["rows"]
    assert entry["id"] == "net/conv1.fwd"
    assert entry["jconv"]["median_s"] == 2e-3
    assert entry["jconv"]["samples_s"] == [2e-3, 2e-3, 9.0]
    assert entry["lax_over_jconv"] == pytest.approx(3.0)
    assert entry["torch"]["layout"] == "first"  # the best of both
    assert entry["torch_over_jconv"] == pytest.approx(2.0)
    # 10^9 operations at 10^12 a second take longer than 500 bytes:
    assert entry["limit_s"] == 1e-3
    assert entry["limit_share"] == pytest.approx(0.5)
    assert entry["noisy"] is False
    assert entry["agrees"] is True


def test_a_row_without_peers():
    alone = Measured(row(), PROGRAM, None, Samples({OURS: [1.0]}, 1.0), None)
    (entry,) = document(alone)["rows"]
    absent = ("lax", "torch", "lax_over_jconv", "torch_over_jconv", "difference")
    assert {entry[key] for key in absent} == {None}


def test_means_by_family_and_what_is_slow():
    found = document(
        measured(ours=1.0, lax=2.0, torch=0.5),
        measured(ours=1.0, lax=8.0, torch=2.0, role="dx"),
        measured(ours=1.0, lax=0.5, name="b", family="grouped"),
        measured(ours=1.0, lax=0.8, name="b", role="dw", family="depthwise"),
        measured(ours=1.0, lax=0.95, name="c", family="pool", aa=0.9),
    )["summary"]
    by_name = {each.pop("family"): each for each in found["families"]}
    assert by_name["dense"] == {"rows": 2, "lax": pytest.approx(4.0), "torch": 1.0}
    both = pytest.approx(0.4**0.5)
    expected = {"rows": 2, "lax": both, "torch": None}
    assert by_name["grouped and depthwise"] == expected
    assert list(by_name) == ["dense", "grouped and depthwise", "pools"]
    assert found["slow"] == {"lax": ["b.fwd", "b.dw"], "torch": ["net/conv1.fwd"]}
    assert found["noisy"] == ["c.fwd"]
    assert found["aa_worst"] == 0.9


def test_the_summary_of_an_interrupted_run_may_be_empty():
    found = document()
    assert found["rows"] == []
    assert found["summary"]["families"] == []
    assert summary.mean([], "lax") is None
    assert table.notes(found) == ["One program measured twice (A/A): first 0.990."]


def test_notes_say_what_a_reader_must_know():
    differing = measured(role="dx")
    differing.difference = 0.5
    refused = measured(role="dw", aa=1.2)
    refused.torch_error = "no [such] kernel"
    found = document(differing, refused, failures=(("a.fwd", "ValueError: [b]"),))
    told = "\n".join(table.notes(found))
    for words in ("differ by 0.5", "A/A is off", r"no \[such] kernel", r"\[b]"):
        assert words in told
    assert found["summary"]["disagreeing"] == ["net/conv1.dx"]


def test_many_slow_rows_are_counted_and_only_some_named():
    rows = [measured(ours=1.0, lax=0.1, name=f"n{n:02}") for n in range(30)]
    (line,) = [text for text in table.notes(document(*rows)) if "Slower" in text]
    assert "30 rows" in line
    assert "n00.fwd" in line
    assert "n29.fwd" not in line


# Running -----------------------------------------------------------------------------


def test_one_row_in_error_costs_no_other():
    def broken(x, w):
        message = "first line\nsecond line"
        raise ValueError(message)

    good, found, told = row(), Run(), []
    bad = Row(**{**good.__dict__, "name": "bad", "ours": broken})
    run.in_jax(
        found,
        [bad, good],
        Effort(0, 1, most_rounds=1, attempts=1),
        told.append,
        peer=True,
    )
    assert told == ["bad.fwd", "net/conv1.fwd"]
    assert found.failures == [("bad.fwd", "ValueError: first line")]
    assert [each.row.id for each in found.measured] == ["net/conv1.fwd"]
    assert found.measured[0].agrees
    assert set(found.measured[0].samples.seconds) == {OURS, LAX}


def test_without_a_peer_a_program_is_measured_against_itself():
    found = Run()
    run.in_jax(
        found,
        [row()],
        Effort(0, 2, most_rounds=2, attempts=1),
        lambda _: None,
        peer=False,
    )
    (each,) = found.measured
    assert each.lax is None
    assert list(each.samples.seconds) == [OURS]
    assert len(each.samples.seconds[OURS]) >= 4  # two rounds, measured twice


def test_a_wrong_result_is_seen():
    found, good = Run(), row()
    wrong = Row(**{**good.__dict__, "ours": lambda x, w: x @ w + 1})
    run.in_jax(
        found,
        [wrong],
        Effort(0, 1, most_rounds=1, attempts=1),
        lambda _: None,
        peer=True,
    )
    assert not found.measured[0].agrees


def test_pytorch_that_cannot_is_noted():
    def cannot(operands):
        raise RuntimeError("not here")

    each = measured()
    each.row = Row(**{**each.row.__dict__, "torch": cannot})
    run.in_torch(Run([each]), Effort(0, 1, most_rounds=1, attempts=1), lambda _: None)
    assert each.torch == {}
    assert each.torch_error == "RuntimeError: not here"


def test_a_compiled_program_knows_its_memory_and_its_time():
    x = np.ones((64, 64), np.float32)
    program = compiled(lambda x: (x @ x) @ x, [x])
    assert program.compile_s > 0
    assert program.temp_bytes >= 64 * 64 * 4  # the inner product
    assert np.array_equal(program.call([x])(), np.full((64, 64), 64.0**2))


# Pictures ----------------------------------------------------------------------------


def test_bars_start_at_one_and_end_at_the_mean():
    found = document(
        measured(ours=1.0, lax=2.0, torch=0.5),
        measured(ours=1.0, lax=8.0, torch=0.5, role="dx"),
        measured(ours=1.0, lax=0.5, name="b", family="depthwise"),
    )
    drawn = bars.draw(found)
    lax, torch = drawn.axes
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in lax.patches]
    assert ends == [pytest.approx((1, 4.0)), pytest.approx((1, 0.5))]
    assert len(torch.patches) == 1  # the other layer has no such peer
    names = [label.get_text() for label in lax.get_yticklabels()]
    assert names == ["dense", "net/conv1", "grouped and depthwise", "b"]


@pytest.mark.parametrize(
    "rows",
    [
        (),
        (measured(),),
        (measured(family="pool"), measured(torch=1.0, role="dw")),
        (measured(family="step", role="step"),),
    ],
    ids=["nothing", "one", "two", "step"],
)
def test_pictures_of_any_run_are_written(rows, tmp_path):
    written = figures.write(tmp_path, document(*rows))
    assert [path.name for path in written] == [
        f"{name}.{suffix}"
        for name in ("ratios", "roofline")
        for suffix in ("png", "svg")
    ]
    starts = [path.read_bytes()[:5] for path in written]
    assert starts == [b"\x89PNG\r", b"<?xml"] * 2


def test_what_saves_operations_stands_above_the_roof_and_in_the_picture():
    """Of 10^12 operations a second at the most, 10^9 took a tenth of a millisecond."""
    figure = roofline.draw(document(measured(ours=1e-4)))
    (axes,) = figure.axes
    assert axes.get_ylim()[1] > 1e4


def test_operands_are_made_when_they_are_needed():
    made = Row(**{**row().__dict__, "operands": functools.partial(list, "ab")})
    assert run.host_operands(made) == ["a", "b"]
    first, second = run.host_operands(row())
    assert first.shape == second.shape == (2, 2)
    assert np.array_equal(first, run.host_operands(row())[0])
