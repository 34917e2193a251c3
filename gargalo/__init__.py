"""From a pile of images or numbers to a latent space that you can see, walk, measure and use.

>>> import gargalo
>>> run = gargalo.train("mnist-10k", "autoencoder", latent_dim=16)
>>> film = run.interpolate("label:4", "label:9", steps=12)
>>> samples = run.sample(12, prior="gmm")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .core import Batch, LatentModel, Loss
    from .data import Source, load_data
    from .errors import DataError, GargaloError, ParameterError, RunError, Stopped
    from .recipe import Recipe
    from .run import Run, open_run
    from .trainer import evaluate
    from .workflow import demo, explore, publish, report, resume, train

__all__ = [
    "Batch",
    "DataError",
    "GargaloError",
    "LatentModel",
    "Loss",
    "ParameterError",
    "Recipe",
    "Run",
    "RunError",
    "Source",
    "Stopped",
    "demo",
    "evaluate",
    "explore",
    "load_data",
    "open_run",
    "publish",
    "report",
    "resume",
    "train",
]

_ROOMS = {
    **dict.fromkeys(("Batch", "LatentModel", "Loss"), "core"),
    **dict.fromkeys(("Source", "load_data"), "data"),
    **dict.fromkeys(("DataError", "GargaloError", "ParameterError", "RunError", "Stopped"), "errors"),
    "Recipe": "recipe",
    **dict.fromkeys(("Run", "open_run"), "run"),
    "evaluate": "trainer",
    **dict.fromkeys(("demo", "explore", "publish", "report", "resume", "train"), "workflow"),
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
