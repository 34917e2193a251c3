"""How to train a run like one of the report's again."""

from __future__ import annotations

import shlex
from typing import Any

from .. import recipes
from ..data import Reading
from ..runs import Run

__all__ = ["training_call", "training_command"]


def training_command(run: Run) -> str | None:
    """The command that trains a run like this one; None for what only a program can give."""
    if run.custom != recipes.NO_CUSTOM:
        return None
    words = [f"gargalo train {shlex.quote(run.recipe.data.name)} --model {run.recipe.model}"]
    for name, value in _choices(run).items():
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value).lower()
        words.append(f"--{name.replace('_', '-')} {text}" if name in FLAGS else f"--set {name}={text}")
    return " ".join([*words, *filter(None, [_reading(run).flags()])])


def training_call(run: Run) -> str:
    """The same in Python."""
    more = "".join(f", {name}={value!r}" for name, value in _choices(run).items())
    reading = _reading(run).model_dump(exclude_defaults=True)
    more += f", reading={reading}" if reading else ""
    custom = run.custom
    model = custom.model.__name__ if custom.model else repr(run.recipe.model)
    more += ", net=(encoder, decoder)" if custom.net else ""
    return f"run = gargalo.train({run.recipe.data.name!r}, {model}{more})"


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
    """How its data became examples."""
    origin = run.recipe.data.origin
    return origin.reading if origin else Reading()
