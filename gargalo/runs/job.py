"""A `TrainingJob`: all that one training is given."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from ..data import Dataset
from ..fitted import FittedModel
from ..io.reporter import SILENT, Reporter
from ..recipes import NO_CUSTOM, Custom, Recipe
from ..training import ProcessGroup, launch

__all__ = ["TrainingJob"]


@dataclass(frozen=True, eq=False)
class TrainingJob:
    """All that one training is given; nothing in it changes while it is carried out.

    Attributes
    ----------
    recipe : Recipe
        Every choice.
    dataset : Dataset
        What it learns from and is measured on.
    custom : Custom
        The objective and the network that a program gave.
    folder : Path or None
        The run folder; without one nothing is written anywhere.
    is_new : bool
        Must the folder be new? Else it must be a run's that this goes on with.
    group : ProcessGroup
        The device and the processes that it runs on; without one, this process on the CPU.
    init_from : FittedModel or None
        The model whose weights it begins with (a warm start).
    deadline : float
        A time of `time.perf_counter`: no epoch is begun that would probably end after it.
    save_every : float
        Seconds from one checkpoint to the next.
    reporter : Reporter
        Who tells how it goes.
    """

    recipe: Recipe
    dataset: Dataset
    custom: Custom = NO_CUSTOM
    folder: Path | None = None
    is_new: bool = True
    group: ProcessGroup = field(default_factory=lambda: launch(alone=True))
    init_from: FittedModel | None = None
    deadline: float = math.inf
    save_every: float = 30
    reporter: Reporter = SILENT
