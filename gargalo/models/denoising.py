r"""The denoising autoencoder: corrupt x, and ask for the clean x back.

.. math:: \mathcal{L}(x) = -\log p(x \mid g(f(\tilde x))), \qquad \tilde x \sim C(\tilde x \mid x)

The corruption C is fresh at every step. What is learned points from any place back to where the data live.
Where examples have clean partners, x is the partner, and x~ the example itself: its noise is not ours to know.

Vincent et al., "Extracting and composing robust features with denoising autoencoders", ICML 2008;
"Stacked denoising autoencoders", JMLR 11, 2010.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field
from torch import Tensor

from ..core import Batch, Loss
from ..errors import must
from .corruption import Noise, corrupt
from .decoding import DecodingModel

__all__ = ["DenoisingAutoencoder"]


class DenoisingAutoencoder(DecodingModel):
    """L(x) = -log p(x | g(f(x~))), x~ ~ C(x~ | x)."""

    can = frozenset({"encode", "decode", "reconstruct", "denoise"})
    # At sigma 0.5 widths (128, 64) leave 17.8 dB, these 18.3; SiLU is worth 0.35 dB over ReLU here.
    defaults = {"widths": (512, 256), "activation": "silu", "batch_size": 128, "lr": 4e-3}
    short_names = ("dae",)
    reference = "Vincent et al. 2008, doi:10.1145/1390156.1390294"

    @dataclass(frozen=True)
    class Options:
        """The objective's own choices."""

        noise: Noise = "gaussian"
        """C: the corruption; none where examples have clean partners, unless it is chosen."""
        strength: Annotated[float, Field(gt=0, le=10)] = 0.5
        """The standard deviation of Gaussian noise, or the share of values that are corrupted."""
        skips: bool = False
        """Does the decoder also see what every level of a convolutional encoder saw (Ronneberger et al.,
        arXiv:1505.04597)? That cleans better, but a latent alone can then no longer be decoded."""

        def __post_init__(self) -> None:
            if self.noise in ("salt-and-pepper", "masking") and self.strength > 1:
                raise must("strength", f"at most 1 for {self.noise} noise, a share of values", self.strength)

    @classmethod
    def wants_skips(cls, options: Options) -> bool:
        return options.skips

    @classmethod
    def check(cls, options: Options, latent_dim: int, examples: int, net: str) -> None:
        if options.skips and net != "conv":
            raise must("skips", "left out, or with net conv, which has maps to skip with", options.skips)

    def __init__(self, *parts: Any, **more: Any):
        super().__init__(*parts, **more)
        if self.options.skips:
            self.can = self.can - {"decode"}

    def loss(self, batch: Batch) -> Loss:
        noise, strength = self.options.noise, self.options.strength
        corrupted = corrupt(batch.x, noise, strength, batch.generator, bounded=self.likelihood.bounded)
        return self.distortion(self.through(corrupted), batch)

    def reconstruct(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.likelihood.mean(self.through(x))

    def through(self, x: Tensor) -> Tensor:
        """Compute the parameters of p(x | g(f(x))), with skip connections where they were chosen.

        Parameters
        ----------
        x : Tensor, (n, *x_shape)
            Corrupted or not.

        Returns
        -------
        Tensor, (n, *likelihood.params_shape)
        """
        if not self.options.skips:
            return self.params(self.encode(x))
        z, maps = self.encoder.with_maps(x)  # type: ignore[operator]
        return self.decoder(z, maps)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        if self.options.skips:
            raise TypeError("DenoisingAutoencoder cannot decode: skip connections carry more than the latent")
        return super().decode(z)
