"""Data: files, frames and arrays become a `Dataset`. Nothing here knows a network.

`readers/` turn what is there into arrays, `as_dataset` checks and splits them, `modalities` says what each kind of
data implies, and `describe` tells what is in a dataset.
"""

from __future__ import annotations

from .as_dataset import as_dataset
from .columns import Column, as_observed, named_values, within_bounds
from .dataset import Dataset
from .load import load_data
from .log import Log
from .notes import Note
from .readers import NAMED
from .reading import Reading, checked_reading
from .spec import DataSpec, Origin
from .splits import SPLITS, TEST, TRAIN, VALIDATION, parts_of

__all__ = [
    "NAMED",
    "SPLITS",
    "TEST",
    "TRAIN",
    "VALIDATION",
    "Column",
    "DataSpec",
    "Dataset",
    "Log",
    "Note",
    "Origin",
    "Reading",
    "as_dataset",
    "as_observed",
    "checked_reading",
    "load_data",
    "named_values",
    "parts_of",
    "within_bounds",
]
