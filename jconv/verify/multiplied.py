"""How many bits of its operands a device multiplies, found out by products with 1."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jconv import numerics

FEWEST = 8
"""bfloat16's: no matrix unit multiplies float32 or bfloat16 with fewer bits."""

SIDE = 64
"""Side of the square matrices that probe a device: large enough for its matrix unit."""


@dataclasses.dataclass(frozen=True)
class Multiplied:
    """What products with 1 tell of a device.

    Attributes:
        bits: significant bits that are multiplied; all of the dtype's where no format
            explains the products, as a wrong product must not earn a wider bound.
        wrong: what no format explains; empty if there is no such product.
    """

    bits: int
    wrong: str = ""


def all_bits(dtype: str) -> int:
    """The significant bits of a float dtype, the leading one included.

    Examples:
        >>> all_bits("float32"), all_bits("bfloat16")
        (24, 8)
    """
    return int(-np.log2(numerics.unit_roundoff(dtype)))


def probes(most: int) -> Any:
    """For b = 1 to ``most`` a number between 1 and 2 of just b bits.

    Its bits alternate before the last: a sum of two short parts, as some units split
    their operands, does not reach it sooner than a format of as many bits as both.

    Examples:
        >>> [f"{int(8 * each):b}" for each in probes(4)]
        ['1000', '1100', '1010', '1011']
    """
    places = np.arange(most)
    last, even = 2.0**-places, places % 2 == 0
    return np.cumsum(last * even) + last * ~even


def multiplied(dtype: str, precision: str) -> Multiplied:
    """How many significant bits of its operands this device multiplies."""
    numbers = probes(all_bits(dtype))
    stack = np.zeros((len(numbers), SIDE, SIDE))
    stack[:, 0, 0] = numbers
    eye = np.eye(SIDE)

    def products(stack: Any, eye: Any) -> Any:
        return lax.map(
            lambda a: lax.dot(
                a, eye, precision=precision, preferred_element_type="float32"
            )[0, 0],
            stack,
        )

    one = jnp.dtype(dtype)
    return judged(numbers, jax.jit(products)(stack.astype(one), eye.astype(one)))


def judged(numbers: Any, products: Any) -> Multiplied:
    """What the products of ``probes`` with 1 tell.

    A format of b bits, at least ``FEWEST``, keeps all numbers of b bits and rounds the
    longer ones, up or down. Products that do neither are mistakes.

    Examples:
        >>> numbers = probes(24)
        >>> judged(numbers, np.floor(numbers * 2**10) / 2**10)
        Multiplied(bits=11, wrong='')
    """
    got = np.asarray(products, dtype="float64")
    survives = got == numbers
    bits = len(numbers) if survives.all() else int(np.argmin(survives))
    if bits < FEWEST:
        return Multiplied(len(numbers), _told(numbers[bits], got[bits], bits + 1))
    # Written so that a NaN counts as wrong.
    rounded = np.abs(got - numbers) < 2.0 ** (1 - bits)
    if not rounded.all():
        n = int(np.argmin(rounded))
        return Multiplied(len(numbers), _told(numbers[n], got[n], n + 1))
    return Multiplied(bits)


def _told(number: float, product: float, bits: int) -> str:
    """A product that no format explains."""
    return f"{float(number)!r} × 1, of {bits} bits, comes out as {float(product)!r}"


def in_words(dtype: str, found: Multiplied) -> str:
    """What a number of bits means for a dtype.

    Examples:
        >>> in_words("float32", Multiplied(24))
        'all 24 bits of its operands are multiplied: it is what it says'
        >>> in_words("float32", Multiplied(11))
        'only 11 bits of its operands are multiplied: this "float32" is TF32'
    """
    if found.wrong:
        return f"{found.wrong}: no format multiplies so"
    whole = all_bits(dtype)
    if found.bits >= whole:
        return f"all {whole} bits of its operands are multiplied: it is what it says"
    known = {11: "TF32", 8: "bfloat16"}
    name = known.get(found.bits, f"a format of {found.bits} bits")
    return (
        f'only {found.bits} bits of its operands are multiplied: this "{dtype}" is '
        f"{name}"
    )
