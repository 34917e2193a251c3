"""The principal axes of points, with a sign that is always the same."""

from __future__ import annotations

import numpy as np

__all__ = ["fixed_signs", "principal_axes"]


def principal_axes(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The principal axes of points (n, d): unit rows (d, d), widest first, and the variances along them (d,)."""
    centred = points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)
    variances, columns = np.linalg.eigh(centred.T @ centred / max(len(points) - 1, 1))
    return fixed_signs(columns.T[::-1]), variances[::-1]


def fixed_signs(axes: np.ndarray) -> np.ndarray:
    """Axes (k, d) with the sign that makes the largest coordinate of each positive.

    The sign of a principal axis is arbitrary; with one rule the same points always give the same picture.
    """
    largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
    return axes * np.where(largest < 0, -1.0, 1.0)[:, None]
