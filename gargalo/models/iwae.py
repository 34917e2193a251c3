r"""The importance-weighted autoencoder: k draws make a tighter bound of log p(x).

.. math:: \mathcal{L}(x) = -\mathbb{E}_{z_1 \dots z_k \sim q}\Bigl[\log \frac{1}{k} \sum_i
          \frac{p(x \mid z_i) \, p(z_i)}{q(z_i \mid x)}\Bigr]

With k = 1 this is the ELBO; the bound rises with k and ends at log p(x).

Burda, Grosse and Salakhutdinov, "Importance weighted autoencoders", arXiv:1509.00519.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field

from ..core import Batch, Loss
from .vae import VariationalAutoencoder

__all__ = ["ImportanceWeightedAutoencoder"]


class ImportanceWeightedAutoencoder(VariationalAutoencoder):
    """L(x) = -E[log 1/k sum_i p(x | z_i) p(z_i) / q(z_i | x)]."""

    reference = "Burda, Grosse & Salakhutdinov 2016, arXiv:1509.00519"

    @dataclass(frozen=True)
    class Options:
        """The objective's own choices."""

        k: Annotated[int, Field(ge=1, le=10_000)] = 5
        """Draws for each example."""

    def loss(self, batch: Batch) -> Loss:
        log_weights, params = self.weigh(batch, self.options.k)
        bound = torch.logsumexp(log_weights, 0) - math.log(self.options.k)
        with torch.no_grad():
            notes = self.distortion(params[: len(batch.x)], batch).notes
        return Loss({"iwae": -bound.mean()}, notes)
