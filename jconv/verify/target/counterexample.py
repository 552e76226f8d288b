"""Trying a part on a case; and the smallest case on which it goes wrong."""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jconv.verify.raised import first_line
from jconv.verify.target.cases import NoArrayError, call
from jconv.verify.target.smaller import smaller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jconv.verify.target.cases import Case
    from jconv.verify.target.load import Target
    from jconv.verify.target.parts import Arrays, Part

STEPS = 60
"""How many simplifications are tried at the most: each compiles."""

NO_FORWARD_MODE = re.compile("forward-mode .* custom_vjp")
"""What JAX says of a ``custom_vjp``, which has no jvp: that is no mistake."""


UNSTEADY = "not reproducible: differs between two runs of the same call"
"""What is told of a mistake that is not made a second time."""


@dataclasses.dataclass(frozen=True)
class Mismatch:
    """How a target went wrong on one case.

    Attributes:
        what: what came out, and what should have.
        arrays: the operands.
        result: which of the part's results is wrong; empty if none came out.
    """

    what: str
    arrays: Arrays
    result: str = ""


class NotSupportedError(Exception):
    """The target refuses the case; the message is its own."""


def attempt(target: Target, part: Part, case: Case, arrays: Arrays) -> Mismatch | None:
    """Compute a part through the target and compare it with the oracle.

    Raises:
        NotSupportedError: if the target refuses the case; see ``breakage``.
    """
    expected = part.expected(case, arrays)
    try:
        got = computed(target, part, case, arrays)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a user's code may raise anything, and must not
        return Mismatch(
            breakage(error, part), arrays
        )  # end the run, as SystemExit would
    for name, right in expected.items():
        if told := part.differs(got[name], right, case.dtype):
            return Mismatch(f"{name}{told}", arrays, name)
    return None


def breakage(error: BaseException, part: Part) -> str:
    """How a call of the target broke, in words.

    Raises:
        NotSupportedError: if the error is a refusal, ``NotImplementedError``, or JAX's
            own that the target has no forward mode, where a part takes it.
    """
    told, name = first_line(error), type(error).__name__
    without = isinstance(error, TypeError) and NO_FORWARD_MODE.search(told)
    if isinstance(error, NotImplementedError) or (part.forward and without):
        raise NotSupportedError(told or f"{name}, without a word") from error
    if isinstance(error, NoArrayError):
        return told
    return f"raises {name}: {told}" if told else f"raises {name}"


def computed(target: Target, part: Part, case: Case, arrays: Arrays) -> Arrays:
    """The part's results through the target, whatever that raises."""
    found = _program(target, part, case)(arrays)
    return {name: np.asarray(value) for name, value in found.items()}


@functools.lru_cache(maxsize=8)
def _program(target: Target, part: Part, case: Case) -> Callable[[Arrays], Arrays]:
    """The part, compiled once for all operands."""
    return jax.jit(lambda arrays: part.got(call(target, case), arrays))


def shrink(
    target: Target,
    part: Part,
    case: Case,
    mistake: Mismatch,
    drawn: Callable[[Case], Arrays],
) -> tuple[Case, Mismatch]:
    """The simplest case reached on which the part still goes wrong.

    Greedy: every simplification that still fails is kept. In the end, all operands
    that can are replaced by a basis vector, so that one product is left. A mistake that
    is not made again on the same operands is told as it was.
    """
    found = _still(target, part, case, mistake.arrays)
    if found is None:
        return case, dataclasses.replace(mistake, what=f"{UNSTEADY}: {mistake.what}")
    left = STEPS
    progress = True
    while progress and left:
        progress = False
        for candidate in smaller(case):
            left -= 1
            simpler = _still(target, part, candidate, drawn(candidate))
            if simpler is not None:
                case, found, progress = candidate, simpler, True
                break
            if not left:
                break
    return case, _sparser(target, part, case, found)


def _still(target: Target, part: Part, case: Case, arrays: Arrays) -> Mismatch | None:
    """The mistake on a smaller case; None if there it is right or refused."""
    try:
        return attempt(target, part, case, arrays)
    except NotSupportedError:
        return None


def _sparser(target: Target, part: Part, case: Case, found: Mismatch) -> Mismatch:
    """The same mistake with as many operands as possible a single one among zeros."""
    for name in _used(" ".join(part.code.values()), found.arrays):
        whole = found.arrays[name]
        for unit in _units(whole):
            mistake = _still(target, part, case, found.arrays | {name: unit})
            if mistake is not None:
                found = mistake
                break
    return found


def _units(whole: Any) -> Iterator[Any]:
    """A 1 among zeros, then an entry among zeros: in all places, or in some."""
    last = max(whole.size - 1, 0)
    places = sorted(set(np.linspace(0, last, STEPS).astype(int))) if whole.size else []
    for own in (False, True):
        for place in places:
            unit = np.zeros_like(whole)
            unit.flat[place] = whole.flat[place] if own else 1
            yield unit


def code(
    target: Target, part: Part, case: Case, arrays: Arrays, result: str = ""
) -> str:
    """The counterexample as Python that can be typed in: statements, then a value.

    Args:
        target: the convolution.
        part: what is computed.
        case: the call.
        arrays: the operands.
        result: which of the part's results; all by default.
    """
    chosen = [part.code[result]] if result in part.code else list(part.code.values())
    value = chosen[0] if len(chosen) == 1 else f"({', '.join(chosen)})"
    lines = ["import jax", "import jax.numpy as jnp", f"import {target.module}"]
    # As the verifier has it: a dtype that nobody asked for may come of it.
    lines.append("jax.config.update('jax_enable_x64', True)")
    lines += [part.setting] * bool(part.setting)
    lines += [f"{name} = {_literal(arrays[name])}" for name in _used(value, arrays)]
    return "; ".join([*lines, f"f = jax.jit({_function(target, case)})", value])


def _function(target: Target, case: Case) -> str:
    """The call as a function of x and w in the default order, as ``call`` has it."""
    # All of them: a target may have no defaults.
    options = "".join(f", {name}={value!r}" for name, value in case.keywords.items())
    if not case.channels_last:
        return f"lambda x, w: {target.spoken}(x, w{options})"
    x, w = "jnp.moveaxis(x, 1, -1)", "jnp.moveaxis(w, (1, 0), (-2, -1))"
    called = f"{target.spoken}({x}, {w}{options})"
    return f"lambda x, w: jnp.moveaxis({called}, -1, 1)"


def _used(code: str, arrays: Arrays) -> list[str]:
    """The operands that code mentions."""
    return [name for name in arrays if re.search(rf"\b{name}\b", code)]


def _literal(array: Any) -> str:
    """An array as code."""
    kind = complex if np.iscomplexobj(array) else float
    values = str(np.asarray(array).astype(kind).tolist())
    values = re.sub(r"\b(nan|inf)\b", r"jnp.\1", values)
    # What has no entries is a list that tells not even how many axes it has.
    shaped = f".reshape{array.shape}" if array.size == 0 else ""
    return f"jnp.array({values}, '{array.dtype}'){shaped}"
