"""The two ways a call can fail: you are wrong, or I cannot."""

from __future__ import annotations


class GeometryError(ValueError):
    """An argument is wrong: its name, its value, what was expected, how to mend it.

    Examples:
        >>> raise GeometryError.of("stride", 0, "an integer of at least 1", "Use 1.")
        Traceback (most recent call last):
        ...
        jconv.errors.GeometryError: stride=0: expected an integer of at least 1. Use 1.
    """

    @classmethod
    def of(
        cls, argument: str, value: object, expected: str, mend: str = ""
    ) -> GeometryError:
        """Build the message from its four parts."""
        return cls(f"{argument}={value!r}: expected {expected}. {mend}".rstrip())


class UnsupportedError(NotImplementedError):
    """The arguments are right, but this cannot be done here; the message says why.

    Examples:
        >>> import jax.numpy as jnp, jconv
        >>> x, w = jnp.ones((9, 1)), jnp.ones((3, 1, 1))
        >>> try:
        ...     jconv.conv(x, w, stride=2, method="winograd")
        ... except jconv.UnsupportedError as error:
        ...     print(error)
        method='winograd' cannot compute this output:
        strided windows are no product of polynomials.
    """
