"""Training in memory: a job gives a `FittedModel`; only a session that has checkpoints writes anything."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import torch

from .. import training
from ..core import Codec, LatentModel
from ..errors import RunError, must, option
from ..fitted import FittedModel
from ..io.weights import must_fit
from ..models import MODELS
from ..recipes import NO_CUSTOM, Recipe, build, try_on
from .held_out_in_turn import chosen_epoch, is_cross_validated, may_stay_as_begun
from .job import TrainingJob
from .rows import as_data, is_mapped, probe_rows, training_rows

__all__ = ["check", "fit", "memory"]

FEW = 1000
"""Validation examples that are few: by these the best epoch may look better than where it began, and not be."""


def check(job: TrainingJob) -> None:
    """Refuse, before anything is made, what could not be carried out.

    Parameters
    ----------
    job : TrainingJob

    Raises
    ------
    GargaloError
        For what would not fit into memory; RunError for a warm start from another network; ParameterError for patience
        without a validation set, or for an objective or a network that is not gargalo's and does not fit.
    """
    recipe, dataset, custom = job.recipe, job.dataset, job.custom
    if custom != NO_CUSTOM or not MODELS.is_own(recipe.model):
        some = dataset.rows("train")[:3]
        try_on(recipe, np.array(dataset.x[some]), as_data(dataset, some).told(torch.arange(len(some))), custom)
    codec, model = build(recipe, custom=custom)
    if job.init_from is not None:
        _must_begin_alike(job, codec, model)
    if recipe.training.patience and not len(training_rows(dataset, recipe.training)[1]):
        raise must("patience", "0 where there is no validation set", recipe.training.patience)
    needs = memory(job)
    training.check_memory({what: size * job.group.local_size() for what, size in needs.items()})


def _must_begin_alike(job: TrainingJob, codec: Codec, model: LatentModel) -> None:
    """Refuse a warm start from another network, in the words of its recipe where these tell the difference."""
    start, recipe = job.init_from, job.recipe
    assert start is not None
    try:
        for theirs, ours in ((start.codec, codec), (start.model, model)):
            must_fit(theirs.state_dict(), ours.state_dict(), start.name, "to start from it")
    except RunError:
        here, there = _decisive(recipe), _decisive(start.recipe)
        for name in here:
            if here[name] != there.get(name):
                told = f"expected a run of {option(name)} {here[name]}, to start from it. Found {there.get(name)}"
                raise RunError(f"{start.name}: {told}.") from None
        for what, differs in (
            ("classes", recipe.data.class_names != start.recipe.data.class_names),
            ("columns and categories", _meaning(recipe) != _meaning(start.recipe)),
        ):
            if differs:
                told = f"expected a run on data with the {what} of {recipe.data.name}, to start from it"
                raise RunError(f"{start.name}: {told}. Found others.") from None
        raise


def _decisive(recipe: Recipe) -> dict[str, object]:
    """The choices that decide which weights there are, the likeliest first."""
    net = recipe.net.model_dump(include={"net", "widths", "blocks", "init"})
    last = {"model": recipe.model, "likelihood": recipe.likelihood, **recipe.options}
    return {"latent_dim": recipe.latent_dim, **net, **last}


def _meaning(recipe: Recipe) -> list[tuple[str, tuple[str, ...]]]:
    """The columns, and the categories of each."""
    return [(column.name, column.categories) for column in recipe.data.columns or ()]


def fit(job: TrainingJob, session: training.Session | None = None) -> tuple[FittedModel, training.Result]:
    """Build what the recipe says and train it, from the beginning or from where a session begins.

    Parameters
    ----------
    job : TrainingJob
    session : Session or None
        Where it runs, what is saved, and the checkpoint to go on from; without one it begins at the first epoch, with
        the job's group, reporter and deadline, and saves nothing.

    Returns
    -------
    FittedModel
        On the CPU, with the weights that were chosen.
    Result
        How the training went.

    Raises
    ------
    GargaloError
        For a loss or a weight that is no longer a number.
    Stopped
        After SIGINT, SIGTERM or SIGHUP, with a checkpoint saved if the session saves any.
    """
    recipe, dataset = job.recipe, job.dataset
    session = session or training.Session(job.group, job.reporter.training(recipe.model), deadline=job.deadline)
    rows, validation = training_rows(dataset, recipe.training)
    codec, model = build(recipe, dataset.x, rows, job.custom)
    if session.start is None and job.init_from is not None:
        codec.load_state_dict(job.init_from.codec.state_dict())
        model.load_state_dict(job.init_from.model.state_dict())
    held_out = as_data(dataset, validation) if len(validation) else None
    if session.start is None and is_cross_validated(job):
        began = time.perf_counter()
        session = replace(session, chosen=chosen_epoch(job), choosing=time.perf_counter() - began)
    result = training.fit(model, codec, as_data(dataset, rows), held_out, recipe.training, session)
    is_few = result.chosen is None and held_out is not None and len(held_out) < FEW
    if is_few and may_stay_as_begun(recipe) and result.best_epoch:
        assert held_out is not None
        start = build(recipe, dataset.x, rows, job.custom)[1].eval()
        if not training.is_clearly_better(model, start, codec, held_out, recipe.training.seed):
            model, result.weights, result.best_epoch = start, start.state_dict(), 0
    seen = None if dataset.conditions is None else dataset.conditions.raw[probe_rows(dataset, "train")]
    name = str(job.folder or "the model")
    return FittedModel(recipe, codec.eval(), model.eval(), job.custom, name, seen), result


def memory(job: TrainingJob) -> dict[str, int]:
    """Bytes that each process of a training takes, by what they are for.

    Parameters
    ----------
    job : TrainingJob
        Nothing is built but on the meta device, and of zeros that are not touched, which takes no memory.

    Returns
    -------
    dict of int
        "weights", with gradients, Adam's moments and the best weights; "batch", 0 for a model of a program's own, which
        may not run on zeros, and for weights that do not fit; "data", without the splits that are left in their file.
    """
    recipe, dataset = job.recipe, job.dataset
    codec, model = build(recipe, custom=job.custom)
    splits = [len(rows) for rows in training_rows(dataset, recipe.training)]
    weights, batch = training.weights_memory(model), 0
    # What a program gave may not run on zeros; and weights that do not fit need no batch to be too large.
    if job.custom == NO_CUSTOM and weights < training.free_memory():
        size = max(1, min(splits[0], recipe.training.batch_size) // job.group.size)
        batch = training.step_memory(model, codec.x_shape, size, recipe.data.told_size)
    data = sum(rows * dataset.x[0].nbytes for rows in splits if not is_mapped(dataset, rows))
    data *= 2 if dataset.clean is not None else 1
    return {"weights": weights, "batch": batch, "data": data}
