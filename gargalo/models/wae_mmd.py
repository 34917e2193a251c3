r"""The Wasserstein autoencoder with MMD: the latents together, not each alone, are to look like the prior.

.. math:: \mathcal{L}(x) = -\log p(x \mid g(f(x))) + \lambda \, \mathrm{MMD}^2(f(x), N(0, I))

MMD^2 is estimated without bias, over the batch and as many draws from the prior, with a sum of inverse
multiquadratic kernels, k(a, b) = sum_s s C / (s C + |a - b|^2), C = 2 d. The encoder stays deterministic, so
nothing is blurred.

Tolstikhin et al., "Wasserstein auto-encoders", arXiv:1711.01558.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from ..core import NATS, Batch, Loss
from .decoding import DecodingModel

__all__ = ["WassersteinAutoencoder", "mmd"]

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def mmd(a: Tensor, b: Tensor) -> Tensor:
    """Estimate MMD^2 between two distributions from draws, without bias (Gretton et al., JMLR 13, 2012).

    Parameters
    ----------
    a, b : Tensor, (n, d)
        n >= 2 draws from each.

    Returns
    -------
    Tensor, ()
        Below 0 at times, since it is unbiased.
    """
    n, c = len(a), 2.0 * a.shape[1]

    def kernel(p: Tensor, q: Tensor) -> Tensor:
        """Of all pairs, summed over them and over the scales."""
        square = (p.square().sum(1)[:, None] + q.square().sum(1) - 2 * p @ q.T).clamp(min=0)
        return torch.stack([(s * c / (s * c + square)).sum() for s in SCALES]).sum()

    # A point's kernel with itself is the number of scales, and is left out.
    within = kernel(a, a) + kernel(b, b) - 2 * n * len(SCALES)
    return within / (n * (n - 1)) - 2 * kernel(a, b) / n**2


class WassersteinAutoencoder(DecodingModel):
    """L(x) = -log p(x | g(f(x))) + lambda MMD^2(f(x), N(0, I))."""

    fits_normal = True
    likelihoods = NATS
    short_names = ("wae",)
    reference = "Tolstikhin et al. 2018, arXiv:1711.01558"

    @dataclass(frozen=True)
    class Options:
        """The objective's own choices."""

        mmd_weight: Annotated[float, Field(ge=0, le=1e6)] = 100.0
        """lambda: the weight of the distance, nats."""

    def loss(self, batch: Batch) -> Loss:
        z = self.encode(batch.x)
        prior = torch.randn(z.shape, generator=batch.generator, device=z.device)
        # One example alone is no batch: there is nothing to compare within it.
        distance = mmd(z, prior) if len(z) > 1 else z.sum() * 0
        penalty = Loss({"mmd": self.options.mmd_weight * distance})
        return self.distortion(self.params(z), batch) + penalty
