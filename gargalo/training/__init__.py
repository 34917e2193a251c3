"""Training: a loop that sees `model.loss(batch)` and nothing more."""

from __future__ import annotations

from .batches import Data
from .checkpoints import Checkpoint, CheckpointManager, read_checkpoint
from .draws import generator_at
from .loop import Result, Session, evaluate, fit
from .memory import check_memory, free_memory, step_memory, weights_memory
from .paired import is_clearly_better
from .process_group import Compute, ProcessGroup, launch
from .products import fast_products
from .records import records_of
from .settings import TrainingSettings
from .stopping import CHOSEN, OUT_OF_TIME, stopped_told

__all__ = [
    "CHOSEN",
    "OUT_OF_TIME",
    "Checkpoint",
    "CheckpointManager",
    "Compute",
    "Data",
    "ProcessGroup",
    "Result",
    "Session",
    "TrainingSettings",
    "check_memory",
    "evaluate",
    "fast_products",
    "fit",
    "free_memory",
    "generator_at",
    "is_clearly_better",
    "launch",
    "read_checkpoint",
    "records_of",
    "step_memory",
    "stopped_told",
    "weights_memory",
]
