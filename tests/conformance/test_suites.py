"""Every case of every suite; one that is not applicable is skipped with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.reasons import REASONS
from tests.conformance.registry import SUITES
from tests.conformance.suite import Case


def everything() -> Iterator[Any]:
    """One parameter per case, or one that is skipped for a whole suite."""
    for suite in SUITES:
        if reason := suite.absent():
            mark = pytest.mark.skip(reason=f"{suite.title}: {reason}")
            yield pytest.param(None, id=suite.name, marks=mark)
        for case in suite.cases:
            yield pytest.param(case, id=f"{suite.name}:{case.id}")


@pytest.mark.parametrize("case", list(everything()))
def test_case(case: Case) -> None:
    if case.reason:
        pytest.skip(REASONS[case.reason])
    assert case.check is not None
    case.check()
