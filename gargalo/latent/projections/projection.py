"""What a projection is, and what every one is spared."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from ...errors import DataError

__all__ = ["Map", "Projection", "project"]


@dataclasses.dataclass(frozen=True)
class Map:
    """Points on a plane.

    Attributes
    ----------
    points : ndarray, (n, 2), float32
    method : str
        The name of the projection that made them.
    engine : str
        The library that did.
    notes : tuple of str
        What had to be changed to make them.
    """

    points: np.ndarray
    method: str
    engine: str
    notes: tuple[str, ...] = ()


class Projection(ABC):
    """A way to lay points out on a plane; a dataclass, whose fields are its choices.

    Attributes
    ----------
    can_transform : bool
        Has a new point a place of its own, which moves no other point? Then `transform` gives it.
    """

    can_transform: ClassVar[bool] = False

    @abstractmethod
    def fit(self, z: np.ndarray) -> Map:
        """Lay points out.

        Parameters
        ----------
        z : ndarray, (n, d), float64
            Centred, within [-1, 1], finite, not all alike: as `project` prepares them.
        """

    def transform(self, z: np.ndarray) -> np.ndarray:
        """Where new points (m, d), prepared like those of `fit`, have their place: (m, 2)."""
        raise TypeError(f"{type(self).__name__} has no place for new points")


def project(z: np.ndarray, method: str = "tsne", **choices: Any) -> Map:
    """Lay points out in two dimensions.

    Parameters
    ----------
    z : ndarray, (n, d)
        Finite numbers that vary.
    method : str
        A name in `PROJECTIONS`.
    **choices
        Those of the projection, such as perplexity and seed; others are not its business and are left out.

    Raises
    ------
    ParameterError
        For a method that is unknown, or a choice that cannot be.
    DataError
        For points that are not finite, all alike, or fewer than two.
    """
    from . import PROJECTIONS

    kind: Any = PROJECTIONS.get_or_raise(method)
    known = {field.name for field in dataclasses.fields(kind)}
    projection: Projection = kind(**{name: value for name, value in choices.items() if name in known})
    return projection.fit(_prepared(z))


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
