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

import errno
import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import Tensor

from ..errors import RunError, as_expected
from ..io.files import as_os_error, cannot_write
from ..io.folders import flush_folder, remove
from ..io.received import parsed, read_received
from ..io.reporter import SILENT, Reporter
from .records import records_of

__all__ = ["Checkpoint", "CheckpointManager", "read_checkpoint"]

FORMAT = 2
KEPT = 2
MOST, MOST_PLAIN = 2**38, 2**20
"""Bytes of a file where nobody knows how large the model is, and of a manifest."""
FILES = ("tensors.safetensors", "state.json")


@dataclass
class Checkpoint:
    """Named tensors, and plain values that JSON can hold."""

    tensors: Mapping[str, Tensor]
    state: Mapping[str, Any]
    where: str = "checkpoint"

    def release(self) -> None:
        """Let go of the tensors, once they have been put where they belong."""
        self.tensors = {}

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names begin with `prefix`.

        Parameters
        ----------
        prefix : str
            With its dot, such as "model.".

        Returns
        -------
        dict of Tensor
            By the rest of their names.
        """
        return {name.removeprefix(prefix): t for name, t in self.tensors.items() if name.startswith(prefix)}


class CheckpointManager:
    """Keeps the newest two checkpoints of one training.

    Parameters
    ----------
    root : Path
        The folder `checkpoints/` of a run.
    every : float
        Seconds from one checkpoint to the next.
    facts : dict
        What whoever goes on must have as it is now; kept in every checkpoint, compared by who knows it.
    reporter : Reporter
        Who is told of a broken checkpoint.

    Attributes
    ----------
    most : int
        Bytes that a file of a checkpoint may have; of a larger one nothing is read.
    """

    def __init__(
        self, root: Path, every: float = 30, facts: Mapping[str, Any] | None = None, reporter: Reporter = SILENT
    ):
        self.root, self.reporter = root, reporter
        self.every = every
        self.most = MOST
        self.facts = dict(facts or {})
        self.last = time.monotonic()
        self.whole: list[Path] = []

    def due(self) -> bool:
        """Is it time for the next one?"""
        return time.monotonic() - self.last >= self.every

    def save(self, step: int, checkpoint: Checkpoint) -> Path:
        """Write one checkpoint; then remove all but the last two that this manager wrote or read.

        Parameters
        ----------
        step : int
            Steps done in all epochs, which name the folder; one of the same name is replaced.
        checkpoint : Checkpoint

        Returns
        -------
        Path
            Its folder.

        Raises
        ------
        GargaloError
            When it cannot be written: the ones before are untouched, and nothing half-written stays.
        """
        final, partial = self._folder(step), self.root / ".partial"
        state = {"format": FORMAT, "facts": self.facts, **checkpoint.state}
        try:
            remove(partial)
            partial.mkdir(parents=True)
            tensors, plain, manifest = (partial / name for name in (*FILES, "manifest.json"))
            # Straight from their memory: packing them first would take it twice.
            save_file(dict(checkpoint.tensors), tensors)
            plain.write_text(json.dumps(state), encoding="utf-8")
            manifest.write_text(json.dumps({file.name: _sum(file) for file in (tensors, plain)}), encoding="utf-8")
            for file in (tensors, plain, manifest):
                with file.open("rb+") as open_file:
                    os.fsync(open_file.fileno())
            flush_folder(partial)
            remove(final)
            partial.replace(final)
            flush_folder(self.root)
        except (OSError, SafetensorError) as error:
            found = as_os_error(error, partial) or OSError(errno.EIO, str(error))
            remove(partial)  # first, so that what is free is free
            needed = sum(t.nbytes for t in checkpoint.tensors.values())
            raise cannot_write(final, found, needed) from None
        finally:
            remove(partial)
        # Broken ones are not counted: they would push out what is whole.
        self.whole = [*(folder for folder in self.whole if folder != final), final][-KEPT:]
        for other in self._kept():
            if other not in self.whole:
                remove(other)
        self.last = time.monotonic()
        return final

    def newest(self) -> Checkpoint | None:
        """The newest checkpoint that is whole; a broken one is passed over, and told of.

        Raises
        ------
        RunError
            For one of a newer format.
        """
        self.whole = []
        for folder in reversed(self._kept()):
            try:
                kept = _read(folder, self.most)
            except _Broken as why:
                self.reporter.notice(f"gargalo: {folder}: expected a whole checkpoint. Found {why}; passed over.")
                continue
            self.whole = [folder]
            return kept
        return None

    def _folder(self, step: int) -> Path:
        return self.root / f"step-{step:010d}"

    def _kept(self) -> list[Path]:
        """The folders of checkpoints, oldest first."""
        return sorted(self.root.glob("step-" + "[0-9]" * 10))


class _Broken(Exception):  # noqa: N818  never leaves this file
    """Why a folder is no whole checkpoint."""


def read_checkpoint(folder: Path, most: int = MOST) -> Checkpoint:
    """Read a checkpoint, whose bytes must be those that were written.

    Parameters
    ----------
    folder : Path
        In the `checkpoints/` of a run, out of which no link leads.
    most : int
        Bytes that its files may have.

    Returns
    -------
    Checkpoint
        On the CPU, with a history as this version writes it.

    Raises
    ------
    RunError
        For a newer format, a file that is missing or was changed, contents that are not a checkpoint's.
    """
    try:
        return _read(folder, most)
    except _Broken as why:
        raise RunError(f"{folder}: expected a whole checkpoint. Found {why}.") from None


def _read(folder: Path, most: int) -> Checkpoint:
    """Raises `_Broken` for what another checkpoint can stand in for, and RunError for a newer format."""
    run = folder.parent.parent
    try:
        contents = {name: read_received(folder / name, run, most) for name in FILES}
        sums = parsed(read_received(folder / "manifest.json", run, MOST_PLAIN))
    except OSError as error:
        raise _Broken(f"a file that cannot be read ({error.strerror})") from None
    except RunError as error:
        raise _Broken(f"a file that is not read ({error})") from None
    except ValueError:
        raise _Broken("a manifest that is no JSON") from None
    for name, content in contents.items():
        if not isinstance(sums, dict) or sums.get(name) != hashlib.sha256(content).hexdigest():
            raise _Broken(f"other bytes in {name} than were written")
    # Whoever can write a file can write its sum: what is in it is not believed either.
    try:
        state = {**parsed(contents["state.json"])}
        number = state.pop("format", None)
        if type(number) is not int:
            raise _Broken("no format number in state.json")
        if number > FORMAT:
            raise RunError(
                f"{folder}: expected checkpoint format {FORMAT} or older. Found {number}; a newer gargalo may read it."
            )
        facts, history = state.setdefault("facts", {}), state.setdefault("history", [])
        if not isinstance(history, list) or not all(isinstance(part, dict) for part in (facts, *facts.values())):
            raise _Broken("another kind of history or facts in state.json")
        state["history"] = records_of(history) if history else []
        return Checkpoint(load(contents["tensors.safetensors"]), state, str(folder))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part)[:40] for part in first["loc"])
        raise _Broken(f"a history in which {place} must be {as_expected(first['msg'])}") from None
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _Broken(f"contents that cannot be read ({error})") from None


def _sum(file: Path) -> str:
    with file.open("rb") as open_file:
        return hashlib.file_digest(open_file, "sha256").hexdigest()
