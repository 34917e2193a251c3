"""Likelihoods: what the decoder's output says about x."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..core import Likelihood
from .count_likelihoods import NegativeBinomial, Poisson
from .gaussian_likelihoods import Clipped, GaussianLikelihood, MeanSquared
from .sums import per_example

__all__ = [
    "LIKELIHOODS",
    "Bernoulli",
    "Clipped",
    "GaussianLikelihood",
    "MeanSquared",
    "Mixed",
    "NegativeBinomial",
    "Poisson",
]


class Bernoulli(Likelihood):
    r"""-log p(x | l) = sum_i softplus(l_i) - x_i l_i, with logits l; x in [0, 1].

    For grey values between 0 and 1 this is a cross-entropy rather than a density, and what is commonly used.
    """

    def nll(self, params: Tensor, x: Tensor, mask: Tensor | None = None) -> dict[str, Tensor]:
        """Compute -log p(x | l) of each example.

        Parameters
        ----------
        params : Tensor, (n, *x_shape)
            Logits l.
        x : Tensor, (n, *x_shape)
            Examples in [0, 1].
        mask : Tensor or None, (n, *x_shape), bool
            True where a value was observed, which alone counts; None where all were.

        Returns
        -------
        dict of Tensor, (n,)
            Under "bernoulli", in nats.
        """
        nll = F.binary_cross_entropy_with_logits(params, x, reduction="none")
        return {"bernoulli": per_example(nll, mask)}

    def mean(self, params: Tensor) -> Tensor:
        """Compute the mean of x, sigmoid(l).

        Parameters
        ----------
        params : Tensor, (n, *x_shape)
            Logits l.

        Returns
        -------
        Tensor, (n, *x_shape)
            In [0, 1].
        """
        return torch.sigmoid(params)

    def draw(self, mean: Tensor, generator: torch.Generator, spread: Tensor | None = None) -> Tensor:
        """Draw each value as 0 or 1.

        Parameters
        ----------
        mean : Tensor, (n, *x_shape)
            The probability of 1.
        generator : torch.Generator
            Where the draws come from.
        spread : Tensor or None
            Not used: the mean says it all.

        Returns
        -------
        Tensor, (n, *x_shape)
        """
        return torch.bernoulli(mean, generator=generator)

    def bias_for(self, mean: Tensor) -> Tensor:
        """Find the logits whose mean is the one given.

        Parameters
        ----------
        mean : Tensor, (*x_shape)
            In [0, 1]; clamped to [0.001, 0.999].

        Returns
        -------
        Tensor, (*x_shape)
            Logits, -6.9 to 6.9.
        """
        return torch.logit(mean.clamp(1e-3, 1 - 1e-3))


class Mixed(Likelihood):
    r"""-log p(x | m, l) = -log N(numbers | m, sigma^2) - sum_c log softmax(l_c)[category c].

    For tables: one term for the standardised numbers, one for the categories, each a one-hot block of x; what is
    missing counts in neither (Nazabal et al., arXiv:1807.03653).
    """

    def __init__(self, x_shape: tuple[int, ...], blocks: tuple[int, ...] = (), bounded: bool = False):
        super().__init__(x_shape, blocks, bounded)
        self.sizes = [x_shape[0] - sum(blocks), *blocks]
        self.numbers = GaussianLikelihood((self.sizes[0],)) if self.sizes[0] else None

    @property
    def stddev(self) -> float:
        """Sigma of the numbers, standardised; 0 where there are none."""
        return self.numbers.stddev if self.numbers is not None else 0.0

    def nll(self, params: Tensor, x: Tensor, mask: Tensor | None = None) -> dict[str, Tensor]:
        """Compute -log p(x | m, l) of each example, the numbers and the categories apart.

        Parameters
        ----------
        params : Tensor, (n, *x_shape)
            Means m of the numbers, then logits l for each one-hot block.
        x : Tensor, (n, *x_shape)
            Standardised numbers, then one-hot blocks; any finite value where one is missing.
        mask : Tensor or None, (n, *x_shape), bool
            True where a value was observed, all alike within a block; None where all were.

        Returns
        -------
        dict of Tensor, (n,)
            In nats, under "numbers" and "categories", each only where x has such columns.
        """
        mask = torch.ones_like(x, dtype=torch.bool) if mask is None else mask
        (p, *logits), (n, *ones), (there, *theirs) = (t.split(self.sizes, 1) for t in (params, x, mask))
        found = {}
        if self.numbers is not None:
            found["numbers"] = self.numbers.nll(p, n, there)["gaussian"]
        if logits:
            parts = zip(logits, ones, theirs, strict=True)
            nll = [-(F.log_softmax(logit, 1) * one).sum(1) * known[:, 0] for logit, one, known in parts]
            found["categories"] = torch.stack(nll).sum(0)
        return found

    def mean(self, params: Tensor) -> Tensor:
        """Compute the mean of the numbers and the probabilities of the categories.

        Parameters
        ----------
        params : Tensor, (n, *x_shape)
            Means of the numbers, then logits for each one-hot block.

        Returns
        -------
        Tensor, (n, *x_shape)
            Standardised numbers, then for each block probabilities that sum to 1.
        """
        numbers, *logits = params.split(self.sizes, 1)
        return torch.cat([numbers, *(logit.softmax(1) for logit in logits)], 1)

    def bias_for(self, mean: Tensor) -> Tensor:
        """Find the decoder's output whose mean is the one given.

        Parameters
        ----------
        mean : Tensor, (*x_shape)
            Means of the numbers, then the share of each category, clamped to at least 0.001.

        Returns
        -------
        Tensor, (*x_shape)
            Means of the numbers, then the logarithms of the shares.
        """
        numbers, *shares = mean.split(self.sizes)
        return torch.cat([numbers, *(share.clamp(min=1e-3).log() for share in shares)])

    def slope_for(self, mean: Tensor) -> Tensor:
        """Find how much the mean of x moves with what the decoder puts out.

        Parameters
        ----------
        mean : Tensor, (*x_shape)
            Means of the numbers, then the share of each category.

        Returns
        -------
        Tensor, (*x_shape)
            1 for numbers; for categories their shares, since a change of the shares by D, which sums to 0, is that of
            the logits by D / share.
        """
        numbers, *shares = mean.split(self.sizes)
        return torch.cat([torch.ones_like(numbers), *shares])

    def begin(self, params: Tensor, x: Tensor) -> None:
        """Set sigma of the numbers to the root mean squared error of a first decoder.

        Parameters
        ----------
        params : Tensor, (n, *x_shape)
            What that decoder puts out.
        x : Tensor, (n, *x_shape)
            Some of the training examples.
        """
        if self.numbers is not None:
            self.numbers.begin(params[:, : self.sizes[0]], x[:, : self.sizes[0]])


LIKELIHOODS = {
    "bernoulli": Bernoulli,
    "gaussian": GaussianLikelihood,
    "mixed": Mixed,
    "mse": MeanSquared,
    "clipped": Clipped,
    "poisson": Poisson,
    "negative-binomial": NegativeBinomial,
}
