"""The maps that a site holds, because the page cannot compute them."""

from __future__ import annotations

import contextlib

import numpy as np

from .. import latent
from ..errors import DataError
from ..latent import PROJECTIONS

__all__ = ["map_keys", "maps_of"]

MOST_MAPPED = 20_000
"""Examples that a projection lays out; further ones are placed among their neighbours."""


def map_keys() -> dict[str, str]:
    """All projections but PCA, which the page computes, and names for their arrays: none is that of other arrays."""
    names = [name for name, _ in PROJECTIONS.usable() if name != "pca"]
    return {name: name if PROJECTIONS.is_own(name) else f"map-{name}" for name in names}


def maps_of(z: np.ndarray, names: dict[str, str]) -> dict[str, np.ndarray]:
    """Map latents by projections, as far as these find one.

    Parameters
    ----------
    z : ndarray, (n, d)
    names : dict
        The key of each projection's map, by the projection's name.

    Returns
    -------
    dict of ndarray, (n, 2)
        By the keys; of very many latents, all but the first 20,000 are placed among their neighbours.
    """
    found = {}
    for name, key in names.items():
        with PROJECTIONS.guarded(name), contextlib.suppress(DataError):  # no variation to map: PCA shows that too
            found[key] = _mapped(z, name)
    return found


def _mapped(z: np.ndarray, method: str) -> np.ndarray:
    if len(z) <= MOST_MAPPED:
        return latent.project(z, method).points
    order = np.random.default_rng(0).permutation(len(z))
    some, others = order[:MOST_MAPPED], order[MOST_MAPPED:]
    points = np.empty((len(z), 2), np.float32)
    points[some] = latent.project(z[some], method).points
    points[others] = latent.Neighbours(z[some]).place(z[others], points[some])
    return points
