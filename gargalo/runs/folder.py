"""A run folder: finding one, what lies in it, and reading it.

::

    recipe.json           every choice, what the data were, versions, format number
    weights.safetensors   codec and model
    history.jsonl         a line an epoch: every loss term, on training and validation set, and seconds
    columns.json          what was measured of each column, for rows of numbers
    metrics.json          facts of the training, and what was measured; a folder with this file is a finished run
    space/                arrays that are keyed by the weights that made them: examples, pca, spread, training,
                          prior-NAME, conditions after the training; latents, map-METHOD-CHOICES, map-all-…,
                          explorer-DATA when they are first asked for
    skipped.csv           files that could not be read, and why; only where there are some
    checkpoints/          while it trains
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shlex
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..data import Dataset
from ..data.conditions import Conditions
from ..errors import GargaloError, RunError, option
from ..io.files import check_writable, write_whole
from ..io.folders import must_be_new, near_path
from ..io.made_here import is_made_here
from ..io.received import open_received, parsed, remains_inside
from ..io.tensors import MOST, read_header, write_tensors
from ..metrics import Estimate
from ..recipes import FORMAT, NO_CUSTOM, Custom, Recipe, from_json
from .columns import ColumnTable
from .examples import Examples
from .kept_arrays import MOST_BYTES, Arrays, example_arrays, must_be_right, read_arrays
from .schemas import MOST_IDS, as_texts, read_columns, read_history, read_json, read_metrics

__all__ = [
    "NEW",
    "RunFolder",
    "find_last",
    "find_unfinished",
    "is_finished",
    "must_be_free",
    "read_recipe",
    "write_metrics",
]

NEW = "a new run folder"
EMBEDDED = ("mnist-10k",)
"""Data that come with the package: of all others, somebody would choose what is fetched."""


class RunFolder:
    """What one training left behind, as files.

    Attributes
    ----------
    folder : Path
    recipe : Recipe
    custom : Custom

    Raises
    ------
    RunError
        For a folder that is no run, or one whose training never ended.
    """

    def __init__(self, folder: Path, custom: Custom = NO_CUSTOM):
        self.folder, self.custom = folder, custom
        self.recipe = read_recipe(folder, custom)
        if not is_finished(folder):
            raise RunError(
                f"{folder}: expected a finished run. Found one whose training did not end; go on with:"
                f" gargalo resume {folder}"
            )

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}, model={self.recipe.model!r}, latent_dim={self.recipe.latent_dim})"

    @cached_property
    def _found(self) -> tuple[dict[str, Any], dict[str, Estimate]]:
        return read_json(self.folder, "metrics.json", read_metrics)

    @property
    def facts(self) -> dict[str, Any]:
        """What is known of the training without measuring: model, data, epochs, seconds and their like."""
        return self._found[0]

    @property
    def metrics(self) -> dict[str, Estimate]:
        """What was measured after the training, each figure with its interval; see `gargalo.metrics`."""
        return self._found[1]

    @cached_property
    def columns(self) -> ColumnTable | None:
        """What was measured of each column after the training; None for pictures, and for a run of an older gargalo."""
        is_there = os.path.lexists(self.folder / "columns.json")
        return read_json(self.folder, "columns.json", read_columns) if is_there else None

    @property
    def is_made_here(self) -> bool:
        """Did this user make the folder on this machine? Else the recipe is without the places that it names."""
        return is_made_here(self.folder / "recipe.json")

    @property
    def class_names(self) -> np.ndarray:
        """The names of the labels, (classes,)."""
        return np.array(self.recipe.data.class_names or (), object)

    @cached_property
    def history(self) -> list[dict[str, Any]]:
        """A line for each epoch: every loss term and note, on training and validation set, and seconds."""
        return read_json(self.folder, "history.jsonl", read_history)

    @cached_property
    def key(self) -> str:
        """sha256 of the weights: what was computed with others is not used."""
        return weights_key(self.folder)

    @cached_property
    def examples(self) -> Examples:
        """Up to 1,000 test examples."""
        file = self.folder / "space" / "examples.safetensors"
        tensors, notes = read_arrays(file, self.folder, example_arrays(self.recipe.data))
        x, display = tensors["x"], tensors.get("display")
        try:
            ids = as_texts(notes.get("ids", "[]"), MOST_IDS)
        except ValueError as error:
            raise RunError(f"{file}: expected the ids of its examples. They cannot be read ({error}).") from None
        if len(ids) != len(x):
            raise RunError(f"{file}: expected ids of {len(x)} examples. Found {len(ids)}; train anew.")
        if display is not None and display.shape[3:] not in ((), (1,), (3,), (4,)):
            raise RunError(f"{file}: expected pictures, grey or in colours. Found {display.shape}; train anew.")
        return Examples(x, tensors.get("y"), ids, display, tensors.get("clean"), tensors.get("conditions"))

    @property
    def kept_data(self) -> Dataset:
        """The same examples as data, all of one split."""
        data, kept = self.recipe.data, self.examples
        told = None if kept.conditions is None else Conditions(data.conditions, kept.conditions)
        split = np.zeros(len(kept.x), np.uint8)
        return Dataset(
            data.name, data.kind, kept.x, kept.y, data.class_names, split, kept.ids, data.columns, conditions=told
        )

    def kept(
        self,
        name: str,
        arrays: Arrays | None,
        compute: Callable[[], tuple[dict[str, np.ndarray], dict[str, str]]] | None = None,
    ) -> tuple[dict[str, np.ndarray], dict[str, str]]:
        """Read what `space/` has under `name` for these weights; else compute it and, in a writable folder, save it.

        Parameters
        ----------
        name : str
        arrays : dict of Array, or None
            What must stand there; None for what only another package knows.
        compute : function or None
            Gives the arrays and words about them, each by name; None for what cannot be computed again.

        Returns
        -------
        tensors, notes : dict of ndarray, dict of str

        Raises
        ------
        RunError
            For a file that is not whole, or holds other arrays; for none with these weights, where there is no
            `compute`.
        """
        file = self.folder / "space" / f"{name}.safetensors"
        if os.path.lexists(file) and read_header(file, self.folder, MOST_BYTES).facts.get("key") == self.key:
            return read_arrays(file, self.folder, arrays)
        if compute is None:
            raise RunError(f"{self.folder}: expected space/{file.name} for these weights. Found none; train anew.")
        tensors, notes = compute()
        must_be_right(file, tensors, arrays)
        if remains_inside(file, self.folder) and _is_writable(file.parent):
            with contextlib.suppress(GargaloError):  # of a full disk: a run is good to look at all the same
                keep(self.folder, self.key, name, tensors, notes)
        return tensors, notes


def weights_key(folder: Path) -> str:
    """sha256 of the weights in a run folder, in hexadecimal."""
    file = folder / "weights.safetensors"
    try:
        with open_received(file, folder, MOST) as (opened, _):
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise RunError(f"{file}: expected the run's weights. They cannot be read ({error.strerror}).") from None


def keep(
    folder: Path, key: str, name: str, tensors: dict[str, np.ndarray], notes: dict[str, str] | None = None
) -> None:
    """Keep arrays in the `space/` of a run folder, with the `key` of the weights that they were computed with."""
    write_tensors(folder / "space" / f"{name}.safetensors", tensors, {**(notes or {}), "key": key})


def in_a_file_name(value: object) -> str:
    """A choice as a part of a file's name, another for each value."""
    text = f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
    return text if re.fullmatch(r"[\w.+-]{1,40}", text) else hashlib.sha256(text.encode()).hexdigest()[:16]


def is_finished(folder: Path) -> bool:
    """Has the training of this run folder ended, and was it measured?"""
    return os.path.lexists(folder / "metrics.json")


def must_be_free(folder: Path) -> None:
    """Refuse a folder that is no place for a new run.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    RunError
        For a file, and a folder that is not empty; for one with an unfinished training, how to go on with it.
    """
    if (folder / "recipe.json").is_file() and not is_finished(folder):
        hint = f"go on with gargalo resume {shlex.quote(str(folder))}, or choose another {option('out')}"
        raise RunError(f"{folder}: expected {NEW}. Found a training that did not end; {hint}.")
    must_be_new(folder, NEW)


def find_last(root: Path) -> Path:
    """Find the run in `root`, or one folder deeper, that was finished last, by the time of its `metrics.json`.

    Parameters
    ----------
    root : Path

    Returns
    -------
    Path

    Raises
    ------
    RunError
        Where there is none.
    """
    finished = [*root.glob("*/metrics.json"), *root.glob("*/*/metrics.json")]
    if not finished:
        raise RunError(f"{root}: expected a finished run in this folder. Found none; make one with gargalo train.")
    return max(finished, key=lambda file: file.lstat().st_mtime_ns).parent


def find_unfinished(root: Path) -> Path:
    """Find the run in `root`, or one folder deeper, that was begun last and has not ended.

    Parameters
    ----------
    root : Path

    Returns
    -------
    Path

    Raises
    ------
    RunError
        Where there is none.
    """
    begun = [file.parent for file in (*root.glob("*/recipe.json"), *root.glob("*/*/recipe.json"))]
    unfinished = [folder for folder in begun if not is_finished(folder)]
    if not unfinished:
        raise RunError(f"{root}: expected an unfinished run in this folder. Found none.")
    return max(unfinished, key=lambda folder: (folder / "recipe.json").lstat().st_mtime_ns)


def read_recipe(folder: Path, custom: Custom = NO_CUSTOM) -> Recipe:
    """The recipe of a run folder, checked; nothing else in the folder is needed.

    Where this user did not make the folder on this machine, the recipe is without the places that it names: nobody who
    sends a run shall choose which files are opened.

    Parameters
    ----------
    folder : Path
    custom : Custom, given again where a program gave it

    Returns
    -------
    Recipe

    Raises
    ------
    RunError
        For a folder that is no run's, a recipe of a newer format or that cannot be, or a `custom` that is not its own.
    """
    file = folder / "recipe.json"
    if not os.path.lexists(file):
        what = "no recipe.json in it" if folder.is_dir() else "no folder of this name"
        near = "" if folder.is_dir() else near_path(folder)
        raise RunError(f"{folder}: expected a run folder. Found {what}. {near}".rstrip())
    content = read_json(folder, "recipe.json", lambda content, _: parsed(content))
    if not isinstance(content, dict) or type(number := content.get("format")) is not int or number > FORMAT:
        found = content.get("format") if isinstance(content, dict) else None
        raise RunError(f"{file}: expected format {FORMAT} or older. Found {found!r}; a newer gargalo may read it.")
    recipe = from_json(content, str(file), custom)
    return recipe if is_made_here(file) else recipe.model_copy(update={"data": recipe.data.without_places(EMBEDDED)})


def write_metrics(file: Path, facts: dict[str, Any], metrics: dict[str, Estimate]) -> None:
    """Write `metrics.json`, which makes a folder a finished run.

    Parameters
    ----------
    file : Path
    facts : dict of what JSON can hold
    metrics : dict of Estimate
    """
    measured = {name: figure.as_json() for name, figure in metrics.items()}
    write_whole(file, json.dumps({"format": FORMAT, "facts": facts, "metrics": measured}, indent=1))


def _is_writable(folder: Path) -> bool:
    """Can something be kept here? A run on a read-only disk is still good to look at."""
    try:
        check_writable(folder)
    except GargaloError:
        return False
    return True
