"""Objectives: one file each, on networks that are given to them built."""

from __future__ import annotations

from ..core import LatentModel
from .autoencoder import Autoencoder
from .beta_vae import BetaVAE
from .classifier import Classifier
from .contractive import ContractiveAutoencoder
from .corruption import corrupt
from .cvae import ConditionalVAE
from .decoding import DecodingModel
from .denoising import DenoisingAutoencoder
from .iwae import ImportanceWeightedAutoencoder
from .likelihoods import LIKELIHOODS
from .pca import PrincipalComponents
from .rae import RegularisedAutoencoder
from .sparse import SparseAutoencoder
from .vae import VariationalAutoencoder
from .vq_vae import VectorQuantisedAutoencoder
from .wae_mmd import WassersteinAutoencoder

__all__ = ["LIKELIHOODS", "MODELS", "SHORT", "DecodingModel", "corrupt"]

MODELS: dict[str, type[LatentModel]] = {
    "classifier": Classifier,
    "pca": PrincipalComponents,
    "autoencoder": Autoencoder,
    "sparse": SparseAutoencoder,
    "contractive": ContractiveAutoencoder,
    "denoising": DenoisingAutoencoder,
    "vae": VariationalAutoencoder,
    "beta-vae": BetaVAE,
    "cvae": ConditionalVAE,
    "iwae": ImportanceWeightedAutoencoder,
    "wae-mmd": WassersteinAutoencoder,
    "rae": RegularisedAutoencoder,
    "vq-vae": VectorQuantisedAutoencoder,
}

SHORT = {
    "clf": "classifier",
    "ae": "autoencoder",
    "sae": "sparse",
    "cae": "contractive",
    "dae": "denoising",
    "bvae": "beta-vae",
    "wae": "wae-mmd",
    "vqvae": "vq-vae",
}
"""Other names that people type."""
