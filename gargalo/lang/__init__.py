"""The words that people read, in English and in Brazilian Portuguese."""

from __future__ import annotations

import json
import locale
import os
from dataclasses import dataclass
from importlib import resources

from ..errors import unknown

__all__ = ["LANGUAGES", "Words", "words"]

LANGUAGES = {"en": "en", "pt": "pt-BR"}
"""What can be asked for, and the tag that a page carries."""


@dataclass(frozen=True)
class Words:
    """The texts of one language; call it with a key, and with the values that the text names."""

    lang: str
    texts: dict[str, str]

    @property
    def tag(self) -> str:
        """The language's tag, as HTML wants it."""
        return LANGUAGES[self.lang]

    def __call__(self, key: str, /, **values: object) -> str:
        """The text behind `key`; floats among `values` are written with this language's decimal mark."""
        shown = {k: self.number(v) if isinstance(v, float) else v for k, v in values.items()}
        return self.texts[key].format(**shown)

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
        return self.texts.get(key, default)

    def number(self, value: float | None, digits: int = 3) -> str:
        """Write a number with this language's decimal mark.

        Parameters
        ----------
        value : float or None
        digits : int
            Decimals, to which it is rounded.

        Returns
        -------
        str
            A dash for None.
        """
        if value is None:
            return "–"
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

    def _marked(self, text: str) -> str:
        """A number with this language's decimal mark."""
        return text.replace(".", ",") if self.lang == "pt" else text


def words(lang: str | None = None) -> Words:
    """The words of a language.

    Parameters
    ----------
    lang : "en", "pt" or None
        None is Portuguese where the environment (LC_ALL, LC_MESSAGES, LANG) or else the locale says so, and otherwise
        English.

    Returns
    -------
    Words

    Raises
    ------
    ParameterError
        For another language.
    """
    if lang is None:
        place = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG")
        lang = "pt" if (place or locale.getlocale()[0] or "").lower().startswith(("pt", "portuguese")) else "en"
    if lang not in LANGUAGES:
        raise unknown("lang", lang, LANGUAGES)
    texts = json.loads(
        resources.files(__package__ or "gargalo.lang").joinpath(f"{lang}.json").read_text(encoding="utf-8")
    )
    return Words(lang, texts)
