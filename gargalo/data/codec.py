"""Codecs: from raw data to model space and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from ..core import Codec, counts_of
from .columns import Column

__all__ = ["CountCodec", "ImageCodec", "NumberCodec", "TableCodec"]


class ImageCodec(Codec):
    """Images (h, w) or (h, w, c), uint8 or [0, 1] floats <-> (c, h, w) float32 in [0, 1]."""

    bounded = True

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


class CountCodec(Codec):
    """Rows of p counts <-> (p,) float32, log(1 + count); what is missing is NaN, and in x it is 0.

    What comes back is whole where it was; the mean of a distribution of counts is not.
    """

    def __init__(self, raw_shape: tuple[int, ...], can_miss: bool = False):
        super().__init__()
        self.x_shape = tuple(raw_shape)
        self.can_miss = can_miss

    @property
    def rows_at_once(self) -> int:
        """Fewer than of other data: the likelihoods of counts hold several arrays of them, in double precision."""
        return max(1, super().rows_at_once // 4)

    def forward(self, raw: Tensor) -> Tensor:
        x = raw.to(torch.float32).log1p()
        return x.nan_to_num(0.0) if self.can_miss else x

    def mask(self, raw: Tensor) -> Tensor | None:
        return ~raw.isnan() if self.can_miss else None

    def invert(self, x: Tensor) -> Tensor:
        return counts_of(x)


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
        count, total = np.zeros(self.center.shape), np.zeros(self.center.shape)
        for part in slices():
            count += (~np.isnan(part)).sum(axis=0)
            total += np.nansum(part, axis=0, dtype=np.float64)
        center = total / np.maximum(count, 1)
        # About the centre: the squares of large numbers would leave nothing of a small spread.
        square = sum(np.nansum(np.square(part - center), axis=0) for part in slices())
        scale = np.sqrt(square / np.maximum(count, 1))
        # Below float32's resolution around the centre there is rounding, not variation: it must stay small.
        still = scale <= np.finfo(np.float32).eps * np.maximum(np.abs(center), 1e-30)
        scale[still] = np.maximum(1, 1e-4 * np.abs(center[still]))
        self.center.copy_(torch.from_numpy(center))
        self.scale.copy_(torch.from_numpy(scale))
        return self

    @property
    def middle(self) -> np.ndarray:
        """The mean of each raw number in training, (p,); of a category, the middle of its indices."""
        return self.center.numpy()

    @property
    def spread(self) -> np.ndarray:
        """The standard deviation of each raw number in training, (p,); of a category, half the span of its indices."""
        return self.scale.numpy()

    def forward(self, raw: Tensor) -> Tensor:
        return (raw.to(torch.float32) - self.center) / self.scale

    def invert(self, x: Tensor) -> Tensor:
        return x * self.scale + self.center


class TableCodec(NumberCodec):
    """Rows of p columns <-> (q,) float32: standardised numbers, then a one-hot block for each category.

    A raw category is its index, and what is missing is NaN; in x it is 0, which for numbers is their mean.

    Attributes
    ----------
    blocks : tuple of int
        How many names each category has, in the order of the columns.
    """

    can_miss = True

    def __init__(self, columns: Sequence[Column]):
        numbers = [i for i, column in enumerate(columns) if column.kind == "number"]
        super().__init__((len(numbers),))
        self.numbers = numbers
        self.categories = [i for i, column in enumerate(columns) if column.kind == "category"]
        self.blocks = tuple(len(columns[i].categories) for i in self.categories)
        self.x_shape = (len(numbers) + sum(self.blocks),)
        self.width = len(columns)

    def fit(self, slices: Callable[[], Iterable[np.ndarray]]) -> TableCodec:
        """Take centre and scale of the numbers from what is there of training rows."""
        if self.numbers:
            super().fit(lambda: (part[:, self.numbers] for part in slices()))
        return self

    def forward(self, raw: Tensor) -> Tensor:
        raw = raw.to(torch.float32)
        parts = [((raw[:, self.numbers] - self.center) / self.scale).nan_to_num(0.0)]
        for i, size in zip(self.categories, self.blocks, strict=True):
            # NaN equals no index: its block is all zeros.
            parts.append((raw[:, i, None] == torch.arange(size, device=raw.device)).to(torch.float32))
        return torch.cat(parts, 1)

    @property
    def middle(self) -> np.ndarray:
        return self._raw(self.center, [(size - 1) / 2 for size in self.blocks])

    @property
    def spread(self) -> np.ndarray:
        return self._raw(self.scale, [max(1, size - 1) / 2 for size in self.blocks])

    def _raw(self, numbers: Tensor, names: Sequence[float]) -> np.ndarray:
        """What belongs to numbers and what belongs to categories, in the order of the columns."""
        found = np.empty(self.width, np.float32)
        found[self.numbers], found[self.categories] = numbers.numpy(), names
        return found

    def mask(self, raw: Tensor) -> Tensor | None:
        there = ~raw.isnan()
        parts = [there[:, self.numbers]]
        for i, size in zip(self.categories, self.blocks, strict=True):
            parts.append(there[:, i, None].expand(-1, size))
        return torch.cat(parts, 1)

    def invert(self, x: Tensor) -> Tensor:
        n, *blocks = x.split([len(self.numbers), *self.blocks], 1)
        columns: list[Tensor | None] = [None] * self.width
        values = n * self.scale + self.center
        for place, i in enumerate(self.numbers):
            columns[i] = values[:, place]
        for i, block in zip(self.categories, blocks, strict=True):
            columns[i] = block.argmax(1).to(x.dtype)
        return torch.stack([column for column in columns if column is not None], 1)
