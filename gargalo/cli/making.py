"""Commands that make runs: demo, train, resume."""

from __future__ import annotations

import inspect
import json
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ParameterError, must
from ..io.arguments import given_once
from ..io.reporter import reporter_for
from ..io.signals import on_signal
from .common import (
    AsJson,
    DataDir,
    Lang,
    NewFolder,
    SourceArgument,
    app,
    known_of,
    print_result,
    verdict_lines,
)
from .figures import figures
from .reading import reads

if TYPE_CHECKING:
    from ..runs import Run

Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Devices = Annotated[int, typer.Option(min=1, help="Processes on this machine; torchrun starts them.")]
NumNodes = Annotated[int, typer.Option("--num-nodes", min=1, help="Machines, with torchrun on each.")]
SaveEvery = Annotated[float, typer.Option("--save-every", min=0, help="Seconds from one checkpoint to the next.")]


@app.command()
def demo(
    out: NewFolder = None,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """The lesson's whole story on real digits: seven models and one report, in about a minute."""
    import time

    from .. import api
    from ..lang import words

    began = time.perf_counter()
    report, runs = api.demo(out, lang)
    say = words(lang)
    print_result(
        {
            "report": str(report),
            "seconds": round(time.perf_counter() - began, 1),
            "runs": [{"run": str(run.folder), **known_of(run)} for run in runs],
        },
        [
            say("demo.done", report=report),
            say("demo.next", run=shlex.quote(str(runs[1].folder))),
            say("demo.explore", runs=shlex.join(str(run.folder) for run in runs[1:5])),
        ],
        as_json,
    )


@app.command()
@reads
def train(
    src: SourceArgument = "mnist-10k",
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="See gargalo models; autoencoder if not given.")
    ] = None,
    latent_dim: Annotated[
        int | None, typer.Option("--latent-dim", "--latent_dim", help="Numbers in one latent.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training data.")] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", "--batch_size")] = None,
    lr: Annotated[float | None, typer.Option(help="Highest learning rate.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, order and draws.")] = None,
    net: Annotated[str | None, typer.Option(help="auto, mlp or conv.")] = None,
    widths: Annotated[
        str | None, typer.Option(help="Hidden layers, or channels for conv, outermost first, such as 128,64.")
    ] = None,
    blocks: Annotated[int | None, typer.Option(help="For conv: residual blocks in each level.")] = None,
    noise: Annotated[str | None, typer.Option(help="For denoising: gaussian, salt-and-pepper or masking.")] = None,
    strength: Annotated[
        float | None, typer.Option(help="For denoising: sigma, or the share that is corrupted.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Choose widths and epochs so that it ends after so long.")
    ] = None,
    patience: Annotated[
        int | None, typer.Option(help="Stop after so many epochs without a lower validation loss.")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", metavar="RUN", help="Begin with this run's weights.")] = None,
    preset: Annotated[str | None, typer.Option(help="lesson: the notebook's own recipe.")] = None,
    choices: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Any other choice.")] = None,
    out: NewFolder = None,
    goes_on: Annotated[
        bool, typer.Option("--resume", help="Go on where --out holds the same training, unfinished.")
    ] = False,
    save_every: SaveEvery = 30,
    device: Device = "auto",
    devices: Devices = 1,
    num_nodes: NumNodes = 1,
    precision: Annotated[str | None, typer.Option(help="32-true or bf16-mixed.")] = None,
    data_dir: DataDir = None,
    lang: Lang = None,
    as_json: AsJson = False,
    reading: Any = None,
) -> None:
    """Train a model and keep it in a new run folder."""
    _start_processes(devices, num_nodes)
    from .. import api

    chosen = given_once(_choice(text) for text in choices or ())
    for name in chosen.keys() & inspect.signature(api.train).parameters.keys():
        raise ParameterError.unexpected(name, "It is no choice of the recipe.")
    named = {"latent_dim": latent_dim, "epochs": epochs, "batch_size": batch_size, "lr": lr, "seed": seed}
    named |= {
        "net": net,
        "blocks": blocks,
        "noise": noise,
        "strength": strength,
        "patience": patience,
        "precision": precision,
    }
    named["widths"] = None if widths is None else _widths(widths)
    chosen = given_once([*chosen.items(), *named.items()])
    made = api.train(
        src,
        model,
        preset=preset,
        out=out,
        resume=goes_on,
        start=start,
        minutes=minutes,
        device=device,
        devices=devices,
        num_nodes=num_nodes,
        save_every=save_every,
        data_dir=data_dir,
        reading=reading,
        progress=reporter_for(True, lang),
        **chosen,
    )
    _tell_run(made, lang, as_json)


@app.command()
def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="An unfinished run's folder, or last.")],
    src: Annotated[str | None, typer.Argument(metavar="[SRC]", help="The same data, where they have moved.")] = None,
    save_every: SaveEvery = 30,
    device: Device = "auto",
    devices: Devices = 1,
    num_nodes: NumNodes = 1,
    data_dir: DataDir = None,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a training that did not end, as if it had never stopped."""
    _start_processes(devices, num_nodes)
    from .. import api

    made = api.resume(
        run,
        src,
        data_dir=data_dir,
        device=device,
        devices=devices,
        num_nodes=num_nodes,
        save_every=save_every,
        progress=reporter_for(True, lang),
    )
    _tell_run(made, lang, as_json)


def _start_processes(devices: int, num_nodes: int) -> None:
    """Start this command anew as several processes, unless torchrun already has, and end as they do."""
    if devices < 2 or num_nodes > 1 or "RANK" in os.environ:
        return
    torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={devices}"]
    # Modules that lie where somebody happens to be are not the library's: nor for what torchrun starts.
    safe = os.environ | {"PYTHONSAFEPATH": "1"}
    process = subprocess.Popen([sys.executable, "-P", *torchrun, "-m", "gargalo", *sys.argv[1:]], env=safe)
    came: list[int] = []

    def forward(signum: int) -> None:
        came.append(signum)
        process.send_signal(signum)

    with on_signal(forward):
        status = process.wait()
    raise typer.Exit(128 + came[0] if came and status else status)


def _tell_run(made: Run, lang: str | None, as_json: bool) -> None:
    """A run that was made, with its figures and the verdict on it."""
    lines = [str(made.folder), *figures(made, lang), *verdict_lines(made, lang)]
    print_result({"run": str(made.folder), **known_of(made)}, lines, as_json)


def _choice(text: str) -> tuple[str, Any]:
    """`name=value`, the value as JSON where it is that, else as text."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise must("choices", "NAME=VALUE", text)
    try:
        return name.replace("-", "_"), json.loads(value)
    except (ValueError, RecursionError):
        return name.replace("-", "_"), value


def _widths(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(width) for width in text.split(",") if width.strip())
    except ValueError:
        raise must("widths", "whole numbers such as 128,64", text) from None
