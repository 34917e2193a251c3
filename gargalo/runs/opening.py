"""Opening a run by its folder, and what is said where its data cannot be opened with it."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from ..core import LatentModel
from ..io.arguments import check_types
from ..io.made_here import is_made_here
from ..recipes import Custom
from .folder import find_last
from .run import Run

__all__ = ["lacks_data", "open_run"]


def open_run(
    folder: str | Path,
    root: str | Path = "runs",
    *,
    model: type[LatentModel] | None = None,
    net: tuple[nn.Module, nn.Module] | None = None,
) -> Run:
    """Open a finished run.

    Parameters
    ----------
    folder, root : path
        The run's folder; "last" is the newest one in `root`.
    model, net
        The objective's class, and the encoder and decoder, where the run was trained with some of a program's own: no
        file names code to be imported.

    Returns
    -------
    Run

    Raises
    ------
    RunError, ParameterError
        For a folder that is no run, or one whose training never ended; for what is no path.
    """
    check_types(False, folder=folder)
    return Run(find_last(Path(root)) if str(folder) == "last" else Path(folder), Custom(model, net))


def lacks_data(folder: str | Path) -> str:
    """Say that a run needs its data, which are not to be had from what its recipe says.

    Parameters
    ----------
    folder : str or Path
        The run's, or what a model in memory is called.

    Returns
    -------
    str
    """
    file = Path(folder) / "recipe.json"
    if file.is_file() and not is_made_here(file):
        why = "You did not make this folder here, so no place that it names is opened"
        return f"{folder}: expected the data that it was trained on. {why}; give them as well."
    return f"{folder}: expected the data that it was trained on, an array; give them as well."
