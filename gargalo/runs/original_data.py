"""The data that a run was trained on, read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..data import Dataset, DataSpec, Origin, load_data

__all__ = ["original_data"]


def original_data(
    spec: DataSpec, data: Any = None, y: np.ndarray | None = None, data_dir: str | Path | None = None
) -> Dataset | None:
    """The data that a run was trained on, read as they were then, from where they lay or from `data`.

    None for arrays that a program made and does not give again.
    """
    if data is None and spec.origin is None:
        return None
    there = spec.origin or Origin(src="")
    return load_data(
        there.src if data is None else data,
        y,
        data_dir=data_dir or (there.data_dir if data is None else None),
        split_seed=there.split_seed,
        **there.reading.model_dump(exclude_defaults=True),
    )
