"""What comes from the code and from recorded runs: algorithms, claims, speed.

``<!-- table: algorithms -->`` and the like, on a line of their own.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jconv.algorithms import REGISTRY
from jconv.bench.malloc import ONE_LINE
from jconv.verify import registry
from jconv.verify.figures import FIGURES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.verify.claim import Claim

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"

FLAGS = {
    "exact_on_integers": "exact on integers",
    "keeps_nonfinite_local": "keeps NaN and infinity local",
    "keeps_batch_whole": "keeps the batch whole",
}
"""Attribute of an algorithm -> the column's title."""


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Write the tables."""
    for name, lines in TABLES.items():
        mark = f"<!-- table: {name} -->"
        if mark in markdown:
            markdown = markdown.replace(mark, "\n".join(lines()))
    return markdown


def algorithms() -> Iterator[str]:
    """A row for each algorithm of the registry."""
    flags = [
        flag
        for flag in FLAGS
        if any(hasattr(algorithm, flag) for algorithm in REGISTRY.values())
    ]
    yield f"| method | what it does | {' | '.join(FLAGS[flag] for flag in flags)} |"
    yield "|-|-|" + "-|" * len(flags)
    for name, algorithm in REGISTRY.items():
        does = first_sentence(sys.modules[type(algorithm).__module__].__doc__ or "")
        marks = ["yes" if getattr(algorithm, flag, False) else "no" for flag in flags]
        yield f"| `{name}` | {does} | {' | '.join(marks)} |"


def claims() -> Iterator[str]:
    """A table for each topic, a row for each claim, and the pictures that some have."""

    def topic(claim: Claim) -> str:
        return claim.id.split(".")[0]

    by_topic = itertools.groupby(sorted(registry().values(), key=topic), key=topic)
    for name, members in by_topic:
        shown = []
        yield f'\n## {name}\n\n<div class="claims" markdown>\n'
        yield "| claim | says | kind |\n|-|-|-|"
        for claim in members:
            says = " ".join(claim.says.split())
            cell = says.replace("|", "\\|")
            yield f"| `{claim.id}` | {cell} | {claim.kind} |"
            if claim.id in FIGURES:
                shown.append(f"<!-- figure: {claim.id} | {claim.id}: {says} -->")
        yield "\n</div>\n"
        yield "\n\n".join(shown)


def malloc() -> Iterator[str]:
    """What a user sets before starting Python."""
    yield f"```sh\n{ONE_LINE}\n```"


def runs() -> Iterator[str]:
    """How many times as fast as lax each recorded run was, family by family."""
    recorded = [run for run in records() if run["device"]["platform"] == "cpu"]
    recorded.sort(key=lambda run: (run["device"]["jax"], len(run["command"])))
    found = list(map(ratios, recorded))
    names = list(dict.fromkeys(name for each in found for name in each))
    yield f"| run | {' | '.join(names)} |"
    yield "|-|" + "-|" * len(names)
    for run, each in zip(recorded, found, strict=True):
        cells = [f"{each[name]:.2f}" if name in each else "" for name in names]
        yield f"| {run_name(run)} | {' | '.join(cells)} |"


def accelerators() -> Iterator[str]:
    """How many times as fast as lax and PyTorch each recorded accelerator's run was."""
    yield "| device | jax | | rows | × lax | × PyTorch |"
    yield "|-|-|-|-|-|-|"
    for run in records():
        device = run["device"]
        for family in run["summary"]["families"] if device["platform"] != "cpu" else ():
            ratios = (family[peer] for peer in ("lax", "torch"))
            told = [f"{ratio:.2f}" if ratio else "" for ratio in ratios]
            cells = [device["kind"], device["jax"], family["family"], family["rows"]]
            yield f"| {' | '.join(map(str, [*cells, *told]))} |"


def records() -> list[dict[str, Any]]:
    """Every recorded run."""
    return [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]


def run_name(run: dict[str, Any]) -> str:
    """A row's title: jax's version, the machine, and what was not as usual."""
    options = run["command"].removeprefix("jconv bench").strip()
    release = ".".join(run["device"]["jax"].split(".")[:2])
    rate = run["limits"]["flop_per_s"] / 1e9
    told = [
        f"jax {release}",
        f"{run['device']['cores']} cores",
        f"{rate:.0f}\N{NO-BREAK SPACE}GFLOP/s",
        options,
        "XLA_FLAGS" if run["device"]["xla_flags"] else "",
    ]
    return "<br>".join(filter(None, told))


def ratios(run: dict[str, Any]) -> dict[str, float]:
    """Families and steps of a recorded run: how many times as fast as lax."""
    families = {each["family"]: each["lax"] for each in run["summary"]["families"]}
    families.pop("training steps", None)
    return families | {
        row["name"]: row["lax_over_jconv"]
        for row in run["rows"]
        if row["family"] == "step"
    }


def first_sentence(text: str) -> str:
    """The first sentence of a docstring, on one line."""
    paragraph = " ".join(text.strip().split("\n\n")[0].split())
    return paragraph.partition(". ")[0].rstrip(".") + "."


TABLES = {
    "accelerators": accelerators,
    "algorithms": algorithms,
    "claims": claims,
    "malloc": malloc,
    "runs": runs,
}
