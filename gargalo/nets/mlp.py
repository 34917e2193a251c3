"""Fully connected encoder and decoder, each the mirror of the other."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from .linear_path import with_linear_paths
from .settings import ACTIVATIONS, NetSettings, Sizes, Start, kaiming

__all__ = ["linear_head", "mlp"]

SMALL = 0.1
"""What rows of numbers, whose outputs nothing bounds, begin with: a VAE's first loss on 30 columns was 43 instead
of 10,000, and its last validation loss 22 instead of 27."""


def mlp(
    sizes: Sizes, settings: NetSettings, start: Start | None = None, *, bounded: bool = True
) -> tuple[nn.Module, nn.Module]:
    """An encoder (n, *x_shape) -> (n, encoder_out) and a decoder (n, decoder_in) -> (n, *params_shape).

    Parameters
    ----------
    sizes : Sizes
        What goes into both, and what comes out.
    settings : NetSettings
        Its widths, activation, dropout and init.
    start : Start or None
        What both put out before anything is learned: of the decoder about, under "kaiming". Zeros without.
    bounded : bool
        Do the numbers lie in [0, 1]? Else the last layers begin with small weights, under "kaiming".

    Returns
    -------
    encoder, decoder : Sequential, or under "pca" WithLinearPath around one
    """
    outer, last = math.prod(sizes.x_shape), math.prod(sizes.params_shape)
    down = _layers([outer, *settings.widths, sizes.encoder_out], settings, start and start.latents)
    up = _layers([sizes.decoder_in, *reversed(settings.widths), last], settings, start and start.params)
    encoder = nn.Sequential(nn.Flatten(), *down)
    decoder = nn.Sequential(*up, nn.Unflatten(1, sizes.params_shape))
    with torch.no_grad():
        for layer in (down[-1], up[-1]):
            factor = {"pca": 0.0, "kaiming": 1.0 if bounded else SMALL, "pytorch": 1.0}[settings.init]
            layer.weight.mul_(factor)  # type: ignore[operator, union-attr]
    return (encoder, decoder) if settings.init != "pca" else with_linear_paths(encoder, decoder, sizes, start)


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
    """Linear layers of these sizes with activations, and perhaps dropout, between them."""
    linears = [nn.Linear(a, b) for a, b in pairwise(sizes)]
    if settings.init != "pytorch":
        for linear in linears:
            kaiming(linear, is_last=linear is linears[-1])
        if start is not None:
            linears[-1].bias.data.copy_(start.flatten())
    activation = ACTIVATIONS[settings.activation]
    layers: list[nn.Module] = []
    for linear in linears[:-1]:
        layers += [linear, activation(), *([nn.Dropout(settings.dropout)] if settings.dropout else [])]
    return [*layers, linears[-1]]
