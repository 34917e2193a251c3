"""`project`: points laid out by the projection of a name, after they are centred and scaled."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ...errors import DataError, did_you_mean, must
from . import PROJECTIONS, Map, Projection

__all__ = ["make", "project"]


def project(z: np.ndarray, method: str = "tsne", **choices: Any) -> Map:
    """Lay points out in two dimensions.

    Parameters
    ----------
    z : ndarray, (n, d)
        Finite numbers that vary.
    method : str
        A name in `PROJECTIONS`.
    **choices
        Those of the projection, such as perplexity and seed for "tsne".

    Returns
    -------
    Map
        With points (n, 2), in units of their own: `z` is centred and scaled into [-1, 1] first.

    Raises
    ------
    ParameterError
        For a method that is unknown, or a choice that cannot be.
    DataError
        For points that are not (n, d), not finite, all alike or fewer than two; where no layout is found.
    """
    return make(method, **choices).fit(_prepared(z))


def make(method: str, **choices: Any) -> Projection:
    """A projection that was not fitted yet.

    Parameters
    ----------
    method : str
        A name in `PROJECTIONS`.
    **choices
        Its fields.

    Returns
    -------
    Projection

    Raises
    ------
    ParameterError
        For a method or a choice that is unknown, or a choice that cannot be.
    """
    kind: Any = PROJECTIONS.get_or_raise(method)
    known = [field.name for field in dataclasses.fields(kind)]
    for name, value in choices.items():
        if name not in known:
            raise must(name, f"left out for method {method}", value, did_you_mean(name, known))
    return kind(**choices)


def _prepared(z: np.ndarray) -> np.ndarray:
    """Points centred and scaled into [-1, 1]: no method need think of numbers that overflow or vanish."""
    z = np.asarray(z, np.float64)
    if z.ndim != 2 or len(z) < 2 or z.shape[1] < 1:
        raise DataError(f"map: expected at least 2 points of shape (n, d). Found {z.shape}.")
    if not np.isfinite(z).all():
        raise DataError(f"map: expected finite points. Found {(~np.isfinite(z).all(axis=1)).sum()} that are not.")
    # Scaled before it is centred and after: neither 1e200 nor 1e-30 may overflow or vanish in a square.
    largest = np.abs(z).max()
    z = z / largest if largest > 0 else z
    z = z - z.mean(axis=0)
    spread = np.abs(z).max()
    if spread <= 1e-12:
        raise DataError("map: expected points that differ. Found no variation to map.")
    return z / spread
