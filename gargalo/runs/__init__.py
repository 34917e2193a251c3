"""Runs: the folder that a training leaves behind, and all that makes, resumes, measures and shares one."""

from __future__ import annotations

from .evaluate import Baselines, evaluate
from .examples import Examples
from .fit import check, fit
from .folder import find_unfinished, is_finished, must_be_free, read_recipe
from .job import TrainingJob
from .opening import lacks_data, open_run
from .run import Run
from .train import train

__all__ = [
    "Baselines",
    "Examples",
    "Run",
    "TrainingJob",
    "check",
    "evaluate",
    "find_unfinished",
    "fit",
    "is_finished",
    "lacks_data",
    "must_be_free",
    "open_run",
    "read_recipe",
    "train",
]
