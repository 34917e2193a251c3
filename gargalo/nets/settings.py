"""The choices of a network."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

__all__ = ["ACTIVATIONS", "CONVOLUTIONS", "NetSettings", "Sizes", "Start", "kaiming"]

ACTIVATIONS = {"relu": nn.ReLU, "silu": nn.SiLU, "gelu": nn.GELU, "tanh": nn.Tanh}

CONVOLUTIONS = {2: nn.Conv2d, 3: nn.Conv3d}
"""By the number of axes in space."""


class Sizes(NamedTuple):
    """What goes into an encoder and a decoder, and what comes out.

    Attributes
    ----------
    x_shape : tuple of int
        One example in model space: (c, h, w), (c, d, h, w) or (p,).
    encoder_out : int
        Numbers that the encoder puts out; those of each place where the latent is a grid.
    decoder_in : int
        Numbers that the decoder takes, those of a condition included.
    params_shape : tuple of int
        What the decoder puts out for one example.
    """

    x_shape: tuple[int, ...]
    encoder_out: int
    decoder_in: int
    params_shape: tuple[int, ...]


class Start(NamedTuple):
    """What an encoder and a decoder begin as: before anything is learned they are linear.

    Attributes
    ----------
    params : Tensor, (*params_shape)
        What the decoder puts out, for a latent of zeros.
    up : Tensor or None, (numbers in params, decoder_in)
        How that changes with the latent, under "pca".
    latents : Tensor or None, (encoder_out,)
        What the encoder puts out, for an x of zeros, under "pca".
    down : Tensor or None, (encoder_out, numbers in x)
        How that changes with x, under "pca".
    """

    params: Tensor
    up: Tensor | None = None
    latents: Tensor | None = None
    down: Tensor | None = None


class NetSettings(BaseModel):
    """The choices of a network.

    Attributes
    ----------
    net : "mlp", "conv" or "custom"
        A multilayer perceptron; residual convolutions, for images; or a pair of modules that a program gives.
    widths : tuple of int
        Hidden layers of the encoder, outermost first, and the decoder's in reverse; () is linear. For conv the
        channels of its levels, each of which halves height and width (and depth).
    blocks : int
        For conv: residual blocks in each level.
    activation : "relu", "silu", "gelu" or "tanh"
    dropout : float
        For mlp: the share of hidden numbers that are set to zero in training, others the larger for it (JMLR 15, 2014).
    init : "pca", "kaiming" or "pytorch"
        A linear path beside the network that begins as principal component analysis, while the network's last layer
        begins at zero; Kaiming normal (arXiv:1502.01852) with zero biases, and a decoder that starts at the data's
        mean; or PyTorch's own defaults. On conv the decoder starts at the mean, and branches at zero, under any.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    net: Literal["mlp", "conv", "custom"] = "mlp"
    widths: Annotated[tuple[Annotated[int, Field(ge=1, le=65536)], ...], Field(max_length=16)] = (128, 64)
    blocks: Annotated[int, Field(ge=0, le=64)] = 1
    activation: Literal["relu", "silu", "gelu", "tanh"] = "silu"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    init: Literal["pca", "kaiming", "pytorch"] = "kaiming"


def kaiming(layer: nn.Linear | nn.Conv2d | nn.Conv3d, is_last: bool) -> None:
    """Begin a layer at Kaiming normal weights and zero biases.

    Parameters
    ----------
    layer : Linear, Conv2d or Conv3d
        Changed in place; left alone on the meta device, where there is nothing to draw, and where a normal draw would
        import PyTorch's compiler for a second.
    is_last : bool
        Do its outputs pass no activation?
    """
    if layer.weight.is_meta:
        return
    nn.init.kaiming_normal_(layer.weight, nonlinearity="linear" if is_last else "relu")
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
