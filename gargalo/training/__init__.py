"""Training: a loop that sees `model.loss(batch)` and nothing more."""

from __future__ import annotations

from .events import Events, progress
from .loop import Data, Result, evaluate, fit
from .settings import TrainingSettings

__all__ = ["Data", "Events", "Result", "TrainingSettings", "evaluate", "fit", "progress"]
