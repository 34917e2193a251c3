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
)
"""Layers of PyTorch that draw."""


def generator_at(seed: int, *place: int, device: str | torch.device = "cpu") -> torch.Generator:
    """A generator for one place in training, such as (epoch, step); the same place, the same draws.

    Places of other lengths are other places: () is not (0,), which is not (0, 0).
    """
    return torch.Generator(device).manual_seed(_seed(seed, *place))


@contextlib.contextmanager
def stochastic_layers(model: nn.Module) -> Iterator[Callable[..., None]]:
    """For layers that draw from everybody's generator, as dropout does: a function that seeds it for one place.

    It does nothing for a model without such layers. Afterwards the generator is as it was.
    """
    if not any(isinstance(layer, STOCHASTIC_LAYERS) for layer in model.modules()):
        yield lambda *_: None
        return
    with torch.random.fork_rng():
        yield lambda seed, *place: torch.manual_seed(_seed(seed, *place)) and None


def _seed(seed: int, *place: int) -> int:
    """PyTorch's CPU generator takes any 64-bit seed; a sign bit is not portable across its versions."""
    return int(np.random.SeedSequence(seed, spawn_key=place).generate_state(1, np.uint64)[0]) >> 1


def order_of(n: int, seed: int, epoch: int) -> Tensor:
    """The order in which one epoch sees n examples, (n,) int64."""
    return torch.randperm(n, generator=generator_at(seed, epoch))
