"""The settings of "A guide to convolution arithmetic", retyped.

Source: V. Dumoulin and F. Visin, https://arxiv.org/abs/1603.07285, 2016, and the list
of animations, ``bin/generate_makefile`` in
https://github.com/vdumoulin/conv_arithmetic.
Sizes and the numbers of the numerical figures are the guide's; where it shows arrows
without numbers, values are those of ``jax.lax``.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import jconv
from tests.cases import integers
from tests.conformance.suite import Case, quickly_compiled


class Setting(NamedTuple):
    """Input, output, padding, kernel, stride, dilation: the same along both axes."""

    i: int
    o: int
    p: int
    k: int
    s: int
    d: int = 1


ANIMATIONS = {
    "no_padding_no_strides": Setting(4, 2, 0, 3, 1),
    "arbitrary_padding_no_strides": Setting(5, 6, 2, 4, 1),
    "same_padding_no_strides": Setting(5, 5, 1, 3, 1),
    "full_padding_no_strides": Setting(5, 7, 2, 3, 1),
    "no_padding_strides": Setting(5, 2, 0, 3, 2),
    "padding_strides": Setting(5, 3, 1, 3, 2),
    "padding_strides_odd": Setting(6, 3, 1, 3, 2),
    "dilation": Setting(7, 3, 0, 3, 1, 2),
}
"""All but the dilated one are shown transposed too."""

IMAGE = (
    (3, 3, 2, 1, 0),
    (0, 0, 1, 3, 1),
    (3, 1, 2, 2, 3),
    (2, 0, 0, 2, 2),
    (2, 0, 0, 0, 1),
)
KERNEL = ((0, 1, 2), (2, 2, 0), (0, 1, 2))
NUMERICAL = {
    "no_padding_no_strides": ((12, 12, 17), (10, 17, 19), (9, 6, 14)),
    "padding_strides": ((6, 17, 3), (8, 17, 13), (6, 4, 4)),
    "average_pooling": ((1.7, 1.7, 1.7), (1.0, 1.2, 1.8), (1.1, 0.8, 1.3)),
    "max_pooling": ((3, 3, 3), (3, 3, 3), (3, 2, 3)),
}
"""Figures 1.1, 1.2, 1.5 and 1.6; the averages are printed with one digit."""


def cases() -> Iterator[Case]:
    """Animations, numerical figures and relationships."""
    for name, setting in ANIMATIONS.items():
        yield Case(name, functools.partial(forward, setting))
        if setting.d == 1:
            yield Case(f"{name}_transposed", functools.partial(transposed, setting))
    for name in NUMERICAL:
        yield Case(f"numerical_{name}", functools.partial(numerical, name))
    for number in RELATIONSHIPS:
        check = functools.partial(relationship, number)
        yield Case(f"relationship_{number}", check)


def options(setting: Setting) -> dict[str, int]:
    """The arguments of jconv."""
    return {
        "stride": setting.s,
        "padding": setting.p,
        "kernel_dilation": setting.d,
    }


def peer(setting: Setting, x: Any, w: Any) -> Any:
    """The convolution by ``jax.lax``."""
    return lax.conv_general_dilated(
        x,
        w,
        (setting.s,) * 2,
        ((setting.p,) * 2,) * 2,
        rhs_dilation=(setting.d,) * 2,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )


def forward(setting: Setting) -> None:
    """The size that is drawn, and the values of ``jax.lax``."""
    x = integers((1, setting.i, setting.i, 2))
    w = integers((setting.k, setting.k, 2, 3), 1)

    @quickly_compiled
    def program(x: Any, w: Any) -> Any:
        return jconv.conv(x, w, **options(setting)), peer(setting, x, w)

    y, expected = program(x, w)
    assert y.shape == (1, setting.o, setting.o, 3)
    np.testing.assert_array_equal(y, expected)


def transposed(setting: Setting) -> None:
    """From the output's size back to the input's, by the transpose of ``jax.lax``."""
    y = integers((1, setting.o, setting.o, 3))
    w = integers((setting.k, setting.k, 2, 3), 1)
    a = (setting.i + 2 * setting.p - setting.k) % setting.s

    @quickly_compiled
    def program(y: Any, w: Any) -> Any:
        x = jnp.zeros((1, setting.i, setting.i, 2))
        pull = jax.linear_transpose(lambda x: peer(setting, x, w), x)
        ours = jconv.conv_transpose(y, w, output_padding=a, **options(setting))
        return ours, pull(y)[0]

    x, expected = program(y, w)
    assert x.shape == (1, setting.i, setting.i, 2)
    np.testing.assert_array_equal(x, expected)


def numerical(name: str) -> None:
    """The numbers that are printed in the guide."""
    x = jnp.array(IMAGE, float)[None, :, :, None]
    w = jnp.array(KERNEL, float)[:, :, None, None]
    y = {
        "no_padding_no_strides": lambda: jconv.conv(x, w),
        "padding_strides": lambda: jconv.conv(x, w, stride=2, padding=1),
        "average_pooling": lambda: jconv.avg_pool(x, (3, 3), stride=1),
        "max_pooling": lambda: jconv.max_pool(x, (3, 3), stride=1),
    }[name]()[0, :, :, 0]
    unit = 0.1 if name == "average_pooling" else 2.0**-20  # of what is printed
    printed = np.array(NUMERICAL[name])
    np.testing.assert_array_equal(np.rint(y / unit), np.rint(printed / unit))


Sizes = dict[str, int]


def half(k: int) -> int:
    """Half padding, for odd k."""
    return k // 2


RELATIONSHIPS: dict[int, tuple[Callable[..., Sizes], Callable[..., int]]] = {
    # what is fixed -> the size of the result (of the transposed one from 8 to 14)
    1: (lambda **_: {"p": 0, "s": 1}, lambda i, k, **_: i - k + 1),
    2: (lambda **_: {"s": 1}, lambda i, k, p, **_: i - k + 2 * p + 1),
    3: (lambda k, **_: {"p": half(k), "s": 1, "odd": k % 2}, lambda i, **_: i),
    4: (lambda k, **_: {"p": k - 1, "s": 1}, lambda i, k, **_: i + k - 1),
    5: (lambda **_: {"p": 0}, lambda i, k, s, **_: (i - k) // s + 1),
    6: (lambda **_: {}, lambda i, k, p, s, **_: (i + 2 * p - k) // s + 1),
    7: (lambda **_: {"p": 0, "pool": 1}, lambda i, k, s, **_: (i - k) // s + 1),
    8: (lambda **_: {"p": 0, "s": 1}, lambda i, k, **_: i + k - 1),
    9: (lambda **_: {"s": 1}, lambda i, k, p, **_: i + k - 1 - 2 * p),
    10: (lambda k, **_: {"p": half(k), "s": 1, "odd": k % 2}, lambda i, **_: i),
    11: (lambda k, **_: {"p": k - 1, "s": 1}, lambda i, k, **_: i - k + 1),
    12: (lambda **_: {"p": 0}, lambda i, k, s, **_: s * (i - 1) + k),
    13: (lambda **_: {}, lambda i, k, p, s, **_: s * (i - 1) + k - 2 * p),
    14: (lambda **_: {"a": 1}, lambda i, k, p, s, **_: s * (i - 1) + 1 + k - 2 * p),
    15: (
        lambda **_: {"d": 2},
        lambda i, k, p, s, **_: (i + 2 * p - k - (k - 1)) // s + 1,
    ),
}


def relationship(number: int) -> None:
    """The guide's formula for the size, for all small sizes that it speaks of."""
    fixed, formula = RELATIONSHIPS[number]
    seen = set()
    ranges = (range(1, 8), range(1, 5), range(3), range(1, 4))
    for i, k, p, s in itertools.product(*ranges):
        sizes = {"i": i, "k": k, "p": p, "s": s, "d": 1, "a": 0, "pool": 0, "odd": 1}
        sizes |= fixed(**sizes)
        expected = formula(**sizes)
        fits = sizes["odd"] and sizes["a"] < sizes["s"] and expected > 0
        if fits and tuple(sizes.values()) not in seen:
            seen.add(tuple(sizes.values()))
            assert size_of_result(number, sizes) == expected, sizes
    assert len(seen) >= 7


def size_of_result(number: int, sizes: Sizes) -> int:
    """What jconv makes of the sizes; nothing is computed."""
    x = jnp.zeros((1, sizes["i"], 1))
    w = jnp.zeros((sizes["k"], 1, 1))
    where = {"stride": sizes["s"], "padding": sizes["p"]}

    def program() -> Any:
        if sizes["pool"]:
            return jconv.max_pool(x, (sizes["k"],), **where)
        dilated = where | {"kernel_dilation": sizes["d"]}
        if 8 <= number <= 14:
            return jconv.conv_transpose(x, w, output_padding=sizes["a"], **dilated)
        return jconv.conv(x, w, **dilated)

    return jax.eval_shape(program).shape[1]
