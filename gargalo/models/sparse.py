r"""The sparse autoencoder: many latent numbers, of which few speak at a time.

.. math:: \mathcal{L}(x) = -\log p(x \mid g(z)) + \lambda |z|_1, \quad z = \max(f(x), 0)
          \qquad \text{or} \qquad z = \mathrm{top}_k(f(x))

With L1 each number that speaks is paid for in nats; k-sparse keeps the k largest of each example, as they are.

Ng, "Sparse autoencoder", CS294A lecture notes, 2011; Makhzani and Frey, "k-sparse autoencoders", arXiv:1312.5663.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from ..core import NATS, Batch, Loss
from ..errors import must, option
from .decoding import DecodingModel

__all__ = ["SparseAutoencoder"]


class SparseAutoencoder(DecodingModel):
    """L(x) = -log p(x | g(z)) + lambda |z|_1, z = max(f(x), 0); or z = top_k(f(x))."""

    likelihoods = NATS
    has_signed_latents = False
    defaults = {"latent_dim": 64}
    conv_defaults = defaults
    short_names = ("sae",)
    reference = "Makhzani & Frey 2014, arXiv:1312.5663"

    @dataclass(frozen=True)
    class Options:
        """The objective's own choices."""

        sparsity: Literal["l1", "k-sparse"] = "l1"
        """Which numbers of a latent are kept small: all of them, or all but the k largest, which are 0."""
        l1_weight: Annotated[float, Field(ge=0, le=1e6)] = 0.5
        """lambda: the weight of the l1 norm, nats."""
        k: Annotated[int, Field(ge=1, le=65536)] | None = None
        """How many numbers k-sparse keeps; None keeps a quarter."""

    @classmethod
    def check(cls, options: Options, latent_dim: int, examples: int, net: str) -> None:
        if options.k and options.k > latent_dim:
            raise must("k", f"at most {option('latent_dim')}, {latent_dim}", options.k)

    def encode(self, x: Tensor) -> Tensor:
        z = self.encoder(x)
        if self.options.sparsity == "l1":
            return z.relu()
        largest = z.topk(self.options.k or max(1, z.shape[1] // 4), dim=1).indices
        return z * torch.zeros_like(z).scatter(1, largest, 1.0)

    def loss(self, batch: Batch) -> Loss:
        z = self.encode(batch.x)
        loss = self.distortion(self.params(z), batch)
        if self.options.sparsity == "l1":
            loss += Loss({"l1": self.options.l1_weight * z.abs().sum(1).mean()})
        return loss + Loss({}, {"active_share": (z != 0).float().mean()})
