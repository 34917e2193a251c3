"""Readers: each turns one kind of file into a `Dataset`. A new one is a file here and a line below.

A reader believes no header before it has seen the size of the file, never unpickles, says what it did in notes, and
leaves checking, splitting and copies to `as_dataset`.
"""

from __future__ import annotations

from collections.abc import Callable

from ..dataset import Dataset
from ..reading import Reading
from . import arrays, folder, idx, mnist, tables
from .reader import Reader, Request

__all__ = ["ARRAYS", "NAMED", "PICTURES", "READERS", "TABLES", "Reader", "Request"]

PICTURES = frozenset({"size", "color", "depth", "fit"})
ARRAYS = frozenset({"kind", "image_shape", "impute", "shares"})
BESIDE = ARRAYS | {"label", "split", "condition"}
TABLES = frozenset(Reading.model_fields) - PICTURES
"""The choices that make a difference to pictures, arrays and tables, beside `display`."""

READERS: tuple[Reader, ...] = (
    Reader("IDX", idx.is_idx, idx.read_idx_dataset, ARRAYS - {"impute"}),
    Reader("a folder of pictures", lambda path: path.is_dir(), folder.read_folder, PICTURES | {"kind", "shares"}),
    Reader(".npy, .npz", lambda path: path.suffix in arrays.SUFFIXES, arrays.read_arrays, BESIDE),
    Reader(".csv, .parquet", lambda path: path.suffix in tables.SUFFIXES, tables.read_table, TABLES),
)
"""Every kind of file, asked in this order."""

NAMED: dict[str, Callable[[Request], Dataset]] = {
    "mnist-10k": lambda request: mnist.sample(),
    **{name: lambda request, name=name: mnist.full(name, request.data_dir, request.reporter) for name in mnist.SETS},
}
"""Data sets that are asked for by their name."""
