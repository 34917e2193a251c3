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

from .data import Source, read_array
from .errors import DataError, RunError
from .files import write_whole
from .run import Run

__all__ = ["write_shards"]

SHARD_ROWS = 2**16


def write_shards(
    folder: Path, run: Run, source: Source, rank: int = 0, size: int = 1, rows: int = SHARD_ROWS
) -> dict[str, Any]:
    """Encode this process's shards, as far as they are not there yet.

    Parameters
    ----------
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
    n, d = len(source), run.latent_size
    facts = {
        "weights": run.key,
        "data": source.fingerprint,
        "shape": [n, d],
        "dtype": "float32",
        "shard_rows": rows,
    }
    sums = _claim(folder, facts)
    starts = range(0, n, rows)

    def is_whole(start: int) -> bool:
        """Is this shard there, with as many bytes as its header says and, once there is one, its sum?"""
        file = _file(folder, start)
        try:
            shape = read_array(file).shape if file.is_file() else None
        except DataError:
            return False
        return shape == (min(rows, n - start), d) and sums.get(file.name, _sum(file)) == _sum(file)

    for start in starts[rank::size]:
        file = _file(folder, start)
        if not is_whole(start):
            z = run.encode(source.x[start : start + rows])
            write_whole(file, lambda path, z=z: np.save(path, z))
    manifest = facts | {"finished": False}
    if all(is_whole(start) for start in starts):
        sums = {file.name: _sum(file) for file in (_file(folder, start) for start in starts)}
        manifest = facts | {"finished": True, "shards": sums}
        write_whole(folder / "manifest.json", json.dumps(manifest, indent=1))
    return manifest


def _file(folder: Path, start: int) -> Path:
    return folder / f"rows-{start:012d}.npy"


def _sum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _claim(folder: Path, facts: dict[str, Any]) -> dict[str, str]:
    """Say what this folder holds, and give the sums that it has; one of something else is left alone."""
    file = folder / "manifest.json"
    if not file.is_file():
        others = folder.exists() and (not folder.is_dir() or any(folder.glob("[!.]*")))
        # Asked again: another process may just have begun.
        if others and not file.is_file():
            raise RunError(f"{folder}: expected a new folder for shards. Found one that is not empty.")
        write_whole(file, json.dumps(facts | {"finished": False}, indent=1))
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
            " --out."
        )
    return sums
