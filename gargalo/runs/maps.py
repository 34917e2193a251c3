"""Maps of the latents that a run keeps, made once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .. import latent
from ..errors import RunError
from ..latent import Map
from .folder import RunFolder, in_a_file_name
from .kept_arrays import WHOLE, Array
from .schemas import MOST_NOTES, as_texts

__all__ = ["Cloud", "cloud_of", "kept_map"]


class Cloud(NamedTuple):
    """The examples that stand on a run's maps: those of the test set that it keeps, and where these are few, others.

    Attributes
    ----------
    z : ndarray, (n, d)
        Latents, those of test examples first.
    y : ndarray or None, (n,)
        Labels.
    pca : ndarray or None, (n, d)
        PCA's components, for a model that reconstructs.
    tests : int
        How many are of the test set; the others are of the training set.
    """

    z: np.ndarray
    y: np.ndarray | None
    pca: np.ndarray | None
    tests: int


def cloud_of(run: RunFolder, latents: np.ndarray, pca: np.ndarray | None) -> Cloud:
    """Find the examples that stand on a run's maps.

    Parameters
    ----------
    run : RunFolder
    latents : ndarray, (m, d)
        Those of the examples that it keeps.
    pca : ndarray or None, (m, d)
        PCA's components of these.

    Returns
    -------
    Cloud
        Of an older run, these alone.

    Raises
    ------
    RunError
        For a file that is not whole.
    """
    y = run.examples.y
    if not os.path.lexists(run.folder / "space" / "training.safetensors"):
        return Cloud(latents, y, pca, len(latents))
    wanted = {"z": Array(("m", latents.shape[1]))}
    if classes := run.recipe.data.classes:
        wanted["y"] = Array(("m",), WHOLE, is_needed=False, low=0, high=classes - 1)
    wanted["pca"] = Array(("m", "k" if pca is None else pca.shape[1]), is_needed=False)
    more = run.kept("training", wanted)[0]
    labels = None if y is None or "y" not in more else np.concatenate([y, more["y"]])
    beside = None if pca is None or "pca" not in more else np.concatenate([pca, more["pca"]])
    return Cloud(np.concatenate([latents, more["z"]]), labels, beside, len(latents))


def kept_map(
    run: RunFolder, latents: Callable[[], np.ndarray], n: int, method: str, choices: dict[str, Any], of: str = ""
) -> Map:
    """Project latents of a run to the plane, or open the map that was made before.

    Parameters
    ----------
    run : RunFolder
        Where it is kept.
    latents : function
        Gives the latents, (n, d), where the map is to be made.
    n : int
        How many they are.
    method : str
        A name in `gargalo.latent.PROJECTIONS`.
    choices : dict
        Those of the projection: perplexity and seed for "tsne".
    of : str
        Of which latents, a part of the file's name; "" is the run's examples.

    Returns
    -------
    Map

    Raises
    ------
    ParameterError
        For an unknown projection, or a choice out of its range.
    """
    projection = latent.make_projection(method, **choices)

    def compute() -> tuple[dict[str, np.ndarray], dict[str, str]]:
        made = latent.project(latents(), method, **choices)
        notes = {"method": made.method, "engine": made.engine, "notes": json.dumps(made.notes)}
        return {"points": made.points}, notes

    # Every field in its place: other choices are another file.
    values = vars(projection).values()
    name = "-".join(["map", *([of] if of else []), method, *map(in_a_file_name, values)])
    tensors, notes = run.kept(name, {"points": Array((n, 2))}, compute)
    try:
        return Map(tensors["points"], notes["method"], notes["engine"], as_texts(notes["notes"], MOST_NOTES))
    except (KeyError, ValueError):
        file = run.folder / "space" / f"{name}.safetensors"
        raise RunError(f"{file}: expected to hear how this map was made. It does not say; remove this file.") from None
