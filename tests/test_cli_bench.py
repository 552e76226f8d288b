"""``jconv bench``: bad usage before any measuring, interruption, one real run."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from jconv import cli
from jconv.bench import conv_rows, limits, malloc, run, selection, torch_peers
from jconv.bench.layer import Layer
from jconv.bench.limits import Limits

TINY = (
    Layer("tiny/conv", 1, (6, 6), 2, 3, (3, 3), padding=1),
    Layer("tiny/dw", 1, (6, 6), 2, 2, (3, 3), groups=2),
)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two tiny layers on a machine whose limits are known, without PyTorch."""
    rows = {"layers": lambda method: conv_rows.conv_rows(TINY, method)}
    monkeypatch.setattr(selection, "TABLES", selection.TABLES | rows)
    monkeypatch.setattr(selection, "QUICK", tuple(layer.name for layer in TINY))
    monkeypatch.setattr(selection, "USUAL", ("layers",))
    monkeypatch.setattr(limits, "measure", lambda: Limits(1e12, {1 << 20: 1e11}))
    sizes = [{"bytes": 16, "fresh_s": 0.25, "in_place_s": 0.125, "faults": 0}]
    probed = {"storm": False, "sizes": sizes, "environment": {}}
    monkeypatch.setattr(malloc, "probe", lambda: probed)
    monkeypatch.setattr(torch_peers, "load", lambda: None)
    monkeypatch.chdir(tmp_path)


def bench(*arguments: str) -> int:
    return cli.main(["bench", *arguments])


@pytest.fixture
def never_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(*_: Any, **__: Any) -> None:
        pytest.fail("measured although the usage is wrong")

    monkeypatch.setattr(run, "in_jax", measured)
    monkeypatch.setattr(run, "agreement", measured)


BAD_USAGE = {
    "unknown pattern": (["--only", "tiny/cnov"], "tiny/conv"),
    "unknown family": (["--family", "dens"], "dense"),
    "unknown role": (["--role", "forward"], "fwd, dx, dw, step"),
    "unknown peer": (["--peers", "lax,flax"], "lax, torch"),
    "unknown malloc": (["--malloc", "fast"], "tuned, default"),
    "no time": (["--budget", "0"], "more than 0"),
    "not a time": (["--budget", "nan"], "more than 0"),
    "a folder as file": (["--json", "."], "folder"),
    "a file as folder": (["--json", "taken/results.json"], "--json"),
    "figures in a file": (["--figures", "taken"], "--figures"),
}


@pytest.mark.usefixtures("never_measured")
@pytest.mark.parametrize(
    ("arguments", "words"), BAD_USAGE.values(), ids=BAD_USAGE.keys()
)
def test_bad_usage_is_told_before_any_measuring(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    (tmp_path / "taken").touch()
    assert bench(*arguments) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert "Traceback" not in told.err


def test_a_quick_run_writes_what_the_schema_says(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code = bench(
        *("--quick", "--only", "tiny/*.d?", "--budget", "0.01"),
        *("--json", "out/results.json", "--figures", "pictures"),
    )
    told = capsys.readouterr().out
    assert code == 0, told
    assert "PyTorch is not installed" in told
    assert "pip install torch" in told
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    schema_text = (
        Path(__file__).parent.parent / "docs" / "bench-schema.md"
    ).read_text()
    assert found["schema"] == "jconv-bench/1"
    assert found["command"] == ("jconv bench --only 'tiny/*.d?' --quick --budget 0.01")
    assert [row["id"] for row in found["rows"]] == [
        *("tiny/conv.dx", "tiny/conv.dw", "tiny/dw.dx", "tiny/dw.dw")
    ]
    for row in found["rows"]:
        assert row["agrees"]
        assert row["difference"] < 1e-5
        for peer in ("jconv", "lax"):
            assert len(row[peer]["samples_s"]) >= 4
            assert all(seconds > 0 for seconds in row[peer]["samples_s"])
        ratio = row["lax"]["median_s"] / row["jconv"]["median_s"]
        assert math.isclose(row["lax_over_jconv"], ratio, rel_tol=1e-12)
        assert row["torch"] is None
    # Every key that is written is described, and the other way round.
    described = set(re.findall(r"^\| (`\w+`(?: `\w+`)*) \|", schema_text, re.MULTILINE))
    described = {key.strip("`") for cell in described for key in cell.split()}
    parts = [found, found["malloc"], found["malloc"]["sizes"][0], found["limits"]]
    parts += [found["limits"]["copies"][0], found["summary"], found["rows"][0]]
    parts += [found["summary"]["families"][0], found["rows"][0]["jconv"]]
    written = {key for part in parts for key in part}
    assert written - described == set()
    optional = {"cut_off", "error", "layout", "version", "threads", "wait_policy"}
    assert described - written == optional
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == [
        *("ratios.png", "ratios.svg", "roofline.png", "roofline.svg")
    ]


def test_an_interrupted_run_shows_its_rows_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    measure = run._in_jax

    def interrupted(row: Any, effort: Any, *, peer: bool) -> Any:
        if row.id == "tiny/conv.dw":
            raise KeyboardInterrupt
        return measure(row, effort, peer=peer)

    monkeypatch.setattr(run, "_in_jax", interrupted)
    code = bench("--budget", "0.01", "--json", "out/r.json", "--figures", "out")
    told = capsys.readouterr().out
    assert code == 130
    assert "Interrupted after 2 of 6 rows; nothing was written." in told
    assert "tiny/conv" in told
    assert list((tmp_path / "out").iterdir()) == []


def test_a_wrong_result_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = conv_rows.our_pass

    def wrong(layer: Any, pass_: Any) -> Any:
        function = right(layer, pass_)
        return lambda *operands, **options: 1.1 * function(*operands, **options)

    monkeypatch.setattr(conv_rows, "our_pass", wrong)
    assert bench("--only", "tiny/dw.fwd", "--budget", "0.01", "--peers", "lax") == 1
    told = capsys.readouterr().out
    assert "jconv and lax differ by 0.1" in told
    assert "PyTorch" not in told


def test_a_storm_is_told_with_the_line_that_ends_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    probed = malloc.probe() | {"storm": True}
    monkeypatch.setattr(malloc, "probe", lambda: probed)
    monkeypatch.setattr(malloc, "restart", lambda _: pytest.fail("not this process"))
    assert bench("--only", "tiny/dw.fwd", "--budget", "0.01", "--peers", "lax") == 0
    assert malloc.ONE_LINE in capsys.readouterr().out
