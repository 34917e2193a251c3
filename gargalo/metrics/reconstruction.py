"""Reconstruction: how far what comes out is from what went in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .estimate import Estimate

__all__ = ["PCABaseline", "mse", "mse_minus_pca", "pca_baseline", "psnr", "psnr_denoised", "psnr_noisy"]


MOST_EXACT = 256
"""Up to so many numbers in an example, PCA is found in double precision; more are pictures, far from singular."""


def mse(x_test: np.ndarray, reconstruction: np.ndarray, mask: np.ndarray | None = None) -> Estimate:
    """Mean squared error over all observed values of the examples.

    Parameters
    ----------
    x_test, reconstruction : ndarray, (n, *x_shape)
        Examples in model space, and what is compared with them.
    mask : ndarray or None, (n, *x_shape), bool
        True where a value of `x_test` was observed, which alone counts; None where all were.

    Returns
    -------
    Estimate
        In the unit of model space, squared; its interval is over the n examples.
    """
    error = np.square(x_test - reconstruction).reshape(len(x_test), -1)
    known = np.ones_like(error, bool) if mask is None else mask.reshape(len(error), -1)
    return Estimate.of_ratio(np.where(known, error, 0).sum(axis=1, dtype=np.float64), known.sum(axis=1))


def mse_minus_pca(
    x_test: np.ndarray, reconstruction: np.ndarray, pca_reconstruction: np.ndarray, mask: np.ndarray | None = None
) -> Estimate:
    """Mean squared error less that of PCA, paired by example: below 0 where the model is better.

    Parameters
    ----------
    x_test, reconstruction, pca_reconstruction : ndarray, (n, *x_shape)
        Examples in model space, and what model and PCA make of them.
    mask : ndarray or None, (n, *x_shape), bool
        True where a value of `x_test` was observed, which alone counts; None where all were.

    Returns
    -------
    Estimate
        In the unit of model space, squared; its interval is over the n examples, each beside itself.
    """
    apart = np.square(x_test - reconstruction) - np.square(x_test - pca_reconstruction)
    apart = apart.reshape(len(x_test), -1)
    known = np.ones_like(apart, bool) if mask is None else mask.reshape(len(apart), -1)
    return Estimate.of_ratio(np.where(known, apart, 0).sum(axis=1, dtype=np.float64), known.sum(axis=1))


def psnr(x: np.ndarray, reconstruction: np.ndarray) -> Estimate:
    """Peak signal-to-noise ratio of images (n, *shape) in [0, 1], dB: the mean over images of 10 log10(1 / MSE).

    An image counts as at most 100 dB, also where it is reconstructed to the last bit.

    Parameters
    ----------
    x, reconstruction : ndarray, (n, *shape)
        Images in [0, 1], and what is compared with them.

    Returns
    -------
    Estimate
        dB.
    """
    error = np.square(x - reconstruction).reshape(len(x), -1).mean(axis=1, dtype=np.float64)
    return Estimate.of_mean(-10 * np.log10(np.maximum(error, 1e-10)))


def psnr_noisy(x_test: np.ndarray, noisy: np.ndarray) -> Estimate:
    """The PSNR of corrupted test images: what denoising begins with.

    Parameters
    ----------
    x_test, noisy : ndarray, (n, *x_shape)
        Clean images in [0, 1], and the same corrupted.

    Returns
    -------
    Estimate
        dB.
    """
    return psnr(x_test, noisy)


def psnr_denoised(x_test: np.ndarray, denoised: np.ndarray) -> Estimate:
    """The PSNR of corrupted test images after the model has denoised them.

    Parameters
    ----------
    x_test, denoised : ndarray, (n, *x_shape)
        Clean images in [0, 1], and what the model makes of the corrupted ones.

    Returns
    -------
    Estimate
        dB.
    """
    return psnr(x_test, denoised)


class PCABaseline(NamedTuple):
    """What the linear method makes of the same data."""

    z_train: np.ndarray
    """Training components, (n, d)."""
    z_test: np.ndarray
    """Test components, (m, d)."""
    back: np.ndarray
    """Test examples as PCA gives them back, (m, *shape)."""


def pca_baseline(train: np.ndarray, test: np.ndarray, d: int) -> PCABaseline:
    """The `d` widest principal components of training data, and test data reconstructed from them.

    No linear encoder and decoder with a bottleneck of `d` has a lower squared error on the training data; this holds
    approximately with more than 1000 numbers in one example, where the solver is a randomised one.

    Parameters
    ----------
    train, test : ndarray, (n, *shape) and (m, *shape)
        Examples in model space.
    d : int >= 1
        At most n, and the numbers in one example, are used.

    Returns
    -------
    PCABaseline
    """
    from sklearn.decomposition import PCA

    flat, flat_test = train.reshape(len(train), -1), test.reshape(len(test), -1)
    # Columns that nearly say the same leave components so narrow that single precision would miss them.
    flat = flat.astype(np.float64 if flat.shape[1] <= MOST_EXACT else flat.dtype)
    # The quickest way while examples are small; its cost grows with the cube of their size.
    solver = "covariance_eigh" if flat.shape[1] <= 1000 else "randomized"
    pca = PCA(min(d, *flat.shape), svd_solver=solver, random_state=0).fit(flat)
    z_test = pca.transform(flat_test)
    back = pca.inverse_transform(z_test).reshape(test.shape)
    return PCABaseline(*(part.astype(train.dtype) for part in (pca.transform(flat), z_test, back)))
