"""Corruptions: what a denoising autoencoder is to undo."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

__all__ = ["Noise", "corrupt"]

Noise = Literal["gaussian", "salt-and-pepper", "masking", "none"]
"""The corruptions; "none" is for examples that have clean partners, and are noisy themselves."""


def corrupt(
    x: Tensor, noise: Noise, strength: float, generator: torch.Generator | None = None, *, bounded: bool
) -> Tensor:
    """Corrupt examples in model space by one of three kinds of noise (Vincent et al., JMLR 11, 2010).

    Parameters
    ----------
    x : Tensor, (n, *x_shape)
    noise : "gaussian", "salt-and-pepper", "masking" or "none"
        Add N(0, strength^2); set each value, with probability `strength`, to the lowest or the highest possible, half
        of the time each; set each, with probability `strength`, to 0;
        do nothing.
    strength : float
        A standard deviation in the unit of x, or a probability in [0, 1].
    generator : Generator or None
        Draws the noise, on the device of x; None is PyTorch's global generator.
    bounded : bool
        Does x lie in [0, 1]? Then noise is clipped to that, and the lowest and the highest are 0 and 1; else they are
        those of the batch.

    Returns
    -------
    Tensor, (n, *x_shape)
        A new one, unless nothing is done.
    """
    if noise == "none":
        return x
    if noise == "gaussian":
        corrupted = x + strength * torch.randn(x.shape, generator=generator, device=x.device)
        return corrupted.clamp(0, 1) if bounded else corrupted
    chance = torch.rand(x.shape, generator=generator, device=x.device)
    if noise == "masking":
        return torch.where(chance < strength, 0.0, x)
    low, high = (0.0, 1.0) if bounded else (x.min(), x.max())
    return torch.where(chance > 1 - strength / 2, low, torch.where(chance < strength / 2, high, x))
