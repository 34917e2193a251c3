"""What is printed: names from outside never reach a terminal raw, and no terminal is too simple for a sentence."""

from __future__ import annotations

import codecs
import unicodedata

__all__ = ["fit_for", "in_one_line"]


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
