"""Training: a loop that sees `model.loss(batch)` and nothing more."""

from __future__ import annotations

from .batches import Data
from .checkpoint import Keeper
from .devices import Team, launch, world_size
from .events import Events, progress
from .loop import Result, evaluate, fit
from .memory import check_memory, step_memory, weights_memory
from .settings import TrainingSettings

__all__ = [
    "Data",
    "Events",
    "Keeper",
    "Result",
    "Team",
    "TrainingSettings",
    "check_memory",
    "evaluate",
    "fit",
    "launch",
    "progress",
    "step_memory",
    "weights_memory",
    "world_size",
]
