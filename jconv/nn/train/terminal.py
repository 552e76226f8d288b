"""What a terminal shows of a run: a bar while it goes on, a table in the end."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from jconv.nn.train.fit import EpochDone, StepDone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rich.console import Console

    from jconv.nn.train.fit import Event, Run

REFRESH_S = 0.1
"""How often the bar asks the device for the loss; each time the device waits."""


@contextlib.contextmanager
def told(
    console: Console, run: Run, name: str = ""
) -> Iterator[Callable[[Event], None]]:
    """A listener that keeps a bar on a terminal, and prints a line an epoch elsewhere.

    Args:
        console: where.
        run: what is trained.
        name: of the run, where there are several.
    """
    from rich.progress import (  # noqa: PLC0415  (only who shows needs it)
        BarColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[said]}"),
        TimeRemainingColumn(),
    )
    epochs, start, last = run.settings.epochs, time.perf_counter(), [0.0]
    lead = f"{name}: " if name else ""
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        total = epochs * run.steps
        task = bar.add_task(f"{lead}compiling", total=total, said="")
        seen = [0]

        def listen(event: Event) -> None:
            if isinstance(event, EpochDone):
                line = epoch_line(event.record, epochs)
                if not console.is_terminal:
                    console.print(lead + line, markup=False, highlight=False)
                    console.file.flush()  # whoever reads a pipe waits for it
                return
            seen[0] += run.settings.batch_size
            now = time.perf_counter()
            if now - last[0] < REFRESH_S:
                return
            last[0] = now
            done = (event.epoch - 1) * run.steps + event.index
            bar.update(
                task,
                completed=done,
                description=f"{lead}epoch {event.epoch}/{epochs}",
                said=_step_line(event, seen[0] / (now - start)),
            )

        yield listen


def _step_line(event: StepDone, rate: float) -> str:
    """Loss and accuracy of the step's batch, and the throughput so far."""
    loss, right = (float(event.measured[name]) for name in ("loss", "accuracy"))
    return f"loss {loss:.3f}  accuracy {right:6.1%}  {rate:,.0f} examples/s"


def epoch_line(record: Mapping[str, Any], epochs: int) -> str:
    """One line of an epoch's numbers.

    Examples:
        >>> record = {"epoch": 3, "train_loss": 0.25, "test_loss": 0.5}
        >>> record |= {"test_accuracy": 0.975, "examples_per_s": 12345.6}
        >>> epoch_line(record, 30)
        'epoch  3/30  loss 0.2500  test loss 0.5000  test accuracy 97.50 %  12,346 ex/s'
    """
    width = len(str(epochs))
    return (
        f"epoch {record['epoch']:{width}}/{epochs}  loss {record['train_loss']:.4f}  "
        f"test loss {record['test_loss']:.4f}  "
        f"test accuracy {100 * record['test_accuracy']:5.2f} %  "
        f"{record['examples_per_s']:,.0f} ex/s"
    )


def show_begin(console: Console, run: Run, kept: int) -> None:
    """What is trained, in a line or two."""
    from jconv.nn.layer import parameter_count  # noqa: PLC0415

    settings, data = run.settings, run.data
    count = parameter_count(run.problem.model, run.input_shape)
    shape = " × ".join(map(str, run.input_shape))
    console.print(
        f"[bold]{settings.model}[/] with {count:,} parameters on [bold]{data.name}[/] "
        f"({shape}; {len(data.train):,} to learn from, {len(data.test):,} to test), "
        f"{settings.optimiser}, seed {settings.seed}",
        highlight=False,
    )
    if kept:
        console.print(f"Going on after epoch {kept}.", highlight=False)


def show_end(console: Console, metrics: Mapping[str, Any]) -> None:
    """What a run came to, in a line."""
    console.print(
        f"[bold]test accuracy {100 * metrics['test_accuracy']:.2f} %[/] after "
        f"{metrics['epochs']} epochs, {metrics['seconds']:.1f} s, "
        f"{metrics['examples_per_s']:,.0f} examples/s",
        highlight=False,
    )


def show_comparison(console: Console, runs: Mapping[str, Mapping[str, Any]]) -> None:
    """A row for every model: accuracy with the pixels in order, and shuffled."""
    from rich.table import Table  # noqa: PLC0415  (only who shows needs it)

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 3, 0, 0))
    table.add_column("model")
    for name in ("parameters", "test accuracy", "pixels shuffled", "difference"):
        table.add_column(name, justify="right")
    for name, metrics in runs.items():
        other = runs.get(f"{name}-permuted")
        if other is None:
            continue
        plain, shuffled = (100 * each["test_accuracy"] for each in (metrics, other))
        table.add_row(
            name,
            f"{metrics['parameters']:,}",
            f"{plain:.2f} %",
            f"{shuffled:.2f} %",
            f"{shuffled - plain:+.2f}".replace("-", "−"),
        )
    console.print(table)
