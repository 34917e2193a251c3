"""Arguments of the Python interface, seen before anything is done with them: of the right type, and given once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, SupportsIndex

from ..errors import ParameterError, must

__all__ = ["check_types", "given_once"]

PATH = (str, os.PathLike)
"""What may be a path."""
TYPES: dict[str, tuple[Any, float | None, str]] = {
    "data_dir": (PATH, None, "a path"),
    "devices": (int, 1, "an int >= 1"),
    "display": (PATH, None, "a path"),
    "folder": (PATH, None, "a run's folder, or 'last'"),
    "k": (SupportsIndex, 1, "an int >= 1"),
    "minutes": ((int, float), None, "a number"),
    "num_nodes": (int, 1, "an int >= 1"),
    "out": (PATH, None, "a path"),
    "points": (SupportsIndex, 2, "an int >= 2"),
    "preset": (str, None, "the name of a preset"),
    "reading": (Mapping, None, "a dict of choices by name"),
    "run": (PATH, None, "a run's folder, or 'last'"),
    "save_every": ((int, float), 0, "a number of seconds >= 0"),
    "split_seed": (SupportsIndex, 0, "an int >= 0"),
    "workers": (SupportsIndex, 1, "an int >= 1"),
}
"""What an argument of the Python interface is, the least it may be, and how to say so."""


def check_types(may_be_none: bool = True, **arguments: object) -> None:
    """Refuse arguments of another type than theirs, too small or empty, before anything is done with them.

    Parameters
    ----------
    may_be_none : bool
        Is None left to the default?
    **arguments
        By their names in Python, each of which stands in `TYPES`.

    Raises
    ------
    ParameterError
        For the first that is something else.
    """
    for name, value in arguments.items():
        if value is None and may_be_none:
            continue
        kinds, least, expected = TYPES[name]
        # An empty path would be the current folder, which nobody asked for.
        is_empty = isinstance(value, str) and not value
        if not isinstance(value, kinds) or is_empty or not (least is None or value >= least):  # pyright: ignore
            raise must(name, expected, value)


def given_once(choices: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """Collect choices by name, and refuse one that is given in two places: neither may win in silence.

    Parameters
    ----------
    choices : iterable of (name, value)
        In which None means not chosen.

    Returns
    -------
    dict

    Raises
    ------
    ParameterError
        For the first name that comes again, and for what is no name.
    """
    found: dict[str, Any] = {}
    for name, value in choices:
        if not isinstance(name, str):
            raise ParameterError.unexpected(repr(name))
        if value is None:
            continue
        if name in found:
            raise must(name, "given once", (found[name], value))
        found[name] = value
    return found
