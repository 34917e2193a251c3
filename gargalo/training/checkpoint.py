"""Checkpoints: all that training needs to go on as if it had never stopped.

::

    checkpoints/step-00001200/
    ├ tensors.safetensors   weights, best weights, optimiser, running means
    ├ state.json            epoch, step, history, and what else is a number or a word
    └ manifest.json         sha256 of both, written last: a folder without a true one is none

A folder is written under another name, flushed to the disk, and renamed: a kill at any moment leaves the one
before.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from ..errors import RunError
from ..files import cannot_write, flush_folder

__all__ = ["Checkpoint", "Keeper"]

FORMAT = 1
KEPT = 2
FILES = ("tensors.safetensors", "state.json")


@dataclass
class Checkpoint:
    """Named tensors, and plain values that JSON can hold."""

    tensors: Mapping[str, Tensor]
    state: Mapping[str, Any]

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names begin with `prefix`, without it."""
        return {name.removeprefix(prefix): t for name, t in self.tensors.items() if name.startswith(prefix)}


class Keeper:
    """Keeps the newest two checkpoints of one training.

    Parameters
    ----------
    root : Path
        The folder `checkpoints/` of a run.
    every : float
        Seconds from one checkpoint to the next.
    """

    def __init__(self, root: Path, every: float = 30):
        self.root = root
        self.every = every
        self.last = time.monotonic()

    def due(self) -> bool:
        """Is it time for the next one?"""
        return time.monotonic() - self.last >= self.every

    def save(self, step: int, checkpoint: Checkpoint) -> Path:
        """Write one checkpoint; then remove all but the newest two.

        Raises
        ------
        GargaloError
            When it cannot be written: the ones before are untouched, and nothing half-written stays.
        """
        final, partial = self._folder(step), self.root / ".partial"
        state = json.dumps({"format": FORMAT, **checkpoint.state}).encode()
        contents: dict[str, bytes] = dict(zip(FILES, (save(dict(checkpoint.tensors)), state), strict=True))
        sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        contents["manifest.json"] = json.dumps(sums).encode()
        try:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            for name, content in contents.items():
                with (partial / name).open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
            flush_folder(partial)
            shutil.rmtree(final, ignore_errors=True)
            partial.replace(final)
            flush_folder(self.root)
        except OSError as error:
            raise cannot_write(final, error, needed=sum(map(len, contents.values()))) from None
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        for old in self._kept()[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)
        self.last = time.monotonic()
        return final

    def newest(self) -> Checkpoint | None:
        """The newest checkpoint that is whole; a broken one is passed over, and told of on stderr.

        Raises
        ------
        RunError
            For one of a newer format.
        """
        for folder in reversed(self._kept()):
            try:
                kept = _read(folder)
            except _Broken as why:
                print(
                    f"gargalo: {folder}: expected a whole checkpoint. Found {why}; passed over.", file=sys.stderr
                )
                continue
            if kept.state["format"] > FORMAT:
                raise RunError(
                    f"{folder}: expected checkpoint format {FORMAT} or older. Found {kept.state['format']};"
                    " a newer gargalo may read it."
                )
            return kept
        return None

    def _folder(self, step: int) -> Path:
        return self.root / f"step-{step:010d}"

    def _kept(self) -> list[Path]:
        """The folders of checkpoints, oldest first."""
        return sorted(self.root.glob("step-" + "[0-9]" * 10))


class _Broken(Exception):  # noqa: N818  never leaves this file
    """Why a folder is no whole checkpoint."""


def _read(folder: Path) -> Checkpoint:
    """A checkpoint whose bytes are those that were written."""
    try:
        contents = {name: (folder / name).read_bytes() for name in FILES}
        sums = json.loads((folder / "manifest.json").read_bytes())
    except OSError as error:
        raise _Broken(f"a file that cannot be read ({error.strerror})") from None
    except ValueError:
        raise _Broken("a manifest that is no JSON") from None
    for name, content in contents.items():
        if not isinstance(sums, dict) or sums.get(name) != hashlib.sha256(content).hexdigest():
            raise _Broken(f"other bytes in {name} than were written")
    # Whoever can write a file can write its sum: what is in it is not believed either.
    try:
        state = {**json.loads(contents["state.json"])}
        if type(state.get("format")) is not int:
            raise _Broken("no format number in state.json")
        return Checkpoint(load(contents["tensors.safetensors"]), state)
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise _Broken(f"contents that cannot be read ({error})") from None
