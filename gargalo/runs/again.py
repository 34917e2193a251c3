"""How to train a run like this one again, or like it but for some choices."""

from __future__ import annotations

import shlex
from typing import Any

from .. import recipes
from ..data import NAMED, DataSpec, Reading
from ..io.places import as_typed
from ..models import MODELS
from ..training import OUT_OF_TIME
from .run import Run

__all__ = ["data_argument", "training_call", "training_command"]


def training_command(
    run: Run, model: str | None = None, choices: dict[str, Any] | None = None, to_share: bool = False
) -> str | None:
    """The command that trains a run like this one: its latent_dim, and all choices that are not defaults.

    It can be typed in the working folder. A training that the clock ended is given as many minutes again, since no
    number of epochs has its schedule; one that ended for want of progress would end so again.

    Parameters
    ----------
    run : Run
    model : str or None
        Another objective than its own; of the choices only latent_dim is kept then.
    choices : dict or None
        What is to be chosen otherwise, by name; None for what is to be as by default.
    to_share : bool
        Is it for a page that may be sent to others? See `data_argument`.

    Returns
    -------
    str or None
        None for what no command can give: an objective or a network of a program's own, data that were in its
        memory or split by another seed, or weights of another run to begin with, which may lie anywhere.
    """
    data = data_argument(run.recipe.data, to_share)
    if run.custom != recipes.NO_CUSTOM or data is None or _split_seed(run) or run.recipe.warm_start:
        return None
    words = [f"gargalo train {data} --model {model or run.recipe.model}"]
    chosen = _choices(run) if model is None else {"latent_dim": run.recipe.latent_dim}
    for name, value in (chosen | (choices or {})).items():
        if value is None:
            continue
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value).lower()
        words.append(
            f"--{name.replace('_', '-')} {shlex.quote(text)}"
            if name in FLAGS
            else f"--set {shlex.quote(f'{name}={text}')}"
        )
    reading = _reading(run, to_share)
    if model is not None and not MODELS[model].is_conditional and reading.condition:
        # What another model is not told is no data of its either.
        aside = reading.condition if run.recipe.data.columns is not None else ()
        reading = reading.model_copy(update={"condition": (), "ignore": (*reading.ignore, *aside)})
    return " ".join([*words, *filter(None, [reading.flags()])])


def data_argument(data: DataSpec, to_share: bool = False) -> str | None:
    """What is typed after a command that reads the data of a run: their name, or where they lie.

    Parameters
    ----------
    data : DataSpec
    to_share : bool
        Is it for a page that may be sent to others? Then data that are not below the working folder are only named.

    Returns
    -------
    str or None
        Quoted for a shell, with ``--data-dir`` where that was given; None for what was in a program's memory.
    """
    if (found := _source(data, to_share)) is None:
        return None
    src, folder = found
    return shlex.quote(src) + (f" --data-dir {shlex.quote(folder)}" if folder else "")


def training_call(run: Run) -> str:
    """The same in Python, a call of `gargalo.train`, for a page that may be sent to others.

    Parameters
    ----------
    run : Run

    Returns
    -------
    str
        One line. An objective of a program's own stands in it by its class's name, a network as (encoder, decoder),
        data that were in memory as `data`, and a run whose weights it began with as `other`.
    """
    more = "".join(f", {name}={value!r}" for name, value in _choices(run).items())
    reading = _reading(run, to_share=True).model_dump(exclude_defaults=True)
    more += f", reading={reading}" if reading else ""
    custom, source = run.custom, _source(run.recipe.data, to_share=True)
    model = custom.model.__name__ if custom.model else repr(run.recipe.model)
    more += ", net=(encoder, decoder)" if custom.net else ""
    more += ", start=other" if run.recipe.warm_start else ""
    if source is None or _split_seed(run):
        return f"run = gargalo.train(data, {model}{more})"
    src, folder = source
    more += f", data_dir={folder!r}" if folder else ""
    return f"run = gargalo.train({src!r}, {model}{more})"


FLAGS = (
    "latent_dim", "epochs", "batch_size", "lr", "seed", "net", "widths", "blocks", "noise", "strength", "patience",
    "precision", "minutes",
)  # fmt: skip
"""Choices that have an option of their own on the command line."""


def _choices(run: Run) -> dict[str, Any]:
    """What of a run's recipe is not by default for its data and its objective; its latent_dim always."""
    there, custom = run.recipe, run.custom
    model = custom.model or there.model
    usual = recipes.make(there.data, model, choices={"net": custom.net or there.net.net})
    auto = recipes.make(there.data, model, choices={"net": custom.net}).net.net
    found: dict[str, Any] = {"latent_dim": there.latent_dim}
    if not custom.net and there.net.net != auto:
        found["net"] = there.net.net
    if there.likelihood != usual.likelihood:
        found["likelihood"] = there.likelihood
    if run.facts.get("stopped") == OUT_OF_TIME:
        found |= {"minutes": there.minutes} if there.minutes else {"epochs": len(run.history)}
    for part, other in ((there.net, usual.net), (there.training, usual.training)):
        mine, theirs = part.model_dump(), other.model_dump()
        found |= {name: value for name, value in mine.items() if value != theirs[name] and name not in found}
    if "minutes" in found:
        found.pop("epochs", None)
    return found | {name: value for name, value in there.options.items() if value != usual.options.get(name)}


def _source(data: DataSpec, to_share: bool) -> tuple[str, str | None] | None:
    """The name or the path of data as it is typed, and their --data-dir; None for what was in a program's memory."""
    if data.origin is None or data.origin.src is None:
        return None
    src, folder = data.origin.src, data.origin.data_dir
    text = src if src in NAMED else as_typed(src, to_share)
    # A folder of one's own that is called as a known data set is.
    text = f"./{text}" if text in NAMED and text != src else text
    return text, folder and as_typed(folder, to_share)


def _split_seed(run: Run) -> int:
    """The seed of the split, which the command line does not choose."""
    origin = run.recipe.data.origin
    return origin.split_seed if origin else 0


def _reading(run: Run, to_share: bool) -> Reading:
    """How its data became examples, with paths as they are typed."""
    origin = run.recipe.data.origin
    if origin is None:
        return Reading()
    is_table = run.recipe.data.columns is not None
    return origin.reading.with_paths(is_table, lambda path: as_typed(path, to_share))
