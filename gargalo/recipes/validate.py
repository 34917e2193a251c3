"""What the choices of a recipe say together."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError

from ..core import LatentModel
from ..errors import ParameterError, as_expected, must, not_a_choice, option
from .recipe import Recipe
from .start import can_be_pca

__all__ = ["checked", "checked_options", "validate"]

Find = Callable[[Recipe], type[LatentModel]]


def checked(content: Mapping[str, Any], find: Find, name: Callable[[str], str] = str) -> Recipe:
    """A recipe from plain values, with all options of its objective; what is wrong is said as all errors are.

    Parameters
    ----------
    content : dict
        The fields of `Recipe` by name.
    find : function
        Gives the class of a recipe's objective.
    name : function
        What a message calls a choice.

    Returns
    -------
    Recipe

    Raises
    ------
    ParameterError
        For a name that is unknown, a value that cannot be, or choices that do not go together.
    """
    try:
        recipe = Recipe.model_validate(content)
        model_class = find(recipe)
        options = dataclasses.asdict(checked_options(recipe, model_class))
    except ValidationError as error:
        first = error.errors()[0]
        if isinstance(cause := first.get("ctx", {}).get("error"), ParameterError):
            raise cause from None
        # A union or tuple adds its own steps to the place; the last name is the parameter.
        parameter = next((str(part) for part in reversed(first["loc"]) if isinstance(part, str)), "recipe")
        if first["type"] == "extra_forbidden":
            raise not_a_choice(parameter, Recipe.model_fields) from None
        is_tuple = first["type"] == "tuple_type"
        told = "whole numbers such as (128, 64)" if is_tuple else as_expected(first["msg"])
        raise must(name(parameter), told, first["input"]) from None
    recipe = recipe.model_copy(update={"options": options})
    validate(recipe, model_class)
    return recipe


def checked_options(recipe: Recipe, model_class: type[LatentModel]) -> Any:
    """The objective's `Options`, validated.

    Parameters
    ----------
    recipe : Recipe
    model_class : subclass of LatentModel

    Returns
    -------
    LatentModel.Options
        With the recipe's options, and the defaults of the others.

    Raises
    ------
    pydantic.ValidationError
        For an option of another type or range; `checked` makes a ParameterError of it.
    """
    return TypeAdapter(model_class.Options).validate_python(recipe.options)


def validate(recipe: Recipe, model_class: type[LatentModel]) -> None:
    """Refuse choices that do not go together.

    Parameters
    ----------
    recipe : Recipe
    model_class : subclass of LatentModel
        The class of its objective.

    Raises
    ------
    ParameterError
        Naming one of them, and what it must be beside the others.
    """
    data, training = recipe.data, recipe.training
    _validate_network(recipe, model_class)
    if recipe.latent_dim > data.size:
        raise must("latent_dim", f"at most {data.size}, the numbers in one example", recipe.latent_dim)
    _validate_likelihood(recipe, model_class)
    if training.patience and not training.validation_share and not data.counts.get("validation"):
        raise must("patience", "0 where there is no validation set", training.patience)
    _validate_conditions(recipe, model_class)
    can_denoise = "denoise" in getattr(model_class, "can", ())
    if data.paired and not can_denoise:
        raise ParameterError(
            f"{option('clean')} does not go with model {recipe.model}: only one that denoises learns from pairs. Leave"
            f" it out, or choose {option('model', 'denoising')}."
        )
    if can_denoise and not data.paired and recipe.options.get("noise") == "none":
        raise must("noise", f"another, for examples without clean partners ({option('clean')})", "none")
    options = checked_options(recipe, model_class)
    model_class.check(options, recipe.latent_dim, data.counts.get("train", 0), recipe.net.net)


def _validate_conditions(recipe: Recipe, model_class: type[LatentModel]) -> None:
    """Labels and conditions must be there where the objective needs them, and conditions must be of use."""
    data = recipe.data
    if data.conditions and not model_class.is_conditional:
        raise ParameterError(
            f"{option('condition')} does not go with model {recipe.model}: only one that is conditional is told of it."
            f" Leave it out, or choose {option('model', 'cvae')}."
        )
    if data.conditions:
        return
    if (model_class.needs_labels or model_class.is_conditional) and data.classes < 2:
        hint = f"Or {option('condition')} says what it is told instead." if model_class.is_conditional else ""
        raise must("model", "one that needs no labels, for data without two classes", recipe.model, hint)


def _validate_likelihood(recipe: Recipe, model_class: type[LatentModel]) -> None:
    """The likelihood must suit the objective and the data."""
    likelihood, data = recipe.likelihood, recipe.data
    allowed = model_class.likelihoods or (None,)
    if likelihood not in allowed:
        names = ", ".join(map(str, allowed))
        raise must("likelihood", f"one of {names} for model {recipe.model}", likelihood)
    if likelihood in ("bernoulli", "clipped") and not data.modality.bounded:
        raise must("likelihood", "gaussian or mse for numbers outside [0, 1]", likelihood)
    if likelihood in ("poisson", "negative-binomial") and not data.modality.counted:
        expected = f"another, for numbers that are not said to be counts; {option('kind', 'counts')} says so"
        raise must("likelihood", expected, likelihood)
    with torch.device("meta"):  # where a shape takes no memory
        has_categories = bool(data.modality.codec(data).blocks)
    if likelihood == "mixed" and not has_categories:
        raise must("likelihood", "another, for data without categories", likelihood)
    if likelihood == "gaussian" and has_categories:
        raise must("likelihood", "mixed or mse for columns that are categories", likelihood)


def _validate_network(recipe: Recipe, model_class: type[LatentModel]) -> None:
    """The network must suit the objective and the data."""
    net, widths = recipe.net.net, recipe.net.widths
    if net not in model_class.networks:
        raise must("net", f"{' or '.join(model_class.networks)} for model {recipe.model}", net)
    if net == "conv" and "conv" not in recipe.data.modality.networks(recipe.data):
        if "mlp" not in model_class.networks:
            raise must("model", "one that takes rows of numbers: this one needs images", recipe.model)
        raise must("net", "mlp, for rows of numbers: conv is for images", net)
    if net == "conv" and not widths:
        raise must("widths", "at least one level's channels for a conv network", widths)
    if recipe.net.dropout and net != "mlp":
        raise must("dropout", f"0 on {net}", recipe.net.dropout)
    if recipe.net.init == "pca" and not can_be_pca(model_class, net):
        raise must("init", f"kaiming or pytorch for model {recipe.model} on {net}", "pca")
    if model_class.is_solved and widths:
        raise must("widths", f"left out for model {recipe.model}, which is linear", widths)
