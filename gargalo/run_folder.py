"""A run folder: finding one, and what lies in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .errors import GargaloError, RunError
from .files import check_writable, read_tensors, write_tensors
from .recipe import FORMAT, NOTHING, Own, Recipe, from_json

__all__ = ["Examples", "RunFolder", "find_last", "find_unfinished", "read_recipe"]

MOST_RECIPE_BYTES = 2**24


class Examples(NamedTuple):
    """Raw test examples that a run keeps (n, *raw_shape), their labels (n,) or None, and their ids.

    `display` are the pictures that stand for them, (n, h, w[, c]), where they are none themselves.
    """

    x: np.ndarray
    y: np.ndarray | None
    ids: tuple[str, ...]
    display: np.ndarray | None = None


class RunFolder:
    """What one training left behind, as files.

    Attributes
    ----------
    folder : Path
    recipe : Recipe

    Raises
    ------
    RunError
        For a folder that is no run, or one whose training never ended.
    """

    def __init__(self, folder: Path, finished: bool = True, own: Own = NOTHING):
        self.folder = folder
        self.recipe = read_recipe(folder, own)
        if finished and not (folder / "metrics.json").is_file():
            raise RunError(
                f"{folder}: expected a finished run. Found one whose training did not end; go on with:"
                f" gargalo resume {folder}"
            )

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}, model={self.recipe.model!r}, latent_dim={self.recipe.latent_dim})"

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """What evaluation found after training."""
        return self._json("metrics.json", lambda text: {**json.loads(text)})

    @cached_property
    def history(self) -> list[dict[str, Any]]:
        """One line for each epoch: every loss term and note, training and held-out, and seconds."""
        return self._json("history.jsonl", _records)

    @cached_property
    def key(self) -> str:
        """sha256 of the weights: what was computed with others is not used."""
        return hashlib.sha256((self.folder / "weights.safetensors").read_bytes()).hexdigest()

    @cached_property
    def examples(self) -> Examples:
        """Up to 1,000 test examples that the run keeps, so that it stays whole when its data move."""
        file, data = self.folder / "space" / "examples.safetensors", self.recipe.data
        tensors, facts = read_tensors(file)
        x, y = tensors.get("x", np.empty(0)), tensors.get("y")
        classes = len(data.class_names or ())
        if x.shape[1:] != data.raw_shape or (
            y is not None and (y.shape != x.shape[:1] or not (y < classes).all())
        ):
            raise RunError(
                f"{file}: expected examples and labels as the recipe says. Found x {x.shape}; train anew."
            )
        return Examples(x, y, tuple(json.loads(facts.get("ids", "[]"))), tensors.get("display"))

    def keep(self, name: str, tensors: dict[str, np.ndarray], facts: dict[str, str]) -> None:
        """Keep arrays in `space/`, keyed by these weights."""
        write_tensors(self.folder / "space" / f"{name}.safetensors", tensors, {**facts, "key": self.key})

    def _json(self, name: str, parse: Callable[[str], Any]) -> Any:
        """A JSON file of the run, parsed."""
        try:
            return parse((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError) as error:
            raise RunError(
                f"{self.folder / name}: expected JSON as a run writes it. It cannot be read ({error})."
            ) from None

    def kept(
        self, name: str, compute: Callable[[], tuple[dict[str, np.ndarray], dict[str, str]]] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, str]]:
        """What was kept under `name` for these weights; else what is computed now and, if possible, kept."""
        file = self.folder / "space" / f"{name}.safetensors"
        if file.is_file():
            tensors, facts = read_tensors(file)
            if facts.get("key") == self.key:
                return tensors, facts
        if compute is None:
            raise RunError(f"{self.folder}: expected space/{file.name} for these weights. Found none; train anew.")
        tensors, facts = compute()
        if _writable(file.parent):
            self.keep(name, tensors, facts)
        return tensors, facts


def find_last(root: Path) -> Path:
    """The run in `root`, or one folder deeper, that was finished last."""
    finished = [*root.glob("*/metrics.json"), *root.glob("*/*/metrics.json")]
    if not finished:
        raise RunError(f"{root}: expected a finished run in this folder. Found none; make one with gargalo train.")
    return max(finished, key=lambda file: file.stat().st_mtime_ns).parent


def find_unfinished(root: Path) -> Path:
    """The run in `root`, or one folder deeper, that was begun last and did not end."""
    begun = [file.parent for file in (*root.glob("*/recipe.json"), *root.glob("*/*/recipe.json"))]
    unfinished = [folder for folder in begun if not (folder / "metrics.json").is_file()]
    if not unfinished:
        raise RunError(f"{root}: expected an unfinished run in this folder. Found none.")
    return max(unfinished, key=lambda folder: (folder / "recipe.json").stat().st_mtime_ns)


def read_recipe(folder: Path, own: Own = NOTHING) -> Recipe:
    """The recipe of a run folder, checked; nothing else in it is needed.

    Parameters
    ----------
    own : Own
        The objective and the network that a program gave for it, given again.

    Raises
    ------
    RunError
        For a folder that is no run's, one of a newer format, or one that wants something given.
    """
    file = folder / "recipe.json"
    if not file.is_file():
        what = "no recipe.json in it" if folder.is_dir() else "no folder of this name"
        raise RunError(f"{folder}: expected a run folder. Found {what}.")
    if file.stat().st_size > MOST_RECIPE_BYTES:
        raise RunError(f"{file}: expected at most {MOST_RECIPE_BYTES} bytes. Found {file.stat().st_size}.")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise RunError(f"{file}: expected JSON. It cannot be read ({error}).") from None
    if not isinstance(content, dict) or not isinstance(number := content.get("format"), int) or number > FORMAT:
        found = content.get("format") if isinstance(content, dict) else None
        raise RunError(f"{file}: expected format {FORMAT} or older. Found {found}; a newer gargalo may read it.")
    return from_json(content, str(file), own)


def _records(text: str) -> list[dict[str, Any]]:
    """The lines of a history, of which there is at least one."""
    records = [{**json.loads(line)} for line in text.splitlines()]
    if not records:
        raise ValueError("no epoch in it")
    return records


def _writable(folder: Path) -> bool:
    """Can something be kept here? A run on a read-only disk is still good to look at."""
    try:
        check_writable(folder)
    except GargaloError:
        return False
    return True
