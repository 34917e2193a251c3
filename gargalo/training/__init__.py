"""Training: a loop that sees `model.loss(batch)` and nothing more."""

from __future__ import annotations

from .batches import Data
from .checkpoint import Checkpoint, Keeper, read_checkpoint
from .devices import Team, launch
from .events import Events, progress
from .loop import Result, evaluate, fit
from .memory import check_memory, step_memory, weights_memory
from .settings import TrainingSettings

__all__ = [
    "Checkpoint",
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
    "read_checkpoint",
    "step_memory",
    "weights_memory",
]
