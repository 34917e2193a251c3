"""How a file or a folder is called in a command that people are to type."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["as_typed"]


def as_typed(path: str | Path, to_share: bool = False) -> str:
    """A path as it is typed in the working folder: relative to it, where that is shorter.

    Parameters
    ----------
    path : str or Path
        What is relative is taken as it is.
    to_share : bool
        Is it for a page that may be sent to others? Then what is not below the working folder is only named, in a
        folder path/to: its own is that of one machine.

    Returns
    -------
    str
        Not quoted.
    """
    path = Path(path)
    if path.is_absolute():
        here = Path.cwd()
        if path.is_relative_to(here):
            path = path.relative_to(here)
        elif to_share:
            path = Path("path/to", path.name)
        elif path.anchor == here.anchor:
            path = min(path, Path(os.path.relpath(path, here)), key=lambda one: len(str(one)))
    text = path.as_posix()
    # What begins with a dash would be read as an option.
    return f"./{text}" if text.startswith("-") else text
