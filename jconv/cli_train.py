"""``jconv train``: a network on real data, kept after every epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from jconv import cli_train_run
from jconv.cli_options import refuse
from jconv.errors import GeometryError

HELP = """
Train a network on real images; every convolution and its derivatives are jconv's.

The run is written to a folder: checkpoints after every epoch, curves and the first \
layer's filters as pictures, and metrics.json. A run that was stopped, in whatever \
way, goes on with --resume and ends in the same bits as one that was not.

[bold]Examples[/bold]

[cyan]jconv train[/cyan]  a small CNN on scikit-learn's digits, under a minute

[cyan]jconv train --resume[/cyan]  goes on; the settings are those it began with

[cyan]jconv train --compare mlp,cnn[/cyan]  at equal parameters, pixels in order and \
shuffled

[cyan]jconv train --audit 20[/cyan]  checks every 20 steps that the gradients derived, \
coded and lax's agree

[cyan]jconv train --model vgg --data cifar10 --data-dir cifar --flip --shift 4[/cyan]  \
files that you have

[cyan]jconv train --model resnet18 --layers[/cyan]  shows the layers; trains nothing

[bold]Exit codes[/bold]

0 trained, 1 an audit found gradients that disagree or the loss diverged, 2 bad usage \
or a full disk, 130 interrupted.
"""
"""What ``--help`` says: a paragraph a line."""

PLACE = Path("jconv-train")
"""Where a run is written, unless it is told."""

SELDOM: dict[str, Any] = {"rich_help_panel": "Learning"}


def train(
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="mlp, cnn, lenet5, vgg, resnet18, alexnet."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="digits or photographs; from files mnist, fashion-mnist, cifar10, "
            "cifar100.",
        ),
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the data's files are.")
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the run is written.")
    ] = PLACE,
    resume: Annotated[  # noqa: FBT002 (an option has a name)
        bool, typer.Option("--resume", help="Go on with the run in --out.")
    ] = False,
    overwrite: Annotated[  # noqa: FBT002 (an option has a name)
        bool, typer.Option("--overwrite", help="Delete the run in --out first.")
    ] = False,
    compare: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME",
            help="Train these at equal parameters, and again with shuffled pixels.",
        ),
    ] = None,
    audit: Annotated[
        int | None,
        typer.Option(metavar="K", min=1, help="Check the gradients every K steps."),
    ] = None,
    layers: Annotated[  # noqa: FBT002 (an option has a name)
        bool, typer.Option("--layers", help="Show the layers and train nothing.")
    ] = False,
    epochs: Annotated[int | None, typer.Option(help="Default: 30.", **SELDOM)] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Examples in a step. Default: 64.", **SELDOM)
    ] = None,
    optimiser: Annotated[
        str | None,
        typer.Option(help="sgd, momentum, adam, adamw. Default: adam.", **SELDOM),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Default: the optimiser's usual one.", **SELDOM)
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            help="constant, cosine, warmup-cosine, exponential, linear. "
            "Default: cosine.",
            **SELDOM,
        ),
    ] = None,
    weight_decay: Annotated[
        float | None, typer.Option(help="Of adamw. Default: 0.0001.", **SELDOM)
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(help="float32, bfloat16, float64. Default: float32.", **SELDOM),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="auto; fast, whatever it rounds; direct, sums of products alone. "
            "Default: auto.",
            **SELDOM,
        ),
    ] = None,
    width: Annotated[
        int | None, typer.Option(help="Of the model. Default: its usual one.", **SELDOM)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of all that is drawn. Default: 0.", **SELDOM)
    ] = None,
    shift: Annotated[
        int | None, typer.Option(help="Pixels, at most. Default: 0.", **SELDOM)
    ] = None,
    flip: Annotated[
        bool | None, typer.Option("--flip", help="Mirror pictures.", **SELDOM)
    ] = None,
    crop: Annotated[
        int | None, typer.Option(help="Side of a window. Default: none.", **SELDOM)
    ] = None,
    permuted: Annotated[
        bool | None, typer.Option("--permuted", help="Shuffle the pixels.", **SELDOM)
    ] = None,
) -> None:
    """Settle what is asked for, then train, show, write."""
    asked = {
        name: value
        for name, value in {
            "model": model,
            "data": data,
            "epochs": epochs,
            "batch_size": batch_size,
            "optimiser": optimiser,
            "learning_rate": learning_rate,
            "schedule": schedule,
            "weight_decay": weight_decay,
            "precision": precision,
            "method": method,
            "width": width,
            "seed": seed,
            "shift": shift,
            "flip": flip,
            "crop": crop,
            "permuted": permuted,
        }.items()
        if value is not None
    }
    if resume and overwrite:
        expected = "no --resume, as that goes on with what this deletes"
        raise GeometryError.of("--overwrite", overwrite, expected)
    if compare is not None and ("model" in asked or permuted):
        expected = "no --model and no --permuted, as it does both itself"
        raise GeometryError.of("--compare", compare, expected)
    names = None if compare is None else [each.strip() for each in compare.split(",")]
    if weight_decay is not None and not resume and optimiser != "adamw":
        expected = "--optimiser adamw beside it, which alone has one"
        raise GeometryError.of("--weight-decay", weight_decay, expected)
    if layers:
        others = {
            "--compare": (compare, None),
            "--resume": (resume, False),
            "--overwrite": (overwrite, False),
            "--audit": (audit, None),
            "--out": (str(out), str(PLACE)),
            "--epochs": (epochs, None),
            "--batch-size": (batch_size, None),
            "--optimiser": (optimiser, None),
            "--learning-rate": (learning_rate, None),
            "--schedule": (schedule, None),
            "--shift": (shift, None),
            "--flip": (flip, None),
        }
        refuse(others, "nothing of a run beside --layers, which shows one model only")
        cli_train_run.show_layers(asked, data_dir)
        return
    place = cli_train_run.Place(out, data_dir, resume, overwrite, audit)
    code = cli_train_run.run(place, names, asked)
    if code:
        raise typer.Exit(code)
