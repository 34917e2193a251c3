"""How it goes: the one place that tells people while something is being done.

A `Reporter` says nothing; `Terminal` draws bars on stderr and `Lines` prints plain lines there; a program that wants
to hear of it itself gives a subclass of `Reporter` to `gargalo.train` and its kin.
"""

from __future__ import annotations

import contextlib
import math
import sys
import time
from functools import cached_property

from ..errors import must
from ..lang import Words, words
from .printed import fit_for, in_one_line, shortened
from .progress import Counter, Record, TrainingProgress, losses_told

__all__ = ["SILENT", "Bar", "Counter", "Lines", "Reporter", "Terminal", "TrainingProgress", "reporter_for", "tell"]

PAUSE = 0.5
"""Seconds between two lines of a training: a small table has hundreds of epochs."""
PATIENCE = 2.0
"""Seconds that may pass in silence while something is counted."""


def tell(text: str, end: str = "\n") -> None:
    """Write a line to stderr, if there is one that can still be written to; else nothing happens.

    Parameters
    ----------
    text : str
        Names in it may come from anywhere: what is not printable is escaped.
    end : str
        Empty where the line goes on.
    """
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(fit_for(sys.stderr.encoding, in_one_line(shortened(text))) + end)
        sys.stderr.flush()


class Reporter:
    """Tells how it goes; this one tells nobody, but of what must be known. Subclass it to be told.

    Attributes
    ----------
    lang : "en", "pt" or None
        What `line`, progress and counts are in; None is the locale's. Notices are in English, as errors are.
    """

    lang: str | None = None

    @cached_property
    def say(self) -> Words:
        """The words of `lang`."""
        return words(self.lang)

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
    """Plain lines on stderr, for logs and pipes.

    Parameters
    ----------
    lang : "en", "pt" or None
        See `Reporter`.

    Raises
    ------
    ParameterError
        For another language.
    """

    def __init__(self, lang: str | None = None):
        self.lang = lang
        _ = self.say

    def line(self, text: str) -> None:
        """Write `text` to stderr."""
        tell(text)

    def training(self, title: str) -> TrainingProgress:
        """Lines for the epochs of a training, which begin with `title`."""
        return EpochLines(title, self.say)

    def counter(self, title: str, total: int, done: int = 0) -> Counter:
        """Lines for `done` of `total` things, which begin with `title`."""
        return CountLines(title, total, done, self.say)


class Terminal(Lines):
    """Bars, and a count that moves on its line, on a terminal."""

    def training(self, title: str) -> TrainingProgress:
        """A progress bar for a training, which begins with `title`."""
        return Bar(title, self.say)

    def counter(self, title: str, total: int, done: int = 0) -> Counter:
        """One line, rewritten in place, for `done` of `total` things under `title`."""
        return CountInPlace(title, total, done, self.say)


def reporter_for(progress: bool | Reporter, lang: str | None = None) -> Reporter:
    """Choose who tells how it goes.

    Parameters
    ----------
    progress : bool or Reporter
        True is bars if stderr is a terminal, else lines; False is nobody, but notices still come; a `Reporter` is
        that one.
    lang : "en", "pt" or None
        What it tells on stderr is in this language; None is the locale's. A `Reporter` has its own.

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
            return Terminal(lang)
    return Lines(lang)


class EpochLines(TrainingProgress):
    """A line for each epoch, but no more than two a second."""

    def __init__(self, title: str, say: Words):
        self.title, self.say = title, say

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
        left = self.say("progress.left", seconds=f"{left:.0f}")
        tell(f"{self.title} {done}/{self.epochs}: {losses_told(record, self.say)}; {left}")


class Bar(TrainingProgress):
    """A progress bar, with every loss term of the last epoch and the time left."""

    def __init__(self, title: str, say: Words):
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[terms]}", markup=False),
            console=Console(stderr=True),
            refresh_per_second=4,
        )
        self.title, self.say, self.shown = in_one_line(title), say, 0.0

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
        self.bar.update(
            self.task, completed=record["epoch"] * self.steps, terms=in_one_line(losses_told(record, self.say))
        )

    def stop(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # a terminal that was closed
            self.bar.stop()


class CountLines(Counter):
    """A plain line now and then; nothing where it is soon over."""

    pause = PATIENCE

    def __init__(self, title: str, total: int, done: int, say: Words):
        super().__init__(title, total, done)
        self.say, self.last_line = say, time.monotonic()
        self.began, self.before = self.last_line, done

    def add(self, n: int) -> None:
        """Count `n` more, and show the count if the last was shown more than `pause` seconds ago."""
        super().add(n)
        if (now := time.monotonic()) - self.last_line > self.pause:
            self.last_line = now
            told = f"{self.title}: {self.say('progress.of', done=self.done, total=self.total)}"
            if self.done > self.before and self.total > self.done:
                left = (now - self.began) / (self.done - self.before) * (self.total - self.done)
                told += f"; {self.say('progress.left', seconds=f'{left:.0f}')}"
            self.show(told)

    def show(self, text: str) -> None:
        """Write the count, `text`, in a line of its own."""
        tell(text)


class CountInPlace(CountLines):
    """A count that moves on its own line of a terminal, once it takes long."""

    is_open = False

    def show(self, text: str) -> None:
        """Write the count, `text`, over the one before."""
        self.is_open, self.pause = True, 0.2
        tell("", end="\r")
        tell(text, end="")

    def end(self) -> None:
        if self.is_open:
            tell("")
            self.is_open = False
