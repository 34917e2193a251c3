"""matplotlib, imported without the settings that lie in the current folder: these may be somebody else's."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from ..errors import GargaloError

__all__ = ["matplotlib"]


@contextlib.contextmanager
def _elsewhere() -> Iterator[None]:
    """In the folder of matplotlib's own files, where the current one has settings that it would read first."""
    found = importlib.util.find_spec("matplotlib")
    if "matplotlib" in sys.modules or not Path("matplotlibrc").exists() or found is None or not found.origin:
        yield
        return
    here = Path.cwd()
    os.chdir(Path(found.origin).parent)
    try:
        yield
    finally:
        os.chdir(here)


with _elsewhere():
    try:
        import matplotlib
    except ValueError as error:  # MPLBACKEND, or the user's own settings
        told = " ".join(str(error).split())[:200]
        raise GargaloError(
            f"matplotlib: expected settings that it can read (MPLBACKEND, matplotlibrc). {told}"
        ) from None
