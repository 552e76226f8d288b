"""Finding the function that ``--target module:function`` names."""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jconv.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Callable

KEYWORDS = (
    *("window_strides", "padding", "lhs_dilation", "rhs_dilation"),
    *("dimension_numbers", "feature_group_count"),
)
"""The arguments, besides the two arrays, that the checks pass by name."""

SIGNATURE = f"f(lhs, rhs, {', '.join(KEYWORDS)})"


@dataclasses.dataclass(frozen=True)
class Target:
    """A convolution to be verified.

    Attributes:
        name: ``module:function``.
        function: it, with the signature of ``jax.lax.conv_general_dilated``.
    """

    name: str
    function: Callable[..., Any]

    @property
    def module(self) -> str:
        """The module, as Python imports it."""
        return self.name.partition(":")[0]

    @property
    def spoken(self) -> str:
        """The function as Python code names it."""
        return self.name.replace(":", ".")


def load(name: str) -> Target:
    """Import what ``module:function`` names; the working folder is searched as well.

    Raises:
        GeometryError: if it is misspelt, does not import, is not callable or does not
            take the arguments of ``jax.lax.conv_general_dilated``.

    Examples:
        >>> load("jax.lax:conv_general_dilated").function.__name__
        'conv_general_dilated'
    """
    module_name, _, path = name.partition(":")
    if not module_name or not path:
        raise _wrong(name, "module:function", "Such as jax.lax:conv_general_dilated.")
    function: Any = _imported(name, module_name)
    for part in path.split("."):
        if not hasattr(function, part):
            near = difflib.get_close_matches(part, dir(function), n=3)
            mend = f"Did you mean {' or '.join(near)}?" if near else ""
            raise _wrong(name, f"a name that {module_name!r} defines", mend)
        function = getattr(function, part)
    if not callable(function):
        raise _wrong(name, f"a function, not a {type(function).__name__}")
    _check_signature(name, function)
    return Target(name, function)


def _imported(name: str, module_name: str) -> Any:
    """The module; whatever goes wrong in it is told in one message."""
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        return importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        told = f"{type(error).__name__}: {error}"
        expected = f"a module that can be imported ({told})"
        raise _wrong(name, expected, "Try: python -c 'import ...'") from error
    finally:
        sys.path.remove(here)


def _check_signature(name: str, function: Callable[..., Any]) -> None:
    """Refuse a function that cannot be called as lax's is."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # builtins tell none; the first call will show
        return
    try:
        signature.bind("lhs", "rhs", **dict.fromkeys(KEYWORDS))
    except TypeError as error:
        expected = f"the signature of jax.lax.conv_general_dilated ({error})"
        parameters = ", ".join(signature.parameters)
        mend = f"It is called as {SIGNATURE}; it takes ({parameters})."
        raise _wrong(name, expected, mend) from error


def _wrong(name: str, expected: str, mend: str = "") -> GeometryError:
    """The user's mistake in one message."""
    return GeometryError.of("--target", name, expected, mend)
