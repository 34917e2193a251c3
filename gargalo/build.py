"""The codec and the model, built as a recipe says."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from . import nets
from .core import Batch, Codec, LatentModel, Likelihood, Loss
from .data.codec import NumberCodec, codec_for
from .errors import ParameterError
from .models import LIKELIHOODS
from .recipe import Recipe

__all__ = ["build", "try_on"]

ABLE = {"encode", "decode", "reconstruct", "denoise", "posterior", "classify", "codes"}
"""What a model may say that it can."""


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


def _model(recipe: Recipe, codec: Codec, mean: Tensor | None) -> LatentModel:
    kind, x_shape = recipe.kind, codec.x_shape
    classes = len(recipe.data.class_names or ())
    likelihood = LIKELIHOODS[recipe.likelihood or "mse"](x_shape, codec.blocks)
    encoder, decoder = _networks(recipe, codec, likelihood, mean)
    latent_shape = (recipe.latent_dim, *(_grid(encoder, x_shape) if kind.is_grid else ()))
    return kind(encoder, decoder, likelihood, latent_shape, recipe.checked_options(), classes)


def _networks(
    recipe: Recipe, codec: Codec, likelihood: Likelihood, mean: Tensor | None
) -> tuple[nn.Module, nn.Module]:
    """Encoder and decoder; `mean` (*x_shape) is what the decoder starts at."""
    if recipe.own.net:
        encoder, decoder = copy.deepcopy(recipe.own.net)
        return (encoder, decoder) if mean is not None else (encoder.to("meta"), decoder.to("meta"))
    kind, d, classes = recipe.kind, recipe.latent_dim, len(recipe.data.class_names or ())
    encoder_out = d * kind.numbers_per_latent
    decoder_in = d + classes * kind.is_conditional
    start = likelihood.bias_for(mean) if mean is not None else None
    sizes = (codec.x_shape, encoder_out, decoder_in, likelihood.params_shape, recipe.net, start)
    if recipe.net.net == "conv":
        skips = kind.wants_skips(recipe.checked_options())
        encoder, decoder = nets.conv(*sizes, is_grid=kind.is_grid, skips=skips)
    else:
        encoder, decoder = nets.mlp(*sizes)
    return encoder, decoder if kind.likelihoods else nets.linear_head(d, classes, recipe.net)


def _grid(encoder: nn.Module, x_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Height and width of the latents that an encoder gives."""
    device = next((p.device for p in encoder.parameters()), torch.device("cpu"))
    x, was_training = torch.zeros(1, *x_shape, device=device), encoder.training
    encoder.eval()  # what counts its batches must not count this one
    try:
        with torch.no_grad():
            found = tuple(encoder(x).shape)
    except Exception as error:  # it is somebody's own code
        why = str(error).partition("\n")[0]
        raise ParameterError(f"net: expected the encoder to take {tuple(x.shape)}. It cannot: {why}") from None
    finally:
        encoder.train(was_training)
    if len(found) != 4:
        raise ParameterError(f"net: expected the encoder to give a grid (n, d, h, w). Found {found}.")
    return found[2:]


def try_on(recipe: Recipe, x: np.ndarray, y: np.ndarray | None) -> None:
    """Run a few raw examples (n, *raw_shape) through what a program gave, before anything is trained.

    Raises
    ------
    ParameterError
        With the shape that was expected and the one that came out.
    """
    able = getattr(recipe.kind, "can", None)
    if not able or not set(able) <= ABLE:
        known = ", ".join(sorted(ABLE))
        raise ParameterError(f"model: expected {recipe.model} to say what it can, of {known}. Found {able!r}.")
    if "denoise" in able and not {"noise", "strength"} <= recipe.options.keys():
        raise ParameterError(f"model: expected Options with noise and strength, since {recipe.model} can denoise.")
    codec, model = build(recipe, x)
    _must_be_saveable(model)
    model.eval()
    classes = len(recipe.data.class_names or ())
    one_hot = None if y is None or not classes else torch.eye(classes)[torch.from_numpy(y)]
    batch = Batch(codec(torch.from_numpy(x)), one_hot, generator=torch.Generator().manual_seed(0))
    n, out = len(x), model.numbers_per_latent
    latents = torch.zeros(n, model.latent_shape[0] + classes * model.is_conditional, *model.latent_shape[1:])
    params = (n, *model.likelihood.params_shape) if model.likelihoods else (n, classes)
    wanted = (n, model.latent_shape[0] * out, *model.latent_shape[1:])
    with torch.no_grad():
        _must_give("encoder", model.encoder, batch.x, wanted, recipe)
        _must_give("decoder", model.decoder, latents, params, recipe)
        loss = model.loss(batch)
    scalars = isinstance(loss, Loss) and loss.terms and [*loss.terms.values(), *loss.notes.values()]
    if not scalars or not all(isinstance(value, Tensor) and value.dim() == 0 for value in scalars):
        raise ParameterError(
            f"model: expected loss(batch) of {recipe.model} to give a Loss of named scalars. Found {loss!r}."
        )


def _must_be_saveable(model: LatentModel) -> None:
    """Refuse weights that a file cannot hold one by one."""
    named = list(model.named_parameters(remove_duplicate=False))
    lazy = [name for name, p in named if isinstance(p, nn.parameter.UninitializedParameter)]
    if lazy:
        raise ParameterError(f"net: expected every weight to have a shape. Found {lazy[0]} without; run it once.")
    places: dict[int, str] = {}
    for name, p in named:
        twin = places.setdefault(p.untyped_storage()._cdata, name)
        if twin != name:
            raise ParameterError(
                f"net: expected weights of their own. Found {name} and {twin} to be the same; use a copy, or a"
                " function of one of them in forward."
            )


def _must_give(name: str, module: nn.Module, x: Tensor, wanted: tuple[int, ...], recipe: Recipe) -> None:
    """Refuse a network whose output does not fit."""
    expected = f"net: expected the {name} to turn {tuple(x.shape)} into {wanted}, for model {recipe.model} with"
    expected += f" latent_dim {recipe.latent_dim}."
    try:
        found = module(x)
    except Exception as error:  # it is somebody's own code
        raise ParameterError(f"{expected} It cannot: {str(error).partition(chr(10))[0]}") from None
    if not isinstance(found, Tensor) or tuple(found.shape) != wanted:
        shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise ParameterError(f"{expected} Found {shape}.")


def _mean(codec: Codec, x: np.ndarray, rows: np.ndarray | None) -> Tensor:
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
