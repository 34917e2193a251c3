"""What a program gives and no file can name: an objective of its own, and an encoder and a decoder of its own."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import nn

from ..core import LatentModel
from ..errors import must
from ..models import MODELS, SHORT

if TYPE_CHECKING:
    from .recipe import Recipe

__all__ = ["CUSTOM", "NO_CUSTOM", "Custom", "custom_of", "model_class", "model_name"]

CUSTOM = "custom:"
"""What the name of an objective begins with that is not in `MODELS`."""


class Custom(NamedTuple):
    """The parts of a model that are a program's own; a run folder keeps their weights, and never names their code.

    Attributes
    ----------
    model : subclass of LatentModel or None
        The objective.
    net : (Module, Module) or None
        The encoder and the decoder.
    """

    model: type[LatentModel] | None = None
    net: tuple[nn.Module, nn.Module] | None = None


NO_CUSTOM = Custom()


def custom_of(model: str | type[LatentModel], choices: Mapping[str, Any]) -> Custom:
    """What of the arguments of a training is a program's own; `make` has seen that they can be.

    Parameters
    ----------
    model : str or subclass of LatentModel
    choices : dict
        Only "net" is looked at: a name, None, or an encoder and a decoder.

    Returns
    -------
    Custom
        With None for what is not the program's own.
    """
    net = choices.get("net")
    return Custom(None if isinstance(model, str) else model, None if net is None or isinstance(net, str) else (*net,))


def model_class(recipe: Recipe, custom: Custom = NO_CUSTOM) -> type[LatentModel]:
    """The objective's class.

    Parameters
    ----------
    recipe : Recipe
    custom : Custom
        The objective that a program gave, which goes before the recipe's name.

    Returns
    -------
    subclass of LatentModel

    Raises
    ------
    ParameterError
        For a name that is unknown.
    """
    return custom.model or MODELS.get_or_raise(recipe.model)


def model_name(model: str | type[LatentModel]) -> str:
    """The full name of a model.

    Parameters
    ----------
    model : str or subclass of LatentModel
        A full name, a short one, or a class of a program's own.

    Returns
    -------
    str
        A name in `MODELS`, or "custom:" and the name of the class.

    Raises
    ------
    ParameterError
        For a name that is unknown, with the nearest one that is known; for what is no subclass of `LatentModel`.
    """
    if not isinstance(model, str):
        if not (inspect.isclass(model) and issubclass(model, LatentModel)):
            raise must("model", "a name or a subclass of gargalo.LatentModel, the class itself", model)
        return CUSTOM + model.__name__
    full = SHORT.get(model, model)
    MODELS.get_or_raise(full)
    return full
