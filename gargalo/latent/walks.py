"""Paths through the latent space."""

from __future__ import annotations

import numpy as np

from ..errors import must, unknown
from .axes import principal_axes

__all__ = ["blend", "path", "traverse"]

METHODS = ("linear", "slerp")
MOST_STEPS, DIGITS = 100_000, 18
"""Steps of a path, and digits of the number of an axis."""


def path(start: np.ndarray, end: np.ndarray, steps: int = 12, method: str = "linear") -> np.ndarray:
    r"""Points from `start` to `end`, both included.

    .. math::
        z(t) &= (1 - t) z_1 + t z_2 && \text{linear} \\
        z(t) &= \frac{\sin((1 - t)\omega)}{\sin\omega} z_1 + \frac{\sin(t\omega)}{\sin\omega} z_2 && \text{slerp}

    with omega the angle between both (Shoemake 1985; for latents White, arXiv:1609.04468). Where the two are
    parallel or opposite, or one is zero, slerp is linear.

    Parameters
    ----------
    start, end : ndarray, (d,)
    steps : int >= 2
        How many points.
    method : "linear" or "slerp"

    Returns
    -------
    ndarray, (steps, d), float32
        Evenly spaced in t, from 0 to 1.

    Raises
    ------
    ParameterError
        For a method that is unknown, or `steps` that is no int >= 2.
    """
    if method not in METHODS:
        raise unknown("method", method, METHODS)
    _must_be_steps(steps)
    t = np.linspace(0, 1, steps, dtype=np.float64)[:, None]
    a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
    norms = np.linalg.norm(a) * np.linalg.norm(b)
    omega = np.arccos(np.clip(a @ b / norms, -1, 1)) if norms > 0 else 0.0
    if method == "linear" or np.sin(omega) < 1e-6:
        points = (1 - t) * a + t * b
    else:
        points = (np.sin((1 - t) * omega) * a + np.sin(t * omega) * b) / np.sin(omega)
    return points.astype(np.float32)


def _must_be_steps(steps: object) -> None:
    if not isinstance(steps, int | np.integer) or steps < 2:
        raise must("steps", "an int >= 2", steps)
    if steps > MOST_STEPS:
        raise must("steps", f"an int of at most {MOST_STEPS:,}", steps)


def blend(start: np.ndarray, end: np.ndarray, steps: int = 12) -> np.ndarray:
    """The linear interpolation between two examples themselves: what a path of latents is compared with.

    Parameters
    ----------
    start, end : ndarray, (*shape)
        Examples of the same shape.
    steps : int >= 2
        How many examples, both included.

    Returns
    -------
    ndarray, (steps, *shape)
        Whole numbers, rounded, of the type of `start` where that has such; else float32.

    Raises
    ------
    ParameterError
        For `steps` that is no int >= 2.
    """
    flat = path(np.ravel(start), np.ravel(end), steps)
    mixed = flat.reshape(steps, *np.shape(start))
    kind = np.asarray(start).dtype
    return mixed.round().astype(kind) if kind.kind in "iu" else mixed


def traverse(latents: np.ndarray, axis: str | int, steps: int = 12, origin: np.ndarray | None = None) -> np.ndarray:
    """Points along one axis, over the range where 98 % of the data lie.

    Parameters
    ----------
    latents : ndarray, (n, d)
        The data's own latents.
    axis : int, "3" or "pca:0"
        A raw axis, or a principal direction, counted from 0.
    steps : int >= 2
        How many points, evenly spaced from the 1st to the 99th percentile.
    origin : ndarray or None, (d,)
        Where the other coordinates stay; the mean of the latents without one.

    Returns
    -------
    ndarray, (steps, d), float32

    Raises
    ------
    ParameterError
        For an axis that there is not, or `steps` that is no int >= 2.
    """
    kind, _, number = str(axis).rpartition(":")
    d = latents.shape[1]
    if kind not in ("", "pca") or not number.isdecimal() or len(number) > DIGITS or int(number) >= d:
        raise must("axis", f"0 to {d - 1}, or pca:0 to pca:{d - 1}", axis)
    _must_be_steps(steps)
    direction = principal_axes(latents)[0][int(number)] if kind else np.eye(d)[int(number)]
    base = latents.mean(axis=0) if origin is None else origin
    low, high = np.percentile(latents @ direction, [1, 99])
    along = np.linspace(low, high, steps)[:, None]
    return (base + (along - base @ direction) * direction).astype(np.float32)
