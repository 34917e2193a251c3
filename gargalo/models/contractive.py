r"""The contractive autoencoder: a small change of x should hardly move its latent.

.. math:: \mathcal{L}(x) = -\log p(x \mid g(f(x))) + \lambda \Bigl\| \frac{\partial f(x)}{\partial x} \Bigr\|_F^2

The Jacobian is exact, by the chain rule from the last layer of a multilayer perceptron to the first:
J = W_L D_{L-1} W_{L-1} ... D_1 W_1, with D_l the slopes of the activations. The widest factor W_1 enters as
W_1 W_1^T alone. A linear path beside the perceptron adds its matrix to J.

Rifai et al., "Contractive auto-encoders: explicit invariance during feature extraction", ICML 2011.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from ..core import NATS, Batch, Loss
from .decoding import DecodingModel

__all__ = ["ContractiveAutoencoder"]


class ContractiveAutoencoder(DecodingModel):
    """L(x) = -log p(x | g(f(x))) + lambda |df(x)/dx|_F^2."""

    networks = ("mlp",)
    likelihoods = NATS
    short_names = ("cae",)
    # The penalty is what keeps it from learning few examples by heart; both together were never measured.
    defaults = {"dropout": 0.0}
    reference = "Rifai et al. 2011, ICML 28"

    @dataclass(frozen=True)
    class Options:
        """The objective's own choices."""

        contraction: Annotated[float, Field(ge=0, le=1e6)] = 0.1
        """lambda: the weight of the penalty, nats."""

    def loss(self, batch: Batch) -> Loss:
        z, squared_norm = self.encode_and_contract(batch.x)
        penalty = self.options.contraction * squared_norm.mean()
        return self.distortion(self.params(z), batch) + Loss({"contraction": penalty})

    @torch.enable_grad()
    def encode_and_contract(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Encode examples, and measure how much a change of each would move its latent.

        Parameters
        ----------
        x : Tensor, (n, *x_shape)

        Returns
        -------
        z : Tensor, (n, d)
        squared_norm : Tensor, (n,)
            |dz/dx|_F^2 of each example, exact. Like z it has gradients, even where they are switched off outside.
        """
        weights, slopes = [], []
        h = x
        # Beside the layers there may be a linear path, whose Jacobian is added to theirs.
        layers = getattr(self.encoder, "network", self.encoder)
        matrix = getattr(self.encoder, "matrix", torch.zeros((), device=x.device))
        for layer in layers.children():
            before, h = h, layer(h)
            if isinstance(layer, nn.Linear):
                weights.append(layer.weight)
            elif not isinstance(layer, nn.Flatten):
                (slope,) = torch.autograd.grad(h.sum(), before, create_graph=True)
                # Dropout after an activation is one more factor for each of the same numbers.
                slopes = [*slopes[: len(weights) - 1], slope * slopes[-1] if len(slopes) == len(weights) else slope]
        z = self.encoder.added(x, h) if matrix.dim() else h  # type: ignore[operator]
        if len(weights) == 1:
            return z, (weights[0] + matrix).square().sum().expand(len(x))
        jacobian = weights[-1].expand(len(x), -1, -1)
        for weight, slope in zip(weights[-2:0:-1], slopes[:0:-1], strict=True):
            jacobian = (jacobian * slope[:, None]) @ weight
        jacobian = jacobian * slopes[0][:, None]
        square = (jacobian @ (weights[0] @ weights[0].T) * jacobian).sum((1, 2))
        if matrix.dim():  # |A + B|^2 = |A|^2 + 2 <A, B> + |B|^2
            square = square + 2 * (jacobian * (matrix @ weights[0].T)).sum((1, 2)) + matrix.square().sum()
        return z, square
