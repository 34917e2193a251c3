"""So many minutes: a short probe chooses the size of the network and the number of epochs that fit."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import training
from ..errors import must
from ..fitted import FittedModel
from ..recipes import Recipe, build, model_class, with_choices
from .evaluate import Baselines
from .job import TrainingJob
from .rows import as_data, training_rows
from .writing import write_run

__all__ = ["MOST_MINUTES", "Costs", "fit_into", "seconds_of_epoch"]

LADDER = ((128, 64), (256, 128), (512, 256), (1024, 512))
"""Widths from small to large; a network is worth its time where it gets LEAST_EPOCHS.

After 30 epochs an autoencoder of the embedded digits has a test MSE of 0.0123, 0.0110, 0.0107, 0.0102."""
CONV_LADDER = (0.5, 1, 2, 4)
"""The same for conv, as parts of its default widths."""
LEAST_EPOCHS = {"mlp": 30, "conv": 12}
PROBE_STEPS = 40
MOST_MINUTES, MOST_EPOCHS = 100_000, 1_000_000
MARGIN = 0.03
"""Share of the time that is left over, and by which training may be late before it is ended."""


def fit_into(
    minutes: float, job: TrainingJob, choices: Mapping[str, Any], began: float, costs: Costs | None = None
) -> TrainingJob:
    """Choose widths and epochs that fill a time, and set the deadline by which training must be over.

    Widths are tried from small to large: a wider network is taken where it gets all epochs that were chosen or, where
    none were, at least 30 (mlp) or 12 (conv).

    Parameters
    ----------
    minutes : float
        From `began` to the end of everything.
    job : TrainingJob
    choices : dict
        What the user chose, by name: "widths", "epochs" and "lr" are not chosen again.
    began : float
        A time of `time.perf_counter`, in seconds.
    costs : Costs or None
        Who measures what things cost; without it, a few steps of each network on this machine.

    Returns
    -------
    TrainingJob
        The same with a deadline, and with widths, lr, epochs and minutes in its recipe.

    Raises
    ------
    ParameterError
        For a model that is solved at once; for less time than the epochs, or one of them, and what comes after take.
    """
    recipe, costs = job.recipe, costs or Costs()
    if model_class(recipe, job.custom).is_solved:
        raise must("minutes", f"left out for model {recipe.model}, which is solved at once", minutes)
    end, fixed = began + 60 * minutes, choices.get("epochs")
    ladder = costs.ladder(recipe) if "widths" not in choices and recipe.net.widths else (recipe.net.widths,)
    after = costs.after_training(job)
    best: tuple[Recipe, float] | None = None
    for widths in ladder:
        # A wider network wants smaller steps: 6e-3, 3e-3 and 1.5e-3 were best at 128, 512 and 1024.
        factor = 1.0 if widths == recipe.net.widths else min(1.0, (recipe.net.widths[0] / widths[0]) ** 0.5)
        lr = recipe.training.lr * (1.0 if "lr" in choices else factor)
        larger = with_choices(recipe, {"widths": widths, "lr": lr}, job.custom)
        an_epoch = costs.epoch(replace(job, recipe=larger))
        fitting = _epochs(end - costs.now() - after, an_epoch)
        enough = LEAST_EPOCHS.get(recipe.net.net, 1) if fixed is None else fixed
        if best is None or fitting >= enough:
            best = larger, an_epoch
        if fitting < enough:
            break
    assert best is not None
    recipe, an_epoch = best
    left = end - costs.now() - after
    if _epochs(left, an_epoch) < (fixed or 1):
        least = (costs.now() - began + after + 1.1 * an_epoch * (fixed or 1)) / 60
        raise must("minutes", f"at least {least:.2g} for these data and choices", minutes)
    epochs = fixed or min(_epochs(left, an_epoch), MOST_EPOCHS)
    recipe = with_choices(recipe, {"epochs": epochs}, job.custom).model_copy(update={"minutes": minutes})
    return replace(job, recipe=recipe, deadline=end - after + MARGIN * left)


def _epochs(seconds: float, an_epoch: float) -> int:
    """How many epochs fit into so many seconds, with some time left over."""
    return int(seconds * (1 - MARGIN) / an_epoch)


class Costs:
    """What things cost on this machine, in seconds.

    Parameters
    ----------
    baselines : Baselines or None
        Its reference classifier, which is trained once for a dataset and not for each run, is not counted; without
        it, the time to find or train one is.
    is_kept : bool
        Is the run written and measured? Else nothing comes after training.
    """

    def __init__(self, baselines: Baselines | None = None, is_kept: bool = True):
        self.baselines, self.is_kept = baselines, is_kept

    def now(self) -> float:
        """The time, by the clock of `began`."""
        return time.perf_counter()

    def ladder(self, recipe: Recipe) -> tuple[tuple[int, ...], ...]:
        """Widths to try, from small to large.

        Parameters
        ----------
        recipe : Recipe

        Returns
        -------
        tuple of tuple of int
            For a conv network, parts and multiples of the recipe's own widths.
        """
        if recipe.net.net == "mlp":
            return LADDER
        return tuple(tuple(round(width * part) for width in recipe.net.widths) for part in CONV_LADDER)

    def epoch(self, job: TrainingJob) -> float:
        """Seconds that an epoch takes; see `seconds_of_epoch`.

        Parameters
        ----------
        job : TrainingJob

        Returns
        -------
        float
        """
        return seconds_of_epoch(job)

    def after_training(self, job: TrainingJob) -> float:
        """Seconds that saving and measuring take, found by doing both once with untrained weights.

        Parameters
        ----------
        job : TrainingJob

        Returns
        -------
        float
            0 where the run is not kept.
        """
        if not self.is_kept:
            return 0.0
        with tempfile.TemporaryDirectory() as place:
            codec, model = build(job.recipe, job.dataset.x, job.dataset.rows("train"), job.custom)
            untrained = FittedModel(job.recipe, codec.eval(), model.eval(), job.custom)
            if self.baselines is not None and untrained.can("decode"):
                _ = self.baselines.reference
            began = self.now()
            write_run(job, Path(place), untrained, training.Result({}, [], 0, 0), self.baselines)
            return self.now() - began


def seconds_of_epoch(job: TrainingJob) -> float:
    """Seconds that an epoch takes, from a few steps and one evaluation after a few that warm up.

    Two epochs of at most 40 steps are trained on the job's device, and the second is timed; nothing of them is kept.

    Parameters
    ----------
    job : TrainingJob
        Its model must be trained step by step, not solved.

    Returns
    -------
    float
        For all rows to train on, and an evaluation of the validation set where there is one.
    """
    dataset, settings = job.dataset, job.recipe.training
    fitted, validation = training_rows(dataset, settings)
    few = fitted[: PROBE_STEPS * settings.batch_size]
    codec, model = build(job.recipe, dataset.x, few, job.custom)
    twice = settings.model_copy(update={"epochs": 2, "patience": 0})
    session = training.Session(group=job.group)
    history = training.fit(model, codec, as_data(dataset, few), None, twice, session).history
    steps = len(few) / settings.batch_size
    a_step = (history[1]["seconds"] - history[0]["seconds"]) / steps
    evaluation = 0.0
    if len(validation):
        device = job.group.device
        model, codec, data = model.to(device), codec.to(device), as_data(dataset, validation).to(device)
        began = time.perf_counter()
        training.evaluate(model, codec, data, device=device)
        evaluation = time.perf_counter() - began
    return a_step * len(fitted) / settings.batch_size + evaluation
