"""How a fault is put into the product, and taken out again."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import sys
from collections.abc import Callable, Iterator
from typing import Any

import jax

Make = Callable[[Any], Any]


@dataclasses.dataclass(frozen=True)
class Fault:
    """One mistake, and who is to notice it.

    Attributes:
        says: the mistake in words.
        owner: the module or class in which a name is replaced.
        name: the name.
        make: from the right value to the wrong one.
        claim: the claim that must not hold any more.
        test: the test, as pytest selects it, that must fail.
    """

    says: str
    owner: Any
    name: str
    make: Make
    claim: str
    test: str


FAULTS: dict[str, Fault] = {}


def fault(owner: Any, name: str, *, claim: str, test: str) -> Callable[[Make], Make]:
    """Register a function from right to wrong; its docstring says what is wrong."""

    def register(make: Make) -> Make:
        key = make.__name__.replace("_", "-")
        FAULTS[key] = Fault(str(make.__doc__), owner, name, make, claim, test)
        return make

    return register


@contextlib.contextmanager
def planted(name: str) -> Iterator[None]:
    """The product with a fault in it; caches forget what was computed without it."""
    chosen = FAULTS[name]
    right = getattr(chosen.owner, chosen.name)
    setattr(chosen.owner, chosen.name, chosen.make(right))
    _forget()
    try:
        yield
    finally:
        setattr(chosen.owner, chosen.name, right)
        _forget()


def _forget() -> None:
    """Drop everything that was computed with the product's code."""
    jax.clear_caches()
    for name, module in list(sys.modules.items()):
        if name.startswith("jconv.") and not name.startswith("jconv.verify"):
            here = list(vars(module).values())
            classes = [vars(each).values() for each in here if isinstance(each, type)]
            for value in itertools.chain(here, *classes):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()
