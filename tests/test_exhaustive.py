"""The exhaustive run: its list, its evaluator, its journal, and what it catches."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jconv import algorithms, reference
from jconv.algorithms.taps import Taps
from jconv.geometry import Axis, Geometry
from jconv.verify.exhaustive import compiled, opwise, trial
from jconv.verify.exhaustive.geometries import Ranges, every_geometry
from jconv.verify.exhaustive.routines import family, routines, share

SMALL = Ranges(
    n_input=(1, 3),
    n_kernel=(1, 2),
    stride=(1, 2),
    kernel_dilation=(1, -2),
    input_dilation=(1, 2),
    pads=(0, 1),
    planes=1,
)


# The list ---------------------------------------------------------------------------


def test_every_table_of_taps_stands_once_and_none_is_missing() -> None:
    lines = every_geometry(dataclasses.replace(SMALL, planes=0))
    tables = [table(geometry.axes[0]) for geometry in lines]
    assert len(set(tables)) == len(tables)
    # A second enumeration, from the parameters of the relation itself.
    found = set()
    for n_input, n_kernel, stride, step, hole, low, high in np.ndindex(
        2, 2, 2, 2, 2, 2, 2
    ):
        n, k = (1, 3)[n_input], (1, 2)[n_kernel]
        s, d, h = (1, 2)[stride], (1, -2)[step], (1, 2)[hole]
        room = h * (n - 1) + 1 + low + high - abs(d) * (k - 1)
        if room > 0:
            outputs = (room - 1) // s + 1
            begin = low + min(0, d * (k - 1))
            found.add(table(Axis(n, k, outputs, s, d, h, begin)))
    assert set(tables) == found


def table(axis: Axis) -> tuple[Any, ...]:
    relation = reference.relation(axis)
    return relation.shape, relation.tobytes()


def test_the_whole_list_is_what_the_report_says() -> None:
    ranges = Ranges()
    assert (max(ranges.n_input), max(ranges.n_kernel), max(ranges.stride)) == (6, 4, 4)
    assert set(ranges.kernel_dilation) == {-3, -2, -1, 1, 2, 3}
    assert set(ranges.pads) == {-1, 0, 1, 2, 3}
    assert ranges.written == 43_200


# The evaluator ----------------------------------------------------------------------

GEOMETRY = Geometry.from_call((6, 4), (3, 2), stride=(1, 2), padding=((1, -1), (1, 1)))
ABLE = [
    (name, out)
    for name, each in algorithms.REGISTRY.items()
    for out in ("output", "input", "kernel")
    if each.exact_on_integers and not compiled.refuses(each, GEOMETRY, out, "cpu")
]


def test_most_algorithms_are_evaluated_somewhere() -> None:
    assert {name for name, _ in ABLE} >= {"taps", "loop", "patches", "mixed", "phases"}


@pytest.mark.parametrize(("name", "out"), ABLE, ids=" ".join)
def test_programs_run_by_operations_equal_programs_run_by_jax(
    name: str, out: Any
) -> None:
    judge = trial.Judge(GEOMETRY, out)
    run = trial.bound(algorithms.REGISTRY[name], GEOMETRY, out)
    closed = jax.make_jaxpr(run)(*judge.shapes)
    got = opwise.over_pairs(closed, judge.first, judge.second)
    expected = jax.jit(jax.vmap(run))(judge.first, judge.second)
    np.testing.assert_array_equal(got, np.asarray(expected))


def everything(a: Any, b: Any) -> Any:
    """Operations that today's algorithms may lack, and one that only JAX knows."""
    c = lax.pad(a, jnp.zeros((), a.dtype), [(1, -1, 1)])[:4] * jnp.flip(b)
    c = jnp.concatenate([c[2:], c[:2]]) - jnp.take(b, jnp.array([3, 9, 0, 1]), 0)
    c = lax.dynamic_update_slice(c, a[:2] + c[1:3], (1,))
    c = lax.fori_loop(0, 3, lambda n, total: total + n * a, c)
    c = lax.cond(jnp.arange(4).sum() > 5, lambda: jnp.stack([c, b])[0], lambda: a)
    c = lax.platform_dependent(c, cpu=lambda c: c * 2, default=lambda c: c + c)
    return jnp.where(jnp.arange(4) % 2 == 0, c, jnp.cumsum(a) @ b)


def test_every_operation_means_what_lax_means() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(-4, 5, (2, 5, 4)).astype("float32")
    closed = jax.make_jaxpr(everything)(first[0], second[0])
    before = opwise.executables()
    got = opwise.over_pairs(closed, first, second)
    expected = jax.vmap(everything)(first, second)
    np.testing.assert_array_equal(got, np.asarray(expected))
    assert opwise.executables() > before, "cumsum is run by JAX"


# What it catches --------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Wrong(Taps):
    """Taps with one mistake."""

    mistake: str = ""

    def run(self, first: Any, second: Any, **options: Any) -> Any:
        result = super().run(first, second, **options)
        if self.mistake == "shifted":
            return jnp.roll(result, 1, axis=1)
        if self.mistake == "affine":
            return result + 1
        if self.mistake == "squared":  # right on units, but not bilinear
            return result * result
        if self.mistake == "elsewhere":  # right on CPUs alone
            return lax.platform_dependent(result, cpu=lambda y: y, default=jnp.negative)
        message = "broken"
        raise RuntimeError(message)


CAUGHT = {
    "shifted": ("wrong", "wrong on the pair of units"),
    "affine": ("wrong", "wrong on the pair of units"),
    "squared": ("doubt", "degree (2, 2), not (1, 1)"),
    "elsewhere": ("wrong", "branches of different platforms give different results"),
    "raises": ("wrong", "raises RuntimeError: broken"),
}


@pytest.mark.parametrize(("mistake", "told"), CAUGHT.items(), ids=CAUGHT)
def test_a_wrong_routine_is_told_apart(mistake: str, told: tuple[str, str]) -> None:
    where, words = told
    wrong = Wrong(mistake=mistake)
    outcome = trial.on_trial(Geometry.from_call((3,), (2,)), {"wrong": wrong}, "cpu")
    assert all(words in each for each in getattr(outcome, where)["wrong"])
    assert len(getattr(outcome, where)["wrong"]) == 3, "every role is told"
    assert outcome.proved == []


def test_a_routine_that_is_wrong_only_when_compiled_is_caught() -> None:
    geometry = Geometry.from_call((3,), (2,))
    share, wrong = [(0, geometry)], {"wrong": Wrong(mistake="shifted")}
    n_compiled, told = compiled.check(share, wrong, "cpu")
    assert n_compiled == 1
    assert told[geometry].count("wrong compiled for") == 3
    assert compiled.check([(0, geometry)], {"taps": Taps()}, "cpu") == (1, {})


def test_an_algorithm_is_tried_with_tiny_parameters() -> None:
    names = [name for name in routines() if family(name) == "mixed"]
    assert names == ["mixed", "mixed tile_bytes=400", "mixed tile_bytes=3000"]
    assert {each for n in range(4) for each in share(n)} >= set(names)
    assert {family(name) for name in routines()} == {
        name for name, each in algorithms.REGISTRY.items() if each.exact_on_integers
    }
