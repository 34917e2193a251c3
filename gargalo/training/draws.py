"""Chance without state: every draw is a function of (seed, epoch, step)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["generator_at", "order_of", "stochastic_layers"]

STOCHASTIC_LAYERS = (
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
    nn.RReLU,
    nn.FractionalMaxPool2d,
    nn.FractionalMaxPool3d,
)
"""Layers of PyTorch that draw. Others do where their `dropout` is not 0: recurrent ones, and attention."""
OWN = ("torch.", "gargalo.")
"""Where the layers are that are known; one of anybody else's may draw in whatever way."""


def generator_at(seed: int, *place: int, device: str | torch.device = "cpu") -> torch.Generator:
    """A generator for one place in training, such as (epoch, step); the same place, the same draws.

    Places of other lengths are other places: () is not (0,), which is not (0, 0).

    Parameters
    ----------
    seed : int >= 0
    *place : int, 0 to 2**32 - 1
        Larger numbers are not told from several small ones.
    device : str or device
        Where the draws are made; a GPU's are not the CPU's.

    Returns
    -------
    Generator
    """
    return torch.Generator(device).manual_seed(_seed(seed, *place))


@contextlib.contextmanager
def stochastic_layers(model: nn.Module) -> Iterator[Callable[..., None]]:
    """Make layers that draw from PyTorch's global generator, as dropout does, draw the same at the same place.

    Nothing is seeded for a model none of whose layers can draw. Afterwards the generator is as it was.

    Parameters
    ----------
    model : Module

    Yields
    ------
    function
        Given (seed, *place) as in `generator_at`, it seeds the global generator for that place.
    """
    if not any(map(_may_draw, model.modules())):
        yield lambda *_: None
        return
    # PyTorch's own function also seeds devices that nothing is on, and takes 0.2 ms for it: a fifth of a small step.
    on_cpu = all(p.device.type == "cpu" for p in model.parameters())
    put = torch.default_generator.manual_seed if on_cpu else torch.manual_seed
    with torch.random.fork_rng():
        yield lambda seed, *place: put(_seed(seed, *place)) and None


def _may_draw(layer: nn.Module) -> bool:
    """Is this a layer that draws, or one of a program's own?"""
    if isinstance(layer, STOCHASTIC_LAYERS) or not f"{type(layer).__module__}.".startswith(OWN):
        return True
    dropout = getattr(layer, "dropout", 0.0)
    return isinstance(dropout, float) and dropout > 0


def _seed(seed: int, *place: int) -> int:
    """PyTorch's CPU generator takes any 64-bit seed; a sign bit is not portable across its versions."""
    return int(np.random.SeedSequence(seed, spawn_key=place).generate_state(1, np.uint64)[0]) >> 1


def order_of(n: int, seed: int, epoch: int) -> Tensor:
    """The order in which one epoch sees n examples.

    Parameters
    ----------
    n, seed : int
    epoch : int
        From 0.

    Returns
    -------
    Tensor, (n,), int64
        0 to n - 1, each once.
    """
    return torch.randperm(n, generator=generator_at(seed, epoch))
