"""The principal components of many examples of any size."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["principal_components"]

WIDE = 1500
"""Up to so many numbers in one example, all components are found exactly; beyond, from fewer examples than that too."""
CHEAP = 10**9
"""Up to so many products they are found in double precision: of columns that nearly say the same, the narrowest
components would be rounding otherwise. What takes more are pictures, which are far from that."""


def principal_components(x: Tensor, d: int) -> tuple[Tensor, Tensor]:
    """The widest principal components of centred examples.

    Parameters
    ----------
    x : Tensor, (n, p)
        Centred.
    d : int
        How many are wanted; there are fewer where x varies in fewer directions.

    Returns
    -------
    axes : Tensor, (k, p)
        Unit rows, widest first, k <= d.
    variances : Tensor, (k,)
        Of x along each axis, all positive.
    """
    (n, p), given = x.shape, x.dtype
    if n * p * min(n, p) < CHEAP:
        x = x.double()
    if min(n, p) > WIDE:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            _, singular, columns = torch.svd_lowrank(x, min(d + 16, n, p), niter=4)
        variances, axes = singular.square() / n, columns.T
    elif p <= n:
        variances, columns = torch.linalg.eigh(x.T @ x / n)
        variances, axes = variances.flip(0), columns.flip(1).T
    else:
        variances, columns = torch.linalg.eigh(x @ x.T / n)
        variances, columns = variances.flip(0)[:d], columns.flip(1)[:, :d]
        axes = (x.T @ columns / (n * variances.clamp(min=1e-30)).sqrt()).T
    kept = variances[:d] > max(float(variances.sum()), 1e-30) * 1e-6
    return axes[:d][kept].to(given).contiguous(), variances[:d][kept].to(given)
