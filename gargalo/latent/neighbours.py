"""Where a latent stands among the data: its neighbours, its place on a map, and whether it is out of distribution."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ..errors import DataError, must

__all__ = ["NEAREST", "Neighbours"]

NEAREST = 5
"""How many neighbours say where a latent is."""
PERCENTILE = 99
"""Of the data's own distances; a latent beyond it is out of distribution."""


class Neighbours:
    r"""The data's own latents, asked who is near.

    The distance of z to the data is that to its k-th nearest latent, r_k(z). It is *out of distribution* where

    .. math:: r_k(z) > Q_{99}\{r_k(z_i) : i = 1, …, n\}

    with each z_i's own distance taken among the others. On a map that has no formula of its own, as t-SNE, z is
    placed at the mean of its neighbours' points, weighted by 1 / distance squared. So it always lands among
    points, which says nothing of how far it is from them: use `out_of_distribution`.

    Parameters
    ----------
    latents : ndarray, (n, d)
        At least two.
    k : int >= 1
        At most n - 1 are used.

    Raises
    ------
    DataError
        For fewer than two latents.
    ParameterError
        For `k` below 1.
    """

    def __init__(self, latents: np.ndarray, k: int = NEAREST):
        from sklearn.neighbors import NearestNeighbors

        if len(latents) < 2:
            raise DataError(f"neighbours: expected at least 2 latents. Found {len(latents)}.")
        if k < 1:
            raise must("k", "an int >= 1", k)
        self.k = min(k, len(latents) - 1)
        self._search = NearestNeighbors(n_neighbors=self.k).fit(np.asarray(latents, np.float32))

    @cached_property
    def own(self) -> np.ndarray:
        """The distance of each latent of the data to its k-th nearest other, (n,)."""
        return self._search.kneighbors()[0][:, -1]

    @cached_property
    def threshold(self) -> float:
        """The distance beyond which a latent is out of distribution."""
        return float(np.percentile(self.own, PERCENTILE))

    def nearest(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest latents of the data to each z, by Euclidean distance.

        Parameters
        ----------
        z : ndarray, (m, d)

        Returns
        -------
        distances, indices : ndarray, (m, k)
            Nearest first; an index is a row of the data's latents.
        """
        return self._search.kneighbors(np.asarray(z, np.float32))

    def distance(self, z: np.ndarray) -> np.ndarray:
        """The distance r_k of each z to its k-th nearest latent of the data.

        Parameters
        ----------
        z : ndarray, (m, d)

        Returns
        -------
        ndarray, (m,)
        """
        return self.nearest(z)[0][:, -1]

    def out_of_distribution(self, z: np.ndarray) -> np.ndarray:
        """Is each z out of distribution: is its distance r_k above `threshold`?

        Parameters
        ----------
        z : ndarray, (m, d)

        Returns
        -------
        ndarray, (m,), bool
        """
        return self.distance(z) > self.threshold

    def place(self, z: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Where each z lands on a map of the data: the weighted mean of the points of its k nearest latents.

        Parameters
        ----------
        z : ndarray, (m, d)
        points : ndarray, (n, 2)
            The points of the data's latents on the map, in the same order.

        Returns
        -------
        ndarray, (m, 2), float32
        """
        distances, rows = self.nearest(z)
        # What equals a point of the data lands on it, whatever else is near.
        weights = 1 / np.maximum(distances, 1e-12) ** 2
        weights /= weights.sum(axis=1, keepdims=True)
        return np.einsum("mk,mkc->mc", weights, points[rows]).astype(np.float32)
