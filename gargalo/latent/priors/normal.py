r"""The standard normal distribution: what a VAE is trained for, and what a plain autoencoder never heard of.

.. math:: p(z) = N(z; 0, I), \qquad \log p(z) = -\tfrac12 |z|^2 - \tfrac d2 \log 2 \pi
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from .prior import Prior

__all__ = ["Normal"]


class Normal(Prior):
    """N(0, I) in `d` dimensions.

    Parameters
    ----------
    d : int >= 1
        Numbers in one latent; also as an array of one number, as `arrays` holds it.
    """

    learns: ClassVar[bool] = False

    def __init__(self, d: int | np.ndarray):
        self.d = int(d)

    @classmethod
    def fit(cls, latents: np.ndarray, seed: int = 0) -> Normal:
        """N(0, I) with the d of these latents (n, d); their values and `seed` are not used."""
        return cls(latents.shape[1])

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """`n` draws by `rng`, (n, d) float32."""
        return rng.standard_normal((n, self.d)).astype(np.float32)

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        """The log density at each z (n, d): (n,), nats."""
        return -0.5 * (np.square(z, dtype=np.float64).sum(axis=1) + self.d * math.log(2 * math.pi))

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return {"d": np.array(self.d)}
