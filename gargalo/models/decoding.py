"""What every objective that decodes x shares: its distortion."""

from __future__ import annotations

import torch
from torch import Tensor

from ..core import Batch, LatentModel, Loss

__all__ = ["DecodingModel"]


class DecodingModel(LatentModel):
    """A latent model whose decoder gives p(x | z)."""

    can = frozenset({"encode", "decode", "reconstruct"})

    def distortion(self, params: Tensor, batch: Batch) -> Loss:
        """-log p(x | z), a term for each kind of column; and, as a note, the mean squared error.

        Parameters
        ----------
        params : Tensor, (n, *likelihood.params_shape)
            What the decoder put out.
        batch : Batch
            What is to be given back, and its mask, which alone says what counts.

        Returns
        -------
        Loss
            Terms in nats per example (mean over the batch); for the "mse" likelihood in its own unit. The note
            "mse" is a mean over values, unless the likelihood is that already.
        """
        terms = {name: nll.mean() for name, nll in self.likelihood.nll(params, batch.target, batch.mask).items()}
        if "mse" in terms:
            return Loss(terms)
        with torch.no_grad():
            error = (batch.target - self.likelihood.mean(params)).square()
            if batch.mask is not None:
                error = error[batch.mask]
            return Loss(terms, {"mse": error.mean()})
