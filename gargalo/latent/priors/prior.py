"""What a prior is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

__all__ = ["Prior"]


class Prior(ABC):
    """A distribution over latents (d,), to draw from and to ask for densities.

    Attributes
    ----------
    learns : bool
        Does `fit` look at the latents, and not only at their number of dimensions?
    """

    learns: ClassVar[bool] = True

    @classmethod
    @abstractmethod
    def fit(cls, latents: np.ndarray, seed: int = 0) -> Prior:
        """The prior for these latents.

        Parameters
        ----------
        latents : ndarray, (n, d)
            Latents of training data; for a model with a posterior, draws from it.
        seed : int
            Of whatever is drawn on the way.

        Returns
        -------
        Prior

        Raises
        ------
        DataError
            For latents that it cannot be fitted to.
        """

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Draw latents.

        Parameters
        ----------
        n : int >= 0
            How many.
        rng : numpy.random.Generator
            Where the draws come from.

        Returns
        -------
        ndarray, (n, d), float32
        """

    @abstractmethod
    def log_prob(self, z: np.ndarray) -> np.ndarray:
        """The log density at each z.

        Parameters
        ----------
        z : ndarray, (n, d)

        Returns
        -------
        ndarray, (n,), float64
            Nats.
        """

    @property
    @abstractmethod
    def arrays(self) -> dict[str, np.ndarray]:
        """What a run keeps of it: `type(prior)(**prior.arrays)` is the same prior."""
