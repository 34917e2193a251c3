"""Priors: where in the latent space to draw."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import DataError, must

__all__ = ["Mixture", "Normal", "fit_mixture"]


@dataclass(frozen=True)
class Normal:
    """N(0, I) in `d` dimensions: what a VAE is trained for, and what a plain autoencoder never heard of."""

    d: int

    def sample(self, n: int, seed: int = 0) -> np.ndarray:
        """`n` draws, (n, d) float32."""
        return np.random.default_rng(seed).standard_normal((n, self.d)).astype(np.float32)


@dataclass(frozen=True)
class Mixture:
    """A Gaussian mixture: sum_k weights[k] N(means[k], factors[k] factors[k]^T).

    Attributes
    ----------
    weights : ndarray, (k,);  means : ndarray, (k, d);  factors : ndarray, (k, d, r)
    """

    weights: np.ndarray
    means: np.ndarray
    factors: np.ndarray

    def sample(self, n: int, seed: int = 0) -> np.ndarray:
        """`n` draws, (n, d) float32."""
        rng = np.random.default_rng(seed)
        which = rng.choice(len(self.weights), size=n, p=self.weights / self.weights.sum())
        noise = rng.standard_normal((n, self.factors.shape[2]))
        return (self.means[which] + np.einsum("nij,nj->ni", self.factors[which], noise)).astype(np.float32)


MOST_AXES = 64
"""Of longer latents the mixture lives on so many principal axes: its cost grows with the cube of their number."""


def fit_mixture(latents: np.ndarray, components: int = 10, seed: int = 0) -> Mixture:
    """Fit a mixture with full covariances by expectation maximisation, started by k-means.

    Parameters
    ----------
    latents : ndarray, (n, d)
        Latents of training data; for a model with a posterior, draws from it.
    components : int >= 1
        At most n // (2 d) are used, so that each has enough points for its covariance.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture
    from threadpoolctl import threadpool_limits

    if components < 1:
        raise must("components", "fit_mixture", "an int >= 1", components)
    # In float64: float32 covariances of narrow clusters are not positive definite.
    z = np.asarray(latents, np.float64)
    if len(z) < 2:
        raise DataError(f"fit_mixture: expected at least 2 latents. Found {len(z)}.")
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
    return Mixture(fitted.weights_, (center + fitted.means_ @ axes) * scale, factors)
