"""What is printed: names from outside never reach a terminal raw, and no terminal is too simple for a sentence."""

from __future__ import annotations

import codecs
import unicodedata

__all__ = ["fit_for", "in_one_line", "printable", "shortened"]


LONGEST = 20_000
"""Characters of a line: a command with the names of a thousand columns has as many, and more are nobody's to read."""


def shortened(text: str) -> str:
    """Cut a line that nobody could read.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        At most 20,000 characters of it, and how many more there were.
    """
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… (+{len(text) - LONGEST:,})"


def in_one_line(text: str) -> str:
    """Escape what no line should hold: names of columns and files may have line breaks, control characters, marks that
    turn the direction of writing, and bytes that are no text.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        As printable characters.
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def printable(page: str) -> str:
    """Escape control characters, marks that turn the direction of writing and bytes that are no text in a whole page.

    Parameters
    ----------
    page : str
        Line breaks, tabs and spaces of any width stay.

    Returns
    -------
    str
    """
    others = {c for c in set(page) if not c.isprintable() and c not in "\n\t" and unicodedata.category(c) != "Zs"}
    return page.translate({ord(c): repr(c)[1:-1] for c in others}) if others else page


def fit_for(encoding: str | None, text: str) -> str:
    """Write text in the characters that an encoding has.

    Parameters
    ----------
    encoding : str or None
        Of a stream, as Python calls it; None takes any text.
    text : str

    Returns
    -------
    str
        Letters without the accents that are not there, and what has nothing like it escaped.
    """
    return text if encoding is None else text.encode(encoding, SIMPLER).decode(encoding)


def _simpler(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    wrong = error.object[error.start : error.end]
    known = {"–": "-", "—": "-", "−": "-", "×": "x", "→": "->", "“": '"', "”": '"', "‘": "'", "’": "'"}
    plain = unicodedata.normalize("NFKD", "".join(known.get(c, c) for c in wrong))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return plain.encode("ascii", "backslashreplace").decode(), error.end


SIMPLER = "gargalo.simpler"
codecs.register_error(SIMPLER, _simpler)
