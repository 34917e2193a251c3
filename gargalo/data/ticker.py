"""How far a reader is: a bar on a terminal, a plain line now and then elsewhere, nothing where it is soon over."""

from __future__ import annotations

import sys
import time

__all__ = ["Ticker"]

PATIENCE = 2.0
"""Seconds that may pass in silence."""


class Ticker:
    """Counts `done` of `total` on stderr.

    Parameters
    ----------
    told : bool
        Without it, nothing is said.
    """

    def __init__(self, title: str, total: int, done: int = 0, told: bool = True):
        self.title, self.total, self.done, self.told = title, total, done, told
        self.said = time.monotonic()
        self.is_terminal = sys.stderr.isatty()
        self.is_open = False

    def add(self, n: int) -> None:
        """So many more are done."""
        self.done += n
        now = time.monotonic()
        if self.told and now - self.said > (0.2 if self.is_open else PATIENCE):
            self.said = now
            line = f"{self.title}: {self.done:,} of {self.total:,}"
            if self.is_terminal:
                self.is_open = True
                print(f"\r{line}", end="", file=sys.stderr, flush=True)
            else:
                print(line, file=sys.stderr, flush=True)

    def end(self) -> None:
        """No more will come."""
        if self.is_open:
            print(file=sys.stderr)
            self.is_open = False
