"""Codecs: from raw data to model space and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor

from ..core import Codec
from .source import Facts

__all__ = ["ImageCodec", "NumberCodec", "codec_for"]


class ImageCodec(Codec):
    """Images (h, w) or (h, w, c), uint8 or [0, 1] floats <-> (c, h, w) float32 in [0, 1]."""

    def __init__(self, raw_shape: tuple[int, ...], is_byte: bool):
        super().__init__()
        h, w, *c = raw_shape
        self.x_shape = (c[0] if c else 1, h, w)
        self.has_channels = bool(c)
        self.is_byte = is_byte

    def forward(self, raw: Tensor) -> Tensor:
        x = raw.to(torch.float32)
        if self.is_byte:
            x = x.div_(255)  # x is new: bytes are never floats already
        return x.permute(0, 3, 1, 2).contiguous() if self.has_channels else x.unsqueeze(1)

    def invert(self, x: Tensor) -> Tensor:
        x = x.clamp(0, 1)
        x = x.permute(0, 2, 3, 1) if self.has_channels else x.squeeze(1)
        return (x * 255).round().to(torch.uint8) if self.is_byte else x


class NumberCodec(Codec):
    """Rows of p numbers <-> (p,) float32, standardised; a constant column keeps unit scale."""

    center: Tensor
    scale: Tensor

    def __init__(self, raw_shape: tuple[int, ...]):
        super().__init__()
        self.x_shape = tuple(raw_shape)
        self.register_buffer("center", torch.zeros(raw_shape))
        self.register_buffer("scale", torch.ones(raw_shape))

    def fit(self, slices: Callable[[], Iterable[np.ndarray]]) -> NumberCodec:
        """Take centre and scale from training rows, (n, p) in slices; they are gone through twice."""
        count, total = 0, np.zeros(self.x_shape)
        for part in slices():
            count, total = count + len(part), total + part.sum(axis=0, dtype=np.float64)
        center = total / count
        # About the centre: the squares of large numbers would leave nothing of a small spread.
        square = sum(np.square(part - center).sum(axis=0) for part in slices())
        scale = np.sqrt(square / count)
        # Below float32's resolution around the centre there is rounding, not variation.
        scale[scale <= 1e-6 * np.maximum(np.abs(center), 1e-30)] = 1
        self.center.copy_(torch.from_numpy(center))
        self.scale.copy_(torch.from_numpy(scale))
        return self

    def forward(self, raw: Tensor) -> Tensor:
        return (raw.to(torch.float32) - self.center) / self.scale

    def invert(self, x: Tensor) -> Tensor:
        return x * self.scale + self.center


def codec_for(facts: Facts) -> ImageCodec | NumberCodec:
    """The codec that fits the data's facts; a `NumberCodec` is fitted before training, or loaded."""
    if facts.is_image:
        return ImageCodec(facts.raw_shape, facts.dtype == "uint8")
    return NumberCodec(facts.raw_shape)
