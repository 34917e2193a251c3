"""Numbers that stand in environment variables."""

from __future__ import annotations

import math
import os

from ..errors import GargaloError

__all__ = ["number_in", "whole_number_in"]


def number_in(variable: str, default: float) -> float:
    """Read a number from the environment.

    Parameters
    ----------
    variable : str
    default : float
        Where the variable is not set, or empty.

    Returns
    -------
    float
        At least 0, and perhaps infinite.

    Raises
    ------
    GargaloError
        For anything else.
    """
    text = os.environ.get(variable, "").strip()
    try:
        found = float(text) if text else float(default)
    except ValueError:
        found = math.nan
    if not found >= 0:
        raise GargaloError(f"{variable}: expected a number of at least 0. Found {text!r}; unset it, or set one.")
    return found


def whole_number_in(variable: str, default: int, least: int = 0) -> int:
    """Read a whole number from the environment, as torchrun sets some.

    Parameters
    ----------
    variable : str
    default : int
        Where the variable is not set, or empty.
    least : int

    Returns
    -------
    int
        At least `least`.

    Raises
    ------
    GargaloError
        For anything else.
    """
    found = number_in(variable, default)
    if not found.is_integer() or found < least:
        text = os.environ[variable]
        at_least = f" of at least {least}" if least else ""
        raise GargaloError(f"{variable}: expected a whole number{at_least}. Found {text!r}; unset it, or set one.")
    return int(found)
