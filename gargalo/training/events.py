"""What training tells while it runs: a bar on a terminal, plain lines elsewhere, nothing when silent."""

from __future__ import annotations

import math
import sys
import time
from typing import Any

__all__ = ["Events", "progress"]

PAUSE = 0.5
"""Seconds between two lines: a small table has hundreds of epochs."""

Record = dict[str, Any]


class Events:
    """Told of every step and every epoch; this one says nothing."""

    def start(self, epochs: int, steps: int, done: int) -> None:
        """Before the first step, with the number of epochs, of steps in each, and of epochs done before."""

    def step(self, epoch: int, step: int) -> None:
        """After each step, with how many of its epoch are done."""

    def epoch(self, record: Record) -> None:
        """After each epoch, with its line of the history."""

    def stop(self) -> None:
        """After the last epoch, and after an error."""


class Lines(Events):
    """Plain lines on stderr, for logs and pipes: for each epoch, but no more than two a second."""

    def __init__(self, title: str):
        self.title = title

    def start(self, epochs: int, steps: int, done: int) -> None:
        self.epochs, self.before, self.began = epochs, done, time.monotonic()
        self.said = -math.inf

    def epoch(self, record: Record) -> None:
        done, now = record["epoch"], time.monotonic()
        if now - self.said < PAUSE and done < self.epochs:
            return
        self.said = now
        left = (time.monotonic() - self.began) / (done - self.before) * (self.epochs - done)
        print(
            f"{self.title} {done}/{self.epochs} {_terms(record)} {left:.0f} s left",
            file=sys.stderr,
            flush=True,
        )


class Bar(Events):
    """A progress bar on stderr, with every loss term of the last epoch and the time left."""

    def __init__(self, title: str):
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[terms]}"),
            console=Console(stderr=True),
            refresh_per_second=4,
        )
        self.title, self.shown = title, 0.0

    def start(self, epochs: int, steps: int, done: int) -> None:
        self.steps = steps
        self.task = self.bar.add_task(self.title, total=epochs * steps, completed=done * steps, terms="")
        self.bar.start()

    def step(self, epoch: int, step: int) -> None:
        # Telling rich costs more than a small network's step: four times a second is enough to see it move.
        if (now := time.monotonic()) - self.shown > 0.25:
            self.shown = now
            self.bar.update(self.task, completed=epoch * self.steps + step)

    def epoch(self, record: Record) -> None:
        self.bar.update(self.task, completed=record["epoch"] * self.steps, terms=_terms(record))

    def stop(self) -> None:
        self.bar.stop()


def progress(title: str) -> Events:
    """A bar if stderr is a terminal, else lines."""
    return Bar(title) if sys.stderr.isatty() else Lines(title)


def _terms(record: Record) -> str:
    """The loss terms and notes of an epoch, held-out ones where there are any."""
    shown = record.get("held") or record["train"]
    return " ".join(f"{name} {value:.4g}" for name, value in shown.items())
