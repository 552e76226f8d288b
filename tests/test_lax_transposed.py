"""``jconv.lax.conv_transpose`` equals lax's, and is the adjoint that it says it is."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax as peer

import jconv
from jconv import lax as ours
from tests.cases import integers

PADDINGS = ("SAME", "VALID", ((1, 0),), ((0, 2),))
ORDERS: tuple[Any, ...] = (None, ("NCH", "OIH", "NCH"), ("HNC", "IHO", "CHN"))


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("n_kernel", [1, 2, 3, 4])
def test_equals_lax(n_kernel: int, stride: int) -> None:
    """All paddings, dilations, orders and both meanings of both flags."""
    x, w = integers((2, 2, 2)), integers((n_kernel, 2, 2), 1)
    options = [
        option
        for option in itertools.product(
            PADDINGS, (None, (2,)), (False, True), (False, True)
        )
        if option[1] is None or n_kernel > 2
    ]

    def run(module: Any) -> Any:
        def one(order: Any, option: tuple[Any, ...]) -> jax.Array:
            padding, dilation, flipped, consistent = option
            spec = order or ("NHC", "HIO", "NHC")
            return module.conv_transpose(
                jnp.transpose(x, ["NHC".index(letter) for letter in spec[0]]),
                jnp.transpose(w, ["HIO".index(letter) for letter in spec[1]]),
                (stride,),
                padding,
                rhs_dilation=dilation,
                dimension_numbers=order,
                transpose_kernel=flipped,
                use_consistent_padding=consistent,
            )

        return jax.jit(
            lambda: {
                str((order, option)): one(order, option)
                for order, option in zip(itertools.cycle(ORDERS), options, strict=False)
            }
        )()

    got, want = run(ours), run(peer)
    assert len(got) == len(options)
    for name in want:
        np.testing.assert_array_equal(got[name], want[name], err_msg=name, strict=True)


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_default_orders_by_rank(rank: int) -> None:
    x = integers((2, *(3, 2, 4)[:rank], 3))
    w = integers((*(2, 3, 1)[:rank], 3, 2), 1)
    got, want = (
        jax.jit(
            lambda module=module: module.conv_transpose(x, w, (2, 1, 3)[:rank], "SAME")
        )()
        for module in (ours, peer)
    )
    np.testing.assert_array_equal(got, want, strict=True)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_with_transposed_kernel_it_is_the_adjoint(padding: str) -> None:
    """The forward convolution is linear; its transpose is this function."""
    x, w, y = integers((1, 6, 2)), integers((3, 2, 4), 1), integers((1, 3, 4), 2)
    numbers = ("NHC", "HIO", "NHC")
    if padding == "VALID":
        x = integers((1, 7, 2))

    def forward(x: jax.Array) -> jax.Array:
        return ours.conv_general_dilated(x, w, (2,), padding, dimension_numbers=numbers)

    (adjoint,) = jax.linear_transpose(forward, x)(jnp.asarray(y))
    direct = ours.conv_transpose(y, w, (2,), padding, transpose_kernel=True)
    np.testing.assert_array_equal(direct, adjoint)


MISTAKES: dict[str, tuple[type[Exception], dict[str, Any]]] = {
    "padding-name": (ValueError, {"padding": "FULL"}),
    "padding-name-consistent": (
        ValueError,
        {"padding": "FULL", "use_consistent_padding": True},
    ),
    "padding-floats": (ValueError, {"padding": np.ones((1, 2))}),
    "strides-int": (TypeError, {"strides": 2, "padding": ((1, 1),)}),
    "padding-length": (TypeError, {"padding": ((0, 0),) * 2}),
    "no-default-order": (
        ValueError,
        {"lhs": np.ones((1,) * 6), "rhs": np.ones((1,) * 6)},
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_raises_what_lax_raises(
    mistake: tuple[type[Exception], dict[str, Any]],
) -> None:
    kind, wrong = mistake
    call = {
        "lhs": np.ones((1, 4, 2)),
        "rhs": np.ones((3, 2, 2)),
        "strides": (2,),
        "padding": "SAME",
    }
    for module in (peer, ours):
        with pytest.raises(kind) as caught:
            module.conv_transpose(**(call | wrong))
    assert isinstance(caught.value, jconv.GeometryError)
