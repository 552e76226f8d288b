"""Measured choices in a file: what ``jconv tune`` writes and ``method`` takes.

What is fastest differs between machines and between compilers, so a file says on which
device and with which jaxlib it was measured, and is believed only there.
"""

from __future__ import annotations

import json
import os
import warnings
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax

from jconv.algorithms import REGISTRY, Tuned
from jconv.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = "jconv-tuned-1"

FAMILY = "jconv-tuned-"
"""How the schemas of all versions begin."""


class TuningWarning(UserWarning):
    """A file of measured choices is not used, and why.

    Examples:
        Whoever would rather be stopped than told makes it an error:

        >>> import pathlib, tempfile, warnings
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "tuned.json"
        >>> _ = path.write_text("{}")
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("error", TuningWarning)
        ...     tuned(path)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        jconv.tuning.TuningWarning: ... is not used: it is not of schema ...
    """


def tuned(path: str | os.PathLike[str]) -> Tuned:
    """The choices that ``jconv tune`` measured, to be passed as ``method``.

    A file that is damaged, or was measured on another kind of device or with another
    jaxlib, is not used: a ``TuningWarning`` says so, and every choice is left to the
    cost model, as with "auto". So is every convolution that was not measured.

    Args:
        path: the file.

    Returns:
        A hashable value. Give it to every convolution of a program; derivatives are
        looked up in it too.

    Raises:
        GeometryError: if there is no such file.

    Examples:
        >>> import jax.numpy as jnp, jconv, tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "tuned.json"
        >>> jconv.tuning.store(path, {})
        >>> measured = jconv.tuned(path)
        >>> y = jconv.conv(jnp.ones((1, 8, 1)), jnp.ones((3, 1, 1)), method=measured)
        >>> y.shape
        (1, 6, 1)
    """
    path = Path(path)
    if not path.is_file():
        expected = "a file that `jconv tune --out FILE` wrote"
        raise GeometryError.of("path", str(path), expected)
    try:
        choices = stored(path)
    except ValueError as error:
        anew = "`jconv tune` measures anew" + (
            "" if ours(path) else ", once it is gone"
        )
        message = f"{path} is not used: {error}. {anew}."
        warnings.warn(TuningWarning(message), stacklevel=2)
        return Tuned()
    return Tuned.of(choices)


def circumstances() -> dict[str, str]:
    """What measurements depend on: the device and what compiles for it."""
    device = jax.devices()[0]
    kind = f"{device.device_kind}, {os.cpu_count()} cores"
    return {"device": kind, "jaxlib": metadata.version("jaxlib")}


def ours(path: Path) -> bool:
    """Whether a file is one of measured choices, of any version, or empty."""
    try:
        content = _read(path)
    except ValueError:
        return path.is_file() and path.stat().st_size == 0
    schema = content.get("schema") if isinstance(content, dict) else None
    return isinstance(schema, str) and schema.startswith(FAMILY)


def samples(path: Path) -> dict[str, Any]:
    """What was measured for the choices of a file that ``stored`` accepts."""
    kept = _read(path).get("samples")
    return kept if isinstance(kept, dict) else {}


def _read(path: Path) -> Any:
    """A file's JSON.

    Raises:
        ValueError: if it cannot be read: the reason.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"it cannot be read ({error})") from None


def stored(path: Path) -> dict[str, str]:
    """The choices of a file.

    Raises:
        ValueError: if it cannot be read, or is of other circumstances: the reason.
    """
    content = _read(path)
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise ValueError(f"it is not of schema {SCHEMA}")
    for name, here in circumstances().items():
        if content.get(name) != here:
            raise ValueError(
                f"its {name} is {content.get(name)!r}, here it is {here!r}"
            )
    choices = content.get("choices")
    if not isinstance(choices, dict) or not all(
        isinstance(name, str) and name in REGISTRY for name in choices.values()
    ):
        raise ValueError("its choices are not names of algorithms")
    return choices


def store(
    path: str | os.PathLike[str],
    choices: Mapping[str, str],
    samples: Mapping[str, Any] | None = None,
) -> None:
    """Write choices, all or nothing.

    Args:
        path: the file; what it held is replaced.
        choices: algorithm by ``algorithms.tuned.describe``.
        samples: what was measured, for readers.
    """
    path = Path(path)
    content = {
        "schema": SCHEMA,
        **circumstances(),
        "choices": dict(sorted(choices.items())),
        "samples": dict(samples or {}),
    }
    replace(path, json.dumps(content, indent=1) + "\n")


def replace(path: Path, text: str) -> None:
    """Write a file, all or nothing; what is no file, such as a pipe, is written to."""
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    path = path.resolve()  # a link goes on being one
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def writable(argument: str, path: Path) -> None:
    """Refuse a file that cannot be written to, while nothing is lost yet.

    Raises:
        GeometryError: naming the argument.
    """
    if path.is_dir() or not path.parent.is_dir():
        raise GeometryError.of(argument, str(path), "a file in an existing folder")
    if path.exists() and not path.is_file():
        return
    temporary = path.resolve().with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.touch()
        temporary.unlink()
    except OSError as error:
        expected = f"a file in a folder that can be written to ({error.strerror})"
        raise GeometryError.of(argument, str(path), expected) from error
