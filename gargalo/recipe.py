"""A `Recipe`: every choice of a run, as one validated object <-> JSON; and `build`, which follows it."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from . import nets
from .core import Codec, LatentModel
from .data import Facts
from .data.codec import NumberCodec, codec_for
from .errors import ParameterError, must, unknown
from .models import LIKELIHOODS, MODELS, SHORT
from .nets import NetSettings
from .training import TrainingSettings

__all__ = ["CHOICES", "FORMAT", "PRESETS", "Recipe", "build", "make", "model_name"]

FORMAT = 1
"""The format of the run folder; one with a higher number is refused."""

PRESETS: dict[str, dict[str, Any]] = {
    "lesson": {
        "init": "pytorch",
        "widths": (128, 64),
        "activation": "relu",
        "likelihood": "mse",
        "epochs": 20,
        "batch_size": 64,
        "optimizer": "adam",
        "lr": 1e-3,
        "schedule": "constant",
        "weight_decay": 1e-8,
        "held_out": 0.0,
        "keep": "last",
        "label_smoothing": 0.0,
    }
}
"""Whole recipes under one name. "lesson" is the notebook's own, to compare with."""


class Recipe(BaseModel):
    """Every choice of a run.

    Attributes
    ----------
    model : str
        A name from `gargalo.models.MODELS`.
    latent_dim : int
        Numbers in one latent; at most as many as in one example.
    likelihood : "bernoulli", "gaussian", "mse" or None
        None for a model that decodes nothing.
    options : dict
        The objective's own choices, checked against its `Options`.
    data : Facts
        What the data were.
    minutes : float or None
        The time that was asked for, where widths and epochs were chosen to fit it.
    warm_start : str or None
        sha256 of the weights that training began with, where they were another run's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    model: str
    preset: str | None = None
    latent_dim: Annotated[int, Field(ge=1, le=65536)] = 16
    likelihood: str | None = None
    options: dict[str, Any] = {}
    net: NetSettings = NetSettings()
    training: TrainingSettings = TrainingSettings()
    data: Facts
    minutes: Annotated[float, Field(gt=0, le=100_000)] | None = None
    warm_start: str | None = None
    versions: dict[str, str] = {}

    @model_validator(mode="after")
    def _check(self) -> Recipe:
        """What two choices say together."""
        kind = MODELS.get(self.model)
        if kind is None:
            raise unknown("model", "train", self.model, MODELS)
        # Its options are known only once the model is; here every one of them gets its value.
        object.__setattr__(self, "options", dataclasses.asdict(self.checked_options()))
        if self.latent_dim > self.data.size:
            expected = f"at most {self.data.size}, the numbers in one example"
            raise must("latent_dim", "train", expected, self.latent_dim)
        allowed = kind.likelihoods or (None,)
        if self.likelihood not in allowed:
            names = ", ".join(map(str, allowed))
            raise must("likelihood", "train", f"one of {names} for model {self.model}", self.likelihood)
        if self.likelihood == "bernoulli" and not self.data.is_image:
            raise must("likelihood", "train", "gaussian or mse for numbers outside [0, 1]", self.likelihood)
        if self.training.patience and not self.training.held_out and not self.data.counts.get("held"):
            raise must("patience", "train", "0 where nothing is held out", self.training.patience)
        if kind.needs_labels and len(self.data.class_names or ()) < 2:
            raise must("model", "train", "one that needs no labels, for data without two classes", self.model)
        return self

    def checked_options(self) -> Any:
        """The objective's `Options`, validated."""
        return TypeAdapter(MODELS[self.model].Options).validate_python(self.options)


def _homes() -> dict[str, str]:
    """Where each choice lives: every name that `make` takes -> "recipe", "net", "training" or "options"."""
    homes = {"latent_dim": "recipe", "likelihood": "recipe"}
    homes |= dict.fromkeys(NetSettings.model_fields, "net")
    homes |= dict.fromkeys(TrainingSettings.model_fields, "training")
    for kind in MODELS.values():
        homes |= {option.name: "options" for option in dataclasses.fields(kind.Options)}
    return homes


CHOICES = _homes()


def model_name(name: str) -> str:
    """The full name of a model, from that or from a short one.

    Raises
    ------
    ParameterError
        Unknown; with the nearest name that is known.
    """
    full = SHORT.get(name, name)
    if full not in MODELS:
        raise unknown("model", "train", name, MODELS)
    return full


def make(facts: Facts, model: str, preset: str | None = None, choices: Mapping[str, Any] | None = None) -> Recipe:
    """A recipe for these data: general defaults, then the model's, then the preset's, then `choices`.

    Parameters
    ----------
    choices : dict
        Flat, by any name in `CHOICES`; None means not chosen.

    Raises
    ------
    ParameterError
        For a name that is unknown, or a value that cannot be.
    """
    model = model_name(model)
    kind = MODELS[model]
    if preset is not None and preset not in PRESETS:
        raise unknown("preset", "train", preset, PRESETS)
    own = {option.name for option in dataclasses.fields(kind.Options)}
    chosen = {name: value for name, value in (choices or {}).items() if value is not None}
    for name in chosen:
        if name not in CHOICES:
            raise unknown("set", "train", name, CHOICES)
        if CHOICES[name] == "options" and name not in own:
            raise ParameterError(f"The '{name}' parameter of train does not go with model {model}. Leave it out.")
    likelihood = None
    if kind.likelihoods:
        likelihood = "bernoulli" if facts.is_image else "gaussian"
    # A bottleneck is narrower than what passes through it, also where an example is only a few numbers.
    wanted = {"likelihood": likelihood, "latent_dim": min(16, max(1, facts.size // 2))} | dict(kind.defaults)
    for name, value in PRESETS.get(preset or "", {}).items():
        fits = {"options": name in own, "recipe": value in kind.likelihoods}.get(CHOICES[name], True)
        wanted |= {name: value} if fits else {}
    wanted |= chosen
    sections: dict[str, dict[str, Any]] = {"recipe": {}, "net": {}, "training": {}, "options": {}}
    for name, value in wanted.items():
        sections[CHOICES[name]][name] = value
    top = sections.pop("recipe")
    return checked(
        {"model": model, "preset": preset, "data": facts.model_dump(), "versions": versions(), **top, **sections},
        of="train",
    )


def checked(content: Mapping[str, Any], of: str) -> Recipe:
    """A recipe from plain values; what is wrong is said in the house's grammar."""
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        if isinstance(cause := first.get("ctx", {}).get("error"), ParameterError):
            raise cause from None
        # A union or tuple adds its own steps to the place; the last name is the parameter.
        name = next((str(part) for part in reversed(first["loc"]) if isinstance(part, str)), "recipe")
        told = first["msg"].removeprefix("Input should be ").replace("Input should", "such that it should")
        raise must(name, of, told, first["input"]) from None


def from_json(content: Mapping[str, Any], name: str) -> Recipe:
    """A recipe as it was saved; `name` is the file, for the error."""
    return checked(content, of=name)


def versions() -> dict[str, str]:
    """The versions that a result depends on."""
    from importlib.metadata import version

    return {"gargalo": version("gargalo"), "python": platform.python_version(), "torch": torch.__version__}


def build(
    recipe: Recipe, x: np.ndarray | None = None, rows: np.ndarray | None = None
) -> tuple[Codec, LatentModel]:
    """The codec and the model of a recipe.

    Parameters
    ----------
    x : ndarray, memory map or None, (n, *raw_shape)
    rows : ndarray or None
        Raw examples, and which of them are for training (all without). With them first weights are drawn by the
        recipe's seed, the codec is fitted, and the decoder starts at their mean. Without, every weight is on the
        meta device, to be loaded: a recipe from elsewhere cannot take memory that its weights do not fill.
    """
    if x is None:
        with torch.device("meta"):
            codec = codec_for(recipe.data)
            return codec, _model(recipe, codec, None)
    codec = codec_for(recipe.data)
    if isinstance(codec, NumberCodec):
        codec.fit(_slices(x, rows, codec))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.training.seed)
        return codec, _model(recipe, codec, _mean(codec, x, rows))


def _model(recipe: Recipe, codec: Codec, mean: torch.Tensor | None) -> LatentModel:
    kind = MODELS[recipe.model]
    x_shape, latent = codec.x_shape, recipe.latent_dim
    likelihood = LIKELIHOODS[recipe.likelihood or "mse"](x_shape)
    start = likelihood.bias_for(mean) if mean is not None else None
    encoder, decoder = nets.mlp(
        x_shape, latent * kind.numbers_per_latent, latent, likelihood.params_shape, recipe.net, start
    )
    if not kind.likelihoods:
        decoder = nets.linear_head(latent, len(recipe.data.class_names or ()), recipe.net)
    return kind(encoder, decoder, likelihood, latent, recipe.checked_options())


def _mean(codec: Codec, x: np.ndarray, rows: np.ndarray | None) -> torch.Tensor:
    """The mean of x over raw training examples."""
    total = sum(codec(torch.from_numpy(part)).sum(0) for part in _slices(x, rows, codec)())
    return torch.as_tensor(total) / len(x if rows is None else rows)


def _slices(x: np.ndarray, rows: np.ndarray | None, codec: Codec) -> Callable[[], Iterator[np.ndarray]]:
    """Raw training examples slice by slice, as often as they are asked for: all at once might not fit."""
    step = codec.rows_at_once

    def slices() -> Iterator[np.ndarray]:
        for start in range(0, len(x if rows is None else rows), step):
            part = slice(start, start + step)
            yield np.ascontiguousarray(x[part] if rows is None else x[rows[part]])

    return slices
