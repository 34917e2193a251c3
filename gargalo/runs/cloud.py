"""The map of all examples that a run has latents of."""

from __future__ import annotations

from typing import Any

from ..fitted import checked_seed
from ..latent import Map
from .maps import kept_map
from .run import Run

__all__ = ["cloud_map"]


def cloud_map(run: Run, method: str = "tsne", **choices: Any) -> Map:
    """Project all examples that stand on a run's maps, or open the map that was made before.

    Parameters
    ----------
    run : Run
    method : str
        A name in `gargalo.latent.PROJECTIONS`.
    **choices
        Those of the projection: perplexity and seed for "tsne".

    Returns
    -------
    Map
        Its `points` are those of `run.cloud`.

    Raises
    ------
    ParameterError
        For an unknown projection, or a choice out of its range.
    """
    checked_seed(choices.get("seed", 0))
    return kept_map(run, lambda: run.cloud.z, len(run.cloud.z), method, choices, "all")
