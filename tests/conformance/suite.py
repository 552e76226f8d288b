"""What a suite and its cases are."""

from __future__ import annotations

import dataclasses
import functools
import importlib.metadata
import importlib.util
import warnings
from collections.abc import Callable, Iterable

import jax

from tests.conformance.reasons import REASONS

quickly_compiled = functools.partial(
    jax.jit, compiler_options={"xla_backend_optimization_level": 0}
)
"""``jax.jit`` for a program that runs once: less time is spent on making it fast."""


@dataclasses.dataclass(frozen=True)
class Case:
    """One test of somebody else's.

    Attributes:
        id: its name there.
        check: raises an ``AssertionError`` unless jconv gives what it asks for.
        reason: why it is not applicable, as a key of ``REASONS``; None if it is.
    """

    id: str
    check: Callable[[], None] | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        """A case either runs or says why not."""
        if (self.check is None) != (self.reason in REASONS):
            message = f"{self.id}: a check, or a reason of REASONS; {self.reason!r}"
            raise ValueError(message)


@dataclasses.dataclass(frozen=True)
class Suite:
    """A collection of cases from one source.

    Attributes:
        name: a short one, for ids.
        title: what it is, for a table.
        source: where it comes from.
        how: how its cases are put to jconv, and who judges.
        module: what must be importable, or "" for retyped settings.
        package: the distribution whose version decides what the cases are, or "".
        load: finds the cases.
    """

    name: str
    title: str
    source: str
    how: str
    module: str
    package: str
    load: Callable[[], Iterable[Case]]

    def absent(self) -> str | None:
        """Why there are no cases here; None if there are."""
        if not self.module:
            return None
        try:
            found = importlib.util.find_spec(self.module)
        except ModuleNotFoundError:
            found = None
        if found:
            return None
        return f"{self.module} is not installed (pip install 'jconv[conformance]')"

    def version(self) -> str:
        """Of which version of the package the cases are."""
        return importlib.metadata.version(self.package) if self.package else ""

    @functools.cached_property
    def cases(self) -> tuple[Case, ...]:
        """All cases, their ids unique."""
        if self.absent():
            return ()
        with warnings.catch_warnings():
            # What other people's modules warn of while they are imported.
            warnings.simplefilter("ignore")
            found = tuple(sorted(self.load(), key=lambda case: case.id))
        names = [case.id for case in found]
        repeated = {name for name in names if names.count(name) > 1}
        if repeated:
            message = f"{self.name}: cases of one name: {sorted(repeated)[:5]}"
            raise ValueError(message)
        return found

    def case(self, name: str) -> Case:
        """The case of that id."""
        return next(case for case in self.cases if case.id == name)
