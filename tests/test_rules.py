"""The textbook's forward convolutions against the oracle, and what is said of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
import pytest

import jconv
from jconv import rules
from jconv.geometry import OPERANDS, Geometry
from jconv.verify import families, routes
from jconv.verify.context import Context
from tests.provenance import traced_back

if TYPE_CHECKING:
    from jconv.geometry import Role

CASES = families.sample(2)
"""Pairwise over rank, stride, padding, both dilations, groups and batch."""


def case_id(case: families.Case) -> str:
    return repr(case.geometry)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_runs_as_the_derivative(case: families.Case) -> None:
    x, w, dy = routes.operand_arrays(case, Context(claim_id="rules").integers)
    expected = routes.oracle(case, x, w, dy)
    options = dict(case.options)

    @jax.jit
    def both(x, w, dy):
        return (
            rules.conv_input_vjp(dy, w, input_shape=case.x, **options),
            rules.conv_kernel_vjp(x, dy, kernel_shape=case.w, **options),
        )

    dx, dw = both(x, w, dy)
    np.testing.assert_array_equal(dx, expected["input"])
    np.testing.assert_array_equal(dw, expected["kernel"])


@pytest.mark.parametrize("case", CASES[:6], ids=case_id)
def test_arguments_are_those_of_an_ordinary_call(case: families.Case) -> None:
    """``arguments`` describe a call of ``conv`` with the same output size."""
    for out in ("input", "kernel"):
        rule = case.geometry.as_convolution(out)
        again = Geometry.from_call(
            rule.geometry.input_shape,
            rule.geometry.kernel_shape,
            **rules.arguments(rule),
        )
        assert again == rule.geometry
        assert all(axis.kernel_dilation > 0 for axis in again.axes)


@pytest.mark.parametrize("out", ["input", "kernel"])
def test_a_precision_goes_with_its_array(out: Role) -> None:
    """The second operand of a derivative is the image of one of the two."""
    geometry = Geometry.from_call((7,), (3,), stride=2)
    shapes = {
        "input": (7, 2),
        "kernel": (3, 2, 4),
        "output": (*geometry.size("output"), 4),
    }

    def run(first: jax.Array, second: jax.Array) -> jax.Array:
        options: dict[str, Any] = {"stride": 2, "precision": ("high", "default")}
        if out == "input":
            return rules.conv_input_vjp(second, first, input_shape=(7, 2), **options)
        return rules.conv_kernel_vjp(first, second, kernel_shape=(3, 2, 4), **options)

    operands = [np.ones(shapes[role], np.float32) for role in OPERANDS[out]]
    (found,) = traced_back(jax.make_jaxpr(run)(*operands), "conv")
    equation, sources = found
    own = {frozenset([0]): "HIGH", frozenset([1]): "DEFAULT"}
    bound = [each.name for each in equation.params["precision"]]
    assert bound == [own[each] for each in sources]


def test_never_binds_a_derivative_role() -> None:
    """The textbook route uses no rule of the primitive: all it binds is forward."""
    jaxpr = jax.make_jaxpr(
        lambda dy, w: rules.conv_input_vjp(dy, w, input_shape=(5, 1))
    )
    text = str(jaxpr(np.ones((3, 1)), np.ones((3, 1, 1))))
    assert "out=output" in text
    assert "out=input" not in text


@pytest.mark.parametrize(
    ("options", "out", "words"),
    [
        ({"stride": 2}, "input", ["1 zero between", "flipped", "padding=((2, 2),)"]),
        ({"stride": 3}, "input", ["2 zeros between", "stride=(1,)"]),
        ({}, "kernel", ["batch and channels swapped", "dw = conv(x"]),
        ({"kernel_dilation": -1}, "kernel", ["flipped"]),
        ({"kernel_dilation": -1}, "output", ["y = conv(x, w flipped"]),
    ],
)
def test_describes(options: dict, out: str, words: list[str]) -> None:
    said = rules.describe(Geometry.from_call((7,), (3,), **options), out)
    assert [word for word in words if word not in said] == []


FLIPPED = {
    "1-D": {"kernel_dilation": -1},
    "2-D, forwards": {"kernel_dilation": 1},
    "2-D, one backwards": {"kernel_dilation": (1, -1)},
    "3-D, one backwards": {"kernel_dilation": (1, -1, 1)},
    "3-D, two backwards": {"kernel_dilation": (-1, 2, -1), "stride": (1, 2, 1)},
}


@pytest.mark.parametrize("name", FLIPPED)
def test_the_sentence_followed_literally_computes_the_derivative(name: str) -> None:
    """Exactly the axes that it names are flipped; all of them where it names none."""
    options, rank = FLIPPED[name], int(name[0])
    spatial, taps = (6, 5, 4)[:rank], (3, 2, 2)[:rank]
    geometry = Geometry.from_call(spatial, taps, **options)
    random = np.random.default_rng(rank)
    x, w, dy = (
        random.integers(-4, 5, shape).astype(float)
        for shape in ((*spatial, 1), (*taps, 1, 1), (*geometry.size("output"), 1))
    )
    dx = _followed(geometry, "input", dy, w)
    np.testing.assert_array_equal(
        dx, jconv.conv_input_vjp(dy, w, input_shape=x.shape, **options)
    )
    dw = _followed(geometry, "kernel", x, dy[..., None])
    np.testing.assert_array_equal(
        dw[..., None],
        jconv.conv_kernel_vjp(x, dy, kernel_shape=w.shape, **options),
    )


def _followed(
    geometry: Geometry, out: Role, image: np.ndarray, kernel: np.ndarray
) -> np.ndarray:
    """The convolution that the sentence names, flipped as its words say."""
    said = rules.describe(geometry, out)
    operands, result = said.rsplit(")", 1)
    kernel = np.flip(kernel, _named_axes(operands, geometry.rank))
    given = rules.arguments(geometry.as_convolution(out))
    y = np.asarray(jconv.conv(image, kernel, **given))
    return np.flip(y, _named_axes(result, geometry.rank))


def _named_axes(words: str, rank: int) -> tuple[int, ...]:
    found = re.search(r" flipped( along ax[ie]s ([\d and]+))?", words)
    if not found:
        return ()
    return tuple(map(int, re.findall(r"\d", found[2] or ""))) or tuple(range(rank))


def test_padding_mode_is_carried_through() -> None:
    x, w = np.arange(6.0)[:, None], np.arange(3.0)[:, None, None]
    options = {"padding": 2, "padding_mode": "circular"}
    dy = np.arange(8.0)[:, None]
    ours = jconv.conv_input_vjp(dy, w, input_shape=x.shape, **options)
    np.testing.assert_array_equal(
        rules.conv_input_vjp(dy, w, input_shape=x.shape, **options), ours
    )
