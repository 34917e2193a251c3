"""The test examples that a run keeps, and how one of them is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..errors import did_you_mean, must

__all__ = ["Examples", "id_in"]

MOST_DIGITS = 18
"""Of an index."""


class Examples(NamedTuple):
    """Test examples that a run keeps, so that it stays whole when its data move.

    Attributes
    ----------
    x : ndarray, (n, *raw_shape)
    y : ndarray or None, (n,), indices into the class names
    ids : tuple of n str
    display : ndarray or None, (n, h, w) or (n, h, w, c)
        The pictures that stand for them, where they are none themselves.
    clean : ndarray or None, (n, *raw_shape)
        Their clean partners, where the data are pairs.
    conditions : ndarray or None, (n, k)
        Their conditions, as `gargalo.data.conditions.Conditions` has them, where a model is told such.
    """

    x: np.ndarray
    y: np.ndarray | None
    ids: tuple[str, ...]
    display: np.ndarray | None = None
    clean: np.ndarray | None = None
    conditions: np.ndarray | None = None

    def find(self, which: int | str, names: Sequence[str], parameter: str = "example") -> int:
        """Find the row of an example that is called by its index, its label or its id.

        Parameters
        ----------
        which : int or str
            An index (17 or "17"), the first with a label ("label:7"), or an id; one that is a number as "id:00017".
        names : sequence of str, the class names
        parameter : str
            What was given, for the message.

        Returns
        -------
        int

        Raises
        ------
        ParameterError
            For an index, a label or an id that is not there.
        """
        text = str(which)
        if text.startswith("label:"):
            return self._with_label(text, names, parameter)
        if (name := id_in(which)) is not None:
            if name in self.ids:
                return self.ids.index(name)
            expected = f"an index from 0 to {len(self.x) - 1}, label:NAME, or the id of an example"
            raise must(parameter, expected, text, did_you_mean(name, self.ids))
        if len(text) > MOST_DIGITS or not 0 <= int(text) < len(self.x):
            expected = f"an index from 0 to {len(self.x) - 1}, label:NAME, or id:ID"
            raise must(parameter, expected, which, f"An id that is a number is id:{text}." if text in self.ids else "")
        return int(text)

    def _with_label(self, text: str, names: Sequence[str], parameter: str) -> int:
        """The row of the first example with the label of "label:NAME"."""
        label = text.removeprefix("label:")
        known = [] if self.y is None else [names[int(code)] for code in np.unique(self.y)]
        if not known:
            raise must(parameter, "an index, since these data have no labels", text)
        if label not in known:
            expected = "one of " + ", ".join(f"label:{name}" for name in known)
            raise must(parameter, expected, text, did_you_mean(text, [f"label:{name}" for name in known]))
        return int(np.flatnonzero(self.y == names.index(label))[0])


def id_in(which: int | str) -> str | None:
    """Read the id out of what calls an example.

    Parameters
    ----------
    which : int or str
        An index, "label:NAME", an id, or "id:ID".

    Returns
    -------
    str or None
        None for an index and a label.
    """
    text = str(which)
    if text.startswith("id:"):
        return text.removeprefix("id:")
    return None if text.startswith("label:") or text.isdecimal() or isinstance(which, int) else text
