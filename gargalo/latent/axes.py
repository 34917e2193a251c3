"""The principal axes of points, with a sign that is always the same."""

from __future__ import annotations

import numpy as np

__all__ = ["fixed_signs", "principal_axes"]


def principal_axes(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The principal axes of points, widest first.

    Parameters
    ----------
    points : ndarray, (n, d)

    Returns
    -------
    axes : ndarray, (d, d), float64
        Unit rows, with the signs of `fixed_signs`.
    variances : ndarray, (d,), float64
        The variance of the points along each axis, divided by n - 1.
    """
    centred = points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)
    variances, columns = np.linalg.eigh(centred.T @ centred / max(len(points) - 1, 1))
    return fixed_signs(columns.T[::-1]), variances[::-1]


def fixed_signs(axes: np.ndarray) -> np.ndarray:
    """Give each axis the sign that makes its coordinate of largest absolute value positive.

    The sign of a principal axis is arbitrary; with one rule the same points always give the same picture.

    Parameters
    ----------
    axes : ndarray, (k, d)

    Returns
    -------
    ndarray, (k, d)
        The same axes, some of them negated.
    """
    largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
    return axes * np.where(largest < 0, -1.0, 1.0)[:, None]
