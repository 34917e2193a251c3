r"""The regularised autoencoder: the VAE's smoothness without its noise.

.. math:: \mathcal{L}(x) = -\log p(x \mid g(z)) + \tfrac{\beta}{2} |z|^2 + \lambda R(g), \qquad z = f(x)

R is the squared norm of the decoder's weights (L2), or of its Jacobian at z (gradient penalty; estimated without
bias by one random projection, Hutchinson 1989). Draws come from a mixture fitted to the latents afterwards.

Ghosh et al., "From variational to deterministic autoencoders", arXiv:1903.12436.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from ..core import NATS, Batch, Loss
from .decoding import DecodingModel

__all__ = ["RegularisedAutoencoder"]


class RegularisedAutoencoder(DecodingModel):
    """L(x) = -log p(x | g(z)) + beta/2 |z|^2 + lambda R(g), z = f(x)."""

    likelihoods = NATS
    prior = "gmm"
    reference = "Ghosh et al. 2020, arXiv:1903.12436"

    @dataclass(frozen=True)
    class Options:
        """The objective's own choices."""

        regulariser: Literal["l2", "gradient"] = "l2"
        """R: the decoder's weights, or its Jacobian."""
        latent_weight: Annotated[float, Field(ge=0, le=1e6)] = 0.1
        """beta: the price of the latents' squared norm."""
        decoder_weight: Annotated[float, Field(ge=0, le=1e6)] = 0.01
        """lambda: the price of R."""

    def loss(self, batch: Batch) -> Loss:
        z = self.encode(batch.x)
        penalty = {"latent_norm": self.options.latent_weight / 2 * z.square().flatten(1).sum(1).mean()}
        if self.options.regulariser == "l2":
            # Of any kind of layer; biases, and the scales of a normalisation, are no weights in this sense.
            layers = getattr(self.decoder, "network", self.decoder)
            weights = [p for name, p in layers.named_parameters() if name.endswith("weight") and p.dim() > 1]
            weights += [self.decoder.matrix] if layers is not self.decoder else []  # that of a linear path beside them
            size = torch.stack([weight.square().sum() for weight in weights]).sum()
        else:
            size = self.roughness(z, batch.generator)
        penalty["decoder_norm"] = self.options.decoder_weight * size
        return self.distortion(self.params(z), batch) + Loss(penalty)

    @torch.enable_grad()
    def roughness(self, z: Tensor, generator: torch.Generator | None) -> Tensor:
        """An unbiased estimate of the mean over examples of |dg/dz|_F^2: |v^T dg/dz|^2 with v ~ N(0, I).

        Parameters
        ----------
        z : Tensor, (n, *latent_shape)
            Made to require gradients, in place, if it does not.
        generator : Generator or None
            Draws v, on the device of z; None is PyTorch's global generator.

        Returns
        -------
        Tensor, ()
            With gradients, even where they are switched off outside.
        """
        z = z if z.requires_grad else z.requires_grad_()
        x = self.decode(z)
        v = torch.randn(x.shape, generator=generator, device=x.device)
        (gradient,) = torch.autograd.grad((x * v).sum(), z, create_graph=True)
        return gradient.square().flatten(1).sum(1).mean()
