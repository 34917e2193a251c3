r"""Principal component analysis: the linear autoencoder, solved. Every comparison's baseline.

.. math:: \min_{V^T V = I} \sum_n |x_n - m - V V^T (x_n - m)|^2, \qquad z = V^T (x - m)

m is the mean, V the d widest principal axes: the leading singular vectors of the centred data. They are found by
subspace iteration (Halko et al., arXiv:0909.4061), which goes through the data slice by slice and so takes any
number of examples of any size.

Pearson 1901; Baldi and Hornik, "Neural networks and principal component analysis", Neural Networks 2, 1989.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from ..core import Batch, LatentModel, Loss
from ..latent.axes import fixed_signs

__all__ = ["PrincipalComponents"]

SPARE, MOST_PASSES, ENOUGH = 16, 200, 1e-9
"""Axes beyond the d; passes at most; the share of the variance that the last pass found, at which it is enough."""


class PrincipalComponents(LatentModel):
    """L(x) = mean_i (x_i - m_i - [V V^T (x - m)]_i)^2."""

    can = frozenset({"encode", "decode", "reconstruct"})
    is_solved = True
    networks = ("mlp",)
    likelihoods = ("mse",)
    defaults = {"widths": (), "epochs": 1}
    reference = "Baldi & Hornik 1989, doi:10.1016/0893-6080(89)90014-2"

    def loss(self, batch: Batch) -> Loss:
        error = (batch.x - self.reconstruct(batch.x)).square()
        return Loss({"mse": error.mean() if batch.mask is None else error[batch.mask].mean()})

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.params(z)  # linear: no sigmoid, which a squared error of images has elsewhere

    @torch.no_grad()
    def solve(self, slices: Callable[[], Iterable[Tensor]]) -> None:
        (down,) = (layer for layer in self.encoder.modules() if isinstance(layer, nn.Linear))
        (up,) = (layer for layer in self.decoder.modules() if isinstance(layer, nn.Linear))
        count, total = 0, torch.zeros(down.in_features, dtype=torch.float64)
        for x in slices():
            count, total = count + len(x), total + x.flatten(1).sum(0, dtype=torch.float64)
        mean, d = total / count, down.out_features
        wide = torch.randn(len(mean), d + SPARE, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        found, axes = torch.zeros(()), wide
        for _ in range(MOST_PASSES):
            axes = torch.linalg.qr(wide).Q
            wide = torch.zeros_like(axes)
            for x in slices():
                centred = x.flatten(1).double() - mean
                wide += centred.T @ (centred @ axes)
            variance, turn = torch.linalg.eigh(axes.T @ wide)  # ascending
            before, found = found, variance[-d:].sum()
            if found - before <= ENOUGH * found:
                break
        axes = (axes @ turn[:, -d:]).flip(1)
        axes = torch.from_numpy(fixed_signs(axes.T.numpy())).T
        down.weight.copy_(axes.T)
        down.bias.copy_(-(mean @ axes))
        up.weight.copy_(axes)
        up.bias.copy_(mean)
