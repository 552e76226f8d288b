"""Claims about a user's own convolution: ``jconv verify --target module:function``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jconv.errors import UnsupportedError
from jconv.verify.bilinear import why_not_bilinear
from jconv.verify.claim import Claim, Evidence
from jconv.verify.target.basis import on_a_basis
from jconv.verify.target.cases import call, family
from jconv.verify.target.counterexample import (
    NotSupportedError,
    attempt,
    code,
    shrink,
)
from jconv.verify.target.load import Target, load
from jconv.verify.target.parts import PARTS, arrays_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jconv.verify.context import Context

SAYS = {
    "values": (
        "The target computes the convolution: its values are the sums that the index "
        "relation names.",
        "y = Σ T x w",
    ),
    "input-vjp": (
        "What JAX derives through the target for the input is the transposed "
        "convolution of the cotangent with the kernel.",
        "dx = Σ T w dy",
    ),
    "kernel-vjp": (
        "What JAX derives through the target for the kernel is the convolution of the "
        "input with the cotangent.",
        "dw = Σ T x dy",
    ),
    "jvp": (
        "The target's tangent follows the product rule.",
        "d conv(x, w) = conv(dx, w) + conv(x, dw)",
    ),
    "vmap": (
        "Mapping the target over inputs, kernels or both is the same as calling it one "
        "by one.",
        "vmap(conv)(x, w)[j] = conv(x[j], w[j])",
    ),
    "second-order": (
        "The derivative of the target's input derivative is a convolution again.",
        "d⟨dx, u⟩/dw = Σ T u dy,  d⟨dx, u⟩/d dy = Σ T u w",
    ),
    "bilinear": (
        "The target is linear in either operand, on random integers: this is sampled, "
        "not shown.",
        "conv(x + 2u, w) = conv(x, w) + 2 conv(u, w)",
    ),
    "basis": (
        "Values and both derivatives are right on all pairs of basis vectors of small "
        "convolutions.",
        "f(eᵢ, eⱼ) = ΣT eᵢ eⱼ for all i, j",
    ),
}
"""Last part of a claim's id -> its sentence and its formula."""


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
    for part, (says, formula) in SAYS.items():
        claim = Claim(
            id=f"target.{part}",
            says=says,
            kind="exact",
            falsified_by=f"a convolution for which {target.name} raises, or differs "
            "from the NumPy oracle in one bit",
            source=f"the target {target.name}",
            formula=formula,
            check=_check(target, part, dtypes or ("float32",)),
        )
        made[claim.id] = claim
    return made


def _check(target: Target, part: str, dtypes: tuple[str, ...]) -> Any:  # noqa: ANN401
    """The check of one claim."""

    def check(context: Context) -> Iterator[Evidence]:
        for dtype in dtypes:
            if part == "basis":
                yield from _basis(target, dtype, context)
            else:
                yield _sampled(target, part, dtype, context)

    return check


def _sampled(target: Target, part: str, dtype: str, context: Context) -> Evidence:
    """One part on the whole family, or the smallest case on which it goes wrong."""
    cases = family(dtype, 2 if context.quick else 3)
    refusals: dict[str, int] = {}
    for case in cases:
        try:
            arrays = arrays_of(case, context.integers)
            mistake = attempt(target, PARTS[part], case, arrays)
        except NotSupportedError as error:
            refusals[str(error)] = refusals.get(str(error), 0) + 1
            continue
        if mistake is not None:
            return _counterexample(target, part, case, context)
    done = len(cases) - sum(refusals.values())
    if not done:
        raise UnsupportedError(f"{target.name} refuses: {next(iter(refusals))}")
    return Evidence(
        holds=True,
        what=f"{part} through {target.name}, {dtype}: {done} of {len(cases)} "
        "convolutions of rank 1 to 3, equal bit for bit",
        cases=done,
        numbers={f"refused: {reason}": n for reason, n in refusals.items()},
    )


def _counterexample(target: Target, part: str, case: Any, context: Context) -> Evidence:  # noqa: ANN401
    """The evidence against a target, as small as it gets."""
    small, mistake = shrink(target, PARTS[part], case, context.integers)
    return Evidence(
        holds=False,
        what=f"{part} through {target.name}: {mistake.what}, on {small.geometry!r} "
        f"in {small.dtype}",
        case=code(target, PARTS[part], small, mistake.arrays),
        size=small.size,
    )


def _basis(target: Target, dtype: str, context: Context) -> Iterator[Evidence]:
    """All pairs of basis vectors; with what is known of bilinearity."""
    for case, pairs, wrong in on_a_basis(target, dtype, quick=context.quick):
        shapes = [jax.ShapeDtypeStruct(shape, np.dtype(dtype)) for shape in (case.x, case.w)]
        doubt = why_not_bilinear(call(target, case), *shapes) if not wrong else ""
        strength = (
            "proved, its jaxpr is bilinear"
            if doubt is None
            else f"exact on a basis, bilinearity sampled ({doubt})"
        )
        yield Evidence(
            holds=not wrong,
            what=f"{wrong or strength}: {target.name} on {case.geometry!r}",
            cases=pairs,
            case=f"{target.spoken}(x {case.x}, w {case.w}{case.text})",
            size=case.size,
            proved=int(doubt is None and not wrong),
        )
