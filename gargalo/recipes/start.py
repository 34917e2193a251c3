"""What encoder and decoder begin as: the data's mean, or all of principal component analysis."""

from __future__ import annotations

import torch
from torch import Tensor

from ..core import LatentModel, Likelihood
from ..latent import principal_components
from ..nets import Sizes, Start

__all__ = ["as_pca", "begins_as_pca", "can_be_pca"]

STEEPEST = 0.1
"""A mean that hardly moves with its param, as near 0 and 1, is taken to move this much: the step would be too long."""


def begins_as_pca(model_class: type[LatentModel], net: str) -> bool:
    """Do networks for this objective begin as principal component analysis where pictures are few?

    Parameters
    ----------
    model_class : subclass of LatentModel
    net : "mlp", "conv" or "custom"

    Returns
    -------
    bool
        Where they can, unless the objective has a network of its own by default.
    """
    is_usual = not {"init", "widths", "dropout"} & model_class.defaults.keys()
    return net == "mlp" and is_usual and can_be_pca(model_class, net)


def can_be_pca(model_class: type[LatentModel], net: str) -> bool:
    """Can networks for this objective begin as principal component analysis?

    Parameters
    ----------
    model_class : subclass of LatentModel
    net : "mlp", "conv" or "custom"

    Returns
    -------
    bool
        Not for what decodes nothing, has a grid or only positive numbers for a latent, is solved at once, or stands on
        a program's network.
    """
    is_other = model_class.is_grid or model_class.is_solved or not model_class.has_signed_latents
    return bool(model_class.likelihoods) and not is_other and net != "custom"


def as_pca(
    model_class: type[LatentModel], likelihood: Likelihood, sizes: Sizes, mean: Tensor, x: Tensor, latent_dim: int
) -> Start:
    """Encoder and decoder that are, together, principal component analysis, with latents of unit variance.

    Where a likelihood's mean is no linear function of what the decoder puts out, this holds to first order around the
    data's mean. A posterior begins as wide as it would be for that linear decoder (Tipping and Bishop, doi:10.1111/
    1467-9868.00196).

    Parameters
    ----------
    model_class : subclass of LatentModel
    likelihood : Likelihood
    sizes : Sizes
        What goes into encoder and decoder, and what comes out.
    mean : Tensor, (*x_shape)
        Of the training examples.
    x : Tensor, (n, *x_shape)
        Some of the training examples.
    latent_dim : int
        d; components beyond the rank of x are zeros.

    Returns
    -------
    Start
    """
    params, d = likelihood.bias_for(mean), latent_dim
    flat, slope = x.flatten(1) - mean.flatten(), likelihood.slope_for(mean).flatten().clamp(min=STEEPEST)
    axes, variances = principal_components(flat, d)
    spread = variances.sqrt()
    down = torch.zeros(sizes.encoder_out, axes.shape[1])
    up = torch.zeros(params.numel(), sizes.decoder_in)
    down[: len(axes)] = axes / spread[:, None]
    up[:, : len(axes)] = (axes * spread[:, None]).T / slope[:, None]
    latents = -down @ mean.flatten()
    if next(likelihood.parameters(), None) is not None and len(x) > 1:
        # On other examples than the components are of: on these they leave less than on any to come.
        halves, _ = principal_components(flat[::2] - flat[::2].mean(0), d)
        back = flat[1::2] @ halves.T @ halves / slope
        likelihood.begin(params + back.reshape(-1, *params.shape), x[1::2])
    if model_class.numbers_per_latent == 2:  # log of the posterior's standard deviation
        latents[d:] = -0.5 * torch.log1p(_information(likelihood, params, mean, up[:, :d]))
    return Start(params, up, latents, down)


def _information(likelihood: Likelihood, params: Tensor, mean: Tensor, up: Tensor) -> Tensor:
    """What one example tells of each latent number, (d,): how sharply -log p(x | z) bends along it, where x = E[x]."""
    d = up.shape[1]
    with torch.enable_grad():
        z = torch.zeros(d, requires_grad=True)
        each = params.flatten() + z[:, None] * up.T
        nll = likelihood.nll(each.reshape(d, *params.shape), mean.expand(d, *mean.shape))
        (slope,) = torch.autograd.grad(torch.stack(list(nll.values())).sum(), z, create_graph=True)
        (bend,) = torch.autograd.grad(slope.sum(), z)
    return bend.detach().clamp(min=0)
