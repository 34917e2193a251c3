"""What a reader did or saw and people should know: notes, and how they are told."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from ..io.reporter import Reporter
from ..lang import words

__all__ = ["Note", "in_one_line", "tell_notes"]


class Note(BaseModel):
    """Something that a reader did or saw; `lang` has its words under "note.<key>".

    Attributes
    ----------
    key : str
        Which of the notes.
    count : int
        How many examples, rows or files it is about.
    what : str
        Which one, where there is one to name.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    count: int
    what: str = ""


def tell_notes(name: str, notes: Sequence[Note], reporter: Reporter) -> None:
    """Tell notes on data, a line each, in English as all that goes to stderr.

    Parameters
    ----------
    name : str
        What people call the data; each line begins with it.
    notes : sequence of Note
    reporter : Reporter
        Whose `line` is called for each.
    """
    say = words("en")
    for note in notes:
        reporter.line(in_one_line(f"gargalo: {name}: {say(f'note.{note.key}', n=note.count, what=note.what)}"))


def in_one_line(text: str) -> str:
    """Escape what no line should hold: names of columns and files may have line breaks and control characters.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        As printable characters.
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
