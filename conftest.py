"""Doctests show what a user sees: JAX's defaults, not the settings of ``tests``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def jax_defaults_in_doctests(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run an example in float32 and with rank promotion allowed."""
    if not isinstance(request.node, pytest.DoctestItem):
        yield
        return
    with jax.enable_x64(False), jax.numpy_rank_promotion("allow"):  # noqa: FBT003
        yield
