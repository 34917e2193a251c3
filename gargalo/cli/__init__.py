"""The command line: a command is one call of `api`, or of one verb of a run. Heavy imports stand inside commands."""

from __future__ import annotations

from .main import end, main, run

__all__ = ["end", "main", "run"]
