"""What a reader did or saw and people should know: notes, and how they are told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from pydantic import BaseModel, ConfigDict

from ..io.printed import in_one_line
from ..io.reporter import Reporter

__all__ = ["Note", "first_few", "tell_notes"]

FEW = 3
"""Things that are named, where they may be many."""


class Note(BaseModel):
    """Something that a reader did or saw; `lang` has its words under "note.<key>".

    Attributes
    ----------
    key : str
        Which of the notes.
    count : int
        How many examples, rows or files it is about.
    what : str
        Which one, or the first few, where there is something to name.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    count: int
    what: str = ""


def first_few(names: Iterable[str]) -> str:
    """Name the first of these, where they may be many.

    Parameters
    ----------
    names : iterable of str
        Of which no more are asked for than are needed.

    Returns
    -------
    str
        At most three, and a mark where there are more.
    """
    some = list(islice(names, FEW + 1))
    return ", ".join([*some[:FEW], *(["…"] if len(some) > FEW else [])])


def tell_notes(name: str, notes: Sequence[Note], reporter: Reporter) -> None:
    """Tell notes on data, a line each, in the language of who tells them.

    Parameters
    ----------
    name : str
        What people call the data; each line begins with it.
    notes : sequence of Note
    reporter : Reporter
        Whose `line` is called for each.
    """
    say = reporter.say
    for note in notes:
        reporter.line(in_one_line(f"gargalo: {name}: {say(f'note.{note.key}', n=note.count, what=note.what)}"))
