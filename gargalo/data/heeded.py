"""Which choices of reading make a difference to what is read; what makes none is refused, not passed over."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import must, option
from .readers import ARRAYS, NAMED, PICTURES, READERS, TABLES

__all__ = ["heeded", "must_be_heeded"]


def heeded(src: Any, reading: Mapping[str, Any]) -> frozenset[str]:
    """Find the choices that make a difference.

    Parameters
    ----------
    src : object
        As `load_data` takes it.
    reading : mapping
        The choices that are made, by name: some count only beside another.

    Returns
    -------
    frozenset of str
        By name; every choice for a path that no reader takes.
    """
    names = _of(src)[1] | {"display"}
    if reading.get("display") is not None:
        names |= PICTURES
    return names if reading.get("time") is not None else names - {"time_format"}


def must_be_heeded(src: Any, reading: Mapping[str, Any]) -> None:
    """Refuse a choice that makes no difference.

    Parameters
    ----------
    src : object
        As `load_data` takes it.
    reading : mapping
        The choices that are made, by name; None is none.

    Raises
    ------
    ParameterError
        For the first one.
    """
    names, known = heeded(src, reading), {name for reader in READERS for name in reader.heeds}
    for name, value in reading.items():
        if value is None or value is False or name not in known - names:
            continue
        if name == "impute" and value == "drop" and isinstance(src, str | Path) and Path(src).is_dir():
            continue  # pictures of floats may have gaps, which nothing fills in
        if name == "time_format" and name in _of(src)[1]:
            raise must(name, f"given together with {option('time')}", value)
        hint = f"It says how the pictures of {option('display')} are read." if name in PICTURES else ""
        raise must(name, f"left out for {_of(src)[0]}, where it changes nothing", value, hint)


def _of(src: Any) -> tuple[str, frozenset[str]]:
    """What it is, and the choices that it knows."""
    if not isinstance(src, str | Path):
        texts = {"separator", "encoding", "skip"}
        return ("a frame", TABLES - texts) if hasattr(src, "columns") else ("an array", ARRAYS)
    if src in NAMED:
        return str(src), frozenset({"kind"})
    path = Path(src)
    with contextlib.suppress(OSError):
        for reader in READERS if path.exists() else ():
            if reader.takes(path):
                if path.suffix == ".parquet":
                    return ".parquet", reader.heeds - {"separator", "encoding", "skip"}
                return reader.what, reader.heeds
    return str(src), TABLES | PICTURES
