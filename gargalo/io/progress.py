"""What hears how a training goes and how far a count has come, and the words for what an epoch lost."""

from __future__ import annotations

from typing import Any

from ..lang import Words

__all__ = ["Counter", "Record", "TrainingProgress", "losses_told"]

Record = dict[str, Any]


class TrainingProgress:
    """Hears of every step and every epoch of a training; this one keeps it to itself."""

    def start(self, epochs: int, steps: int, done: int) -> None:
        """Hear of the beginning, before the first step.

        Parameters
        ----------
        epochs : int
            Of the whole training.
        steps : int
            In each epoch.
        done : int
            Epochs that were done before, of a training that is resumed.
        """

    def step(self, epoch: int, step: int) -> None:
        """Hear of a step, after it.

        Parameters
        ----------
        epoch : int
            The epoch that it belongs to, from 0.
        step : int
            Steps of that epoch that are done, from 1.
        """

    def epoch(self, record: Record) -> None:
        """Hear of an epoch, after it.

        Parameters
        ----------
        record : dict
            Its line of the history: "epoch" (how many are done), "train" and perhaps "validation" (loss terms and notes
            by name), and "seconds" since the beginning.
        """

    def stop(self) -> None:
        """After the last epoch, and after an error."""


class Counter:
    """Counts `done` of `total`; this one keeps it to itself.

    Parameters
    ----------
    title : str
        What people read before the count.
    total : int
        How many there are.
    done : int
        How many are done already.
    """

    def __init__(self, title: str, total: int, done: int = 0):
        self.title, self.total, self.done = title, total, done

    def add(self, n: int) -> None:
        """Hear that `n` more are done.

        Parameters
        ----------
        n : int
        """
        self.done += n

    def end(self) -> None:
        """No more will come."""


def losses_told(record: Record, say: Words) -> str:
    """Say what was lost in an epoch, each loss with the set that it is of.

    Parameters
    ----------
    record : dict
        The epoch's line of the history.
    say : Words

    Returns
    -------
    str
        The loss on the training set, that on the validation set where there is one, and in brackets the terms and
        notes of the latter, else of the former, by their names in the history.
    """
    told, terms = [], {}
    for of in ("train", "validation"):
        if found := record.get(of):
            terms = {name: value for name, value in found.items() if name != "loss"}
            told.append(say(f"progress.loss.{of}", loss=say.general(found["loss"], 4)))
    brackets = ", ".join(f"{name} {say.general(value, 4)}" for name, value in terms.items())
    return ", ".join(told) + (f" ({brackets})" if brackets else "")
