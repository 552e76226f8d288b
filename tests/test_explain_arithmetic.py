"""The page's arithmetic, entry by entry, against ``jconv.geometry`` and the oracle."""

from __future__ import annotations

import functools
import itertools
import json
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
import pytest

import jconv
from jconv import reference
from jconv.explain.page import source
from jconv.geometry import OPERANDS, ROLES, Axis, Geometry, Windows
from tests import browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser import Page

pytestmark = pytest.mark.skipif(
    browser.executable() is None, reason="there is no Chromium here"
)

CASES = 240
NAMES = {
    "nInput": "n_input",
    "nKernel": "n_kernel",
    "nOutput": "n_output",
    "stride": "stride",
    "kernelDilation": "kernel_dilation",
    "inputDilation": "input_dilation",
    "low": "low",
}
"""What the page calls an axis's numbers, and what ``Axis`` calls them."""

DRIVER = """cases.map(({given, values, pool}) => {
  const axes = given.map(Relation.axis);
  const pads = axes.map((a) => [Relation.padLow(a), Relation.padHigh(a)]);
  const found = {axes, pads};
  for (const out of ["output", "input", "kernel"]) {
    found[out] = Relation.contract(axes, out, values);
    found[out + " by convolution"] = Relation.byConvolution(axes, out, values);
    found[out + " ordinary"] = axes.map((a) => Relation.ordinary(a, out));
  }
  if (!pool) return found;
  const [x, dy] = [values.input, values.output];
  found.max = Pool.maxima(axes, x).map((each) => String(each.value));
  for (const ties of ["first", "all", "split"])
    found[ties] = Pool.maxBackward(axes, x, dy, ties);
  for (const padding of [false, true]) {
    found["counts " + padding] = Pool.counts(axes, padding);
    found["means " + padding] = Pool.means(axes, x, padding);
    found["mean backward " + padding] = Pool.meanBackward(axes, x, dy, padding);
  }
  return found;
})
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    blank = tmp_path_factory.mktemp("page") / "blank.html"
    blank.write_text("<!doctype html><title>blank</title>")
    with browser.browser() as chromium:
        yield chromium.open(blank)


def geometries() -> list[dict[str, Any]]:
    """Random ones of one and two axes, reproducibly; a third can be pools."""
    random = np.random.default_rng(7)
    found: list[dict[str, Any]] = []
    while len(found) < CASES:
        rank = 1 + (len(found) % 3 == 2)
        pool = len(found) % 3 == 1 or len(found) % 6 == 5
        given = []
        for _ in range(rank):
            draw = {
                "nInput": random.integers(1, 9 if rank == 1 else 6),
                "nKernel": random.integers(1, 5 if rank == 1 else 4),
                "stride": random.integers(1, 4),
                "padLow": random.integers(-1, 4),
                "padHigh": random.integers(-1, 4),
                "kernelDilation": random.integers(1, 4) * random.choice([-1, 1]),
                "inputDilation": random.integers(1, 4),
            }
            if pool:
                draw |= {"inputDilation": 1, "kernelDilation": random.integers(1, 3)}
            given.append({name: int(value) for name, value in draw.items()})
        try:
            geometry = built(given)
        except jconv.GeometryError:
            continue
        values = {
            role: random.integers(-3, 4, geometry.size(role)).ravel().tolist()
            for role in ROLES
        }
        found.append({"given": given, "values": values, "pool": bool(pool)})
    return found


def built(given: list[dict[str, int]]) -> Geometry:
    def per(name: str) -> tuple[int, ...]:
        return tuple(each[name] for each in given)

    return Geometry.from_call(
        per("nInput"),
        per("nKernel"),
        stride=per("stride"),
        padding=tuple(zip(per("padLow"), per("padHigh"), strict=True)),
        kernel_dilation=per("kernelDilation"),
        input_dilation=per("inputDilation"),
    )


def as_the_page_has_it(axis: Axis) -> dict[str, int]:
    return {ours: getattr(axis, theirs) for ours, theirs in NAMES.items()}


def expected(case: dict[str, Any]) -> dict[str, Any]:
    """What ``DRIVER`` should return for one case."""
    geometry = built(case["given"])
    arrays = {
        role: np.reshape(case["values"][role], geometry.size(role)).astype("float64")
        for role in ROLES
    }
    found: dict[str, Any] = {
        "axes": [as_the_page_has_it(axis) for axis in geometry.axes],
        "pads": [list(pair) for pair in geometry.padding],
    }
    for out in ROLES:
        wrapped = [arrays[role][None, ..., None, None] for role in OPERANDS[out]]
        # The kernel has one more axis of channels: (e, *kernel, c, g, m).
        wrapped = [
            operand[..., None] if role == "kernel" else operand
            for role, operand in zip(OPERANDS[out], wrapped, strict=True)
        ]
        summed = reference.contract(*wrapped, geometry, out).ravel().tolist()
        found[out] = found[f"{out} by convolution"] = summed
        found[f"{out} ordinary"] = [
            {
                "axis": as_the_page_has_it(rule.axis),
                "flipKernel": rule.flip_kernel,
                "flipResult": rule.flip_result,
            }
            for rule in (axis.as_convolution(out) for axis in geometry.axes)
        ]
    return found | (pools(case, geometry, arrays) if case["pool"] else {})


def pools(
    case: dict[str, Any], geometry: Geometry, arrays: dict[str, Any]
) -> dict[str, Any]:
    """Maxima, means and their derivatives, from the relation alone."""
    x, dy = arrays["input"].ravel(), arrays["output"].ravel()
    # holds[o, i]: whether the window o holds the input i.
    holds = np.ones((1, 1), bool)
    for axis in geometry.axes:
        holds = np.kron(holds, reference.relation(axis).any(axis=1))
    held = np.where(holds, x, -np.inf)
    y = held.max(axis=1)
    winners = holds & (held == y[:, None])
    first = winners & (np.cumsum(winners, axis=1) == 1)
    shared = winners / np.maximum(1, winners.sum(axis=1, keepdims=True))
    windows = Windows.from_call(
        geometry.input_shape,
        geometry.kernel_shape,
        stride=tuple(axis.stride for axis in geometry.axes),
        padding=tuple((each["padLow"], each["padHigh"]) for each in case["given"]),
        dilation=tuple(axis.kernel_dilation for axis in geometry.axes),
    )
    found: dict[str, Any] = {
        "max": ["-Infinity" if np.isinf(value) else f"{value:g}" for value in y],
        "first": dy @ first,
        "all": dy @ winners,
        "split": dy @ shared,
    }
    for padding in (False, True):
        per_axis = windows.counts(padding=padding)
        counts = [int(np.prod(each)) for each in itertools.product(*per_axis)]
        word = str(padding).lower()
        found[f"counts {word}"] = counts
        found[f"means {word}"] = (holds @ x) / np.maximum(1, counts)
        found[f"mean backward {word}"] = (dy / np.maximum(1, counts)) @ holds
    return found


def disagreements(
    page: Page, cases: list[dict[str, Any]], relation: str, pool: str
) -> list[str]:
    """What the scripts compute otherwise than Python does."""
    text = f"(() => {{ {relation}\n{pool}\nconst cases = {json.dumps(cases)};"
    answers = page.evaluate(f"{text}\nreturn {DRIVER}; }})()")
    wrong = []
    for number, (case, found) in enumerate(zip(cases, answers, strict=True)):
        wanted = expected(case)
        assert found.keys() == wanted.keys()
        for name, value in wanted.items():
            if isinstance(value, np.ndarray):
                # The page divides in another order: a few roundings of sums below 100.
                got = np.array(found[name], dtype="float64")
                same = got.size == value.size and np.allclose(
                    got, value, rtol=0, atol=1e-12
                )
            else:
                same = found[name] == value
            if not same:
                wrong.append(f"{number} {name}: {found[name]} is not {value}")
    return wrong


def test_every_entry_is_the_one_of_the_geometry(page: Page) -> None:
    cases = geometries()
    assert len(cases) >= 200
    assert sum(case["pool"] for case in cases) >= 60
    assert disagreements(page, cases, source("relation.js"), source("pool.js")) == []


PLANTED = {
    "the relation shifted": ("+ a.low;", "+ a.low + 1;"),
    "a size rounded up": ("Math.floor((room", "Math.ceil((room"),
    "dx not flipped": ("flipKernel: !flip", "flipKernel: flip"),
    "dx padded as y": (
        "low: (flip ? 0 : reach(a)) - a.low",
        "low: a.low",
    ),
    "dw not spread": ("kernelDilation: a.stride, i", "kernelDilation: 1, i"),
    "dw not read backwards": ("flipResult: flip,", "flipResult: false,"),
    "the last winner takes all": ("winners.slice(0, 1)", "winners.slice(-1)"),
    "padding counted": ("countPadding ? whole", "true ? whole"),
    "padding wins": ("Math.max(...window", "Math.max(0, ...window"),
}


@pytest.mark.parametrize("fault", PLANTED.values(), ids=PLANTED)
def test_a_planted_error_is_noticed(fault: tuple[str, str], page: Page) -> None:
    right, wrong = fault
    scripts = [source("relation.js"), source("pool.js")]
    planted = [script.replace(right, wrong) for script in scripts]
    assert planted != scripts
    assert disagreements(page, geometries()[:60], *planted)


def test_the_oracle_of_pools_is_what_jconv_computes() -> None:
    cases = [case for case in geometries() if case["pool"]]
    for case in (cases[0], cases[2]):
        geometry = built(case["given"])
        arrays = {
            role: np.reshape(case["values"][role], geometry.size(role)).astype(float)
            for role in ROLES
        }
        wanted = pools(case, geometry, arrays)
        window = {
            "window": geometry.kernel_shape,
            "stride": tuple(axis.stride for axis in geometry.axes),
            "padding": tuple((g["padLow"], g["padHigh"]) for g in case["given"]),
            "dilation": tuple(axis.kernel_dilation for axis in geometry.axes),
            "channel_axis": None,
        }
        made: dict[str, Any] = {
            ties: functools.partial(jconv.max_pool, ties=ties, **window)
            for ties in ("first", "all", "split")
        }
        made["mean backward false"] = functools.partial(jconv.avg_pool, **window)
        for name, pool in made.items():
            dx = jax.vjp(pool, arrays["input"])[1](arrays["output"])[0]
            np.testing.assert_allclose(np.ravel(dx), wanted[name], rtol=0, atol=1e-12)
