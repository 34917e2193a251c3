"""The commands: one command = one call of the Python API. Heavy imports stand inside the commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .errors import ParameterError, must

if TYPE_CHECKING:
    import numpy as np

    from .data import Source
    from .run import Run

__all__ = ["app", "rank"]

app = typer.Typer(
    name="gargalo",
    help="From images or numbers to a latent space that you can see, walk, measure and use.",
    epilog="Start with: gargalo demo",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, and nothing else there.")]
Lang = Annotated[str | None, typer.Option("--lang", help="en or pt; the locale's if not given.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or last.")]
SourceArgument = Annotated[str, typer.Argument(metavar="SRC", help="mnist-10k, mnist, or a .npy or .npz file.")]
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Folder with the IDX files of mnist.")]
Out = Annotated[Path, typer.Option("--out", "-o")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Devices = Annotated[int, typer.Option(min=1, help="Processes on this machine; torchrun starts them.")]
NumNodes = Annotated[int, typer.Option("--num-nodes", min=1, help="Machines, with torchrun on each.")]
SaveEvery = Annotated[float, typer.Option("--save-every", min=0, help="Seconds from one checkpoint to the next.")]
NewFolder = Annotated[
    Path | None, typer.Option("--out", "-o", help="A new folder; else the next number in runs/.")
]


@app.command()
def demo(
    out: NewFolder = None,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """The lesson's whole story on real digits: seven models and one report, in about a minute."""
    import time

    from . import workflow
    from .lang import words

    began = time.perf_counter()
    report, runs = workflow.demo(out, lang)
    say = words(lang)
    _tell(
        {
            "report": str(report),
            "seconds": round(time.perf_counter() - began, 1),
            "runs": [{"run": str(run.folder), **run.metrics} for run in runs],
        },
        [say("demo.done", report=report), say("demo.next", run=runs[1].folder)],
        as_json,
    )


@app.command()
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
    widths: Annotated[str | None, typer.Option(help="Hidden layers, outermost first, such as 128,64.")] = None,
    noise: Annotated[str | None, typer.Option(help="For denoising: gaussian, salt-and-pepper or masking.")] = None,
    strength: Annotated[
        float | None, typer.Option(help="For denoising: sigma, or the share that is spoiled.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Choose widths and epochs so that it ends after so long.")
    ] = None,
    patience: Annotated[
        int | None, typer.Option(help="Stop after so many epochs without a lower held-out loss.")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="RUN", help="Begin with this run's weights.")
    ] = None,
    preset: Annotated[str | None, typer.Option(help="lesson: the notebook's own recipe.")] = None,
    choices: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Any other choice.")
    ] = None,
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
    as_json: AsJson = False,
) -> None:
    """Train a model and keep it in a new run folder."""
    _start_processes(devices, num_nodes)
    from . import workflow

    chosen: dict[str, Any] = dict(_choice(text) for text in choices or ())
    named = {"latent_dim": latent_dim, "epochs": epochs, "batch_size": batch_size, "lr": lr, "seed": seed}
    named |= {"noise": noise, "strength": strength, "patience": patience, "precision": precision}
    chosen |= {name: value for name, value in named.items() if value is not None}
    if widths is not None:
        chosen["widths"] = _widths(widths)
    made = workflow.train(
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
        **chosen,
    )
    _tell({"run": str(made.folder), **made.metrics}, [str(made.folder), *_figures(made)], as_json)


@app.command()
def resume(
    run: Annotated[str, typer.Argument(metavar="RUN", help="An unfinished run's folder, or last.")],
    src: Annotated[
        str | None, typer.Argument(metavar="[SRC]", help="The same data, where they have moved.")
    ] = None,
    save_every: SaveEvery = 30,
    device: Device = "auto",
    devices: Devices = 1,
    num_nodes: NumNodes = 1,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a training that did not end, as if it had never stopped."""
    _start_processes(devices, num_nodes)
    from . import workflow

    made = workflow.resume(
        run,
        src,
        data_dir=data_dir,
        device=device,
        devices=devices,
        num_nodes=num_nodes,
        save_every=save_every,
    )
    _tell({"run": str(made.folder), **made.metrics}, [str(made.folder), *_figures(made)], as_json)


@app.command()
def info(run: RunArgument, as_json: AsJson = False) -> None:
    """A run's recipe, size, history and figures."""
    from .run import open_run

    opened = open_run(run)
    recipe = opened.recipe
    known = {
        "run": str(opened.folder),
        **opened.metrics,
        "recipe": recipe.model_dump(mode="json"),
        "history": opened.history,
    }
    parts = ", ".join(f"{n} {part}" for part, n in recipe.data.counts.items() if n)
    last = opened.history[-1]
    lines = [
        f"{opened.folder}: {recipe.model}, latent_dim {recipe.latent_dim}",
        f"data      {recipe.data.name} {recipe.data.raw_shape} {recipe.data.dtype}: {parts}",
        f"network   {recipe.net.net} {'-'.join(map(str, recipe.net.widths))} {recipe.net.activation}",
        f"training  {' '.join(f'{k}={v}' for k, v in recipe.training.model_dump().items())}",
        f"history   epoch {last['epoch']}: " + " ".join(f"{k} {v:.4g}" for k, v in last["train"].items()),
        *_figures(opened),
    ]
    _tell(known, lines, as_json)


@app.command()
def encode(
    run: RunArgument,
    src: SourceArgument,
    out: Out = Path("z.npy"),
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Examples to latents: .npy, .csv with id, split and label, or a folder of shards that torchrun may share."""
    from .output import check_output, write_points

    check_output(out, (".npy", ".csv"), folder=True, source=src)
    opened, source = _open(run, src, data_dir)
    if not out.suffix:
        from .shards import write_shards

        made = write_shards(out, opened, source, rank(), int(os.environ.get("WORLD_SIZE", "1")))
        _wrote(out, tuple(made["shape"]), as_json, {"finished": made["finished"]})
        return
    if "RANK" in os.environ:
        raise must("out", "encode", "a folder, where several processes share the work", str(out))
    z = opened.encode(source)
    known = source.fingerprint == opened.recipe.data.fingerprint
    write_points(out, z, source, lambda i: f"z{i}", known)
    _wrote(out, z.shape, as_json)


@app.command()
def decode(
    run: RunArgument,
    latents: Annotated[Path, typer.Argument(metavar="Z.npy", help="Latents of shape (n, latent_dim).")],
    out: Out = Path("decoded.png"),
    as_json: AsJson = False,
) -> None:
    """Latents to examples: .npy, a .png sheet, or a folder of PNGs."""
    from .data import read_array

    _examples(run, out, as_json, lambda opened: opened.decode(read_array(latents)), reads=latents)


@app.command()
def reconstruct(
    run: RunArgument,
    src: SourceArgument,
    out: Out = Path("reconstructed.npy"),
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Examples through the bottleneck and back: .npy, a .png sheet, or a folder of PNGs."""
    _examples(run, out, as_json, lambda opened, source: opened.reconstruct(source), src, data_dir)


@app.command()
def denoise(
    run: RunArgument,
    src: SourceArgument,
    out: Out = Path("denoised.npy"),
    add_noise: Annotated[
        float | None, typer.Option(help="Spoil clean examples first, with this strength.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the added noise.")] = 0,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Noisy examples to clean ones: .npy, a .png sheet, or a folder of PNGs."""

    def act(opened: Run, source: Source) -> np.ndarray:
        return opened.denoise(source.x if add_noise is None else opened.corrupt(source, add_noise, seed))

    _examples(run, out, as_json, act, src, data_dir)


@app.command()
def interpolate(
    run: RunArgument,
    start: Annotated[str, typer.Option("--from", help="Index of a kept test example, or label:NAME.")],
    end: Annotated[str, typer.Option("--to", help="Index of a kept test example, or label:NAME.")],
    steps: Annotated[int, typer.Option(help="Frames, both ends included.")] = 12,
    method: Annotated[str, typer.Option(help="linear or slerp (spherical).")] = "linear",
    out: Out = Path("film.png"),
    as_json: AsJson = False,
) -> None:
    """The film from one real example to another."""
    _examples(run, out, as_json, lambda opened: opened.interpolate(start, end, steps, method))


@app.command()
def traverse(
    run: RunArgument,
    axis: Annotated[
        str, typer.Option(help="A latent axis such as 3, or a principal one such as pca:0.")
    ] = "pca:0",
    steps: Annotated[int, typer.Option(help="Frames.")] = 12,
    start: Annotated[str | None, typer.Option("--from", help="Example to start at; else the mean.")] = None,
    out: Out = Path("film.png"),
    as_json: AsJson = False,
) -> None:
    """The film along one axis of the latent space."""
    _examples(run, out, as_json, lambda opened: opened.traverse(axis, steps, start))


@app.command()
def sample(
    run: RunArgument,
    n: Annotated[int, typer.Option("-n", help="How many.")] = 12,
    prior: Annotated[str, typer.Option(help="normal, or gmm (a mixture fitted to the latents).")] = "normal",
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    out: Out = Path("samples.png"),
    as_json: AsJson = False,
) -> None:
    """New examples, decoded from random latents."""
    _examples(run, out, as_json, lambda opened: opened.sample(n, prior, seed))


@app.command(name="map")
def map_(
    run: RunArgument,
    src: Annotated[str | None, typer.Argument(metavar="[SRC]", help="Else the run's own test examples.")] = None,
    method: Annotated[str, typer.Option(help="tsne or pca.")] = "tsne",
    perplexity: Annotated[float, typer.Option(help="For tsne: about how many neighbours a point has.")] = 30,
    seed: Annotated[int, typer.Option(help="Of the layout.")] = 0,
    out: Out = Path("map.png"),
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """A map of the latents: .png, or .npy with the points."""
    import numpy as np

    from . import plots
    from .files import write_whole
    from .output import check_output
    from .run import open_run

    check_output(out, (".png", ".npy"), source=src or "")
    opened, source = (open_run(run), None) if src is None else _open(run, src, data_dir)
    found = opened.map(method, source, perplexity=perplexity, seed=seed)
    y, names = opened.examples.y, opened.recipe.data.class_names or ()
    if source is not None:
        y, names = source.y, source.class_names or ()
    for note in found.notes:
        print(f"gargalo: {note}", file=sys.stderr)
    if out.suffix == ".npy":
        write_whole(out, lambda file: np.save(file, found.points))
    else:
        write_whole(out, plots.png(plots.scatter([("", found.points)], y, names, size=6.5)))
    facts = {"method": found.method, "engine": found.engine, "notes": list(found.notes)}
    _wrote(out, found.points.shape, as_json, facts)


@app.command()
def report(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="One or several run folders, or last.")],
    out: Out = Path("report.html"),
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """One self-contained page about one or several runs."""
    from . import workflow

    page = workflow.report(runs, out, lang)
    _tell({"report": str(page)}, [str(page)], as_json)


@app.command()
def models(lang: Lang = None, as_json: AsJson = False) -> None:
    """The shelf: what each model is and is good for."""
    from .lang import words
    from .models import MODELS, SHORT

    say = words(lang)
    shelf = [
        {
            "name": name,
            "short": [short for short, full in SHORT.items() if full == name],
            "about": say(f"about.{name}"),
            "can": sorted(kind.can),
            "reference": kind.reference,
        }
        for name, kind in MODELS.items()
    ]
    lines = [f"{m['name']:12} {m['about']}\n{'':12} {', '.join(m['can'])}. {m['reference']}" for m in shelf]
    _tell({"models": shelf}, lines, as_json)


def rank() -> int:
    """This process among those that torchrun started; the first of them speaks."""
    return int(os.environ.get("RANK", "0"))


def _start_processes(devices: int, num_nodes: int) -> None:
    """Start this command anew as several processes, unless torchrun already has, and end as they do."""
    if devices < 2 or num_nodes > 1 or "RANK" in os.environ:
        return
    torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={devices}"]
    process = subprocess.Popen([sys.executable, *torchrun, "-m", "gargalo", *sys.argv[1:]])
    came: list[int] = []

    def forward(signum: int, frame: object) -> None:
        came.append(signum)
        process.send_signal(signum)

    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, forward)
    status = process.wait()
    raise typer.Exit(128 + came[0] if came and status else status)


def _open(run: str, src: str, data_dir: Path | None) -> tuple[Run, Source]:
    """A run and a source for it."""
    from .data import load_data
    from .run import open_run

    return open_run(run), load_data(src, data_dir=data_dir)


def _examples(
    run: str,
    out: Path,
    as_json: bool,
    act: Callable[..., np.ndarray],
    src: str | None = None,
    data_dir: Path | None = None,
    reads: Path | None = None,
) -> None:
    """Write the examples that `act` makes of a run (and of a file that it reads), or of a run and a source."""
    from .output import check_output, write_examples
    from .run import open_run

    check_output(out, (".png", ".npy"), folder=True, source=src or reads or "")
    if src is None:
        examples, ids = act(open_run(run)), None
    else:
        opened, source = _open(run, src, data_dir)
        examples, ids = act(opened, source), source.ids
    write_examples(out, examples, ids)
    _wrote(out, examples.shape, as_json)


def _tell(known: dict[str, Any], lines: Sequence[str], as_json: bool) -> None:
    """The result on stdout: one JSON object, or lines for people."""
    if rank() == 0:
        print(json.dumps(known) if as_json else "\n".join(lines))


def _wrote(out: Path, shape: tuple[int, ...], as_json: bool, more: dict[str, Any] | None = None) -> None:
    _tell({"output": str(out), "shape": list(shape), **(more or {})}, [f"{out}  {shape}"], as_json)


def _figures(run: Run) -> list[str]:
    """The measured figures, a line each."""
    return [
        f"{name:22} {value}"
        for name, value in run.metrics.items()
        if name not in ("model", "data", "latent_dim") and value is not None
    ]


def _choice(text: str) -> tuple[str, Any]:
    """`name=value`, the value as JSON where it is that, else as text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ParameterError(f"The '--set' parameter of train must be NAME=VALUE. Got {text!r} instead.")
    try:
        return name.replace("-", "_"), json.loads(value)
    except ValueError:
        return name.replace("-", "_"), value


def _widths(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(width) for width in text.split(",") if width.strip())
    except ValueError:
        raise ParameterError(
            f"The 'widths' parameter of train must be whole numbers such as 128,64. Got {text!r} instead."
        ) from None
