r"""The beta-VAE: how much a nat of the latent costs is a dial.

.. math:: \mathcal{L}(x) = \mathbb{E}_q[-\log p(x \mid z)] + \beta \, w \sum_j \max(\lambda, \mathrm{KL}_j)

Above 1, beta presses the latents towards few and separate factors; below 1 it buys sharper reconstructions. The
weight w rises from 0 to 1 over the first share of training (Bowman et al., arXiv:1511.06349); lambda nats of each
dimension's mean KL are free (Kingma et al., arXiv:1606.04934). With beta = 1 and neither, this is the VAE.

Higgins et al., "beta-VAE: learning basic visual concepts with a constrained variational framework", ICLR 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from ..core import Gaussian, Loss
from .vae import VariationalAutoencoder

__all__ = ["BetaVAE"]


class BetaVAE(VariationalAutoencoder):
    """L(x) = E_q[-log p(x | z)] + beta w sum_j max(lambda, KL_j)."""

    # Begun as PCA, its test loss on rows of numbers was higher in four cases of four, by 0.2 to 11 %.
    defaults = {"init": "kaiming"}
    short_names = ("bvae",)
    reference = "Higgins et al. 2017, openreview.net/forum?id=Sy2fzU9gl"

    @dataclass(frozen=True)
    class Options:
        """The objective's own choices."""

        beta: Annotated[float, Field(ge=0, le=1e4)] = 4.0
        """The price of a nat of the rate."""
        warm_up: Annotated[float, Field(ge=0, le=1)] = 0.2
        """The share of training over which the price rises from 0."""
        free_bits: Annotated[float, Field(ge=0, le=100)] = 0.0
        """lambda: nats of each dimension that cost nothing."""

    def rate(self, q: Gaussian, progress: float) -> Loss:
        """The price of the latents: beta w sum_j max(lambda, KL_j), with KL_j a mean over the batch.

        Parameters
        ----------
        q : Gaussian, (n, d)
            q(z | x) of each example.
        progress : float
            The share of training that is done, in [0, 1]: w grows with it, up to 1.

        Returns
        -------
        Loss
            The term "beta_kl", and the note "kl", without price, warm-up or free nats; nats per example.
        """
        beta, warm_up, free = self.options.beta, self.options.warm_up, self.options.free_bits
        weight = beta * (min(1.0, progress / warm_up) if warm_up else 1.0)
        kl = q.kl().mean(0)
        return Loss({"beta_kl": weight * kl.clamp(min=free).sum()}, {"kl": kl.sum().detach()})
