"""The learning rate as a function of the step: nothing to store, nothing to restore."""

from __future__ import annotations

import math

import torch

from .settings import TrainingSettings

__all__ = ["set_rates"]

RISE, START, END = 0.3, 1 / 25, 1 / 250_000
MOMENTUM = (0.95, 0.85)


def set_rates(optimizer: torch.optim.Optimizer, settings: TrainingSettings, step: int, steps: int) -> float:
    """Set learning rate and momentum for `step` of `steps`; a constant schedule leaves both as they are.

    One-cycle (Smith and Topin, arXiv:1708.07120): along a cosine the rate rises from a 25th of `lr` over the first
    30 % of training, then falls to a ten-thousandth of where it began; Adam's momentum does the opposite.

    Parameters
    ----------
    optimizer : Adam or AdamW
    settings : TrainingSettings
    step : int
        From 0, through all epochs.
    steps : int
        Of all epochs.

    Returns
    -------
    float
        The learning rate.
    """
    if settings.schedule == "constant":
        return settings.lr
    last, top = max(steps - 1, 1), max(RISE * steps - 1, 0)
    if step <= top:
        share = _rising(step / top) if top else 1.0
        factor, beta = _between(START, 1, share), _between(MOMENTUM[0], MOMENTUM[1], share)
    else:
        share = _rising((step - top) / (last - top))
        factor, beta = _between(1, END, share), _between(MOMENTUM[1], MOMENTUM[0], share)
    for group in optimizer.param_groups:
        group["lr"], group["betas"] = settings.lr * factor, (beta, group["betas"][1])
    return settings.lr * factor


def _rising(t: float) -> float:
    """0 to 1 along half a cosine."""
    return (1 - math.cos(math.pi * t)) / 2


def _between(a: float, b: float, share: float) -> float:
    return a + (b - a) * share
