"""Generation: do samples reach everything that real data are?"""

from __future__ import annotations

import numpy as np

from .estimate import Estimate

__all__ = ["LEAST_REAL", "NEAREST", "coverage", "radii"]

NEAREST = 5
"""The neighbour whose distance is the radius of a real point's surroundings."""
LEAST_REAL = 50
"""Real points from which on it is a tenth of them, or less: of 16, surroundings that hold a third cover anything."""


def coverage(real_features: np.ndarray, sample_features: np.ndarray, k: int = NEAREST) -> Estimate:
    """Share of real points that have a sample nearer than their own k-th real neighbour, 0 to 1.

    Naeem et al., "Reliable fidelity and diversity metrics for generative models", arXiv:2002.09797. As many
    samples of the real distribution itself as there are real points reach 1 - 2^-k on average: 0.97 for k = 5.

    Parameters
    ----------
    real_features, sample_features : ndarray, (n, f) and (m, f)
        Features, such as a supervised encoder's latents; n >= 2.
    k : int >= 1
        At most n - 1 is used.

    Returns
    -------
    Estimate
        The share and its interval, over the n real points.
    """
    from sklearn.neighbors import NearestNeighbors

    nearest = NearestNeighbors(n_neighbors=1).fit(sample_features).kneighbors(real_features)[0][:, 0]
    return Estimate.of_share(nearest < radii(real_features, k))


def radii(real: np.ndarray, k: int = NEAREST) -> np.ndarray:
    """The Euclidean distance of each real point to its k-th nearest other real point.

    Parameters
    ----------
    real : ndarray, (n, f)
        At least two points.
    k : int >= 1
        At most n - 1 is used.

    Returns
    -------
    ndarray, (n,)
    """
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(n_neighbors=min(k, len(real) - 1)).fit(real).kneighbors()[0][:, -1]
