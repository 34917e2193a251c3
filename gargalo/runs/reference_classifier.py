"""The reference classifier: the supervised encoder in whose latents the samples of every model are measured.

It is the notebook's own plain classifier. Label smoothing, which the default one has, pulls each class to a point, so
that even real digits cover real digits badly (0.90, where plain training gives 0.96 of a possible 0.97). It is trained
once for each dataset and kept in the user's cache, under the same limit as everything there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import replace
from pathlib import Path

from ..data import Dataset
from ..errors import GargaloError
from ..fitted import FittedModel
from ..io.cache import entry_or_none, make_room, place
from ..io.files import write_whole
from ..io.reporter import SILENT, Reporter
from ..io.weights import load_weights, save_weights
from ..recipes import PRESETS, Recipe, build, make, repeats
from .fit import fit
from .job import TrainingJob

__all__ = ["reference_classifier", "reference_job", "untrained_reference"]

KIND = "reference-classifiers"
MOST_REPEATS = 5
"""How many times as many epochs it gets at most, where examples are few: a good one is then not worth waiting for."""


def reference_classifier(dataset: Dataset, reporter: Reporter = SILENT) -> FittedModel | None:
    """The reference classifier of a dataset, from the cache or trained into it.

    A cache that cannot be written to is no error: then it is trained, used once and not saved.

    Parameters
    ----------
    dataset : Dataset
    reporter : Reporter
        Who tells that it is trained.

    Returns
    -------
    FittedModel or None
        None for data without two classes.

    Raises
    ------
    GargaloError
        For a loss or a weight that is no longer a number.
    Stopped
        After SIGINT, SIGTERM or SIGHUP while it is trained; nothing of it is saved.
    """
    if not _has_classes(dataset):
        return None
    dataset = _untold(dataset)
    recipe = _recipe(dataset)
    with entry_or_none(KIND, _key(recipe)) as folder:
        # A cache that cannot be written to may still be read.
        if (kept := _read(folder or place(KIND, _key(recipe)), recipe)) is not None:
            return kept
        reporter.line(reporter.say("progress.reference"))
        # A process group of its own: whoever else trains here does not take part.
        fitted, _ = fit(TrainingJob(recipe, dataset))
        if folder is not None:
            with contextlib.suppress(GargaloError, OSError):  # a full disk: it is used once, and trained again
                _write(folder, fitted)
        return fitted


def reference_job(dataset: Dataset) -> TrainingJob | None:
    """The training that `reference_classifier` would have to do first.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    TrainingJob or None
        None for data without two classes, and where the classifier is kept already.
    """
    if not _has_classes(dataset):
        return None
    dataset = _untold(dataset)
    recipe = _recipe(dataset)
    is_kept = _read(place(KIND, _key(recipe)), recipe) is not None
    return None if is_kept else TrainingJob(recipe, dataset)


def untrained_reference(dataset: Dataset) -> FittedModel | None:
    """A classifier of the same size that has learned nothing, to find what measuring by one costs.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    FittedModel or None
        None for data without two classes.
    """
    if not _has_classes(dataset):
        return None
    dataset = _untold(dataset)
    recipe = _recipe(dataset)
    codec, model = build(recipe, dataset.x, dataset.rows("train"))
    return FittedModel(recipe, codec.eval(), model.eval(), name="the reference classifier")


def _has_classes(dataset: Dataset) -> bool:
    return dataset.y is not None and len(dataset.class_names or ()) > 1


def _untold(dataset: Dataset) -> Dataset:
    """The same data without conditions, of which a classifier is told nothing."""
    return dataset if dataset.conditions is None else replace(dataset, conditions=None)


def _recipe(dataset: Dataset) -> Recipe:
    """What it is trained by; where the data lie, and what they are called, does not matter."""
    spec = dataset.spec.model_copy(update={"origin": None, "name": "these data"})
    times = min(MOST_REPEATS, repeats(len(dataset.rows("train")), "mlp"))
    epochs = round(PRESETS["lesson"]["epochs"] * times)
    return make(spec, "classifier", "lesson", {"epochs": epochs})


def _key(recipe: Recipe) -> str:
    """What it is called in the cache."""
    return hashlib.sha256(recipe.model_dump_json().encode()).hexdigest()


def _read(folder: Path, recipe: Recipe) -> FittedModel | None:
    """What is kept, if it is whole and of this recipe: the sums of both files stand in a manifest, written last."""
    try:
        sums = json.loads((folder / "manifest.json").read_bytes())
        contents = {name: (folder / name).read_bytes() for name in ("recipe.json", "weights.safetensors")}
        if sums != {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}:
            return None
        if contents["recipe.json"] != recipe.model_dump_json().encode():
            return None
        codec, model = build(recipe)
        load_weights(folder / "weights.safetensors", codec, model)
    except (GargaloError, OSError, ValueError, RecursionError):  # none there, or not whole
        return None
    return FittedModel(recipe, codec.eval(), model.eval(), name="the reference classifier")


def _write(folder: Path, fitted: FittedModel) -> None:
    """Keep it, each file whole or not at all."""
    (folder / "manifest.json").unlink(missing_ok=True)
    needed = sum(p.nbytes for p in fitted.model.parameters()) + 2**16
    make_room(needed, folder, "reference classifier")
    recipe = write_whole(folder / "recipe.json", fitted.recipe.model_dump_json())
    save_weights(folder / "weights.safetensors", fitted.codec, fitted.model)
    sums = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in (recipe, folder / "weights.safetensors")
    }
    write_whole(folder / "manifest.json", json.dumps(sums))
