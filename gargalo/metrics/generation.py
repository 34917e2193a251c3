"""Generation: do samples reach everything that real data are?"""

from __future__ import annotations

import numpy as np

__all__ = ["coverage"]


def coverage(real: np.ndarray, samples: np.ndarray, k: int = 5) -> float:
    """Share of real points that have a sample nearer than their own k-th real neighbour, 0 to 1.

    Naeem et al., "Reliable fidelity and diversity metrics for generative models", arXiv:2002.09797. As many
    samples of the real distribution itself as there are real points reach 1 - 2^-k on average: 0.97 for k = 5.

    Parameters
    ----------
    real, samples : ndarray, (n, f) and (m, f)
        Features, such as a supervised encoder's latents.
    """
    from sklearn.neighbors import NearestNeighbors

    k = min(k, len(real) - 1)
    radius = NearestNeighbors(n_neighbors=k + 1).fit(real).kneighbors(real)[0][:, k]
    nearest = NearestNeighbors(n_neighbors=1).fit(samples).kneighbors(real)[0][:, 0]
    return float(np.mean(nearest < radius))
