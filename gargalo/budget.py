"""So many minutes: a short probe chooses the size of the network and the number of epochs that fit."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import torch

from . import recipe, training
from .build import build
from .data import Source
from .errors import must
from .parts import as_data, is_mapped, training_rows
from .recipe import Recipe

__all__ = ["fit_into", "memory", "seconds_of_epoch"]

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
    minutes: float,
    plan: Recipe,
    source: Source,
    choices: Mapping[str, Any],
    began: float,
    rehearse: Callable[[Recipe], float],
) -> tuple[Recipe, float]:
    """The recipe that fills the time, and when training must be over.

    Parameters
    ----------
    minutes : float
        From `began`, a time of `time.perf_counter`, to the end of everything.
    choices : dict
        What was chosen is not chosen again.
    rehearse : function
        Does once what comes after training, and says how many seconds that took.

    Raises
    ------
    ParameterError
        For less time than the epochs, or one of them, and what comes after take.
    """
    if plan.kind.is_solved:
        raise must("minutes", "train", f"left out for model {plan.model}, which is solved at once", minutes)
    end = began + 60 * minutes
    ladder = _ladder(plan) if "widths" not in choices and plan.net.widths else (plan.net.widths,)
    fixed = choices.get("epochs")
    after = rehearse(plan)
    best: tuple[Recipe, float] | None = None
    for widths in ladder:
        # A wider network wants smaller steps: 6e-3, 3e-3 and 1.5e-3 were best at 128, 512 and 1024.
        factor = 1.0 if widths == plan.net.widths else min(1.0, (plan.net.widths[0] / widths[0]) ** 0.5)
        larger = _with(plan, {"widths": widths, "lr": plan.training.lr * (1.0 if "lr" in choices else factor)})
        an_epoch = seconds_of_epoch(larger, source)
        left = end - time.perf_counter() - after
        fitting = int(left * (1 - MARGIN) / an_epoch)
        enough = LEAST_EPOCHS.get(plan.net.net, 1) if fixed is None else fixed
        if best is None or fitting >= enough:
            best = larger, an_epoch
        if fitting < enough:
            break
    assert best is not None
    plan, an_epoch = best
    left = end - time.perf_counter() - after
    fitting = int(left * (1 - MARGIN) / an_epoch)
    if fitting < (fixed or 1):
        least = (time.perf_counter() - began + after + 1.1 * an_epoch * (fixed or 1)) / 60
        raise must("minutes", "train", f"at least {least:.2g} for these data and choices", minutes)
    plan = _with(plan, {"epochs": fixed or min(fitting, MOST_EPOCHS)})
    return plan.model_copy(update={"minutes": minutes}), end - after + MARGIN * left


def memory(plan: Recipe, source: Source, processes: int = 1) -> dict[str, int]:
    """Bytes that each process of a training takes, by what they are for."""
    codec, net = build(plan)
    rows = len(source.rows("train")) + len(source.rows("held"))
    batch = 0
    if plan.own == recipe.NOTHING:  # what a program gave may not run on tensors without numbers
        size = max(1, min(rows, plan.training.batch_size) // processes)
        kind = torch.from_numpy(source.x[:1].copy()).dtype
        raw = torch.empty((size, *source.x.shape[1:]), dtype=kind, device="meta")
        batch = training.step_memory(net, codec, raw, len(source.class_names or ()))
    data = 0 if is_mapped(source, rows) else rows * source.x[0].nbytes
    return {"weights": training.weights_memory(net), "batch": batch, "data": data}


def _ladder(plan: Recipe) -> tuple[tuple[int, ...], ...]:
    if plan.net.net == "mlp":
        return LADDER
    return tuple(tuple(round(width * part) for width in plan.net.widths) for part in CONV_LADDER)


def _with(plan: Recipe, more: Mapping[str, Any]) -> Recipe:
    """The same recipe with other choices."""
    content = plan.model_dump()
    for name, value in more.items():
        content[recipe.CHOICES[name]][name] = value
    return recipe.checked(content, of="train", own=plan.own)


def seconds_of_epoch(plan: Recipe, source: Source) -> float:
    """Seconds that an epoch takes, from a few steps and one evaluation after a few that warm up."""
    fitted, left_out = training_rows(source, plan.training)
    size = plan.training.batch_size
    few = fitted[: PROBE_STEPS * size]
    codec, model = build(plan, source.x, few)
    settings = plan.training.model_copy(update={"epochs": 2, "patience": 0})
    history = training.fit(model, codec, as_data(source, few), None, settings).history
    steps = len(few) / size
    a_step = (history[1]["seconds"] - history[0]["seconds"]) / steps
    held = 0.0
    if len(left_out):
        data, began = as_data(source, left_out), time.perf_counter()
        training.evaluate(model, codec, data)
        held = time.perf_counter() - began
    return a_step * len(fitted) / size + held
