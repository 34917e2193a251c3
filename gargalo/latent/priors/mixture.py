r"""A Gaussian mixture: the simple cure for latents that no simple distribution describes.

.. math:: p(z) = \sum_k w_k N(z; \mu_k, A_k A_k^T)

w are `weights`, mu `means`, A `factors`. Fitted by expectation maximisation (Dempster et al. 1977), started by k-means.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ...errors import DataError, must
from .prior import Prior

__all__ = ["Mixture"]

MOST_AXES = 64
"""Of longer latents the mixture lives on so many principal axes: its cost grows with the cube of their number."""


class Mixture(Prior):
    """sum_k weights[k] N(means[k], factors[k] factors[k]^T).

    Parameters
    ----------
    weights : ndarray, (k,)
    means : ndarray, (k, d)
    factors : ndarray, (k, d, r)
        With r below d the mixture lives on r axes of the space.

    Raises
    ------
    DataError
        For other shapes, or weights that are no shares.
    """

    def __init__(self, weights: np.ndarray, means: np.ndarray, factors: np.ndarray):
        k, d, r = (*np.shape(factors), 0, 0, 0)[:3]
        if np.shape(weights) != (k,) or np.shape(means) != (k, d) or not 0 < r <= d or np.size(factors) != k * d * r:
            shapes = ", ".join(str(np.shape(part)) for part in (weights, means, factors))
            raise DataError(f"mixture: expected shapes (k,), (k, d) and (k, d, r). Found {shapes}.")
        if not (np.isfinite(weights).all() and np.min(weights) >= 0 and 0 < np.sum(weights) < np.inf):
            raise DataError("mixture: expected weights that are shares. Found one below 0, or no sum.")
        self.weights, self.means, self.factors = weights, means, factors

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return {"weights": self.weights, "means": self.means, "factors": self.factors}

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """`n` draws by `rng`, (n, d) float32."""
        which = rng.choice(len(self.weights), size=n, p=self.weights / self.weights.sum())
        noise = rng.standard_normal((n, self.factors.shape[2]))
        return (self.means[which] + np.einsum("nij,nj->ni", self.factors[which], noise)).astype(np.float32)

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        """The log density at each z (n, d): (n,), nats; on the r axes of the mixture, where r is below d."""
        z = np.asarray(z, np.float64)
        shares = self.weights / self.weights.sum()
        found = np.empty((len(z), len(shares)))
        for k, (share, mean, factor) in enumerate(zip(shares, self.means, self.factors, strict=True)):
            square = factor.T @ factor
            noise = np.linalg.solve(square, factor.T @ (z - mean).T)
            volume = 0.5 * np.linalg.slogdet(square)[1] + 0.5 * len(square) * math.log(2 * math.pi)
            found[:, k] = math.log(share) - volume - 0.5 * np.square(noise).sum(axis=0) if share > 0 else -np.inf
        most = found.max(axis=1, keepdims=True)
        return most[:, 0] + np.log(np.exp(found - most).sum(axis=1))

    @classmethod
    def fit(cls, latents: np.ndarray, seed: int = 0, components: int = 10) -> Mixture:
        """Fit a mixture with full covariances.

        Parameters
        ----------
        latents : ndarray, (n, d)
            Latents of training data; for a model with a posterior, draws from it.
        seed : int
            Of the first centres.
        components : int >= 1
            At least one and at most n // (2 r) are used, r = min(d, 64): each needs points for its covariance.

        Returns
        -------
        Mixture

        Raises
        ------
        DataError
            For fewer than two latents.
        ParameterError
            For `components` below 1.
        """
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture
        from threadpoolctl import threadpool_limits

        if components < 1:
            raise must("components", "an int >= 1", components)
        # In float64: float32 covariances of narrow clusters are not positive definite.
        z = np.asarray(latents, np.float64)
        if len(z) < 2:
            raise DataError(f"mixture: expected at least 2 latents. Found {len(z)}.")
        scale = z.std(axis=0)
        scale[scale == 0] = 1
        z = z / scale
        center, axes = np.zeros(z.shape[1]), np.eye(z.shape[1])
        if z.shape[1] > MOST_AXES:
            from sklearn.decomposition import PCA

            pca = PCA(min(MOST_AXES, len(z)), svd_solver="randomized", random_state=seed).fit(z)
            center, axes, z = pca.mean_, np.asarray(pca.components_), pca.transform(z)
        most = max(1, len(z) // (2 * z.shape[1]))
        # Many small products: one thread is faster than two that wait for each other, above all on a busy machine.
        with warnings.catch_warnings(), threadpool_limits(1, user_api="blas"):
            # An unfinished fit is still a density to draw from.
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted: Any = GaussianMixture(min(components, most), random_state=seed, reg_covar=1e-4).fit(z)
        factors = axes.T @ np.linalg.cholesky(fitted.covariances_) * scale[:, None]
        return cls(fitted.weights_, (center + fitted.means_ @ axes) * scale, factors)
