"""Opening a run by its folder."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from ..core import LatentModel
from ..io.arguments import check_types
from ..recipes import Custom
from .folder import find_last
from .run import Run

__all__ = ["open_run"]


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
