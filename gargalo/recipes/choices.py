"""From choices to a recipe: what was chosen by name, on top of what suits."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from ..core import LatentModel
from ..data import DataSpec
from ..errors import ParameterError, RunError, must, not_a_choice, option, unknown
from ..io.arguments import given_once
from ..models import MODELS
from ..nets import NetSettings
from ..training import TrainingSettings
from .custom import CUSTOM, NO_CUSTOM, Custom, model_class, model_name
from .defaults import PRESETS, are_few_pictures, defaults_for, preset_for
from .recipe import Recipe, upgraded, versions
from .start import begins_as_pca
from .validate import checked

__all__ = ["CHOICES", "from_json", "make", "with_choices"]

FORMER = {"held_out": "validation_share"}
"""What choices were called before, by which they may still be given."""
SHORT = {"nb": "negative-binomial"}
"""Other names of likelihoods that people type."""
NETWORKS = ("mlp", "conv")


def _homes() -> dict[str, str]:
    """Where each choice lives: every name that `make` takes -> "recipe", "net", "training" or "options"."""
    homes = {"latent_dim": "recipe", "likelihood": "recipe"}
    homes |= dict.fromkeys(NetSettings.model_fields, "net")
    homes |= dict.fromkeys(TrainingSettings.model_fields, "training")
    for each in MODELS.values():
        homes |= {field.name: "options" for field in dataclasses.fields(each.Options)}
    return homes


CHOICES = _homes()


def make(
    spec: DataSpec,
    model: str | type[LatentModel],
    preset: str | None = None,
    choices: Mapping[str, Any] | None = None,
    others: Sequence[str] = (),
) -> Recipe:
    """A recipe for these data: general defaults, then the model's, then the preset's, then `choices`.

    Parameters
    ----------
    spec : DataSpec
        What the data are.
    model : str or subclass of LatentModel
        The objective.
    preset : str or None
        A name in `PRESETS`.
    choices : dict or None
        By any name in `CHOICES`; None means not chosen. `net` is "auto" (the default), "mlp", "conv", or an encoder
        and a decoder, which `custom_of` takes out.
    others : sequence of str
        What else may be given where the choices are, for who mistypes one of them.

    Returns
    -------
    Recipe
        Checked: all of its choices go together.

    Raises
    ------
    ParameterError
        For a name that is unknown, or a value that cannot be.
    """
    name = model_name(model)
    objective = MODELS[name] if isinstance(model, str) else model
    if preset is not None and preset not in PRESETS:
        raise unknown("preset", preset, PRESETS)
    homes = _homes_of(objective, name)
    chosen = given_once((FORMER.get(key, key), value) for key, value in (choices or {}).items())
    _must_be_choices(chosen, homes, objective, name, others)
    if "likelihood" in chosen:
        chosen["likelihood"] = SHORT.get(chosen["likelihood"], chosen["likelihood"])
    net = _network(chosen.pop("net", "auto"), objective, spec)
    if net != "conv" and chosen.get("blocks") not in (None, NetSettings().blocks):
        raise must("blocks", f"left out on {net}: they are for conv", chosen["blocks"])
    usual = defaults_for(objective, spec, net) | preset_for(preset, objective, net, homes)
    if "strength" in chosen:
        usual.pop("noise", None)  # who says how strong wants some
    wanted = usual | chosen
    is_other = wanted.get("optimizer") != usual.get("optimizer")
    if "weight_decay" not in chosen and (is_other or (usual.get("init") == "pca" != wanted["init"])):
        wanted.pop("weight_decay", None)  # it was chosen for another optimiser, or to pull back to PCA
    sections: dict[str, dict[str, Any]] = {"recipe": {}, "net": {}, "training": {}, "options": {}}
    for choice, value in wanted.items():
        sections[homes[choice]][choice] = value
    top = sections.pop("recipe")
    return checked(
        {"model": name, "preset": preset, "data": spec.model_dump(), "versions": versions(), **top, **sections},
        lambda recipe: objective,
    )


def with_choices(recipe: Recipe, more: Mapping[str, Any], custom: Custom = NO_CUSTOM) -> Recipe:
    """The same recipe with other choices, checked again.

    Parameters
    ----------
    recipe : Recipe
    more : dict
        Choices by their names in `CHOICES`: of the network, of training, or an option of one of gargalo's objectives.
    custom : Custom
        The objective and the network that a program gave.

    Returns
    -------
    Recipe

    Raises
    ------
    ParameterError
        For a value that cannot be.
    """
    content = recipe.model_dump()
    for name, value in more.items():
        content[CHOICES[name]][name] = value
    return checked(content, lambda found: model_class(found, custom))


def from_json(content: Mapping[str, Any], name: str, custom: Custom = NO_CUSTOM) -> Recipe:
    """A recipe as it was saved, by this version or by an older one.

    Parameters
    ----------
    content : dict
        The JSON object of the file.
    name : str
        The file, for messages.
    custom : Custom
        The objective and the network that a program gave, given again.

    Returns
    -------
    Recipe

    Raises
    ------
    RunError
        Where an objective or a network must be given again and is not, or is given for nothing; for a name or a
        value in `content` that cannot be.
    ParameterError
        For a `custom.model` that is not a class.
    """
    content = upgraded(content)
    model, net = content.get("model"), content.get("net")
    wanted = {
        "model": model.removeprefix(CUSTOM) if isinstance(model, str) and model.startswith(CUSTOM) else None,
        "net": "an encoder and a decoder" if isinstance(net, Mapping) and net.get("net") == "custom" else None,
    }
    if custom.model is not None and not inspect.isclass(custom.model):
        raise must("model", "the class itself, or left out: a run knows its model's name", custom.model)
    given = {"model": custom.model and custom.model.__name__, "net": custom.net and "an encoder and a decoder"}
    for part, what in wanted.items():
        if what != given[part]:
            hint = f"open it in Python with {part}=…" if what else f"leave {part} out"
            raise RunError(f"{name}: expected {part} {what or 'of its own'}. Was given {given[part]}; {hint}.")
    try:
        return checked(content, lambda recipe: model_class(recipe, custom))
    except ParameterError as error:
        if error.got is None:
            raise RunError(f"{name}: {error}") from None
        raise RunError(f"{name}: expected {error.parameter} to be {error.expected}. Found {error.got}.") from None


def _homes_of(objective: type[LatentModel], name: str) -> dict[str, str]:
    """Where each choice lives that goes with this objective, or with any other of gargalo's."""
    if not dataclasses.is_dataclass(objective.Options):
        raise must("model", f"a class whose Options are a dataclass, for {name}", objective.Options)
    options = {field.name for field in dataclasses.fields(objective.Options)}
    taken = sorted(field for field in options if CHOICES.get(field, "options") != "options")
    if taken:
        raise must("model", f"one whose Options do not redefine {taken[0]}, a choice of every recipe", name)
    return CHOICES | dict.fromkeys(options, "options")


def _must_be_choices(
    chosen: Mapping[str, Any], homes: Mapping[str, str], objective: type[LatentModel], name: str, others: Sequence[str]
) -> None:
    """Refuse choices that nobody knows, or that do not go with this objective."""
    options = {field.name for field in dataclasses.fields(objective.Options)}
    for choice, value in chosen.items():
        if choice not in homes:
            raise not_a_choice(choice, [*homes, *others])
        if homes[choice] == "options" and choice not in options:
            raise ParameterError(f"{option(choice)} does not go with model {name}. Leave it out.")
        if objective.is_solved and homes[choice] == "training" and choice not in ("seed", "validation_share"):
            usual = objective.defaults.get(choice, TrainingSettings.model_fields[choice].default)
            if value != usual:
                raise must(choice, f"left out for model {name}, which is solved at once", value)


def _network(net: Any, objective: type[LatentModel], spec: DataSpec) -> str:
    """The name of the network that is wanted."""
    if not isinstance(net, str):
        if not (isinstance(net, tuple | list) and len(net) == 2 and all(isinstance(m, nn.Module) for m in net)):
            found = [type(part).__name__ for part in net] if isinstance(net, tuple | list) else net
            raise must("net", "a name, or a pair of modules: an encoder and a decoder", found)
        return "custom"
    suited = spec.modality.networks(spec)
    if net == "auto" and are_few_pictures(spec) and begins_as_pca(objective, "mlp"):
        net = "mlp"
    elif net == "auto":
        net = suited[0] if suited[0] in objective.networks else objective.networks[0]
    if net == "custom":
        raise must("net", "an encoder and a decoder, on which alone this model stands", net)
    if net not in NETWORKS:
        raise unknown("net", net, ("auto", *NETWORKS))
    return net
