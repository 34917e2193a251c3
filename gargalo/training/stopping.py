"""Why a training ends before its last epoch: decided after each, and told in a reader's language."""

from __future__ import annotations

import re
import time

from ..lang import Words
from .settings import TrainingSettings
from .state import Progress

__all__ = ["CHOSEN", "OUT_OF_TIME", "stopped_told", "why_stop"]

OUT_OF_TIME = "the time asked for is over"
"""Why a training ended that was given so many minutes."""
CHOSEN = "more did not help on training examples that were held out in turn"
"""Why a training ended whose epochs a cross-validation chose."""
NOT_FALLEN = re.compile(r"validation loss has not fallen for (\d+) epochs?, since epoch (\d+)")
"""Why a training ended that was given patience."""


def why_stop(now: Progress, settings: TrainingSettings, until: float) -> str | None:
    """Say why training ends after this epoch, if it does so early.

    Parameters
    ----------
    now : Progress
    settings : TrainingSettings
    until : float
        A time of `time.perf_counter`.

    Returns
    -------
    str or None
        In English, as `metrics.json` keeps it; see `stopped_told`.
    """
    if now.epoch >= settings.epochs:
        return None
    if now.chosen is not None and now.epoch >= now.chosen:
        return CHOSEN
    if settings.patience and now.epoch - now.best_epoch >= settings.patience:
        epochs = f"{settings.patience} epoch{'s' * (settings.patience > 1)}"
        return f"validation loss has not fallen for {epochs}, since epoch {now.best_epoch}"
    if time.perf_counter() + now.history[-1]["seconds"] / now.epoch > until:
        return OUT_OF_TIME
    return None


def stopped_told(why: str, say: Words) -> str:
    """Say why a training ended early in a reader's language.

    Parameters
    ----------
    why : str
        What `why_stop` said.
    say : Words

    Returns
    -------
    str
        `why` itself where it is none of these, as of a run of another version.
    """
    if found := NOT_FALLEN.fullmatch(why):
        return say("stopped.patience", n=int(found[1]), epoch=int(found[2]))
    keys = {CHOSEN: "stopped.chosen", OUT_OF_TIME: "stopped.time"}
    return say(keys[why]) if why in keys else why
