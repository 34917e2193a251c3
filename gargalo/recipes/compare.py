"""Two recipes side by side: in what they differ, and a refusal to go on with another than was begun."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import RunError, option

__all__ = ["differences", "flat", "must_agree"]


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    """The keys that differ between two dicts, each with both values, for a message.

    Parameters
    ----------
    there, here : dict
        What was, and what is now. A key that is missing counts as None.

    Returns
    -------
    str
        "epochs 5 (was 3), lr 0.1 (was 0.2)"; empty where none differs.
    """
    keys = [key for key in {**there, **here} if there.get(key) != here.get(key)]
    return ", ".join(f"{key} {here.get(key)} (was {there.get(key)})" for key in keys)


def flat(choices: Mapping[str, Any]) -> dict[str, Any]:
    """The choices of a recipe as JSON has it, by their own names alone, without the sections they stand in.

    Parameters
    ----------
    choices : dict
        Those values that are dicts are the sections; what is nested deeper in them stays so.

    Returns
    -------
    dict
        Of one name in several places, the last section's value.
    """
    sections = [value for value in choices.values() if isinstance(value, dict)]
    own = {name: value for name, value in choices.items() if not isinstance(value, dict)}
    return own | {name: value for section in sections for name, value in section.items()}


def must_agree(folder: Path, there: Mapping[str, Any], here: Mapping[str, Any]) -> None:
    """Refuse to go on with another recipe than a folder was begun with.

    Parameters
    ----------
    folder : Path
        The run's, for the message.
    there, here : dict
        The recipe that it was begun with and the one that is asked for, as JSON has them.

    Raises
    ------
    RunError
        Naming each choice that differs, with both values.
    """
    if other := differences(flat(there), flat(here)):
        raise RunError(
            f"{folder}: expected the recipe that it was begun with. Found other {other}; go on with the same, or train"
            f" into another {option('out')}."
        )
