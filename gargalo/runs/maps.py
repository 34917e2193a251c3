"""Maps of the latents that a run keeps, made once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import latent
from ..latent import Map
from .folder import RunFolder, in_a_file_name

__all__ = ["kept_map"]


def kept_map(run: RunFolder, latents: Callable[[], np.ndarray], method: str, choices: dict[str, Any]) -> Map:
    """Project the latents of a run's examples to the plane, or open the map that was made before.

    Parameters
    ----------
    run : RunFolder
        Where it is kept.
    latents : function
        Gives the latents of its examples, (n, d), where the map is to be made.
    method : str
        A name in `gargalo.latent.PROJECTIONS`.
    choices : dict
        Those of the projection: perplexity and seed for "tsne".

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
    name = "-".join(["map", method, *map(in_a_file_name, values)])
    tensors, notes = run.kept(name, compute)
    return Map(tensors["points"], notes["method"], notes["engine"], tuple(json.loads(notes["notes"])))
