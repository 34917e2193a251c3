"""The test examples that a run keeps, and how they are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..errors import did_you_mean, must

__all__ = ["Examples"]


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
    """

    x: np.ndarray
    y: np.ndarray | None
    ids: tuple[str, ...]
    display: np.ndarray | None = None
    clean: np.ndarray | None = None

    def find(self, which: int | str, names: Sequence[str], parameter: str = "example") -> int:
        """Find the row of an example that is called by its index or its label.

        Parameters
        ----------
        which : int or str
            An index (17 or "17"), or the first with a label ("label:7").
        names : sequence of str, the class names
        parameter : str
            What was given, for the message.

        Returns
        -------
        int

        Raises
        ------
        ParameterError
            For an index or a label that is not there.
        """
        text = str(which)
        if text.startswith("label:"):
            label = text.removeprefix("label:")
            known = [] if self.y is None else [names[int(code)] for code in np.unique(self.y)]
            if not known:
                raise must(parameter, "an index, since these data have no labels", text)
            if label not in known:
                expected = "one of " + ", ".join(f"label:{name}" for name in known)
                raise must(parameter, expected, text, did_you_mean(label, known))
            return int(np.flatnonzero(self.y == names.index(label))[0])
        if not text.isdecimal() or int(text) >= len(self.x):
            raise must(parameter, f"an index from 0 to {len(self.x) - 1}, or label:NAME", which)
        return int(text)
