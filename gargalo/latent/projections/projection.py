"""What a projection is."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

__all__ = ["Map", "Projection"]


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

        Returns
        -------
        Map

        Raises
        ------
        DataError
            Where it finds no layout for these points.
        """

    def transform(self, z: np.ndarray) -> np.ndarray:
        """Where new points have their place on the map of `fit`.

        Parameters
        ----------
        z : ndarray, (m, d), float64
            Prepared like those of `fit`.

        Returns
        -------
        ndarray, (m, 2), float32

        Raises
        ------
        TypeError
            For a projection that has no place for new points.
        """
        raise TypeError(f"{type(self).__name__} has no place for new points")
