"""Claims about a user's own convolution: ``jconv verify --target module:function``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp

from jconv.errors import UnsupportedError
from jconv.verify.claim import Claim, Evidence
from jconv.verify.context import TARGET_DTYPES
from jconv.verify.target import proving, rounding, sampling
from jconv.verify.target.load import Target, load
from jconv.verify.target.sentences import FORMULAS, SAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.verify.context import Context

UNDERIVED = ("values", "vmap", "bilinear")
"""Parts that derive nothing, and so are there for integer dtypes, too."""


class NothingToCheckError(UnsupportedError):
    """There is no such thing in a dtype, whatever the target does."""


def claims(name: str, dtypes: tuple[str, ...] = ()) -> dict[str, Claim]:
    """The claims about a target, by id.

    Args:
        name: ``module:function``, with the signature of
            ``jax.lax.conv_general_dilated``.
        dtypes: to try; float32 by default, as many kernels know nothing else.

    Raises:
        GeometryError: if there is no such function.

    Examples:
        >>> list(claims("jax.lax:conv_general_dilated"))[:2]
        ['target.values', 'target.input-vjp']
    """
    target = load(name)
    made = {}
    for part, says in SAYS.items():
        claim = Claim(
            id=f"target.{part}",
            says=says,
            kind="bounded" if part == "rounding" else "exact",
            falsified_by=f"a convolution for which {target.name} raises, or differs "
            "from the NumPy oracle "
            + ("by more than the bound" if part == "rounding" else "in one number"),
            source=f"the target {target.name}",
            formula=FORMULAS[part],
            check=_check(target, part, dtypes or TARGET_DTYPES),
        )
        made[claim.id] = claim
    return made


def _check(target: Target, part: str, dtypes: tuple[str, ...]) -> Any:
    """The check of one claim."""

    def check(context: Context) -> Iterator[Evidence]:
        refused: list[str] = []
        nothing: list[str] = []
        for dtype in dtypes:
            try:
                yield from _in_dtype(target, part, dtype, context)
            except NothingToCheckError as error:
                nothing.append(str(error))
            except UnsupportedError as error:
                refused.append(f"{dtype}: {error}" if dtypes[1:] else str(error))
        # A dtype that was asked for and refused is not made up for by another one.
        if refused or len(nothing) == len(dtypes):
            raise UnsupportedError("; ".join((*refused, *nothing)))
        for reason in nothing:
            yield Evidence(holds=True, what=reason, cases=0)

    return check


def _in_dtype(
    target: Target, part: str, dtype: str, context: Context
) -> Iterator[Evidence]:
    """The check of one claim in one dtype."""
    derives = jnp.issubdtype(dtype, jnp.inexact)
    if part == "basis":
        yield from proving.evidence(target, dtype)
    elif part == "rounding" and derives:
        yield from rounding.evidence(target, dtype, context)
    elif derives or part in UNDERIVED:
        yield from sampling.evidence(target, part, dtype, context)
    elif part == "bits":
        yield from sampling.evidence(target, part, dtype, context, alone=True)
    elif part in ("not-finite", "rounding"):
        message = f"there is no NaN in {dtype}, and nothing is rounded"
        raise NothingToCheckError(message)
    else:
        message = f"JAX derives nothing in {dtype}: its tangents are float0"
        raise NothingToCheckError(message)
