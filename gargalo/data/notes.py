"""What a reader did and saw, in words."""

from __future__ import annotations

from ..io.reporter import Reporter
from ..lang import words
from .dataset import Dataset

__all__ = ["tell_notes"]


def tell_notes(dataset: Dataset, reporter: Reporter) -> None:
    """Tell what a reader did and saw, a line each."""
    say = words("en")
    for note in dataset.notes:
        reporter.line(f"gargalo: {dataset.name}: {say(f'note.{note.key}', n=note.count, what=note.what)}")
