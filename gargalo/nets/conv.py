"""Residual convolutional encoder and decoder, each the mirror of the other, for images and volumes of any size.

A level halves height and width, and of volumes the depth (rounding up: odd sizes are fine) and then has `blocks`
residual blocks (He et al., arXiv:1603.05027). Their last convolution starts at zero, so that no normalisation is needed
(Zhang et al., arXiv:1901.09321). The decoder enlarges by repeating pixels, then convolves (Odena et al.,
doi:10.23915/distill.00003).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from .linear_path import with_linear_paths
from .settings import ACTIVATIONS, CONVOLUTIONS, NetSettings, Sizes, Start, kaiming

__all__ = ["ConvDecoder", "ConvEncoder", "conv", "level_sizes"]

Convolution = type[nn.Conv2d] | type[nn.Conv3d]


def conv(
    sizes: Sizes, settings: NetSettings, start: Start | None = None, *, is_grid: bool = False, skips: bool = False
) -> tuple[nn.Module, nn.Module]:
    """An encoder (n, c, h, w) -> (n, encoder_out) and a decoder (n, decoder_in) -> (n, *params_shape).

    Of volumes, (h, w) is (d, h, w), here and below.

    Parameters
    ----------
    sizes : Sizes
        What goes into both, and what comes out.
    settings : NetSettings
        At least one width.
    start : Start or None
        What both put out before anything is learned: the encoder under "pca", the decoder always. Zeros without.
    is_grid : bool
        The latent is a grid: (n, encoder_out, h', w') and (n, decoder_in, h', w'), the last of `level_sizes`.
    skips : bool
        The decoder also takes what every level of the encoder saw (Ronneberger et al., arXiv:1505.04597).

    Returns
    -------
    encoder : ConvEncoder, or under "pca" WithLinearPath around one
    decoder : ConvDecoder, or under "pca" WithLinearPath around one
    """
    encoder = ConvEncoder(sizes, settings, start, is_grid)
    decoder = ConvDecoder(sizes, settings, start, is_grid, skips)
    return (encoder, decoder) if settings.init != "pca" else with_linear_paths(encoder, decoder, sizes, start)


def level_sizes(x_shape: tuple[int, ...], settings: NetSettings) -> list[tuple[int, ...]]:
    """Height and width of the image, and after every level; of a volume, also its depth.

    Parameters
    ----------
    x_shape : tuple of int
        One image, (c, h, w), or volume, (c, d, h, w).
    settings : NetSettings
        With one width for each level.

    Returns
    -------
    list of tuple of int
        One more than there are levels.
    """
    sizes = [tuple(x_shape[1:])]
    for _ in settings.widths:
        sizes.append(tuple((side + 1) // 2 for side in sizes[-1]))
    return sizes


class ConvEncoder(nn.Module):
    """(n, c, h, w) -> (n, out), or (n, out, h', w') where the latent is a grid; arguments are those of `conv`."""

    def __init__(self, sizes: Sizes, settings: NetSettings, start: Start | None, is_grid: bool):
        super().__init__()
        x_shape, out, convolution = sizes.x_shape, sizes.encoder_out, CONVOLUTIONS[len(sizes.x_shape) - 1]
        channels = [x_shape[0], *settings.widths]
        self.levels = nn.ModuleList(
            nn.Sequential(convolution(a, b, 3, stride=2, padding=1), *_blocks(b, settings, convolution))
            for a, b in pairwise(channels)
        )
        flat = channels[-1] * math.prod(level_sizes(x_shape, settings)[-1])
        last = [convolution(channels[-1], out, 1)] if is_grid else [nn.Flatten(), nn.Linear(flat, out)]
        self.head = nn.Sequential(ACTIVATIONS[settings.activation](), *last)
        _initialise(self, settings, last[-1])
        if start is not None and start.latents is not None:
            last[-1].bias.data.copy_(start.latents)  # type: ignore[union-attr]

    def forward(self, x: Tensor) -> Tensor:
        """The latent's numbers.

        Parameters
        ----------
        x : Tensor, (n, c, h, w)
            Images.

        Returns
        -------
        Tensor, (n, out) or (n, out, h', w')
        """
        return self.with_maps(x)[0]

    def with_maps(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The latent's numbers, and what every level saw.

        Parameters
        ----------
        x : Tensor, (n, c, h, w)

        Returns
        -------
        latent : Tensor, (n, out) or (n, out, h', w')
        maps : list of Tensor
            The input of each level, innermost first; the last is `x`.
        """
        maps: list[Tensor] = []
        for level in self.levels:
            maps.insert(0, x)
            x = level(x)
        return self.head(x), maps


class ConvDecoder(nn.Module):
    """(n, d), or (n, d, h', w') where the latent is a grid, -> (n, *params_shape); arguments are those of `conv`."""

    def __init__(self, sizes: Sizes, settings: NetSettings, start: Start | None, is_grid: bool, skips: bool):
        super().__init__()
        x_shape, latent, params_shape = sizes.x_shape, sizes.decoder_in, sizes.params_shape
        convolution = CONVOLUTIONS[len(x_shape) - 1]
        levels = level_sizes(x_shape, settings)[::-1]
        widths = list(reversed(settings.widths))
        first, inmost = widths[0], (widths[0], *levels[0])
        whole = [nn.Linear(latent, math.prod(inmost)), nn.Unflatten(1, inmost)]
        self.foot = nn.Sequential(*([convolution(latent, first, 1)] if is_grid else whole))
        self.blocks = nn.ModuleList(nn.Sequential(*_blocks(width, settings, convolution)) for width in widths)
        activation = ACTIVATIONS[settings.activation]
        # The outermost level keeps its width: all that it still has is one convolution.
        outer = [*widths[1:], widths[-1]]
        self.rises = nn.ModuleList(
            nn.Sequential(activation(), *([convolution(a, b, 1)] if a != b else []), nn.Upsample(size))
            for a, b, size in zip(widths, outer, levels[1:], strict=True)
        )
        seen = [*widths[1:], x_shape[0]]
        self.joins = nn.ModuleList(convolution(a, b, 3, padding=1) for a, b in zip(seen, outer, strict=True) if skips)
        self.last = convolution(outer[-1], params_shape[0], 3, padding=1)
        _initialise(self, settings, self.last)
        self.start = nn.Parameter(torch.zeros(params_shape) if start is None else start.params.clone())

    def forward(self, z: Tensor, maps: Sequence[Tensor] = ()) -> Tensor:
        """Decode latents; with skips, from what the encoder's levels saw as well.

        Parameters
        ----------
        z : Tensor, (n, d) or (n, d, h', w')
        maps : sequence of Tensor
            As `ConvEncoder.with_maps` gives them; not looked at by a decoder without skips.

        Returns
        -------
        Tensor, (n, *params_shape)
        """
        x = self.foot(z)
        for i, (blocks, rise) in enumerate(zip(self.blocks, self.rises, strict=True)):
            x = rise(blocks(x))
            if self.joins:
                x = x + self.joins[i](maps[i])
        return self.last(x) + self.start


class Residual(nn.Module):
    """x + conv(act(conv(act(x)))); the last convolution starts at zero."""

    def __init__(self, width: int, activation: type[nn.Module], convolution: Convolution):
        super().__init__()
        self.branch = nn.Sequential(
            activation(),
            convolution(width, width, 3, padding=1),
            activation(),
            convolution(width, width, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Maps (n, width, h, w) -> maps of the same shape."""
        return x + self.branch(x)


def _blocks(width: int, settings: NetSettings, convolution: Convolution) -> list[Residual]:
    return [Residual(width, ACTIVATIONS[settings.activation], convolution) for _ in range(settings.blocks)]


def _initialise(net: nn.Module, settings: NetSettings, last: nn.Module) -> None:
    """Kaiming normal (the last layer's outputs pass no activation) and zero biases; branches end in zeros."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d | nn.Linear) and settings.init != "pytorch":
            kaiming(module, is_last=module is last)
    for module in net.modules():
        if isinstance(module, Residual):
            module.branch[-1].weight.data.zero_()  # type: ignore[union-attr, operator]
    if settings.init == "pca":
        last.weight.data.zero_()  # type: ignore[union-attr, operator]
