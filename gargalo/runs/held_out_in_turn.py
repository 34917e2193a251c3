"""Cross-validation: how many epochs pay, asked of training examples of which each is held out once.

A few validation examples say too little of when to stop: 22 of iris left an autoencoder as it began, though others
were reconstructed a fifth better; and 54 days of autumn chose one that was up to four times worse in winter.
"""

from __future__ import annotations

import math

import numpy as np

from .. import training
from ..data import parts_of
from ..io.reporter import Counter
from ..recipes import Recipe, build
from .job import TrainingJob
from .rows import as_data, training_rows

__all__ = ["PARTS", "chosen_epoch", "is_cross_validated", "may_stay_as_begun"]

PARTS = 5
"""The usual number; a training then takes so many times as long, five times on four fifths and once on all."""
FEW = 100
"""Validation examples that are too few to choose by."""
MOST = 2**18
"""Examples that all epochs see, at most, for it: seconds or half a minute, of which no checkpoint is kept."""


def is_cross_validated(job: TrainingJob) -> bool:
    """Do the training examples choose how many epochs a training takes?

    Parameters
    ----------
    job : TrainingJob

    Returns
    -------
    bool
        Where the validation set has fewer than 100 examples and a network begins as principal component analysis, which
        it may remain; not where the weights of the last epoch are wanted, patience chooses, it is a warm start, or all
        epochs see more than 262,144 examples.
    """
    recipe, settings = job.recipe, job.recipe.training
    if not may_stay_as_begun(recipe) or settings.patience or job.init_from is not None:
        return False
    rows, validation = training_rows(job.dataset, settings)
    is_quick = len(rows) * settings.epochs <= MOST
    return 0 < len(validation) < FEW and len(rows) >= 2 * PARTS and is_quick


def may_stay_as_begun(recipe: Recipe) -> bool:
    """Is the start principal component analysis, which a few examples must not make worse by chance?

    Parameters
    ----------
    recipe : Recipe
    """
    return recipe.net.init == "pca" and not recipe.warm_start and recipe.training.keep == "best"


def chosen_epoch(job: TrainingJob) -> int | None:
    """Choose an epoch by a cross-validation of five parts.

    The epoch with the lowest loss of examples held out, over all parts; but none where this is not lower than that of
    the first weights by one standard error, of the means of the parts (Breiman et al., "Classification and regression
    trees", 1984). Parts are stretches of time where examples are in its order, and keep groups and copies together.

    Parameters
    ----------
    job : TrainingJob
        That `is_cross_validated`.

    Returns
    -------
    int or None
        Epochs; None where there was no time for them.
    """
    settings = job.recipe.training
    rows, _ = training_rows(job.dataset, settings)
    parts = parts_of(rows, PARTS, settings.seed, job.dataset.ties, job.dataset.in_time)
    if len(parts) < 2:
        return None
    told = job.reporter.say("progress.held_out", model=job.recipe.model)
    epochs = job.reporter.counter(told, PARTS * settings.epochs)
    curves = []
    for held_out in parts:
        curves.append(_curve(job, np.setdiff1d(rows, held_out), held_out, epochs))
        if len(curves[-1]) <= settings.epochs:  # the time is over
            return None
    epochs.end()
    losses, sizes = np.array(curves), np.array([len(part) for part in parts])
    best = int(np.average(losses, axis=0, weights=sizes).argmin())
    gains = losses[:, 0] - losses[:, best]
    is_clear = np.average(gains, weights=sizes) > gains.std(ddof=1) / math.sqrt(len(gains))
    return best if is_clear else 0


def _curve(job: TrainingJob, rows: np.ndarray, held_out: np.ndarray, epochs: Counter) -> list[float]:
    """The loss of examples held out, before the first epoch and after each, which is counted."""
    dataset, settings = job.dataset, job.recipe.training.model_copy(update={"keep": "last"})
    codec, model = build(job.recipe, dataset.x, rows, job.custom)
    data, group = as_data(dataset, held_out), job.group
    device = group.device
    before = training.evaluate(model.to(device), codec.to(device), data.to(device), settings.seed, device)
    session = training.Session(group, on_epoch=lambda record: epochs.add(1), deadline=job.deadline)
    history = training.fit(model, codec, as_data(dataset, rows), data, settings, session).history
    return [before["loss"], *(record["validation"]["loss"] for record in history)]
