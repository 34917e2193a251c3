"""A `Source`: arrays with facts. Readers make one; nothing downstream knows files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from ..errors import DataError

__all__ = ["HELD", "PARTS", "TEST", "TRAIN", "Facts", "Origin", "Source", "as_source"]

TRAIN, HELD, TEST = 0, 1, 2
PARTS = {"train": TRAIN, "held": HELD, "test": TEST}

MOST = 1e38
"""The largest number: the difference of any two is still a float32, so that standardised data are finite."""


class Origin(BaseModel):
    """The arguments of `load_data` that give the same data again, from any working folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    src: str
    data_dir: str | None = None
    split_seed: Annotated[int, Field(ge=0)] = 0


class Facts(BaseModel):
    """What a recipe remembers of its data: enough to check other data against."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    raw_shape: Annotated[tuple[Annotated[int, Field(ge=1, le=2**24)], ...], Field(min_length=1, max_length=3)]
    dtype: str
    class_names: tuple[str, ...] | None = None
    counts: dict[str, int]
    fingerprint: str
    origin: Origin | None = None
    """None for arrays that a program made."""

    @property
    def is_image(self) -> bool:
        """Images have a height and a width; anything else is a row of numbers."""
        return len(self.raw_shape) > 1

    @property
    def size(self) -> int:
        """Numbers in one example."""
        return int(np.prod(self.raw_shape))


class RowNumbers(Sequence[str]):
    """ "0" to "n - 1": millions of ids that take no memory."""

    def __init__(self, n: int):
        self.numbers = range(n)

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, i: Any) -> Any:
        return list(map(str, self.numbers[i])) if isinstance(i, slice) else str(self.numbers[i])


@dataclass(frozen=True, eq=False)
class Source:
    """Examples in their own dtype, and what is known of them.

    Attributes
    ----------
    name : str
        What people call it.
    x : ndarray or memory map, (n, h, w), (n, h, w, c) or (n, p)
        Raw examples. uint8 stays uint8; float images lie in [0, 1].
    y : ndarray or None, (n,), int64
        Index into `class_names`.
    class_names : tuple of str or None
    split : ndarray, (n,), uint8
        TRAIN, HELD or TEST for each example.
    ids : sequence of str
        One for each example; whatever comes out row by row carries it.
    origin : Origin or None
        What gives these data again.
    """

    name: str
    x: np.ndarray
    y: np.ndarray | None
    class_names: tuple[str, ...] | None
    split: np.ndarray
    ids: Sequence[str]
    origin: Origin | None = None

    def __len__(self) -> int:
        return len(self.x)

    def check_trainable(self) -> None:
        """What is enough to be encoded may not be enough to learn from.

        Raises
        ------
        DataError
            For fewer than 10 examples, or examples that are all alike.
        """
        if len(self) < 10:
            raise DataError(f"{self.name}: expected at least 10 examples to learn from. Found {len(self)}.")
        if self.x.max() == self.x.min():
            raise DataError(f"{self.name}: expected data that vary. Found {self.x.flat[0]:g} everywhere.")

    def rows(self, part: str) -> np.ndarray:
        """Indices of one part: "train", "held" or "test"."""
        return np.flatnonzero(self.split == PARTS[part])

    def labels(self, rows: np.ndarray) -> np.ndarray | None:
        """The labels of `rows`, or None where there are none."""
        return None if self.y is None else self.y[rows]

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over the arrays, their shapes and dtypes, the labels and the split."""
        digest = hashlib.sha256()
        for array in (self.x, self.y, self.split):
            if array is None:
                digest.update(b"none")
                continue
            digest.update(f"{array.shape}{array.dtype.str}".encode())
            for start in range(0, len(array), 8192):
                digest.update(np.ascontiguousarray(array[start : start + 8192]).data)
        digest.update("\0".join(self.class_names or ()).encode())
        return digest.hexdigest()

    @cached_property
    def facts(self) -> Facts:
        """What a recipe remembers of this source."""
        return Facts(
            name=self.name,
            raw_shape=self.x.shape[1:],
            dtype=str(self.x.dtype),
            class_names=self.class_names,
            counts={part: int((self.split == code).sum()) for part, code in PARTS.items()},
            fingerprint=self.fingerprint,
            origin=self.origin,
        )


def as_source(
    x: np.ndarray,
    y: np.ndarray | None = None,
    *,
    name: str = "array",
    split: np.ndarray | None = None,
    split_seed: int = 0,
) -> Source:
    """Check arrays and make them a `Source`.

    Parameters
    ----------
    x : ndarray, (n, p), (n, h, w) or (n, h, w, c) with c of 1, 3 or 4
        uint8, or finite numbers; float images must lie in [0, 1].
    y : ndarray or None, (n,)
        Labels, whole numbers or text.
    split : ndarray or None, (n,), of TRAIN, HELD, TEST
        Without one, a seeded 80/10/10.

    Raises
    ------
    DataError
        For a shape, dtype or value that nothing can be learned from.
    """
    x = np.asanyarray(x)
    if x.ndim not in (2, 3, 4) or (x.ndim == 4 and x.shape[-1] not in (1, 3, 4)) or 0 in x.shape:
        raise DataError(
            f"{name}: expected an array of shape (n, p), (n, height, width) or (n, height, width, channels)"
            f" with 1, 3 or 4 channels. Found {x.shape}."
            + (" Put the channels last." if x.ndim == 4 and x.shape[1] in (1, 3, 4) else "")
        )
    if x.dtype.kind not in "uif" or x.dtype.itemsize > 8:
        raise DataError(f"{name}: expected uint8 or real numbers. Found dtype {x.dtype}.")
    if x.dtype != np.uint8:
        x = _checked_numbers(x, name)
    if split is None:
        split = _random_split(len(x), split_seed)
    class_names = None
    if y is not None:
        y = np.asarray(y)
        if y.shape == (len(x), 1):
            y = y[:, 0]
        if y.dtype.kind == "f" and np.isfinite(y).all() and (y == np.round(y)).all():
            y = y.astype(np.int64)
        if y.shape != (len(x),) or y.dtype.kind not in "uiUSb":
            raise DataError(
                f"{name}: expected {len(x)} labels, whole numbers or text, one for each example."
                f" Found an array of shape {y.shape} and dtype {y.dtype}; y.astype(int) or y.astype(str) may do."
            )
        values, y = np.unique(y, return_inverse=True)
        y = y.astype(np.int64)
        class_names = tuple(v.decode(errors="replace") if isinstance(v, bytes) else str(v) for v in values)
    return Source(name, x, y, class_names, split.astype(np.uint8), RowNumbers(len(x)))


def _checked_numbers(x: np.ndarray, name: str) -> np.ndarray:
    """`x` as finite native float32; images within [0, 1]."""
    # A map of native float32 stays one: asking for what it is already would make it an array of another kind.
    if not (isinstance(x, np.memmap) and x.dtype == np.float32 and x.flags.c_contiguous):
        with np.errstate(over="ignore", invalid="ignore"):
            x = np.ascontiguousarray(x, dtype=np.float32)
    rows = x.reshape(len(x), -1)
    # What is NaN is not within bounds either.
    bad = ~((rows.max(axis=1) <= MOST) & (rows.min(axis=1) >= -MOST))
    if bad.any():
        raise DataError(
            f"{name}: expected finite numbers. Found NaN, infinity or values beyond {MOST:g} in {bad.sum()} of"
            f" {len(x)} rows, the first in row {int(np.flatnonzero(bad)[0])}. Drop these rows or fill them in."
        )
    if x.ndim > 2 and (x.min() < 0 or x.max() > 1):
        raise DataError(
            f"{name}: expected images as uint8, or as floats in [0, 1]. Found values from {x.min():g} to"
            f" {x.max():g}. Convert 0-255 images with x.astype('uint8'), or rescale them to [0, 1]."
        )
    return x


def _random_split(n: int, seed: int) -> np.ndarray:
    """80 % train, 10 % held out, 10 % test, by a seeded permutation."""
    split = np.full(n, TRAIN, np.uint8)
    order = np.random.default_rng(seed).permutation(n)
    tenth = max(1, round(0.1 * n))
    split[order[:tenth]] = TEST
    split[order[tenth : 2 * tenth]] = HELD
    return split
