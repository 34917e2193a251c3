"""Latents of more examples than one process can or should encode: in shards, by several processes, resumable.

::

    z/
    ├ rows-000000000000.npy   latents of 65,536 examples, float32, from that row on
    ├ …
    └ manifest.json           which run and data; once all are there, every shard with its sha256

Processes need not talk to each other: each takes every n-th shard, a shard is written whole or not at all, and one
that is there is not made again. Whoever finds the last one in place writes the sums.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from ..data import Dataset
from ..data.readers.arrays import read_array
from ..errors import DataError, RunError, option
from ..io.files import write_new, write_whole
from .run import Run

__all__ = ["write_shards"]

SHARD_ROWS = 2**16


def write_shards(
    folder: Path, run: Run, dataset: Dataset, rank: int = 0, size: int = 1, rows: int = SHARD_ROWS
) -> dict[str, Any]:
    """Encode this process's shards, as far as they are not there yet.

    Parameters
    ----------
    folder : Path
        New, or with shards of this run and these data.
    run : Run
    dataset : Dataset
    rank, size : int
        This process among all that share the work.
    rows : int
        Examples in a shard.

    Returns
    -------
    dict
        The manifest; `finished` says whether every process has done its part.

    Raises
    ------
    RunError
        For a folder that holds other latents.
    """
    n, d = len(dataset), run.latent_size
    facts = {
        "weights": run.key,
        "data": dataset.fingerprint,
        "shape": [n, d],
        "dtype": "float32",
        "shard_rows": rows,
    }
    known, starts = _claim(folder, facts), range(0, n, rows)

    def is_there(start: int) -> bool:
        return _is_whole(_file(folder, start), (min(rows, n - start), d))

    sums: dict[str, str] = {}
    for start in starts[rank::size]:
        file = _file(folder, start)
        # Once there are sums, a shard that is not as it was written is made anew.
        if is_there(start) and file.name in known:
            sums[file.name] = _sum(file)
        if not is_there(start) or sums.get(file.name) != known.get(file.name):
            z = run.encode(dataset.x[start : start + rows])
            write_whole(file, lambda path, z=z: np.save(path, z))
            for there in (sums, known):
                there.pop(file.name, None)
    if not all(is_there(start) for start in starts):
        return facts | {"finished": False}
    files = [_file(folder, start) for start in starts]
    sums = {file.name: sums.get(file.name) or _sum(file) for file in files}
    if any(sums[name] != there for name, there in known.items()):  # another process has still to make one anew
        return facts | {"finished": False}
    manifest = facts | {"finished": True, "shards": sums}
    write_whole(folder / "manifest.json", json.dumps(manifest, indent=1))
    return manifest


def _file(folder: Path, start: int) -> Path:
    return folder / f"rows-{start:012d}.npy"


def _is_whole(file: Path, shape: tuple[int, int]) -> bool:
    """Is this shard in its place, with as many bytes as its header says?"""
    try:
        return file.is_file() and read_array(file).shape == shape
    except DataError:
        return False


def _sum(file: Path) -> str:
    with file.open("rb") as open_file:
        return hashlib.file_digest(open_file, "sha256").hexdigest()


def _claim(folder: Path, facts: dict[str, Any]) -> dict[str, str]:
    """Say what this folder holds, and give the sums that it has; one of something else is left alone."""
    file = folder / "manifest.json"
    if not file.is_file():
        others = folder.exists() and (not folder.is_dir() or any(folder.glob("[!.]*")))
        # Asked again: another process may just have begun.
        if others and not file.is_file():
            raise RunError(f"{folder}: expected a new folder for shards. Found one that is not empty.")
        if write_new(file, json.dumps(facts | {"finished": False}, indent=1)):
            return {}
    try:
        there = {**json.loads(file.read_text(encoding="utf-8"))}
        sums = {**there.get("shards", {})}
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise RunError(f"{file}: expected a manifest of shards. It cannot be read ({error}).") from None
    other = [name for name, value in facts.items() if there.get(name) != value]
    if other:
        raise RunError(
            f"{folder}: expected shards of this run and these data. Found other {', '.join(other)}; choose another"
            f" {option('out')}."
        )
    return sums
