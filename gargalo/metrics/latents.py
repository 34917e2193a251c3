"""Latents: how much of them is used."""

from __future__ import annotations

import numpy as np

from .estimate import Estimate

__all__ = ["active_units"]

MOVES = 0.01
"""The variance of a unit's mean over the data above which it is active."""


def active_units(posterior_mean: np.ndarray) -> Estimate:
    """How many units of a posterior's mean have a variance above 0.01 over x (Burda et al., arXiv:1509.00519).

    Parameters
    ----------
    posterior_mean : ndarray, (n, d)
        Means of q(z | x), one for each example.

    Returns
    -------
    Estimate
        A count, 0 to d, without an interval.
    """
    return Estimate(int((posterior_mean.var(axis=0) > MOVES).sum()), n=len(posterior_mean))
