"""How it goes: the one place that tells people while something is being done.

A `Reporter` says nothing; `Terminal` draws bars on stderr and `Lines` prints plain lines there; a program that wants
to hear of it itself gives a subclass of `Reporter` to `gargalo.train` and its kin.
"""

from __future__ import annotations

import contextlib
import math
import sys
import time
from typing import Any

from ..errors import must

__all__ = ["SILENT", "Bar", "Counter", "Lines", "Reporter", "Terminal", "TrainingProgress", "reporter_for", "tell"]

PAUSE = 0.5
"""Seconds between two lines of a training: a small table has hundreds of epochs."""
PATIENCE = 2.0
"""Seconds that may pass in silence while something is counted."""

Record = dict[str, Any]


def tell(text: str, end: str = "\n") -> None:
    """Write `text` and `end` to stderr, if there is one that can still be written to; else nothing happens.

    Parameters
    ----------
    text : str
    end : str
        Empty where the line goes on.
    """
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(text + end)
        sys.stderr.flush()


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


class Reporter:
    """Tells how it goes; this one tells nobody, but of what must be known. Subclass it to be told."""

    def line(self, text: str) -> None:
        """Say in one line how it goes; here nobody is told.

        Parameters
        ----------
        text : str
            The line, without its end.
        """

    def notice(self, text: str) -> None:
        """Say in one line, on stderr, what must be known, also where nobody follows how it goes.

        Parameters
        ----------
        text : str
            The line, without its end.
        """
        tell(text)

    def training(self, title: str) -> TrainingProgress:
        """Follow a training.

        Parameters
        ----------
        title : str
            What people read before its progress.

        Returns
        -------
        TrainingProgress
            To be told of every step and epoch.
        """
        return TrainingProgress()

    def counter(self, title: str, total: int, done: int = 0) -> Counter:
        """Follow the counting of things.

        Parameters
        ----------
        title, total, done
            See `Counter`.

        Returns
        -------
        Counter
            To be told of more that are done.
        """
        return Counter(title, total, done)


SILENT = Reporter()


class Lines(Reporter):
    """Plain lines on stderr, for logs and pipes."""

    def line(self, text: str) -> None:
        """Write `text` to stderr."""
        tell(text)

    def training(self, title: str) -> TrainingProgress:
        """Lines for the epochs of a training, which begin with `title`."""
        return EpochLines(title)

    def counter(self, title: str, total: int, done: int = 0) -> Counter:
        """Lines for `done` of `total` things, which begin with `title`."""
        return CountLines(title, total, done)


class Terminal(Lines):
    """Bars, and a count that moves on its line, on a terminal."""

    def training(self, title: str) -> TrainingProgress:
        """A progress bar for a training, which begins with `title`."""
        return Bar(title)

    def counter(self, title: str, total: int, done: int = 0) -> Counter:
        """One line, rewritten in place, for `done` of `total` things under `title`."""
        return CountInPlace(title, total, done)


def reporter_for(progress: bool | Reporter) -> Reporter:
    """Choose who tells how it goes.

    Parameters
    ----------
    progress : bool or Reporter
        True is bars if stderr is a terminal, else lines; False is nobody, but notices still come; a `Reporter` is
        that one.

    Returns
    -------
    Reporter

    Raises
    ------
    ParameterError
        For anything else.
    """
    if isinstance(progress, Reporter):
        return progress
    if not isinstance(progress, bool | int):
        raise must("progress", "True, False or a Reporter", progress)
    if not progress:
        return SILENT
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if sys.stderr.isatty():
            return Terminal()
    return Lines()


class EpochLines(TrainingProgress):
    """A line for each epoch, but no more than two a second."""

    def __init__(self, title: str):
        self.title = title

    def start(self, epochs: int, steps: int, done: int) -> None:
        """Note the time, and that `done` of `epochs` epochs were done before; `steps` are not looked at."""
        self.epochs, self.before, self.began = epochs, done, time.monotonic()
        self.last_line = -math.inf

    def epoch(self, record: Record) -> None:
        """Write the epoch's `record` in one line; all but the last are left out within half a second of another."""
        done, now = record["epoch"], time.monotonic()
        if now - self.last_line < PAUSE and done < self.epochs:
            return
        self.last_line = now
        left = (time.monotonic() - self.began) / (done - self.before) * (self.epochs - done)
        tell(f"{self.title} {done}/{self.epochs} {terms_of(record)} {left:.0f} s left")


class Bar(TrainingProgress):
    """A progress bar, with every loss term of the last epoch and the time left."""

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
        """Show the bar: `epochs` times `steps` long, and `done` epochs full."""
        self.steps = steps
        self.task = self.bar.add_task(self.title, total=epochs * steps, completed=done * steps, terms="")
        self.bar.start()

    def step(self, epoch: int, step: int) -> None:
        """Move the bar, at most four times a second, to `step` steps of the epoch after `epoch` epochs."""
        # Telling rich costs more than a small network's step: four times a second is enough to see it move.
        if (now := time.monotonic()) - self.shown > 0.25:
            self.shown = now
            self.bar.update(self.task, completed=epoch * self.steps + step)

    def epoch(self, record: Record) -> None:
        """Move the bar to the end of the epoch, and show the loss terms of its `record`."""
        self.bar.update(self.task, completed=record["epoch"] * self.steps, terms=terms_of(record))

    def stop(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # a terminal that was closed
            self.bar.stop()


class CountLines(Counter):
    """A plain line now and then; nothing where it is soon over."""

    pause = PATIENCE

    def __init__(self, title: str, total: int, done: int = 0):
        super().__init__(title, total, done)
        self.last_line = time.monotonic()

    def add(self, n: int) -> None:
        """Count `n` more, and show the count if the last was shown more than `pause` seconds ago."""
        super().add(n)
        if (now := time.monotonic()) - self.last_line > self.pause:
            self.last_line = now
            self.show(f"{self.title}: {self.done:,} of {self.total:,}")

    def show(self, text: str) -> None:
        """Write the count, `text`, in a line of its own."""
        tell(text)


class CountInPlace(CountLines):
    """A count that moves on its own line of a terminal, once it takes long."""

    is_open = False

    def show(self, text: str) -> None:
        """Write the count, `text`, over the one before."""
        self.is_open, self.pause = True, 0.2
        tell(f"\r{text}", end="")

    def end(self) -> None:
        if self.is_open:
            tell("")
            self.is_open = False


def terms_of(record: Record) -> str:
    """The loss terms and notes of an epoch's `record` as one text, those of the validation set where there is one."""
    shown = record.get("validation") or record["train"]
    return " ".join(f"{name} {value:.4g}" for name, value in shown.items())
