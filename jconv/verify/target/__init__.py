"""Claims about a user's own convolution: ``jconv verify --target module:function``."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from jconv.errors import UnsupportedError
from jconv.verify.bilinear import why_not_bilinear
from jconv.verify.claim import Claim, Evidence
from jconv.verify.target.basis import Outcome, on_a_basis
from jconv.verify.target.cases import Case, call, family
from jconv.verify.target.counterexample import (
    Mismatch,
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
    "values": "The target computes the convolution: its values are the sums that the "
    "index relation names.",
    "input-vjp": "What JAX derives through the target for the input is the transposed "
    "convolution of the cotangent with the kernel.",
    "kernel-vjp": "What JAX derives through the target for the kernel is the "
    "convolution of the input with the cotangent.",
    "jvp": "The target's tangent follows the product rule.",
    "vmap": "Mapping the target over inputs, kernels or both is the same as calling it "
    "one by one.",
    "second-order": "The derivative of the target's input derivative is a convolution "
    "again.",
    "bilinear": "The target is linear in either operand, on random integers: this is "
    "sampled, not shown.",
    "cropping": "Values and both derivatives are right where negative padding crops "
    "the input at its low side.",
    "basis": "Values and both derivatives are right on all pairs of basis vectors of "
    "small convolutions.",
}
"""Last part of a claim's id -> its sentence."""

FORMULAS = {
    "values": "y = Σ T x w",
    "input-vjp": "dx = Σ T w dy",
    "kernel-vjp": "dw = Σ T x dy",
    "jvp": "d conv(x, w) = conv(dx, w) + conv(x, dw)",
    "vmap": "vmap(conv)(x, w)_j = conv(x_j, w_j)",
    "second-order": "d⟨dx, u⟩/dw = Σ T u dy,  d⟨dx, u⟩/d dy = Σ T u w",
    "bilinear": "conv(x + 2u, w) = conv(x, w) + 2 conv(u, w)",
    "cropping": "y = Σ T x w,  dx = Σ T w dy,  dw = Σ T x dy",
    "basis": "f(eᵢ, eⱼ) = ΣT eᵢ eⱼ for all i, j",
}
"""Last part of a claim's id -> its formula."""

UNDERIVED = ("values", "vmap", "bilinear")
"""Parts that derive nothing, and so are there for integer dtypes, too."""

SHRUNK = 1
"""How many failures of one claim are shrunk; of the others the case is told."""


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
            kind="exact",
            falsified_by=f"a convolution for which {target.name} raises, or differs "
            "from the NumPy oracle in one number",
            source=f"the target {target.name}",
            formula=FORMULAS[part],
            check=_check(target, part, dtypes or ("float32",)),
        )
        made[claim.id] = claim
    return made


def _check(target: Target, part: str, dtypes: tuple[str, ...]) -> Any:
    """The check of one claim."""

    def check(context: Context) -> Iterator[Evidence]:
        refused: list[str] = []
        for dtype in dtypes:
            try:
                yield from _in_dtype(target, part, dtype, context)
            except UnsupportedError as error:
                refused.append(str(error))
        if len(refused) == len(dtypes):
            raise UnsupportedError("; ".join(refused))
        for reason in refused:
            yield Evidence(holds=True, what=reason, cases=0)

    return check


def _in_dtype(
    target: Target, part: str, dtype: str, context: Context
) -> Iterator[Evidence]:
    """The check of one claim in one dtype."""
    if part == "basis":
        yield from _basis(target, dtype, context)
    elif part in UNDERIVED or jnp.issubdtype(dtype, jnp.inexact):
        yield from _sampled(target, part, dtype, context)
    else:
        message = f"JAX derives nothing in {dtype}: its tangents are float0"
        raise UnsupportedError(message)


def _sampled(
    target: Target, part: str, dtype: str, context: Context
) -> Iterator[Evidence]:
    """One part on the whole family; the first failure is shrunk."""
    cases = family(dtype, 2 if context.quick else 3, cropped=part == "cropping")
    refusals: collections.Counter[str] = collections.Counter()
    failures = 0
    for case in cases:
        arrays = arrays_of(case, context.integers)
        try:
            mistake = attempt(target, PARTS[part], case, arrays)
        except NotSupportedError as error:
            refusals[str(error)] += 1
            continue
        if mistake is None:
            yield Evidence(True, f"{part}: {_told(target, case)}")  # noqa: FBT003
            continue
        failures += 1
        told = (case, mistake)
        if failures <= SHRUNK:
            told = shrink(target, PARTS[part], case, context.integers)
        yield _against(target, part, *told)
    yield from _refused(target, refusals, len(cases))


def _refused(
    target: Target, refusals: collections.Counter[str], cases: int
) -> Iterator[Evidence]:
    """What a target refused, told and not held against it.

    Raises:
        UnsupportedError: if it refused every case.
    """
    if refusals.total() == cases:
        message = f"{target.name} refuses: {'; '.join(refusals)}"
        raise UnsupportedError(message)
    if refusals:
        yield Evidence(
            holds=True,
            what=f"{target.name} refuses {refusals.total()} of {cases}",
            cases=0,
            numbers=dict(refusals),
        )


def _told(target: Target, case: Case) -> str:
    """A call in one line."""
    return f"{target.spoken}(x {case.x}, w {case.w}{case.text}) in {case.dtype}"


def _against(target: Target, part: str, case: Case, mistake: Mismatch) -> Evidence:
    """The evidence against a target."""
    return Evidence(
        holds=False,
        what=f"{part} through {target.name}: {mistake.what}, on {case.geometry!r} "
        f"in {case.dtype}",
        case=code(target, PARTS[part], case, mistake.arrays),
        size=case.size,
    )


def _basis(target: Target, dtype: str, context: Context) -> Iterator[Evidence]:
    """All pairs of basis vectors; with what is known of bilinearity."""
    refusals: collections.Counter[str] = collections.Counter()
    outcomes = list(on_a_basis(target, dtype, quick=context.quick))
    for found in outcomes:
        case = found.case
        if found.refused and not found.pairs and not found.wrong:
            refusals[next(iter(found.refused.values()))] += 1
            continue
        strength, proved = _strength(target, found)
        yield Evidence(
            holds=not found.wrong,
            what=f"{found.wrong or strength}: {target.name} on {case.geometry!r} "
            f"in {dtype}",
            cases=found.pairs,
            case=found.code or _told(target, case),
            size=case.size,
            proved=int(proved),
            numbers={"left out": "; ".join(found.left_out)} if found.left_out else {},
        )
    yield from _refused(target, refusals, len(outcomes))


def _strength(target: Target, found: Outcome) -> tuple[str, bool]:
    """How strong the evidence of a right outcome is, and whether it is a proof."""
    case = found.case
    if found.wrong:
        return "", False
    if found.left_out:
        return "exact on a basis, as far as it goes", False
    shapes = [
        jax.ShapeDtypeStruct(shape, jnp.dtype(case.dtype)) for shape in (case.x, case.w)
    ]
    doubt = why_not_bilinear(call(target, case), *shapes)
    if doubt is None:
        return "proved, its jaxpr is bilinear", True
    return f"exact on a basis, bilinearity sampled ({doubt})", False
