"""How to train a run like this one again, or like it but for some choices."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from .. import recipes
from ..data import Reading
from .run import Run

__all__ = ["training_call", "training_command"]


def training_command(run: Run, model: str | None = None, choices: dict[str, Any] | None = None) -> str | None:
    """The command that trains a run like this one: its latent_dim, and all choices that are not defaults.

    It calls the data by their name, since a path says where they lie on one machine.

    Parameters
    ----------
    run : Run
    model : str or None
        Another objective than its own; of the choices only latent_dim is kept then.
    choices : dict or None
        What is to be chosen otherwise, by name; None for what is to be as by default.

    Returns
    -------
    str or None
        None for what no command can give: an objective or a network of a program's own, data that were in its
        memory, or weights of another run to begin with, which may lie anywhere.
    """
    if run.custom != recipes.NO_CUSTOM or run.recipe.data.src is None or run.recipe.warm_start:
        return None
    words = [f"gargalo train {shlex.quote(run.recipe.data.name)} --model {model or run.recipe.model}"]
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
    return " ".join([*words, *filter(None, [_reading(run).flags()])])


def training_call(run: Run) -> str:
    """The same in Python, a call of `gargalo.train`.

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
    reading = _reading(run).model_dump(exclude_defaults=True)
    more += f", reading={reading}" if reading else ""
    custom = run.custom
    model = custom.model.__name__ if custom.model else repr(run.recipe.model)
    more += ", net=(encoder, decoder)" if custom.net else ""
    more += ", start=other" if run.recipe.warm_start else ""
    data = repr(run.recipe.data.name) if run.recipe.data.src else "data"
    return f"run = gargalo.train({data}, {model}{more})"


FLAGS = (
    "latent_dim", "epochs", "batch_size", "lr", "seed", "net", "widths", "blocks", "noise", "strength", "patience",
    "precision",
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
    for part, other in ((there.net, usual.net), (there.training, usual.training)):
        mine, theirs = part.model_dump(), other.model_dump()
        found |= {name: value for name, value in mine.items() if value != theirs[name] and name not in found}
    return found | {name: value for name, value in there.options.items() if value != usual.options.get(name)}


def _reading(run: Run) -> Reading:
    """How its data became examples; files beside them are called by their names, as the data themselves are."""
    origin = run.recipe.data.origin
    reading = origin.reading if origin else Reading()
    beside = {name: getattr(reading, name) for name in ("display", "clean", "label", "split")}
    names = {name: Path(path).name for name, path in beside.items() if path and Path(path).is_absolute()}
    return reading.model_copy(update=names)
