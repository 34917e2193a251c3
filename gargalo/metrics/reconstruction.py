"""Reconstruction: how far what comes out is from what went in."""

from __future__ import annotations

import numpy as np

__all__ = ["mse", "pca_mse", "psnr"]


def mse(x: np.ndarray, reconstruction: np.ndarray) -> float:
    """Mean squared error over all values of x, (n, *shape)."""
    return float(np.mean(np.square(x - reconstruction), dtype=np.float64))


def psnr(x: np.ndarray, reconstruction: np.ndarray) -> float:
    """Peak signal-to-noise ratio of images in [0, 1], dB: the mean over images of 10 log10(1 / MSE).

    An image that is reconstructed to the last bit counts as 100 dB.
    """
    error = np.square(x - reconstruction).reshape(len(x), -1).mean(axis=1, dtype=np.float64)
    return float(np.mean(-10 * np.log10(np.maximum(error, 1e-10))))


def pca_mse(train: np.ndarray, test: np.ndarray, d: int) -> tuple[float, np.ndarray]:
    """The linear baseline: MSE on test (n, *shape) of the `d` widest principal components of train.

    Returns
    -------
    float
        Mean squared error.
    ndarray, (n, *shape)
        The test examples as PCA gives them back.
    """
    from sklearn.decomposition import PCA

    flat, flat_test = train.reshape(len(train), -1), test.reshape(len(test), -1)
    pca = PCA(min(d, *flat.shape), svd_solver="covariance_eigh").fit(flat)
    back = pca.inverse_transform(pca.transform(flat_test)).reshape(test.shape)
    return mse(test, back), back
