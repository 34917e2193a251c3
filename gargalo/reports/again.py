"""How to train a run like one of the report's again."""

from __future__ import annotations

import shlex
from typing import Any

from ..data import Reading
from ..nets import NetSettings
from ..run import Run

__all__ = ["training_call", "training_command"]


def _choices(run: Run) -> dict[str, Any]:
    """What of a run's network is not by default."""
    net = run.recipe.net
    return {} if net.activation == NetSettings().activation else {"activation": net.activation}


def _reading(run: Run) -> Reading:
    """How its data became examples."""
    origin = run.recipe.data.origin
    return origin.reading if origin else Reading()


def training_command(run: Run) -> str:
    """The command that trains a run like this one."""
    more = "".join(f" --set {name}={value}" for name, value in _choices(run).items())
    name = shlex.quote(run.recipe.data.name)
    flags = _reading(run).flags()
    more += f" {flags}" if flags else ""
    return f"gargalo train {name} --model {run.recipe.model} --latent-dim {run.recipe.latent_dim}{more}"


def training_call(run: Run) -> str:
    """The same in Python."""
    more = "".join(f", {name}={value!r}" for name, value in _choices(run).items())
    name, model = run.recipe.data.name, run.recipe.model
    reading = _reading(run).model_dump(exclude_defaults=True)
    more += f", reading={reading}" if reading else ""
    return f"run = gargalo.train({name!r}, {model!r}, latent_dim={run.recipe.latent_dim}{more})"
