"""Chance without state: every draw is a function of (seed, epoch, step)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

__all__ = ["generator_at", "order_of"]


def generator_at(seed: int, *place: int, device: str | torch.device = "cpu") -> torch.Generator:
    """A generator for one place in training, such as (epoch, step); the same place, the same draws.

    Places of other lengths are other places: () is not (0,), which is not (0, 0).
    """
    mixed = np.random.SeedSequence(seed, spawn_key=place).generate_state(1, np.uint64)[0]
    # PyTorch's CPU generator takes any 64-bit seed; a sign bit is not portable across its versions.
    return torch.Generator(device).manual_seed(int(mixed) >> 1)


def order_of(n: int, seed: int, epoch: int) -> Tensor:
    """The order in which one epoch sees n examples, (n,) int64."""
    return torch.randperm(n, generator=generator_at(seed, epoch))
