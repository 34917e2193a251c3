"""Corruptions: what a denoising autoencoder is to undo."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

__all__ = ["Noise", "corrupt"]

Noise = Literal["gaussian", "salt-and-pepper", "masking"]


def corrupt(x: Tensor, noise: Noise, strength: float, generator: torch.Generator | None = None) -> Tensor:
    """Spoil x (n, *x_shape).

    Parameters
    ----------
    noise : "gaussian", "salt-and-pepper" or "masking"
        Add N(0, strength^2); set a fraction `strength` of the values to the lowest or highest possible, half
        each; set a fraction `strength` to 0. Images are then clipped to [0, 1].
    """
    is_image = x.dim() == 4
    if noise == "gaussian":
        spoiled = x + strength * torch.randn(x.shape, generator=generator, device=x.device)
        return spoiled.clamp(0, 1) if is_image else spoiled
    chance = torch.rand(x.shape, generator=generator, device=x.device)
    if noise == "masking":
        return torch.where(chance < strength, 0.0, x)
    low, high = (0.0, 1.0) if is_image else (x.min(), x.max())
    return torch.where(chance > 1 - strength / 2, low, torch.where(chance < strength / 2, high, x))
