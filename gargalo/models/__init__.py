"""Objectives: one file each, on networks that are given to them built. A new one is a file here and a line below.

Its words stand in `lang/en.json` and `lang/pt.json` under ``model.``, ``about.``, ``latent.`` and ``good.``.
"""

from __future__ import annotations

from ..core import LatentModel
from ..io.registry import Registry, subclass_of
from .corruption import corrupt
from .decoding import DecodingModel
from .likelihoods import LIKELIHOODS

__all__ = ["LIKELIHOODS", "MODELS", "SHORT", "DecodingModel", "corrupt"]

MODELS: Registry[type[LatentModel]] = Registry(
    "model",
    "gargalo.models",
    __name__,
    {
        "classifier": "classifier:Classifier",
        "pca": "pca:PrincipalComponents",
        "autoencoder": "autoencoder:Autoencoder",
        "sparse": "sparse:SparseAutoencoder",
        "contractive": "contractive:ContractiveAutoencoder",
        "denoising": "denoising:DenoisingAutoencoder",
        "vae": "vae:VariationalAutoencoder",
        "beta-vae": "beta_vae:BetaVAE",
        "cvae": "cvae:ConditionalVAE",
        "iwae": "iwae:ImportanceWeightedAutoencoder",
        "wae-mmd": "wae_mmd:WassersteinAutoencoder",
        "rae": "rae:RegularisedAutoencoder",
        "vq-vae": "vq_vae:VectorQuantisedAutoencoder",
    },
    subclass_of(LatentModel),
)

SHORT = {short: name for name, model in MODELS.items() for short in vars(model).get("short_names", ())}
"""Other names that people type."""
