"""What every objective that decodes x shares: its distortion."""

from __future__ import annotations

import torch
from torch import Tensor

from ..core import Batch, LatentModel

__all__ = ["DecodingModel"]


class DecodingModel(LatentModel):
    """A latent model whose decoder gives p(x | z)."""

    def distortion(self, z: Tensor, batch: Batch) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """-log p(x | z), a term for each kind of column; and, as a note, the mean squared error.

        Returns
        -------
        terms : {name: scalar}
            Nats per example (mean over the batch); for the "mse" likelihood its own unit.
        notes : {"mse": scalar}
            Mean over values, unless the likelihood is that already.
        """
        params = self.decoder(z)
        terms = {name: nll.mean() for name, nll in self.likelihood.nll(params, batch.x, batch.mask).items()}
        if "mse" in terms:
            return terms, {}
        with torch.no_grad():
            error = (batch.x - self.likelihood.mean(params)).square()
            if batch.mask is not None:
                error = error[batch.mask]
            return terms, {"mse": error.mean()}
