r"""The variational autoencoder: a latent space made for drawing from.

.. math:: \mathcal{L}(x) = \mathbb{E}_{q(z \mid x)}[-\log p(x \mid z)] + \mathrm{KL}(q(z \mid x) \,\|\, N(0, I))

q(z | x) = N(mu(x), sigma(x)^2), both from the encoder; -L is the ELBO, a lower bound of log p(x), in nats.

Kingma and Welling, "Auto-encoding variational Bayes", arXiv:1312.6114; Rezende et al., arXiv:1401.4082.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..core import NATS, Batch, Gaussian, Loss
from .decoding import DecodingModel

__all__ = ["VariationalAutoencoder"]


class VariationalAutoencoder(DecodingModel):
    """L(x) = E_q[-log p(x | z)] + KL(q(z | x) || N(0, I))."""

    can = frozenset({"encode", "decode", "reconstruct", "posterior"})
    numbers_per_latent = 2
    fits_normal = True
    likelihoods = NATS
    reference = "Kingma & Welling 2014, arXiv:1312.6114"

    def loss(self, batch: Batch) -> Loss:
        q = self.posterior(batch.x)
        return self.distortion(self.params(q.draw(batch.generator), batch.y), batch) + self.rate(q, batch.progress)

    def rate(self, q: Gaussian, progress: float) -> Loss:
        """KL(q(z | x) || N(0, I)), nats per example.

        Parameters
        ----------
        q : Gaussian, (n, d)
            q(z | x) of each example.
        progress : float
            The share of training that is done, in [0, 1]; not used here, but by subclasses.

        Returns
        -------
        Loss
            The term "kl", a mean over the batch.
        """
        return Loss({"kl": q.kl().sum(1).mean()})

    def encode(self, x: Tensor) -> Tensor:
        return self.posterior(x).mean

    def posterior(self, x: Tensor) -> Gaussian:
        mean, log_stddev = self.encoder(x).chunk(2, dim=1)
        # exp(7) is far from any sensible scale; the clamp keeps a bad first step from ending in infinity. Beyond
        # it an example has no gradient, but the encoder is shared by all, and others bring it back.
        return Gaussian(mean, log_stddev.clamp(-7, 7).exp())

    def log_weight(self, batch: Batch, k: int) -> Tensor:
        return self.weigh(batch, k)[0]

    def weigh(self, batch: Batch, k: int) -> tuple[Tensor, Tensor]:
        """Compute `log_weight`, and what the decoder put out for the same draws.

        Parameters
        ----------
        batch : Batch
            n examples, and the generator of the draws.
        k : int >= 1
            Draws for each example.

        Returns
        -------
        log_weight : Tensor, (k, n)
            log p(x | z) + log p(z) - log q(z | x), nats.
        params : Tensor, (k * n, *likelihood.params_shape)
            Those of the first draw of every example, then of the second, and so on.
        """

        def repeated(t: Tensor | None) -> Any:
            return None if t is None else t.repeat(k, *[1] * (t.dim() - 1))

        q = self.posterior(batch.x)
        mean, stddev = repeated(q.mean), repeated(q.stddev)
        z = Gaussian(mean, stddev).draw(batch.generator)
        params = self.params(z, repeated(batch.y))
        nll = self.likelihood.nll(params, repeated(batch.x), repeated(batch.mask))
        log_ratio = stddev.log() + 0.5 * ((z - mean) / stddev).square() - 0.5 * z.square()
        return (log_ratio.sum(1) - torch.stack(list(nll.values())).sum(0)).reshape(k, -1), params
