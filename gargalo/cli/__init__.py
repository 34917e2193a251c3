"""The command line: one command = one call of the Python API. Heavy imports stand inside the commands."""

from __future__ import annotations

from .main import end, main, run

__all__ = ["end", "main", "run"]
