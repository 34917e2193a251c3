"""From a pile of images or numbers to a latent space that you can see, walk, measure and use.

>>> import gargalo
>>> run = gargalo.train("mnist-10k", "autoencoder", latent_dim=16, epochs=1)
>>> run.interpolate("label:4", "label:9", steps=12).shape
(12, 28, 28)
>>> run.sample(5, prior="gmm").shape
(5, 28, 28)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import demo, evaluate, explore, inspect, publish, report, resume, train
    from .core import Batch, LatentModel, Loss
    from .data import Dataset, load_data
    from .errors import DataError, GargaloError, ParameterError, RunError, Stopped
    from .fitted import FittedModel
    from .metrics import Estimate
    from .recipes import Recipe
    from .runs import Run, open_run

__all__ = [
    "Batch",
    "DataError",
    "Dataset",
    "Estimate",
    "FittedModel",
    "GargaloError",
    "LatentModel",
    "Loss",
    "ParameterError",
    "Recipe",
    "Run",
    "RunError",
    "Stopped",
    "demo",
    "evaluate",
    "explore",
    "inspect",
    "load_data",
    "open_run",
    "publish",
    "report",
    "resume",
    "train",
]

_ROOMS = {
    **dict.fromkeys(("Batch", "LatentModel", "Loss"), "core"),
    **dict.fromkeys(("Dataset", "load_data"), "data"),
    **dict.fromkeys(("DataError", "GargaloError", "ParameterError", "RunError", "Stopped"), "errors"),
    "FittedModel": "fitted",
    "Estimate": "metrics",
    "Recipe": "recipes",
    **dict.fromkeys(("Run", "open_run"), "runs"),
    **dict.fromkeys(("demo", "evaluate", "explore", "inspect", "publish", "report", "resume", "train"), "api"),
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used (PEP 562), so that `import gargalo` loads no torch."""
    if name == "__version__":
        from importlib.metadata import version

        return version("gargalo")
    if name not in _ROOMS:
        raise AttributeError(f"module 'gargalo' has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_ROOMS[name]}", __name__), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
