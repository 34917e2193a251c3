"""A `Recipe`: every choice of a run, as one validated object <-> JSON."""

from __future__ import annotations

import dataclasses
import inspect
import platform
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import torch
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from torch import nn

from . import nets
from .core import LatentModel
from .data import Facts
from .data.codec import codec_for
from .errors import ParameterError, RunError, must, unknown
from .models import MODELS, SHORT
from .nets import NetSettings
from .training import TrainingSettings

__all__ = ["CHOICES", "FORMAT", "NOTHING", "OWN", "PRESETS", "Own", "Recipe", "make", "model_name"]

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

ROW_DEFAULTS: dict[str, Any] = {"lr": 3e-3}
"""Rows of numbers: nothing bounds their outputs; a lower rate left a lower held-out loss in four cases of six."""
FULL, MOST_REPEATS = 10_000, {"mlp": 25, "conv": 4}
"""The examples that the defaults were chosen on, and how many times as many epochs fewer may take."""

CONV_DEFAULTS: dict[str, Any] = {"epochs": 12, "lr": 3e-3}
"""A convolutional network takes more time for an epoch and needs fewer; its best rates are lower."""


OWN = "own:"
"""What the name of an objective begins with that is not gargalo's."""


class Own(NamedTuple):
    """What a program gives and no file can name: an objective, and an encoder and a decoder."""

    model: type[LatentModel] | None = None
    net: tuple[nn.Module, nn.Module] | None = None


NOTHING = Own()
NETWORKS = ("mlp", "conv")


class Recipe(BaseModel):
    """Every choice of a run.

    Attributes
    ----------
    model : str
        A name from `gargalo.models.MODELS`, or "own:" and the name of a class that a program gave.
    latent_dim : int
        Numbers in one latent; at most as many as in one example.
    likelihood : "bernoulli", "gaussian", "mixed", "mse" or None
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
    _own: Own = PrivateAttr(default=NOTHING)

    @property
    def own(self) -> Own:
        """What of it a program gave."""
        return self._own

    @property
    def kind(self) -> type[LatentModel]:
        """The objective's class."""
        return self.own.model or MODELS[self.model]

    @property
    def network(self) -> str:
        """The network in a few words."""
        net = self.net
        if net.net == "own":
            return "of one's own"
        widths = "-".join(map(str, net.widths)) or "linear"
        return f"{net.net} {widths} {net.activation}" if net.widths else f"{net.net} {widths}"

    @property
    def why_network(self) -> str:
        """Why it is the one that suits: the data, or the objective if it stands on no other."""
        best, why = nets.suited(codec_for(self.data).x_shape)
        return why if best == self.net.net else f"model {self.model}"

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Recipe:
        """What two choices say together."""
        self._own = own = (info.context or {}).get("own", NOTHING)
        if own.model is None and self.model not in MODELS:
            raise unknown("model", "train", self.model, MODELS)
        kind = self.kind
        # Its options are known only once the model is; here every one of them gets its value.
        object.__setattr__(self, "options", dataclasses.asdict(self.checked_options()))
        self._check_network(kind)
        if self.latent_dim > self.data.size:
            expected = f"at most {self.data.size}, the numbers in one example"
            raise must("latent_dim", "train", expected, self.latent_dim)
        allowed = kind.likelihoods or (None,)
        if self.likelihood not in allowed:
            names = ", ".join(map(str, allowed))
            raise must("likelihood", "train", f"one of {names} for model {self.model}", self.likelihood)
        if self.likelihood == "bernoulli" and not self.data.is_image:
            raise must("likelihood", "train", "gaussian or mse for numbers outside [0, 1]", self.likelihood)
        has_names = bool(codec_for(self.data).blocks)
        if self.likelihood == "mixed" and not has_names:
            raise must("likelihood", "train", "another, for data without categories", self.likelihood)
        if self.likelihood == "gaussian" and has_names:
            raise must("likelihood", "train", "mixed or mse for columns that are categories", self.likelihood)
        if self.training.patience and not self.training.held_out and not self.data.counts.get("held"):
            raise must("patience", "train", "0 where nothing is held out", self.training.patience)
        if (kind.needs_labels or kind.is_conditional) and len(self.data.class_names or ()) < 2:
            raise must("model", "train", "one that needs no labels, for data without two classes", self.model)
        kind.check(self.checked_options(), self.latent_dim, self.data.counts.get("train", 0), self.net.net)
        return self

    def _check_network(self, kind: type[LatentModel]) -> None:
        """The network must suit the objective and the data."""
        net = self.net.net
        if net not in kind.networks:
            names = " or ".join(kind.networks)
            raise must("net", "train", f"{names} for model {self.model}", net)
        if net == "conv" and not self.data.is_image:
            raise must("net", "train", "mlp, for rows of numbers: conv is for images", net)
        if net == "conv" and not self.net.widths:
            raise must("widths", "train", "at least one level's channels for a conv network", self.net.widths)
        if kind.is_solved and self.net.widths:
            raise must("widths", "train", f"left out for model {self.model}, which is linear", self.net.widths)

    def checked_options(self) -> Any:
        """The objective's `Options`, validated."""
        return TypeAdapter(self.kind.Options).validate_python(self.options)


def _homes() -> dict[str, str]:
    """Where each choice lives: every name that `make` takes -> "recipe", "net", "training" or "options"."""
    homes = {"latent_dim": "recipe", "likelihood": "recipe"}
    homes |= dict.fromkeys(NetSettings.model_fields, "net")
    homes |= dict.fromkeys(TrainingSettings.model_fields, "training")
    for kind in MODELS.values():
        homes |= {option.name: "options" for option in dataclasses.fields(kind.Options)}
    return homes


CHOICES = _homes()


def model_name(model: str | type[LatentModel]) -> str:
    """The full name of a model, from that, a short one, or a class of one's own.

    Raises
    ------
    ParameterError
        Unknown, with the nearest name that is known; or no class of a `LatentModel`.
    """
    if not isinstance(model, str):
        if not (inspect.isclass(model) and issubclass(model, LatentModel)):
            found = model.__name__ if inspect.isclass(model) else f"an object of {type(model).__name__}"
            raise must("model", "train", "a name or a subclass of gargalo.LatentModel, the class itself", found)
        return OWN + model.__name__
    full = SHORT.get(model, model)
    if full not in MODELS:
        raise unknown("model", "train", model, MODELS)
    return full


def make(
    facts: Facts,
    model: str | type[LatentModel],
    preset: str | None = None,
    choices: Mapping[str, Any] | None = None,
) -> Recipe:
    """A recipe for these data: general defaults, then the model's, then the preset's, then `choices`.

    Parameters
    ----------
    model : str or subclass of LatentModel
    choices : dict
        Flat, by any name in `CHOICES`; None means not chosen. `net` is "auto" (the default), "mlp", "conv", or an
        encoder and a decoder.

    Raises
    ------
    ParameterError
        For a name that is unknown, or a value that cannot be.
    """
    name = model_name(model)
    kind = MODELS[name] if isinstance(model, str) else model
    if preset is not None and preset not in PRESETS:
        raise unknown("preset", "train", preset, PRESETS)
    if not dataclasses.is_dataclass(kind.Options):
        raise must("model", "train", f"a class whose Options are a dataclass, for {name}", kind.Options.__name__)
    options = {option.name for option in dataclasses.fields(kind.Options)}
    taken = sorted(option for option in options if CHOICES.get(option, "options") != "options")
    if taken:
        raise must(
            "model", "train", f"one whose Options do not redefine {taken[0]}, a choice of every recipe", name
        )
    homes = CHOICES | dict.fromkeys(options, "options")
    chosen = {choice: value for choice, value in (choices or {}).items() if value is not None}
    for choice in chosen:
        if choice not in homes:
            raise unknown("set", "train", choice, homes)
        if homes[choice] == "options" and choice not in options:
            raise ParameterError(f"The '{choice}' parameter of train does not go with model {name}. Leave it out.")
        if kind.is_solved and homes[choice] == "training" and choice not in ("seed", "held_out"):
            usual = kind.defaults.get(choice, TrainingSettings.model_fields[choice].default)
            if chosen[choice] != usual:
                raise must(choice, "train", f"left out for model {name}, which is solved at once", chosen[choice])
    x_shape = codec_for(facts).x_shape
    net, modules = _network(chosen.pop("net", "auto"), kind, x_shape)
    likelihood = None
    if kind.likelihoods:
        likelihood = "bernoulli" if facts.is_image else "mixed" if codec_for(facts).blocks else "gaussian"
        likelihood = likelihood if likelihood in kind.likelihoods else kind.likelihoods[0]
    # A bottleneck is narrower than what passes through it, also where an example is only a few numbers.
    latent_dim = min(16, max(1, facts.size // 2))
    wanted = {"net": net, "likelihood": likelihood, "latent_dim": latent_dim}
    wanted |= {"widths": nets.default_widths(net, x_shape)}
    wanted |= CONV_DEFAULTS | kind.conv_defaults if net == "conv" else kind.defaults
    wanted |= {"widths": ()} if net == "own" else {}
    wanted |= ROW_DEFAULTS if len(x_shape) == 1 and net == "mlp" else {}
    if not kind.is_solved:
        epochs = wanted.get("epochs", TrainingSettings().epochs)
        wanted["epochs"] = round(epochs * repeats(facts.counts.get("train", 0), net))
    wanted["latent_dim"] = min(wanted["latent_dim"], facts.size)
    for choice, value in PRESETS.get(preset or "", {}).items():
        home = CHOICES[choice]
        fits = {
            "options": choice in options,
            "recipe": value in kind.likelihoods,
            "net": net == "mlp" and not kind.is_solved,
            "training": not kind.is_solved,
        }[home]
        wanted |= {choice: value} if fits else {}
    wanted |= chosen
    sections: dict[str, dict[str, Any]] = {"recipe": {}, "net": {}, "training": {}, "options": {}}
    for choice, value in wanted.items():
        sections[homes[choice]][choice] = value
    top = sections.pop("recipe")
    own = Own(None if isinstance(model, str) else kind, modules)
    return checked(
        {"model": name, "preset": preset, "data": facts.model_dump(), "versions": versions(), **top, **sections},
        of="train",
        own=own,
    )


def repeats(examples: int, net: str) -> float:
    """How many times as many epochs so few training examples get, since an epoch of them is few steps.

    As many steps as on `FULL` of them on an mlp, where a step is cheap; the square root of that elsewhere.
    """
    times = max(1.0, FULL / max(1, examples))
    return min(times if net == "mlp" else times**0.5, MOST_REPEATS.get(net, MOST_REPEATS["conv"]))


def _network(
    net: Any, kind: type[LatentModel], x_shape: tuple[int, ...]
) -> tuple[str, tuple[nn.Module, nn.Module] | None]:
    """The name of the network that is wanted, and its modules where they were given."""
    if isinstance(net, str):
        best = nets.suited(x_shape)[0]
        if net == "auto":
            net = best if best in kind.networks else kind.networks[0]
        if net == "own":
            raise must("net", "train", "an encoder and a decoder, on which alone this model stands", "none")
        if net not in NETWORKS:
            raise unknown("net", "train", net, ("auto", *NETWORKS))
        return net, None
    if not (isinstance(net, tuple | list) and len(net) == 2 and all(isinstance(m, nn.Module) for m in net)):
        found = [type(part).__name__ for part in net] if isinstance(net, tuple | list) else type(net).__name__
        raise must("net", "train", "a name, or a pair of modules: an encoder and a decoder", found)
    return "own", (net[0], net[1])


def checked(content: Mapping[str, Any], of: str, own: Own = NOTHING) -> Recipe:
    """A recipe from plain values; what is wrong is said in the house's grammar."""
    try:
        return Recipe.model_validate(content, context={"own": own})
    except ValidationError as error:
        first = error.errors()[0]
        if isinstance(cause := first.get("ctx", {}).get("error"), ParameterError):
            raise cause from None
        # A union or tuple adds its own steps to the place; the last name is the parameter.
        name = next((str(part) for part in reversed(first["loc"]) if isinstance(part, str)), "recipe")
        told = first["msg"].removeprefix("Input should be ").replace("Input should", "such that it should")
        raise must(name, of, told, first["input"]) from None


def from_json(content: Mapping[str, Any], name: str, own: Own = NOTHING) -> Recipe:
    """A recipe as it was saved; `name` is the file, for the error.

    Raises
    ------
    RunError
        Where an objective or a network must be given again and is not, or is given for nothing.
    """
    model, net = content.get("model"), content.get("net")
    wanted = {
        "model": model.removeprefix(OWN) if isinstance(model, str) and model.startswith(OWN) else None,
        "net": "an encoder and a decoder" if isinstance(net, Mapping) and net.get("net") == "own" else None,
    }
    if own.model is not None and not inspect.isclass(own.model):
        raise must("model", "open_run", "the class itself, or left out: a run knows its model's name", own.model)
    given = {"model": own.model and own.model.__name__, "net": own.net and "an encoder and a decoder"}
    for part, what in wanted.items():
        if what != given[part]:
            hint = f"open it in Python with {part}=…" if what else f"leave {part} out"
            raise RunError(f"{name}: expected {part} {what or 'of its own'}. Was given {given[part]}; {hint}.")
    return checked(content, of=name, own=own)


def versions() -> dict[str, str]:
    """The versions that a result depends on."""
    from importlib.metadata import version

    return {"gargalo": version("gargalo"), "python": platform.python_version(), "torch": torch.__version__}
