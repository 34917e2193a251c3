"""What principal component analysis makes of the same data: every run stands beside it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from ..latent import principal_components

__all__ = ["PCABaseline", "pca_baseline"]


class PCABaseline(NamedTuple):
    """What the linear method makes of the same data."""

    z_train: np.ndarray
    """Training components, (n, d)."""
    z_test: np.ndarray
    """Test components, (m, d)."""
    back: np.ndarray
    """Test examples as PCA gives them back, (m, *shape)."""


def pca_baseline(train: np.ndarray, test: np.ndarray, d: int, clean: np.ndarray | None = None) -> PCABaseline:
    """The `d` widest principal components of training data, and test data reconstructed from them.

    No linear encoder and decoder with a bottleneck of `d` has a lower squared error on the training data; this holds
    approximately for more than 1,500 examples of more than 1,500 numbers, where the solver is a randomised one.

    Parameters
    ----------
    train, test : ndarray, (n, *shape) and (m, *shape)
        Examples in model space.
    d : int >= 1
        At most n, and the numbers in one example, are used; components without variance are zeros.
    clean : ndarray or None, (n, *shape)
        Clean partners of the training examples: then not these, but their partners are what is found from the
        components of noisy examples, by least squares.

    Returns
    -------
    PCABaseline
    """
    flat, new = (torch.from_numpy(x.reshape(len(x), -1)) for x in (train, test))
    mean = flat.mean(0, dtype=torch.float64).to(flat.dtype)
    axes, _ = principal_components(flat - mean, d)
    axes = torch.nn.functional.pad(axes, (0, 0, 0, min(d, *flat.shape) - len(axes)))
    z_train, z_test = (flat - mean) @ axes.T, (new - mean) @ axes.T
    if clean is not None:
        wanted = torch.from_numpy(clean.reshape(len(clean), -1))
        mean = wanted.mean(0, dtype=torch.float64).to(wanted.dtype)
        z = z_train.double()  # of mean 0
        axes = (torch.linalg.pinv(z.T @ z, hermitian=True) @ (z.T @ (wanted - mean).double())).to(z_test.dtype)
    back = (z_test @ axes + mean).reshape(test.shape)
    return PCABaseline(z_train.numpy(), z_test.numpy(), back.numpy())
