"""Objectives: one file each, on networks that are given to them built."""

from __future__ import annotations

from ..core import LatentModel
from .autoencoder import Autoencoder
from .classifier import Classifier
from .denoising import DenoisingAutoencoder, corrupt
from .likelihoods import LIKELIHOODS
from .vae import VariationalAutoencoder

__all__ = ["LIKELIHOODS", "MODELS", "SHORT", "corrupt"]

MODELS: dict[str, type[LatentModel]] = {
    "classifier": Classifier,
    "autoencoder": Autoencoder,
    "denoising": DenoisingAutoencoder,
    "vae": VariationalAutoencoder,
}

SHORT = {"clf": "classifier", "ae": "autoencoder", "dae": "denoising"}
"""Other names that people type."""
