"""Matrix products by the faster of PyTorch's two libraries, where which one that is was measured.

PyTorch gives `nn.Linear` to MKL and convolutions to oneDNN. On AMD's processors with vectors of 512 bits MKL uses 256
of them. There a large product is asked for as what it also is: a convolution with a kernel of one pixel over an image
whose pixels are the examples. Measured on two such cores, forward and backward, 784 x 128: 0.27 and 0.30 ms at batch
64, 0.82 and 0.55 at 256, 3.1 and 1.6 at 1024. On AMD's with 256 bits MKL leaves nothing, and is the faster: 1.2 and
2.7 ms at 256, 4.1 and 9.8 at 1024. The same mathematics, to rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["fast_products"]

LARGE = 2**24
"""Multiplications from which on it is faster."""


@contextmanager
def fast_products(
    model: nn.Module, batch_size: int, device: torch.device, onednn: bool | None = None
) -> Iterator[None]:
    """Let oneDNN, meanwhile, compute the linear layers of `model` whose products are large, where that is faster.

    Parameters
    ----------
    model : Module
    batch_size : int
        Rows that a layer is given at once: a product is large whose rows times weights are at least `LARGE`.
    device : device
        Where the model is; on a GPU nothing changes.
    onednn : bool or None
        Is it faster here? None asks the processor.

    Yields
    ------
    None
        Afterwards the layers are as they were.
    """
    layers = []
    is_faster = is_of_amd_with_512_bits(processor()) if onednn is None else onednn
    if device.type == "cpu" and is_faster and torch.backends.mkldnn.is_available():
        layers = [m for m in model.modules() if type(m) is nn.Linear and batch_size * m.weight.numel() >= LARGE]
    for layer in layers:
        layer.forward = partial(_as_convolution, layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


def _as_convolution(layer: nn.Linear, input: Tensor) -> Tensor:
    """(n, in) -> (n, out), as an image of n pixels and `in` channels, which lie last."""
    if input.dim() != 2:
        return F.linear(input, layer.weight, layer.bias)
    pixels = input.reshape(1, len(input), 1, -1).permute(0, 3, 1, 2)
    y = F.conv2d(pixels, layer.weight[:, :, None, None], layer.bias)
    return y.permute(0, 2, 3, 1).reshape(len(input), -1)


@cache
def processor() -> str:
    """What Linux says of the processor. Only Linux is asked: elsewhere PyTorch has no MKL, or was not measured."""
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def is_of_amd_with_512_bits(processor: str) -> bool:
    """Is this where MKL leaves half of each vector unused?"""
    return "AuthenticAMD" in processor and "avx512f" in processor
