"""Ids of examples that nobody called anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["RowNumbers"]


class RowNumbers(Sequence[str]):
    """The ids "0" to "n - 1", which take no memory however many they are.

    Parameters
    ----------
    n : int
        How many, at least 0.
    """

    def __init__(self, n: int):
        self.numbers = range(n)

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, i: Any) -> Any:
        return list(map(str, self.numbers[i])) if isinstance(i, slice) else str(self.numbers[i])
