"""A `Recipe`: every choice of a run, as one object of pure data <-> JSON."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import BaseModel, ConfigDict, Field

from ..data import DataSpec
from ..nets import NetSettings
from ..training import TrainingSettings
from .defaults import are_few_pictures

__all__ = ["FORMAT", "Recipe", "upgraded", "versions"]

FORMAT = 2
"""The format of the run folder; one with a higher number is refused."""

NO_GAP = 1e6
"""Times the usual step in time, which no gap of a log reaches."""


class Recipe(BaseModel):
    """Every choice of a run. What choices mean together is seen by `validate`.

    Attributes
    ----------
    format : int
        Of the run folder.
    model : str
        A name from `gargalo.models.MODELS`, or "custom:" and the name of a class that a program gave.
    preset : str or None
        The name of a whole recipe that was asked for.
    latent_dim : int
        Numbers in one latent; at most as many as in one example.
    likelihood : "bernoulli", "gaussian", "mixed", "poisson", "negative-binomial", "clipped", "mse" or None
        None for a model that decodes nothing.
    options : dict
        The objective's own choices, each of its `Options` with its value.
    net : NetSettings
    training : TrainingSettings
    data : DataSpec
        What the data were.
    minutes : float or None
        The time that was asked for, where widths and epochs were chosen to fit it.
    warm_start : str or None
        sha256 of the weights that training began with, where they were another run's.
    versions : dict
        The versions that a result depends on, by the name of what has them.
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
    data: DataSpec
    minutes: Annotated[float, Field(gt=0, le=100_000)] | None = None
    warm_start: str | None = None
    versions: dict[str, str] = {}

    @property
    def network(self) -> str:
        """The network in a few words."""
        net = self.net
        if net.net == "custom":
            return "custom"
        widths = "-".join(map(str, net.widths)) or "linear"
        return f"{net.net} {widths} {net.activation}" if net.widths else f"{net.net} {widths}"

    @property
    def why_network(self) -> str:
        """Why the network is the one that suits: the data, or the objective if it stands on no other."""
        if self.net.net == "mlp" and are_few_pictures(self.data):
            return "few pictures"
        best = self.data.modality.networks(self.data)[0]
        return self.data.modality.why_network(self.data) if best == self.net.net else f"model {self.model}"


def upgraded(content: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of a recipe, of whatever format, as this version writes it; a part of a recipe stays a part.

    Format 1 had other names: "held" for validation, "parts" for shares, "own" for custom; and no kind of data.

    Parameters
    ----------
    content : dict
        What the file holds; it is not changed. Without a "format" it is taken for one of format 1.

    Returns
    -------
    dict
    """
    if content.get("format", 1) != 1:
        return _with_gap(content)
    new = {name: dict(part) if isinstance(part, Mapping) else part for name, part in content.items()}
    if "format" in new:
        new["format"] = FORMAT
    if isinstance(model := new.get("model"), str) and model.startswith("own:"):
        new["model"] = "custom:" + model.removeprefix("own:")
    if isinstance(net := new.get("net"), dict) and net.get("net") == "own":
        net["net"] = "custom"
    _renamed(new.get("training"), "held_out", "validation_share")
    if isinstance(data := new.get("data"), dict):
        if isinstance(counts := data.get("counts"), Mapping):
            data["counts"] = dict(counts)
            _renamed(data["counts"], "held", "validation")
        reading: Any = None
        if isinstance(origin := data.get("origin"), Mapping) and isinstance(origin.get("reading"), Mapping):
            reading = dict(origin["reading"])
            _renamed(reading, "parts", "shares")
            data["origin"] = {**origin, "reading": reading}
        data.setdefault("kind", _kind(data, reading or {}))
    return _with_gap(new)


def _with_gap(content: Mapping[str, Any]) -> dict[str, Any]:
    """The same; windows of a gargalo that knew no gaps went on over every pause."""
    data = content.get("data")
    origin = data.get("origin") if isinstance(data, Mapping) else None
    reading = origin.get("reading") if isinstance(origin, Mapping) else None
    if not isinstance(data, Mapping) or not isinstance(origin, Mapping) or not isinstance(reading, Mapping):
        return dict(content)
    if "gap" in reading or not reading.get("window"):
        return dict(content)
    return {**content, "data": {**data, "origin": {**origin, "reading": {**reading, "gap": NO_GAP}}}}


def _renamed(section: Any, before: str, now: str) -> None:
    """Give an entry of a section its new name."""
    if isinstance(section, dict) and before in section:
        section[now] = section.pop(before)


def _kind(data: Mapping[str, Any], reading: Mapping[str, Any]) -> str:
    """The kind of data, which format 1 did not say."""
    shape = data.get("raw_shape")
    if isinstance(shape, list | tuple) and len(shape) > 1:
        return "image"
    if reading.get("window"):
        return "series"
    return "table" if data.get("columns") else "vector"


def versions() -> dict[str, str]:
    """The versions that a result depends on."""
    from importlib.metadata import version

    return {"gargalo": version("gargalo"), "python": platform.python_version(), "torch": torch.__version__}
