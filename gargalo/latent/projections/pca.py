r"""Principal components: a true projection, in which straight lines stay straight and a new point has a place.

.. math:: y = V^T (z - \bar z)

V are the two widest principal axes of z (Pearson 1901).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..axes import principal_axes
from .projection import Map, Projection

__all__ = ["PCA"]


@dataclass
class PCA(Projection):
    """y = V^T (z - mean(z))."""

    can_transform: ClassVar[bool] = True

    def fit(self, z: np.ndarray) -> Map:
        """Project points (n, d) on their two widest principal axes, which `transform` then uses."""
        self.mean, self.axes = z.mean(axis=0), principal_axes(z)[0][:2]
        return Map(self.transform(z), "pca", "numpy")

    def transform(self, z: np.ndarray) -> np.ndarray:
        """Where new points (m, d) have their place: (m, 2) float32; the second coordinate is 0 where d is 1."""
        points = (z - self.mean) @ self.axes.T
        # Points on a line have no second component.
        return np.pad(points, ((0, 0), (0, 2 - points.shape[1]))).astype(np.float32)
