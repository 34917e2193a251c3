r"""The vector-quantised autoencoder: a latent is a grid of codes, each one of K vectors.

.. math:: \mathcal{L}(x) = -\log p(x \mid g(e)) + \beta \sum_{ij} |f(x)_{ij} - \mathrm{sg}(e_{ij})|^2, \qquad
          e_{ij} = \arg\min_{e_k} |f(x)_{ij} - e_k|

sg stops gradients; those of the decoder pass straight through to f(x). The codebook itself is not trained by
gradients but follows what chooses it (`codebook.py`). Its perplexity, exp of the entropy of the codes' shares,
says how many of them are in use.

van den Oord et al., "Neural discrete representation learning", arXiv:1711.00937.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field
from torch import Tensor

from ..core import Batch, Loss
from ..errors import must
from .codebook import Codebook
from .decoding import DecodingModel

__all__ = ["VectorQuantisedAutoencoder"]


class VectorQuantisedAutoencoder(DecodingModel):
    """L(x) = -log p(x | g(e)) + beta sum_ij |f(x)_ij - sg(e_ij)|^2, e_ij the code nearest to f(x)_ij."""

    can = frozenset({"encode", "decode", "reconstruct", "codes"})
    is_grid = True
    networks = ("conv", "custom")
    likelihoods = ("bernoulli", "gaussian")
    prior = "gmm"
    short_names = ("vqvae",)
    reference = "van den Oord et al. 2017, arXiv:1711.00937"

    @dataclass(frozen=True)
    class Options:
        """The objective's own choices."""

        codebook: Annotated[int, Field(ge=2, le=65536)] = 256
        """K: how many vectors there are."""
        commitment: Annotated[float, Field(ge=0, le=1e6)] = 0.25
        """beta: the price of an encoder that does not stay near its codes."""
        decay: Annotated[float, Field(gt=0, lt=1)] = 0.99
        """How slowly the moving averages fade that make the codebook."""

    @classmethod
    def check(cls, options: Options, latent_dim: int, examples: int, net: str) -> None:
        if options.codebook > examples > 0:
            expected = f"at most {examples}, the number of training examples"
            raise must("codebook", expected, options.codebook)

    def __init__(self, *parts: Any, **more: Any):
        super().__init__(*parts, **more)
        self.codebook = Codebook(self.options.codebook, self.latent_shape[0], self.options.decay)

    def loss(self, batch: Batch) -> Loss:
        z = self.encoder(batch.x)
        if self.training:
            self.codebook.follow(z.detach(), batch.generator)
        codes = self.codebook.nearest(z)
        e = self.codebook.vectors_of(codes)
        commitment = self.options.commitment * (z - e).square().flatten(1).sum(1).mean()
        notes = {"perplexity": self.codebook.perplexity(codes)}
        loss = self.distortion(self.decoder(z + (e - z).detach()), batch)
        return loss + Loss({"commitment": commitment}, notes)

    def encode(self, x: Tensor) -> Tensor:
        """x -> the codebook's vectors that stand for it, (n, d, h, w)."""
        return self.codebook(self.encoder(x))

    def params(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.decoder(self.codebook(z))

    def codes(self, x: Tensor) -> Tensor:
        return self.codebook.nearest(self.encoder(x))
