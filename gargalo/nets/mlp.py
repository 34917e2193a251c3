"""Fully connected encoder and decoder, each the mirror of the other."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from .settings import ACTIVATIONS, NetSettings, Sizes, kaiming

__all__ = ["linear_head", "mlp"]

SMALL = 0.1
"""What rows of numbers, whose outputs nothing bounds, begin with: a VAE's first loss on 30 columns was 43 instead
of 10,000, and its last validation loss 22 instead of 27."""


def mlp(
    sizes: Sizes, settings: NetSettings, start: Tensor | None = None, *, bounded: bool = True
) -> tuple[nn.Sequential, nn.Sequential]:
    """An encoder (n, *x_shape) -> (n, encoder_out) and a decoder (n, decoder_in) -> (n, *params_shape).

    Parameters
    ----------
    sizes : Sizes
        What goes into both, and what comes out.
    settings : NetSettings
        Its widths, activation and init.
    start : Tensor or None, (*params_shape)
        What the decoder's last bias begins as, under "kaiming": about what it puts out before anything is learned.
    bounded : bool
        Do the numbers lie in [0, 1]? Else the last layers begin with small weights, under "kaiming".

    Returns
    -------
    encoder, decoder : Sequential
    """
    outer, last = math.prod(sizes.x_shape), math.prod(sizes.params_shape)
    encoder = nn.Sequential(nn.Flatten(), *_layers([outer, *settings.widths, sizes.encoder_out], settings))
    decoder = nn.Sequential(
        *_layers([sizes.decoder_in, *reversed(settings.widths), last], settings, start),
        nn.Unflatten(1, sizes.params_shape),
    )
    if not bounded and settings.init == "kaiming":
        for network in (encoder, decoder):
            linears = [layer for layer in network if isinstance(layer, nn.Linear)]
            with torch.no_grad():
                linears[-1].weight.mul_(SMALL)
    return encoder, decoder


def linear_head(latent_dim: int, classes: int, settings: NetSettings) -> nn.Sequential:
    """One linear layer (n, latent_dim) -> (n, classes): what a classifier puts on its latents.

    Parameters
    ----------
    latent_dim, classes : int >= 1
        Numbers in, and out.
    settings : NetSettings
        Only its init is used.

    Returns
    -------
    Sequential
    """
    return nn.Sequential(*_layers([latent_dim, classes], settings))


def _layers(sizes: list[int], settings: NetSettings, start: Tensor | None = None) -> list[nn.Module]:
    """Linear layers of these sizes with activations between them."""
    linears = [nn.Linear(a, b) for a, b in pairwise(sizes)]
    if settings.init == "kaiming":
        for linear in linears:
            kaiming(linear, is_last=linear is linears[-1])
        if start is not None:
            linears[-1].bias.data.copy_(start.flatten())
    activation = ACTIVATIONS[settings.activation]
    layers: list[nn.Module] = []
    for linear in linears:
        layers += [linear, activation()]
    return layers[:-1]
