"""Reconstruction: how far what comes out is from what went in."""

from __future__ import annotations

import numpy as np

from .estimate import Estimate

__all__ = ["mse", "mse_minus_pca", "mse_noisy", "psnr", "psnr_denoised", "psnr_noisy"]


def mse(target: np.ndarray, reconstruction: np.ndarray, mask: np.ndarray | None = None) -> Estimate:
    """Mean squared error over all observed values of the examples.

    Parameters
    ----------
    target, reconstruction : ndarray, (n, *x_shape)
        Examples in model space, and what is compared with them.
    mask : ndarray or None, (n, *x_shape), bool
        True where a value of `target` was observed, which alone counts; None where all were.

    Returns
    -------
    Estimate
        In the unit of model space, squared; its interval is over the n examples.
    """
    return _mean_of_observed(np.square(target - reconstruction), mask)


def mse_noisy(clean: np.ndarray, x_test: np.ndarray, mask: np.ndarray | None = None) -> Estimate:
    """Mean squared error of noisy examples beside their clean partners: what doing nothing leaves.

    Parameters
    ----------
    clean, x_test : ndarray, (n, *x_shape)
        Clean partners in model space, and the noisy examples.
    mask : ndarray or None, (n, *x_shape), bool
        True where a value of `clean` was observed, which alone counts; None where all were.

    Returns
    -------
    Estimate
        In the unit of model space, squared; its interval is over the n examples.
    """
    return _mean_of_observed(np.square(clean - x_test), mask)


def mse_minus_pca(
    target: np.ndarray, reconstruction: np.ndarray, pca_reconstruction: np.ndarray, mask: np.ndarray | None = None
) -> Estimate:
    """Mean squared error less that of PCA, paired by example: below 0 where the model is better.

    Parameters
    ----------
    target, reconstruction, pca_reconstruction : ndarray, (n, *x_shape)
        Examples in model space, and what model and PCA make of them.
    mask : ndarray or None, (n, *x_shape), bool
        True where a value of `target` was observed, which alone counts; None where all were.

    Returns
    -------
    Estimate
        In the unit of model space, squared; its interval is over the n examples, each beside itself.
    """
    return _mean_of_observed(np.square(target - reconstruction) - np.square(target - pca_reconstruction), mask)


def _mean_of_observed(values: np.ndarray, mask: np.ndarray | None) -> Estimate:
    """The mean of all that was observed of values (n, *x_shape), with an interval over the n examples."""
    values = values.reshape(len(values), -1)
    known = np.ones_like(values, bool) if mask is None else mask.reshape(len(values), -1)
    return Estimate.of_ratio(np.where(known, values, 0).sum(axis=1, dtype=np.float64), known.sum(axis=1))


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


def psnr_noisy(target: np.ndarray, noisy: np.ndarray) -> Estimate:
    """The PSNR of corrupted test images: what denoising begins with.

    Parameters
    ----------
    target, noisy : ndarray, (n, *x_shape)
        Clean images in [0, 1], and the same corrupted.

    Returns
    -------
    Estimate
        dB.
    """
    return psnr(target, noisy)


def psnr_denoised(target: np.ndarray, denoised: np.ndarray) -> Estimate:
    """The PSNR of corrupted test images after the model has denoised them.

    Parameters
    ----------
    target, denoised : ndarray, (n, *x_shape)
        Clean images in [0, 1], and what the model makes of the corrupted ones.

    Returns
    -------
    Estimate
        dB.
    """
    return psnr(target, denoised)
