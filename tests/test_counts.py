"""Counts in README and docs are those of the code; a stale one fails here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from statistics import geometric_mean
from typing import Any

import pytest

from jconv.verify import families, registry, symbolic
from jconv.verify.claims.backward_routes import PROVED
from jconv.verify.context import Context
from jconv.verify.exhaustive.geometries import Ranges, every_geometry
from jconv.verify.exhaustive.routines import count

ROOT = Path(__file__).parents[1]
TEXTS = {"README.md": ROOT / "README.md"} | {
    str(path.relative_to(ROOT)): path for path in sorted((ROOT / "docs").rglob("*.md"))
}


def geometries() -> int:
    return len(every_geometry(Ranges()))


def lines() -> int:
    """Of them, those with one axis."""
    return geometries() - Ranges().planes


COUNTS = {
    r"checks ([\d,]+) claims": lambda: len(registry()),
    r"on ([\d,]+) convolutions\s+of rank": lambda: len(
        families.sample(3, dtype=Context().dtypes)
    ),
    r"\*proved\* for ([\d,]+) geometries": lambda: len(PROVED),
    r"small geometry, ([\d,]+) of\s+them": geometries,
    r"proved for [\d,]+ of ([\d,]+)\s+geometries": geometries,
    r"geometries, ([\d,]+) algorithms, in all three roles": count,
    r"which leaves ([\d,]+);": lines,
    r"([\d,]+) two-dimensional ones": lambda: Ranges().planes,
    r"These are ([\d,]+) ways to write": lambda: Ranges().written,
    r"([\d,]+) of [\d,]+ statements proved": lambda: len(symbolic.STATEMENTS),
    r"([\d,]+) of [\d,]+ wrong rules": lambda: len(symbolic.WRONG_RULES),
}
"""What a text says, as a pattern with the count in it -> the count."""


@pytest.mark.parametrize("pattern", COUNTS)
def test_a_count_is_what_it_says(pattern: str) -> None:
    found = {
        f"{name}: {match[0]}": int(match[1].replace(",", ""))
        for name, path in TEXTS.items()
        for match in re.finditer(pattern, path.read_text(encoding="utf-8"))
    }
    assert found, "no text says this any more: drop the pattern"
    assert found == dict.fromkeys(found, COUNTS[pattern]())


def test_claims_are_counted_nowhere_else() -> None:
    """A number of claims in other words would go stale unseen."""
    known = re.compile(r"checks \d+ claims")
    loose = re.compile(r"\b\d{2,} claims")
    for name, path in TEXTS.items():
        text = known.sub("", path.read_text(encoding="utf-8"))
        assert loose.findall(text) == [], name


# Speed ------------------------------------------------------------------------------

RESULTS = ROOT / "benchmarks" / "results"
SAID = {
    "dense layers": "dense",
    "grouped and depthwise layers": "grouped and depthwise",
    "per-example gradients": "per-example gradients",
    "pools": "pools",
    "training step, small VGG": "step/vgg",
    "training step, ResNet-18-like": "step/resnet18",
    "training step, ConvNeXt-like": "step/convnext",
}
"""What the README calls a row -> the family or the step in a recorded run."""
OTHERS = {
    "other dense layers": "dense",
    "other grouped and depthwise layers": "grouped and depthwise",
}
"""The same of layers to which nothing was fitted."""

SLOWER = r"(\d+) of (\d+) rows are slower than 0\.9 × lax, (\d+) with malloc untuned"

USUAL = "amd-epyc-zen5-2-cores"
"""The machine that the table is of."""


def newest(machine: str, ending: str = "") -> dict[str, Any]:
    """The newest recorded run of a kind; kinds are not all measured on one day."""
    dated = re.compile(rf"{machine}-\d{{4}}-\d\d-\d\d{ending}")
    runs = (path for path in RESULTS.glob("*.json") if dated.fullmatch(path.stem))
    return json.loads(max(runs).read_text(encoding="utf-8"))


def recorded(
    machine: str, ending: str = ""
) -> dict[str, tuple[int, float, float | None]]:
    """Rows, times as fast as lax and as PyTorch, in the newest run of a kind."""
    found = newest(machine, ending)
    steps = {
        row["name"]: (1, row["lax_over_jconv"], row["torch_over_jconv"])
        for row in found["rows"]
        if row["family"] == "step"
    }
    return steps | {
        family["family"]: (family["rows"], family["lax"], family["torch"])
        for family in found["summary"]["families"]
    }


def test_the_table_of_speed_is_that_of_the_recorded_runs() -> None:
    text = TEXTS["README.md"].read_text(encoding="utf-8")
    now, untuned = recorded(USUAL), recorded(USUAL, "-default-malloc")
    others = recorded(USUAL, "-held-out")
    told = {
        cells[0]: cells[1:]
        for line in text.splitlines()
        if (cells := [cell.strip() for cell in line.strip("|").split("|")])[0]
        in SAID | OTHERS
    }
    assert told == {
        name: [str(now[key][0]), *map(two_digits, (*now[key][1:], untuned[key][1]))]
        for name, key in SAID.items()
    } | {
        name: [str(others[key][0]), *map(two_digits, others[key][1:]), ""]
        for name, key in OTHERS.items()
    }


def test_so_is_the_number_of_noisy_rows() -> None:
    text = " ".join(TEXTS["README.md"].read_text(encoding="utf-8").split())
    said = re.search(r"in (\d+) of (\d+) rows lax against itself was off", text)
    assert said
    run = newest(USUAL)
    counts = [len(run["summary"]["noisy"]), len(run["rows"])]
    assert list(map(int, said.groups())) == counts


def two_digits(number: float | None) -> str:
    return f"{number:.2f}"


def test_so_is_the_number_of_slow_rows() -> None:
    ratios = [
        row["lax_over_jconv"]
        for row in newest(USUAL)["rows"]
        if row["family"] != "step" and row["lax_over_jconv"]
    ]
    said = re.search(SLOWER, TEXTS["README.md"].read_text(encoding="utf-8"))
    assert said
    now, untuned = (
        len(run["summary"]["slow"]["lax"])
        for run in (newest(USUAL), newest(USUAL, "-default-malloc"))
    )
    assert list(map(int, said.groups())) == [now, len(ratios), untuned]


def test_so_is_what_is_told_of_the_newest_jax() -> None:
    text = " ".join(TEXTS["README.md"].read_text(encoding="utf-8").split())
    said = re.search(
        r"jconv is ([\d.]+) times as fast as lax on (\d+) rows of dense layers "
        r"\((\d+) of them are slower than 0\.9 ×\): "
        r"([\d.]+) forward, ([\d.]+) for dx, ([\d.]+) for dw",
        text,
    )
    assert said
    rows = newest(USUAL, "-newest-jax")["rows"]
    ratios = [(row["role"], row["lax_over_jconv"]) for row in rows]
    slow = sum(ratio < 0.9 for _, ratio in ratios)
    means = [
        geometric_mean([ratio for role, ratio in ratios if role in roles])
        for roles in (("fwd", "dx", "dw"), ("fwd",), ("dx",), ("dw",))
    ]
    whole, *parts = (f"{mean:.2f}" for mean in means)
    assert list(said.groups()) == [whole, str(len(rows)), str(slow), *parts]


def test_so_is_what_is_told_of_a_gpu() -> None:
    text = " ".join(TEXTS["README.md"].read_text(encoding="utf-8").split())
    said = re.search(
        r"jconv is ([\d.]+) times as fast on (\d+) rows of dense layers and ([\d.]+) "
        r"times on (\d+) rows of grouped and depthwise ones",
        text,
    )
    assert said
    dense, grouped = newest("nvidia-h100")["summary"]["families"]
    told = [f"{dense['lax']:.2f}", str(dense["rows"])]
    told += [f"{grouped['lax']:.2f}", str(grouped["rows"])]
    assert list(said.groups()) == told
