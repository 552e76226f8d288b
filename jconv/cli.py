"""The command line: ``jconv COMMAND``. Each command stands in its own ``cli_*.py``.

Exit codes: 0 all held, 1 a claim was falsified or ended in an error, 2 bad usage, 130
interrupted.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jconv import (
    cli_bench,
    cli_explain,
    cli_info,
    cli_prove,
    cli_train,
    cli_tune,
    cli_verify,
    starting,
)
from jconv.cli_codes import BAD_USAGE, FAILED, INTERRUPTED
from jconv.errors import GeometryError, UnsupportedError
from jconv.version import version

if TYPE_CHECKING:
    from collections.abc import Sequence

TRACEBACK = "JCONV_TRACEBACK"
"""The environment variable that makes an internal error show its traceback."""

NO_BACKEND = ("Unable to initialize backend", "Unknown backend")
"""How JAX's error begins where JAX_PLATFORMS names what this machine has not."""

app = typer.Typer(
    help="Convolution from scratch in JAX, whose derivatives are convolutions.",
    epilog="Start with [bold]jconv verify --quick[/bold]: it samples every claim "
    "on this machine in some five minutes and writes a report to read.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    # Errors are told below, in one message; a traceback is for who asks for it.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(help=cli_verify.HELP)(cli_verify.verify)
app.command(help=cli_prove.HELP)(cli_prove.prove)
app.command(help=cli_explain.HELP)(cli_explain.explain)
app.command(help=cli_info.HELP)(cli_info.info)
app.command(help=cli_bench.HELP)(cli_bench.bench)
app.command(help=cli_tune.HELP)(cli_tune.tune)
app.command(help=cli_train.HELP)(cli_train.train)


def _version(asked: bool) -> None:  # noqa: FBT001 (typer calls it)
    """Say which jconv this is, and end."""
    if asked:
        typer.echo(f"jconv {version()}")
        raise typer.Exit


@app.callback()
def _jconv(
    _: Annotated[  # noqa: FBT002 (an option has a name)
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Hold the commands together."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: the words after ``jconv``; by default the process's own.
    """
    starting.done()
    _make_writable()
    code = _run(arguments)
    if code == INTERRUPTED and arguments is None:
        # An interrupted XLA now and then crashes while the interpreter is torn down
        # (jaxlib 0.10.2: 2 of 5 runs), and 130 would become a segfault.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _make_writable() -> None:
    """Streams that take whatever a command says, be they ASCII or closed.

    Else a sign that an encoding lacks would end in an error after all the work.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # the shell closed it: >&-
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (stays)
            setattr(sys, name, nowhere)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _run(arguments: Sequence[str] | None) -> int:
    """``main`` without its way out."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="jconv")
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else int(bool(exit_.code))
    except KeyboardInterrupt:  # before a command begins, or where none heeds it
        return _tell("interrupted.", INTERRUPTED)
    except (GeometryError, UnsupportedError) as error:
        return _tell(str(error), BAD_USAGE)
    except OSError as error:
        parts = (error.strerror or str(error), error.filename)
        return _tell(": ".join(str(part) for part in parts if part), BAD_USAGE)
    except Exception as error:  # never a bare traceback
        if isinstance(error, RuntimeError) and str(error).startswith(NO_BACKEND):
            return _tell(f"JAX finds no such device here: {error}", BAD_USAGE)
        if os.environ.get(TRACEBACK):
            traceback.print_exc()
        hint = f"This is an error in jconv; {TRACEBACK}=1 shows where."
        return _tell(f"{type(error).__name__}: {error}\n{hint}", FAILED)
    return 0


def _tell(message: str, code: int) -> int:
    """One message on stderr."""
    print(f"jconv: {message}", file=sys.stderr)
    return code
