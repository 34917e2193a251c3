"""The words that people read, in English and in Brazilian Portuguese."""

from __future__ import annotations

import contextlib
import contextvars
import json
import locale
import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import resources
from numbers import Integral

from ..errors import unknown

__all__ = ["LANGUAGES", "Words", "brief", "spoken", "words"]

LANGUAGES = {"en": "en", "pt": "pt-BR"}
"""What can be asked for, and the tag that a page carries."""
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class _Whole(int):
    """A whole number in a text, where ``{n:row|rows}`` is the first for 1 and else the second."""

    def __format__(self, spec: str) -> str:
        one, bar, more = spec.partition("|")
        return (one if self == 1 else more) if bar else super().__format__(spec)


class _Typed(str):
    """A text in a text, where ``{what:quoted}`` is written as a shell takes it."""

    def __format__(self, spec: str) -> str:
        return shlex.quote(self) if spec == "quoted" else super().__format__(spec)


@dataclass(frozen=True)
class Words:
    """The texts of one language; call it with a key, and with the values that the text names.

    Attributes
    ----------
    lang : str
    texts : dict
    of : tuple of str
        What is spoken of, the nearest word first: of ("windows", "rows") `walk.lesson` is `walk.lesson.windows` where
        that was written, else `walk.lesson.rows`, else what is said of anything else.
    """

    lang: str
    texts: dict[str, str]
    of: tuple[str, ...] = ()

    @property
    def tag(self) -> str:
        """The language's tag, as HTML wants it."""
        return LANGUAGES[self.lang]

    def __call__(self, key: str, /, **values: object) -> str:
        """The text behind `key`; floats among `values` are written with this language's decimal mark."""
        return self.texts[self._own(key)].format(**{name: self._shown(value) for name, value in values.items()})

    def speaking_of(self, *things: str) -> Words:
        """The same language, of such examples.

        Parameters
        ----------
        *things : str
            See `of`.

        Returns
        -------
        Words
        """
        return replace(self, of=things)

    def _own(self, key: str) -> str:
        """The key of what is said of what is spoken of."""
        return next((own for thing in self.of if (own := f"{key}.{thing}") in self.texts), key)

    def _shown(self, value: object) -> object:
        """A value as a text takes it."""
        if isinstance(value, float):
            return self.number(value)
        if isinstance(value, str):
            return _Typed(value)
        return _Whole(value) if isinstance(value, Integral) else value

    def get(self, key: str, default: str) -> str:
        """The text behind `key`, or `default` where nobody wrote one, as for what another package brings.

        Parameters
        ----------
        key, default : str

        Returns
        -------
        str
            As it is written: its places for values are not filled in.
        """
        return self.texts.get(self._own(key), default)

    def number(self, value: float | None, digits: int = 3) -> str:
        """Write a number with this language's decimal mark.

        Parameters
        ----------
        value : float or None
        digits : int
            Decimals, to which it is rounded; what would be rounded to 0 and is not has two significant digits.

        Returns
        -------
        str
            A dash for None.
        """
        if value is None:
            return "–"
        if value and digits and abs(value) < 0.5 * 10**-digits:
            return self.figure(value, 2)
        return self._marked(f"{value:.{digits}f}")

    def figure(self, value: float | None, digits: int = 3) -> str:
        """Write a number with so many significant digits, never fewer than its whole part has, and the decimal mark.

        Parameters
        ----------
        value : float or None
        digits : int
            That are kept.

        Returns
        -------
        str
            A dash for None.
        """
        if value is None:
            return "–"
        return self._marked(f"{value:.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}")

    def general(self, value: float, digits: int = 6) -> str:
        """Write a number as briefly as it can be with at most so many significant digits, and the decimal mark.

        Parameters
        ----------
        value : float
        digits : int

        Returns
        -------
        str
            With an exponent where it is very large or very small.
        """
        return self._marked(brief(value, digits))

    def _marked(self, text: str) -> str:
        """A number with this language's decimal mark, and its exponent as people write it: 6,5×10⁻⁵."""
        digits, _, power = text.partition("e")
        times = f"×10{str(int(power)).translate(RAISED)}" if power else ""
        return (digits.replace(".", ",") if self.lang == "pt" else digits) + times


PLAIN = 1e10
"""Numbers from this on have an exponent: prices and counts below it are read more easily without."""


def brief(value: float, digits: int = 6) -> str:
    """Write a number as briefly as it can be, with a decimal point.

    Parameters
    ----------
    value : float
    digits : int
        That count, at most.

    Returns
    -------
    str
        With an exponent where it is very large or very small.
    """
    short = f"{value:.{digits}g}"
    return f"{float(short):.0f}" if "e+" in short and abs(value) < PLAIN else short


_spoken: contextvars.ContextVar[str | None] = contextvars.ContextVar("spoken", default=None)


@contextlib.contextmanager
def spoken(lang: str | None) -> Iterator[None]:
    """Speak a language inside, wherever none is asked for.

    Parameters
    ----------
    lang : "en", "pt" or None
        None is the locale's.

    Raises
    ------
    ParameterError
        For another language.
    """
    words(lang)
    before = _spoken.set(lang)
    try:
        yield
    finally:
        _spoken.reset(before)


def words(lang: str | None = None) -> Words:
    """The words of a language.

    Parameters
    ----------
    lang : "en", "pt" or None
        None is what is `spoken`; else Portuguese where the environment (LC_ALL, LC_MESSAGES, LANG) or else the locale
        says so, and otherwise English.

    Returns
    -------
    Words

    Raises
    ------
    ParameterError
        For another language.
    """
    lang = _spoken.get() if lang is None else lang
    if lang is None:
        place = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG")
        lang = "pt" if (place or locale.getlocale()[0] or "").lower().startswith(("pt", "portuguese")) else "en"
    if lang not in LANGUAGES:
        raise unknown("lang", lang, LANGUAGES)
    texts = json.loads(
        resources.files(__package__ or "gargalo.lang").joinpath(f"{lang}.json").read_text(encoding="utf-8")
    )
    return Words(lang, texts)
