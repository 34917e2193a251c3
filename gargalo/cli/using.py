"""Commands that use runs: look at them, encode, decode, walk, sample, map, report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import must
from ..io.arguments import given_once
from .common import (
    AsJson,
    DataDir,
    Lang,
    Out,
    RunArgument,
    SourceArgument,
    app,
    column_lines,
    known_of,
    place_among_processes,
    print_result,
    speaks,
    verdict_lines,
)
from .figures import figures
from .replacing import replaces, wrote
from .writing import drawn_from, opened_with, write_made, write_made_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from ..data import Dataset
    from ..lang import Words
    from ..latent import Map
    from ..runs import Run

First = Annotated[
    int | None, typer.Option("-n", min=1, help="How many examples, the first ones; all, but 24 on a .png sheet.")
]
EXAMPLE = (
    "A number is a place among the test examples that the run keeps, from 0; id:ID, or the id itself where it is no"
    " number, is the example called so; label:NAME is the first with that label."
)
Label = Annotated[str | None, typer.Option(help="For a model that decodes with a label, such as cvae.")]
Conditions = Annotated[
    list[str] | None,
    typer.Option("--condition", metavar="NAME=VALUE", help="For a model that was trained with conditions; repeatable."),
]


@app.command()
def info(run: RunArgument, lang: Lang = None, as_json: AsJson = False) -> None:
    """A run's recipe, size, history and figures, and how it stands to PCA."""
    from ..lang import words
    from ..runs import open_run

    opened, say = open_run(run), words(lang)
    recipe = opened.recipe
    known = {"run": str(opened.folder), **known_of(opened)}
    known |= {"recipe": recipe.model_dump(mode="json"), "history": opened.history}
    splits = ", ".join(f"{n} {say(f'split.{split}')}" for split, n in recipe.data.counts.items() if n)
    aside = {"validation_share"} if recipe.data.counts.get("validation") else None
    training = recipe.training.model_dump(exclude=aside)
    about = {
        "data": f"{recipe.data.name} {recipe.data.raw_shape} {recipe.data.dtype}: {splits}",
        "network": recipe.network,
        # As --set takes them, in every language.
        "training": " ".join(f"{k}={v}" for k, v in training.items()),
        **_epochs(opened, say),
    }
    lines = [
        f"{opened.folder}: {recipe.model}, latent_dim {recipe.latent_dim}",
        *(f"{say(f'info.{name}'):9} {text}" for name, text in about.items()),
        *figures(opened, lang),
        *verdict_lines(opened, lang),
        *column_lines(opened, lang),
    ]
    if opened.columns is not None:
        known |= opened.columns.model_dump(mode="json")
    print_result(known, lines, as_json)


def _epochs(opened: Run, say: Words) -> dict[str, str]:
    """The epoch whose weights are kept, and the last one where it is another, with their losses."""
    from ..io.progress import losses_told

    records = {record["epoch"]: record for record in opened.history}
    last = opened.history[-1]["epoch"]
    best = opened.facts.get("best_epoch", last)

    def told(n: int) -> str:
        return say("info.epoch", n=n, epochs=last, losses=losses_told(records[n], say))

    kept = told(best) if best in records else say("info.begun")
    return {"kept": kept} | ({} if best == last else {"last": told(last)})


@app.command()
@replaces
@speaks
def encode(
    run: RunArgument,
    src: SourceArgument,
    out: Out = Path("z.npy"),
    codes: Annotated[bool, typer.Option("--codes", help="For vq-vae: its grid of codes, as whole numbers.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Examples to latents: .npy, .csv or .parquet with ids, or a folder of shards that torchrun may share."""
    import numpy as np

    from ..io.files import write_whole
    from .output import check_output, write_points

    check_output(out, (".npy",) if codes else (".npy", ".csv", ".parquet"), folder=not codes, source=src, shards=True)
    opened, dataset = opened_with(run, src, data_dir)
    if codes:
        found = opened.codes(dataset)
        write_whole(out, lambda file: np.save(file, found))
        wrote(out, found.shape, as_json)
        return
    if not out.suffix:
        from ..runs.shards import write_shards

        made = write_shards(out, opened, dataset, *place_among_processes())
        wrote(out, tuple(made["shape"]), as_json, {"finished": made["finished"]})
        return
    if "RANK" in os.environ:
        raise must("out", "a folder, where several processes share the work", str(out))
    z = opened.encode(dataset)
    known = dataset.fingerprint == opened.recipe.data.fingerprint
    write_points(out, z, dataset, lambda i: f"z{i}", known)
    wrote(out, z.shape, as_json)


@app.command()
@replaces
@speaks
def decode(
    run: RunArgument,
    latents: Annotated[Path, typer.Argument(metavar="Z.npy", help="Latents of shape (n, latent_dim).")],
    label: Label = None,
    condition: Conditions = None,
    out: Out = Path("decoded.png"),
    as_json: AsJson = False,
) -> None:
    """Latents to examples: .npy, .csv, a .png sheet, or a folder of PNGs."""
    from ..data.readers.arrays import read_array

    told = _by_name(condition)
    write_made(run, out, as_json, lambda opened: opened.decode(read_array(latents), label, told), latents)


@app.command()
@replaces
@speaks
def reconstruct(
    run: RunArgument,
    src: SourceArgument,
    out: Out = Path("reconstructed.npy"),
    n: First = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="For .npy data: a file with a condition of each example; repeatable."),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Examples through the bottleneck and back: .npy, .csv, a .png sheet with the examples above, or a folder of PNGs.

    Of windows of a log, .csv and .parquet are the log again: the mean where windows overlap, and the error of each row.
    """

    def act(opened: Run, dataset: Dataset) -> dict[str, np.ndarray]:
        return {"originals": dataset.x[:], "reconstructed": opened.reconstruct(dataset)}

    write_made_of(run, src, out, act, (n, data_dir, as_json, condition or ()), with_errors=True)


@app.command()
@replaces
@speaks
def denoise(
    run: RunArgument,
    src: SourceArgument,
    out: Out = Path("denoised.npy"),
    n: First = None,
    add_noise: Annotated[float | None, typer.Option(help="Corrupt clean examples first, with this strength.")] = None,
    seed: Annotated[int, typer.Option(help="Of the added noise.")] = 0,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Noisy examples to clean ones: .npy, .csv, a .png sheet with the noisy ones above, or a folder of PNGs.

    Of windows of a log, .csv and .parquet are the log again: the mean where windows overlap.
    """

    def act(opened: Run, dataset: Dataset) -> dict[str, np.ndarray]:
        if add_noise is None:
            return {"noisy": dataset.x[:], "denoised": opened.denoise(dataset)}
        noisy = opened.corrupt(dataset, add_noise, seed)
        return {"clean": dataset.x[:], "noisy": noisy, "denoised": opened.denoise(noisy)}

    write_made_of(run, src, out, act, (n, data_dir, as_json, ()))


@app.command()
@replaces
@speaks
def interpolate(
    run: RunArgument,
    start: Annotated[str, typer.Option("--from", help=EXAMPLE)],
    end: Annotated[str, typer.Option("--to", help="Another, called in the same ways.")],
    steps: Annotated[int, typer.Option(help="Frames, both ends included.")] = 12,
    method: Annotated[str, typer.Option(help="linear or slerp (spherical).")] = "linear",
    out: Out = Path("film.png"),
    as_json: AsJson = False,
) -> None:
    """The film from one real example to another."""
    write_made(run, out, as_json, lambda opened: opened.interpolate(start, end, steps, method), between=(start, end))


@app.command()
@replaces
@speaks
def traverse(
    run: RunArgument,
    axis: Annotated[str, typer.Option(help="A latent axis such as 3, or a principal one such as pca:0.")] = "pca:0",
    steps: Annotated[int, typer.Option(help="Frames.")] = 12,
    start: Annotated[str | None, typer.Option("--from", help=f"{EXAMPLE} Else the mean.")] = None,
    out: Out = Path("axis.png"),
    as_json: AsJson = False,
) -> None:
    """The film along one axis of the latent space."""
    write_made(run, out, as_json, lambda opened: opened.traverse(axis, steps, start), between=(start,))


@app.command()
@replaces
@speaks
def sample(
    run: RunArgument,
    n: Annotated[int, typer.Option("-n", help="How many.")] = 12,
    prior: Annotated[
        str | None,
        typer.Option(
            help="normal, or gmm (a mixture fitted to the latents); if not given, the model's own, and gmm for rows."
        ),
    ] = None,
    mean: Annotated[
        bool | None,
        typer.Option("--mean/--draw", help="The mean of what a latent stands for, or a draw; rows are drawn."),
    ] = None,
    label: Label = None,
    condition: Conditions = None,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 0,
    out: Out = Path("samples.png"),
    as_json: AsJson = False,
) -> None:
    """New examples, decoded from random latents; conditions that are not named are those of training rows."""
    told = _by_name(condition)
    choices = {"n": n, "seed": seed, "label": label, "condition": told, "mean": mean}
    write_made(run, out, as_json, lambda opened: drawn_from(opened, prior, **choices))


def _by_name(conditions: list[str] | None) -> dict[str, str] | None:
    """NAME=VALUE, each once, as a dict."""
    if not conditions:
        return None
    found = [text.rpartition("=") for text in conditions]
    for text, (name, _, value) in zip(conditions, found, strict=True):
        if not (name and value):
            raise must("condition", "NAME=VALUE", text)
    return {name: str(value) for name, value in given_once((name, value) for name, _, value in found).items()}


@app.command(name="map")
@replaces
def map_(
    run: RunArgument,
    src: Annotated[str | None, typer.Argument(metavar="[SRC]", help="Else the run's own test examples.")] = None,
    method: Annotated[str, typer.Option(help="tsne or pca.")] = "tsne",
    perplexity: Annotated[float | None, typer.Option(help="For tsne: how many neighbours a point has; 30.")] = None,
    seed: Annotated[int | None, typer.Option(help="For tsne: of the layout; 0.")] = None,
    out: Out = Path("map.png"),
    data_dir: DataDir = None,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """A map of the latents: .png, or .npy with the points.

    Without SRC the test examples that the run keeps; a .png shows training examples as well, where these are few.
    """
    import numpy as np

    from ..io.files import write_whole
    from ..io.reporter import reporter_for
    from ..runs import open_run
    from ..runs.cloud import cloud_map
    from .output import check_output

    check_output(out, (".png", ".npy"), source=src or "")
    opened, dataset = (open_run(run), None) if src is None else opened_with(run, src, data_dir)
    choices = {name: value for name, value in (("perplexity", perplexity), ("seed", seed)) if value is not None}
    names = opened.recipe.data.class_names or ()
    if dataset is not None:
        found, y, names = opened.map(method, dataset, **choices), dataset.y, dataset.class_names or ()
    elif out.suffix == ".npy":
        found, y = opened.map(method, **choices), opened.examples.y
    else:
        found, y = cloud_map(opened, method, **choices), opened.cloud.y
    for note in found.notes:
        reporter_for(True).line(f"gargalo: {note}")
    if out.suffix == ".npy":
        write_whole(out, lambda file: np.save(file, found.points))
    else:
        tests = len(found.points) if dataset is not None else opened.cloud.tests
        write_whole(out, _drawn_map(found, y, names, tests, lang))
    known = {"method": found.method, "engine": found.engine, "notes": list(found.notes)}
    wrote(out, found.points.shape, as_json, known)


def _drawn_map(found: Map, y: np.ndarray | None, names: Sequence[str], tests: int, lang: str | None) -> bytes:
    """A map as a PNG, with its title in this language; the first points may be of the test set, the others of training.

    Only the axes of PCA mean something, and have names.
    """
    from .. import plots
    from ..lang import words

    say = words(lang)
    title = say("map.of", method=say.get(f"map.{found.method}", found.method), n=len(found.points))
    axes_names = ("PCA 1", "PCA 2") if found.method == "pca" else None
    drawn = plots.scatter([(title, found.points)], y, names, axes_names=axes_names, size=6.5)
    plots.ringed(drawn, [(title, found.points)], tests, (say("test_set"), say("training_set")))
    return plots.png(drawn, "," if say.lang == "pt" else ".")
