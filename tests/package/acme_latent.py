"""What somebody else's package brings: an objective, a prior, a projection and a metric."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gargalo.core import Batch, Loss
from gargalo.latent import Map, Prior, Projection
from gargalo.metrics import Estimate
from gargalo.models import DecodingModel


class Priced(DecodingModel):
    """L(x) = -log p(x | g(f(x))) + price |z|."""

    reference = "nobody"

    @dataclass(frozen=True)
    class Options:
        """The objective's own choices."""

        price: float = 1.0
        """What a unit of the latent costs."""

    def loss(self, batch: Batch) -> Loss:
        z = self.encode(batch.x)
        return self.distortion(self.params(z), batch) + Loss({"price": self.options.price * z.abs().sum(1).mean()})


class Point(Prior):
    """Hardly more than the mean."""

    def __init__(self, mean: np.ndarray):
        self.mean = mean

    @classmethod
    def fit(cls, latents: np.ndarray, seed: int = 0) -> Point:
        return cls(latents.mean(axis=0))

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return (self.mean + 0.01 * rng.standard_normal((n, len(self.mean)))).astype(np.float32)

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        return -0.5 * np.square((z - self.mean) / 0.01).sum(axis=1)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return {"mean": self.mean}


class Failing(Point):
    """Can be fitted, and not drawn from."""

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        raise ZeroDivisionError(n)


@dataclass
class First(Projection):
    """The first two axes."""

    def fit(self, z: np.ndarray) -> Map:
        return Map(z[:, :2].astype(np.float32), "acme-first", "numpy")


def spread(z_test: np.ndarray) -> Estimate:
    """How far latents are from their mean, on average."""
    return Estimate.of_mean(np.linalg.norm(z_test - z_test.mean(axis=0), axis=1))


def faulty(z_test: np.ndarray) -> Estimate:
    """Fails."""
    return Estimate(1 / 0)


MANY = 3
"""No metric."""


class BareModel(DecodingModel):
    """Does not say how it is learned."""


class BarePrior(Prior):
    """Defines nothing of what a prior must."""


class Empty(Point):
    """Has all methods, of which the first gives nothing."""

    @classmethod
    def fit(cls, latents: np.ndarray, seed: int = 0) -> Point:
        return None  # type: ignore[return-value]


class BareProjection(Projection):
    """No dataclass, though its `fit` is there."""

    def fit(self, z: np.ndarray) -> Map:
        return Map(z[:, :2].astype(np.float32), "acme-bare", "numpy")
