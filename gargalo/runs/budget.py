"""So many minutes: a short probe chooses the size of the network and the number of epochs that fit."""

from __future__ import annotations

import importlib
import math
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
from .held_out_in_turn import PARTS, is_cross_validated
from .job import TrainingJob
from .reference_classifier import reference_job, untrained_reference
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
        Before anything is trained, for a model that is solved at once; for less time than the epochs, or one of them,
        the reference classifier and what comes after take.
    """
    recipe, costs = job.recipe, costs or Costs()
    if model_class(recipe, job.custom).is_solved:
        raise must("minutes", f"left out for model {recipe.model}, which is solved at once", minutes)
    end, fixed = began + 60 * minutes, choices.get("epochs")
    ladder = costs.ladder(recipe) if "widths" not in choices and recipe.net.widths else (recipe.net.widths,)
    after, reference = costs.after_training(job), costs.reference(job)
    smallest = costs.epoch(replace(job, recipe=_of_widths(job, ladder[0], choices)))
    _must_fit(minutes, costs.now() - began + reference + after + smallest * (fixed or 1) / (1 - MARGIN))
    if reference:
        costs.train_reference()
    best: tuple[Recipe, float] | None = None
    for widths in ladder:
        larger = _of_widths(job, widths, choices)
        an_epoch = smallest if best is None else costs.epoch(replace(job, recipe=larger))
        fitting = _epochs(end - costs.now() - after, an_epoch)
        enough = LEAST_EPOCHS.get(recipe.net.net, 1) if fixed is None else fixed
        if best is None or fitting >= enough:
            best = larger, an_epoch
        if fitting < enough:
            break
    assert best is not None
    recipe, an_epoch = best
    left = end - costs.now() - after
    _must_fit(minutes, costs.now() - began + after + an_epoch * (fixed or 1) / (1 - MARGIN))
    epochs = fixed or min(_epochs(left, an_epoch), MOST_EPOCHS)
    recipe = with_choices(recipe, {"epochs": epochs}, job.custom).model_copy(update={"minutes": minutes})
    return replace(job, recipe=recipe, deadline=end - after + MARGIN * left)


def _of_widths(job: TrainingJob, widths: tuple[int, ...], choices: Mapping[str, Any]) -> Recipe:
    """The recipe with these widths, and a learning rate that suits them."""
    recipe = job.recipe
    # A wider network wants smaller steps: 6e-3, 3e-3 and 1.5e-3 were best at 128, 512 and 1024.
    factor = 1.0 if widths == recipe.net.widths else min(1.0, (recipe.net.widths[0] / widths[0]) ** 0.5)
    # Of three digits, which people can type.
    lr = recipe.training.lr if "lr" in choices else float(f"{recipe.training.lr * factor:.3g}")
    return with_choices(recipe, {"widths": widths, "lr": lr}, job.custom)


def _must_fit(minutes: float, seconds: float) -> None:
    """Refuse a time that is shorter than what must be done in it."""
    if seconds > 60 * minutes:
        # Rounded up: what is recommended is not refused.
        least = math.ceil(seconds * 1.1 / 6) / 10
        raise must("minutes", f"at least {least:g} for these data and choices", minutes)


def _epochs(seconds: float, an_epoch: float) -> int:
    """How many epochs fit into so many seconds, with some time left over."""
    return int(seconds * (1 - MARGIN) / an_epoch)


class Costs:
    """What things cost on this machine, in seconds.

    Parameters
    ----------
    baselines : Baselines or None
        Where the reference classifier is to be found, which is trained once for a dataset; without it, none is counted.
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
        """Seconds that saving and measuring take, found by doing both once with untrained weights, and so
        also of the reference classifier if it is not there yet.

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
            # Of its own: what is measured once for a dataset is still to be measured.
            baselines = Baselines(job.dataset)
            if self.baselines is not None and untrained.can("decode"):
                ready = reference_job(job.dataset.targets()) is None
                baselines.reference = self.baselines.reference if ready else untrained_reference(job.dataset.targets())
            for module in ("linear_model", "mixture", "neighbors"):
                importlib.import_module(f"sklearn.{module}")  # what measuring imports takes long once, and not again
            began = self.now()
            write_run(job, Path(place), untrained, training.Result({}, [], 0, 0), baselines)
            return self.now() - began

    def reference(self, job: TrainingJob) -> float:
        """Seconds that the training of the reference classifier will take.

        Parameters
        ----------
        job : TrainingJob

        Returns
        -------
        float
            0 where none is asked for, or it is kept already.
        """
        if not self.is_kept or self.baselines is None or "decode" not in build(job.recipe, custom=job.custom)[1].can:
            return 0.0
        wanted = reference_job(job.dataset.targets())
        return 0.0 if wanted is None else seconds_of_epoch(wanted) * wanted.recipe.training.epochs

    def train_reference(self) -> None:
        """Train the reference classifier now, so that what is left is known."""
        if self.baselines is not None:
            _ = self.baselines.reference


def seconds_of_epoch(job: TrainingJob) -> float:
    """Seconds that an epoch takes, from a few steps and one evaluation after a few that warm up.

    Two epochs of at most 40 steps, and more of few steps, are trained on the job's device, and all but the first are
    timed; nothing of them is kept.

    Parameters
    ----------
    job : TrainingJob
        Its model must be trained step by step, not solved.

    Returns
    -------
    float
        For all rows to train on, and an evaluation of the validation set where there is one; with what it takes in a
        cross-validation, where there is one.
    """
    dataset, settings = job.dataset, job.recipe.training
    fitted, validation = training_rows(dataset, settings)
    few = fitted[: PROBE_STEPS * settings.batch_size]
    codec, model = build(job.recipe, dataset.x, few, job.custom)
    steps = len(few) / settings.batch_size
    timed = max(1, round(PROBE_STEPS / max(1, steps)))
    several = settings.model_copy(update={"epochs": 1 + timed, "patience": 0})
    session = training.Session(group=job.group)
    history = training.fit(model, codec, as_data(dataset, few), None, several, session).history
    a_step = (history[-1]["seconds"] - history[0]["seconds"]) / (steps * timed)
    evaluation = 0.0
    if len(validation):
        device = job.group.device
        model, codec, data = model.to(device), codec.to(device), as_data(dataset, validation).to(device)
        began = time.perf_counter()
        training.evaluate(model, codec, data, device=device)
        evaluation = time.perf_counter() - began
    times = PARTS if is_cross_validated(job) else 1
    return times * (a_step * len(fitted) / settings.batch_size + evaluation)
