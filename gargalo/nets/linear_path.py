"""A linear path beside a network, so that both together can begin as principal component analysis.

The path begins at the principal components and the network's last layer at zero: before the first step encoder and
decoder *are* PCA, and what the network learns is what a linear map cannot say.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .settings import Sizes, Start

__all__ = ["WithLinearPath", "with_linear_paths"]

SLOW = 0.1
"""The path's weights are kept ten times as large and count a tenth: Adam, whose steps have one size for all weights,
then moves what they do at a tenth of the rate."""


class WithLinearPath(nn.Module):
    """A network, and a matrix beside it; what both put out is added.

    Parameters
    ----------
    network : Module
        (n, *in) -> (n, *out); may take more than one argument.
    numbers_in, numbers_out : int
        Numbers in one of what goes in, and in one of what comes out.
    matrix : Tensor or None, (numbers_out, numbers_in)
        What the path begins as; zeros without.
    """

    def __init__(self, network: nn.Module, numbers_in: int, numbers_out: int, matrix: Tensor | None = None):
        super().__init__()
        self.network = network
        self.linear = nn.Linear(numbers_in, numbers_out, bias=False)
        self.linear.decays = False  # type: ignore[assignment]
        with torch.no_grad():
            self.linear.weight.copy_(torch.zeros(()) if matrix is None else matrix / SLOW)

    @property
    def matrix(self) -> Tensor:
        """What the path does, (numbers_out, numbers_in)."""
        return SLOW * self.linear.weight

    def forward(self, x: Tensor, *more: object) -> Tensor:
        """Both ways, added.

        Parameters
        ----------
        x : Tensor, (n, *in)
        *more : object
            Further arguments of the network.

        Returns
        -------
        Tensor, (n, *out)
        """
        return self.added(x, self.network(x, *more))

    def with_maps(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """As `ConvEncoder.with_maps`, of whose network this is the way around.

        Parameters
        ----------
        x : Tensor, (n, c, h, w)

        Returns
        -------
        latent : Tensor, (n, out)
        maps : list of Tensor
        """
        latent, maps = self.network.with_maps(x)  # type: ignore[operator]
        return self.added(x, latent), maps

    def added(self, x: Tensor, out: Tensor) -> Tensor:
        """Add the linear path from an x to what a network put out for it.

        Parameters
        ----------
        x : Tensor, (n, *in)
        out : Tensor, (n, *out)

        Returns
        -------
        Tensor, (n, *out)
        """
        return out + SLOW * self.linear(x.flatten(1)).reshape(out.shape)


def with_linear_paths(
    encoder: nn.Module, decoder: nn.Module, sizes: Sizes, start: Start | None
) -> tuple[WithLinearPath, WithLinearPath]:
    """Put a linear path beside an encoder and a decoder, whose last layers begin at zero.

    Parameters
    ----------
    encoder, decoder : Module
    sizes : Sizes
        What goes into both, and what comes out.
    start : Start or None
        What the paths begin as; zeros without.

    Returns
    -------
    encoder, decoder : WithLinearPath
    """
    x, params = math.prod(sizes.x_shape), math.prod(sizes.params_shape)
    return (
        WithLinearPath(encoder, x, sizes.encoder_out, start and start.down),
        WithLinearPath(decoder, sizes.decoder_in, params, start and start.up),
    )
