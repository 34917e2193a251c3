"""Codecs: from raw data to model space and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from ..core import Codec, counts_of
from .columns import Column
from .ranges import channel_ranges

__all__ = ["CountCodec", "ImageCodec", "NumberCodec", "TableCodec"]


WHOLE = {"uint8": torch.uint8, "uint16": torch.uint16, "int16": torch.int16}
"""Types that raw pictures keep; all others are float32."""


class ImageCodec(Codec):
    """Pictures (h, w) or (h, w, c) <-> (c, h, w) float32 in [0, 1]; volumes (d, h, w) or (d, h, w, c) <-> (c, d, h, w).

    Bytes are divided by 255, and floats in [0, 1] are as they are. Other numbers are scaled, each channel by the least
    and the greatest value of its training examples, and what is beyond these is clipped; bytes that are only 0 and 1
    are scaled by these two.

    Parameters
    ----------
    raw_shape : tuple of int
    dtype : str
        NumPy's name of the type of raw numbers: "uint8", "uint16", "int16" or "float32".
    is_scaled : bool
    axes : int
        How many axes in space there are.
    """

    bounded = True
    low: Tensor
    high: Tensor

    def __init__(self, raw_shape: tuple[int, ...], dtype: str, *, is_scaled: bool = False, axes: int = 2):
        super().__init__()
        self.has_channels = len(raw_shape) > axes
        channels = raw_shape[-1] if self.has_channels else 1
        self.x_shape = (channels, *raw_shape[:axes])
        self.dtype = WHOLE.get(dtype, torch.float32)
        self.is_byte = dtype == "uint8" and not is_scaled
        self.is_scaled = is_scaled
        if is_scaled:
            self.register_buffer("low", torch.zeros(channels, *[1] * axes))
            self.register_buffer("high", torch.ones(channels, *[1] * axes))

    def fit(self, slices: Callable[[], Iterable[np.ndarray]]) -> ImageCodec:
        """Take the range of each channel from training examples, where they are scaled and no masks."""
        if self.is_scaled and self.dtype != torch.uint8:
            ends = [channel_ranges(part, len(self.low)) for part in slices()]
            for buffer, of, found in ((self.low, np.min, 0), (self.high, np.max, 1)):
                values = of([pair[found] for pair in ends], axis=0).astype(np.float32)
                buffer.copy_(torch.from_numpy(values).reshape(buffer.shape))
        return self

    @property
    def span(self) -> Tensor:
        """How far each channel's range reaches; 1 where all of it is one value."""
        span = self.high - self.low
        return torch.where(span > torch.finfo(span.dtype).tiny, span, 1.0)

    def forward(self, raw: Tensor) -> Tensor:
        x = raw.to(torch.float32)
        if self.is_byte:
            x = x.div_(255)  # x is new: bytes are never floats already
        x = x.movedim(-1, 1).contiguous() if self.has_channels else x.unsqueeze(1)
        return ((x - self.low) / self.span).clamp(0, 1) if self.is_scaled else x

    def invert(self, x: Tensor) -> Tensor:
        x = x.clamp(0, 1)
        if self.is_scaled:
            x = torch.minimum(x * self.span + self.low, self.high)
        x = x.movedim(1, -1) if self.has_channels else x.squeeze(1)
        x = x * 255 if self.is_byte else x
        return x if self.dtype.is_floating_point else x.round().to(self.dtype)

    def look(self, raw: np.ndarray) -> np.ndarray:
        if not self.is_scaled and len(self.x_shape) == 3 and self.x_shape[0] in (1, 3, 4):
            return raw
        return self.picture(self(torch.from_numpy(np.array(raw)))).numpy()

    def picture(self, x: Tensor) -> Tensor:
        """Choose what people see of examples in model space: one channel as grey, or three as colours.

        Of two channels this is the first, of more than three the first three; four that are bytes or floats in [0, 1]
        are colours and transparency. Of a volume this is the slice in the middle.

        Parameters
        ----------
        x : Tensor, (n, *x_shape)

        Returns
        -------
        Tensor, (n, h, w), (n, h, w, 3) or (n, h, w, 4)
            In [0, 1].
        """
        x = x[:, :, x.shape[2] // 2] if x.dim() == 5 else x
        channels = x.shape[1]
        if channels < 3:
            return x[:, 0]
        return x[:, : 4 if channels == 4 and not self.is_scaled else 3].movedim(1, -1)


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
