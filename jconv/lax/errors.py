"""Errors of two types: jconv's own, and what ``jax.lax`` raises for a mistake."""

from __future__ import annotations

from jconv.errors import GeometryError


class WrongTypeError(GeometryError, TypeError):
    """What ``jax.lax`` reports as a TypeError."""


class PaddingNameError(GeometryError, RuntimeError):
    """What ``jax.lax`` reports as a RuntimeError."""
