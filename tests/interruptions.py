"""Reporters that stop a training at a chosen moment: what a user's Ctrl-C, or a scheduler's signal, does."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from gargalo.io.reporter import Reporter, TrainingProgress
from gargalo.runs import Baselines


class StopAfter(Reporter):
    """Sends a real signal to this process once so many steps of a training are done; 0 is before the first."""

    def __init__(self, step: int, signum: int = signal.SIGINT):
        self.at, self.signum, self.done, self.sent = step, signum, 0, False

    def training(self, title: str) -> TrainingProgress:
        outer = self

        class Counting(TrainingProgress):
            def start(self, epochs: int, steps: int, done: int) -> None:
                outer.done = done * steps
                outer.send()

            def step(self, epoch: int, step: int) -> None:
                outer.done += 1
                outer.send()

        return Counting()

    def send(self) -> None:
        if self.done == self.at and not self.sent:
            self.sent = True
            os.kill(os.getpid(), self.signum)


class InterruptedBeforeTraining(Reporter):
    """Ctrl-C comes when everything is ready, and no step is done."""

    def training(self, title: str) -> TrainingProgress:
        raise KeyboardInterrupt


class InterruptedInEvaluation(Baselines):
    """Ctrl-C comes while a run is measured."""

    def __init__(self) -> None:
        pass

    @property
    def reference(self):
        raise KeyboardInterrupt

    def raw_knn_accuracy(self, arrays: object):
        raise KeyboardInterrupt


class CutShortAfter(StopAfter):
    """Another program cuts the file of the data short once so many steps of a training are done."""

    def __init__(self, step: int, file: Path):
        super().__init__(step)
        self.file = file

    def send(self) -> None:
        if self.done == self.at and not self.sent:
            self.sent = True
            os.truncate(self.file, self.file.stat().st_size // 2)
