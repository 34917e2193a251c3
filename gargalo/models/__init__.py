"""Objectives: one file each, on networks that are given to them built. A new one is a file here and a line below.

Its words stand in `lang/en.json` and `lang/pt.json` under ``model.``, ``about.``, ``latent.`` and ``good.``.
"""

from __future__ import annotations

from collections.abc import Collection

from ..core import VERBS, LatentModel
from ..io.registry import Registry, subclass_of
from .corruption import corrupt
from .decoding import DecodingModel
from .likelihoods import LIKELIHOODS

__all__ = ["LIKELIHOODS", "MODELS", "SHORT", "DecodingModel", "corrupt"]


def _is_whole(model: type[LatentModel]) -> bool:
    """Does an objective say what it can and how it is learned, which the base class cannot?"""
    able = getattr(model, "can", None)
    says = isinstance(able, Collection) and len(able) > 0 and all(verb in VERBS for verb in able)
    return says and (model.is_solved or model.loss is not LatentModel.loss)


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
    subclass_of(LatentModel, " with its can and loss", _is_whole),
)

SHORT = {short: name for name, model in MODELS.items() for short in vars(model).get("short_names", ())}
"""Other names that people type."""
