"""The codec and the model, built as a recipe says."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .. import nets
from ..core import VERBS, Batch, Codec, LatentModel, Likelihood, Loss
from ..data.sparse import SparseRows
from ..errors import ParameterError
from ..models import LIKELIHOODS
from ..nets import Sizes, Start
from .custom import NO_CUSTOM, Custom
from .custom import model_class as class_of
from .recipe import Recipe
from .start import as_pca
from .validate import checked_options

__all__ = ["build", "try_on"]

SAMPLE, NUMBERS, SPARSE_NUMBERS = 10_000, 2**26, 2**24
"""Examples, and numbers in them, that are enough to know principal components by; of a sparse matrix, which may not fit
into memory as an array, fewer."""


def build(
    recipe: Recipe, x: Any = None, rows: np.ndarray | None = None, custom: Custom = NO_CUSTOM
) -> tuple[Codec, LatentModel]:
    """The codec and the model of a recipe.

    Parameters
    ----------
    recipe : Recipe
    x : ndarray, memory map, SparseRows or None, (n, *raw_shape)
        Raw examples. With them first weights are drawn by the recipe's seed, the codec is fitted, and a decoder of
        gargalo's own is given their mean to start at. Without, every weight is on the meta device, to be loaded: a
        recipe from elsewhere cannot take memory that its weights do not fill.
    rows : ndarray or None, (m,), int
        Which of the examples are for training; all without.
    custom : Custom
        The objective and the network that a program gave; the network is copied.

    Returns
    -------
    codec : Codec
    model : LatentModel

    Raises
    ------
    ParameterError
        For an objective that is unknown, or a network that does not give the grid that the objective needs.
    """
    model_class, codec = class_of(recipe, custom), None
    if x is None:
        with torch.device("meta"):
            codec = recipe.data.modality.codec(recipe.data)
            return codec, _model(recipe, model_class, codec, None, custom)
    codec = recipe.data.modality.codec(recipe.data)
    slices = _slices(x, rows, codec)
    codec.fit(slices)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.training.seed)
        mean = sum(codec(torch.from_numpy(part)).sum(0) for part in slices()) / len(x if rows is None else rows)
        some = codec(torch.from_numpy(_some(x, rows, codec))) if recipe.net.init == "pca" else None
        return codec, _model(recipe, model_class, codec, (torch.as_tensor(mean), some), custom)


def _model(
    recipe: Recipe,
    model_class: type[LatentModel],
    codec: Codec,
    seen: tuple[Tensor, Tensor | None] | None,
    custom: Custom,
) -> LatentModel:
    """The model, on networks for it; `seen` is what these start at: the data's mean, and for "pca" some examples."""
    likelihood = LIKELIHOODS[recipe.likelihood or "mse"](codec.x_shape, codec.blocks, codec.bounded)
    options = checked_options(recipe, model_class)
    if custom.net:
        encoder, decoder = copy.deepcopy(custom.net)
        if seen is None:
            encoder, decoder = encoder.to("meta"), decoder.to("meta")
    else:
        encoder, decoder = _networks(recipe, model_class, options, codec, likelihood, seen)
    grid: tuple[int, ...] = ()
    if model_class.is_grid:
        known = recipe.net.net == "conv"
        grid = nets.level_sizes(codec.x_shape, recipe.net)[-1] if known else _grid(encoder, codec.x_shape)
    model = model_class(encoder, decoder, likelihood, (recipe.latent_dim, *grid), options, recipe.data.classes)
    model.conditions = tuple(one.size for one in recipe.data.told)
    return model


def _networks(
    recipe: Recipe,
    model_class: type[LatentModel],
    options: Any,
    codec: Codec,
    likelihood: Likelihood,
    seen: tuple[Tensor, Tensor | None] | None,
) -> tuple[nn.Module, nn.Module]:
    """Encoder and decoder for a likelihood; `seen` as for `_model`."""
    d, classes = recipe.latent_dim, recipe.data.classes
    decoder_in = d + recipe.data.told_size * model_class.is_conditional
    sizes = Sizes(codec.x_shape, d * model_class.numbers_per_latent, decoder_in, likelihood.params_shape)
    start = None
    if seen is not None:
        mean, some = seen
        start = Start(likelihood.bias_for(mean))
        start = start if some is None else as_pca(model_class, likelihood, sizes, mean, some, d)
    if recipe.net.net == "conv":
        skips = model_class.wants_skips(options)
        encoder, decoder = nets.conv(sizes, recipe.net, start, is_grid=model_class.is_grid, skips=skips)
    else:
        encoder, decoder = nets.mlp(sizes, recipe.net, start, bounded=codec.bounded)
    return encoder, decoder if model_class.likelihoods else nets.linear_head(d, classes, recipe.net)


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
    if len(found) != 1 + len(x_shape):
        grid = ", ".join("ndhw" if len(x_shape) == 3 else "ncdhw")
        raise ParameterError(f"net: expected the encoder to give a grid ({grid}). Found {found}.")
    return found[2:]


def try_on(recipe: Recipe, x: np.ndarray, y: Tensor | None, custom: Custom) -> None:
    """Run a few raw examples through what a program gave, before anything is trained.

    Parameters
    ----------
    recipe : Recipe
    x : ndarray, (n, *raw_shape)
        Raw examples.
    y : Tensor or None, (n, c), float32
        Their labels or conditions, as a `Batch` has them.
    custom : Custom
        The objective and the network that a program gave.

    Raises
    ------
    ParameterError
        For a network of other shapes (with the one that was expected and the one that came out), an objective whose
        `can`, `Options` or loss are not as they must be, or weights that have no shape yet or are shared.
    """
    able = getattr(class_of(recipe, custom), "can", None)
    if not able or not set(able) <= set(VERBS):
        known = ", ".join(sorted(VERBS))
        raise ParameterError(f"model: expected {recipe.model} to say what it can, of {known}. Found {able!r}.")
    if "denoise" in able and not {"noise", "strength"} <= recipe.options.keys():
        raise ParameterError(f"model: expected Options with noise and strength, since {recipe.model} can denoise.")
    codec, model = build(recipe, x, custom=custom)
    _must_be_saveable(model)
    model.eval()
    classes, told = recipe.data.classes, recipe.data.told_size * model.is_conditional
    batch = Batch(codec(torch.from_numpy(x)), y, generator=torch.Generator().manual_seed(0))
    n, out = len(x), model.numbers_per_latent
    latents = torch.zeros(n, model.latent_shape[0] + told, *model.latent_shape[1:])
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


def _some(x: Any, rows: np.ndarray | None, codec: Codec) -> np.ndarray:
    """Raw training examples, evenly spread, enough to know their principal components."""
    rows = np.arange(len(x)) if rows is None else rows
    numbers = SPARSE_NUMBERS if isinstance(x, SparseRows) else NUMBERS
    most = max(1, min(SAMPLE, numbers // math.prod(codec.x_shape), len(rows)))
    return np.ascontiguousarray(x[rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]])


def _slices(x: Any, rows: np.ndarray | None, codec: Codec) -> Callable[[], Iterator[np.ndarray]]:
    """Raw training examples slice by slice, as often as they are asked for: all at once might not fit."""
    step = codec.rows_at_once

    def slices() -> Iterator[np.ndarray]:
        for start in range(0, len(x if rows is None else rows), step):
            part = slice(start, start + step)
            yield np.ascontiguousarray(x[part] if rows is None else x[rows[part]])

    return slices
