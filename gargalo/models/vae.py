r"""The variational autoencoder: a latent space made for drawing from.

.. math:: \mathcal{L}(x) = \mathbb{E}_{q(z \mid x)}[-\log p(x \mid z)] + \mathrm{KL}(q(z \mid x) \,\|\, N(0, I))

q(z | x) = N(mu(x), sigma(x)^2), both from the encoder; -L is the ELBO, a lower bound of log p(x), in nats.

Kingma and Welling, "Auto-encoding variational Bayes", arXiv:1312.6114; Rezende et al., arXiv:1401.4082.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..core import Batch, Gaussian, Loss
from .decoding import DecodingModel

__all__ = ["VariationalAutoencoder"]


class VariationalAutoencoder(DecodingModel):
    """L(x) = E_q[-log p(x | z)] + KL(q(z | x) || N(0, I))."""

    can = frozenset({"encode", "decode", "reconstruct", "posterior"})
    numbers_per_latent = 2
    likelihoods = ("bernoulli", "gaussian")
    reference = "Kingma & Welling 2014, arXiv:1312.6114"

    def loss(self, batch: Batch) -> Loss:
        q = self.posterior(batch.x)
        terms, notes = self.distortion(q.draw(batch.generator), batch)
        return Loss({**terms, "kl": q.kl().sum(1).mean()}, notes)

    def encode(self, x: Tensor) -> Tensor:
        return self.posterior(x).mean

    def posterior(self, x: Tensor) -> Gaussian:
        mean, log_stddev = self.encoder(x).chunk(2, dim=1)
        # exp(7) is far from any sensible scale; the clamp keeps a bad first step from ending in infinity.
        return Gaussian(mean, log_stddev.clamp(-7, 7).exp())

    def log_weight(self, x: Tensor, k: int, generator: torch.Generator | None = None) -> Tensor:
        q = self.posterior(x)
        mean, stddev = q.mean.repeat(k, 1), q.stddev.repeat(k, 1)
        z = Gaussian(mean, stddev).draw(generator)
        x = x.repeat(k, *[1] * (x.dim() - 1))
        log_p_x = -torch.stack(list(self.likelihood.nll(self.decoder(z), x).values())).sum(0)
        log_ratio = stddev.log() + 0.5 * ((z - mean) / stddev).square() - 0.5 * z.square()
        return (log_p_x + log_ratio.sum(1)).reshape(k, -1)
