"""What the commands that use runs share: a run opened with its data, and what comes out of it written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .common import wrote

if TYPE_CHECKING:
    import numpy as np

    from ..data import Dataset
    from ..runs import Run

__all__ = ["opened_with", "write_made", "write_made_of"]

ON_A_SHEET = 24
"""Examples on a sheet, where nobody says how many."""


def opened_with(run: str, src: str, data_dir: Path | None, condition: Sequence[str] = ()) -> tuple[Run, Dataset]:
    """Open a run, and read a dataset as its own was read.

    Parameters
    ----------
    run : str
        Its folder, or "last".
    src : str
        As `load_data` takes it.
    data_dir : Path or None
    condition : sequence of str
        Files with the conditions of examples that are an array.

    Returns
    -------
    Run
    Dataset

    Raises
    ------
    GargaloError
        For what is no run, and for data that do not fit it.
    """
    from ..data import load_data
    from ..data.notes import tell_notes
    from ..io.reporter import reporter_for
    from ..runs import open_run

    opened = open_run(run)
    reporter = reporter_for(True)
    told = list(condition) or None
    dataset = load_data(src, data_dir=data_dir, condition=told, like=opened.recipe.data, progress=reporter)
    tell_notes(dataset.name, dataset.notes, reporter)
    return opened, dataset


def write_made(
    run: str,
    out: Path,
    as_json: bool,
    act: Callable[[Run], np.ndarray],
    reads: Path | None = None,
) -> None:
    """Write the examples that are made of a run, and say where.

    Parameters
    ----------
    run : str
        Its folder, or "last".
    out : Path
        `.png`, `.npy`, `.csv`, `.parquet`, or a folder.
    as_json : bool
    act : function
        Makes raw examples (n, *raw_shape) of the run.
    reads : Path or None
        A file that it reads, which is not to be written over.

    Raises
    ------
    GargaloError
        For what is no run, or cannot be written; and what `act` raises.
    """
    from ..runs import open_run
    from .output import check_output, check_suits, write_examples

    check_output(out, (".png", ".npy", ".csv", ".parquet"), folder=True, source=reads or "")
    opened = open_run(run)
    check_suits(out, opened)
    examples = act(opened)
    write_examples(out, examples, opened)
    wrote(out, examples.shape, as_json)


def write_made_of(
    run: str,
    src: str,
    out: Path,
    act: Callable[[Run, Dataset], dict[str, np.ndarray]],
    options: tuple[int | None, Path | None, bool, Sequence[str]],
    with_errors: bool = False,
) -> None:
    """Write what is made of a run and a dataset, and say where; on a sheet, below what it was made of.

    Parameters
    ----------
    run, src : str
        The run's folder, or "last"; and data, as `load_data` takes them.
    out : Path
        `.png`, `.npy`, `.csv`, `.parquet`, or a folder.
    act : function
        Gives the examples, perhaps what was made of them first, and last what is to be written, (n, *raw_shape) each,
        by the key of what they are called on a sheet.
    options : (int or None, Path or None, bool, sequence of str)
        How many examples, None for all but 24 on a sheet; the folder of a named data set; print JSON? files with
        conditions.
    with_errors : bool
        Add to each row of a log its error.

    Raises
    ------
    GargaloError
        For what is no run, data that do not fit it, or what cannot be written; and what `act` raises.
    """
    import numpy as np

    from ..data import Note
    from ..data.notes import tell_notes
    from ..io import tables
    from ..io.reporter import reporter_for
    from .output import check_output, check_suits, write_examples, write_log
    from .sheets import write_beside

    n, data_dir, as_json, condition = options
    check_output(out, (".png", ".npy", ".csv", ".parquet"), folder=True, source=src)
    opened, dataset = opened_with(run, src, data_dir, condition)
    total = len(dataset)
    n = min(total, n or (ON_A_SHEET if out.suffix == ".png" else total))
    check_suits(out, opened, n)
    if n < total:
        dataset = dataset.take(np.arange(n))
    made = act(opened, dataset)
    examples = list(made.values())[-1]
    more = {} if n == total else {"of": total}
    if more:
        reporter_for(True).line(f"gargalo: {dataset.name}: the first {n} of {total} examples; -n says how many")
    if out.suffix == ".png":
        check_suits(out, opened, n * len(made))
        write_beside(out, made, opened)
    elif dataset.log is not None and out.suffix in tables.SUFFIXES:
        shape, empty = write_log(out, examples, opened, dataset, with_errors)
        if empty:
            tell_notes(dataset.name, [Note(key="empty_rows", count=empty)], reporter_for(True))
        wrote(out, shape, as_json, {"empty_rows": empty} | more)
        return
    else:
        write_examples(out, examples, opened, dataset.ids)
    wrote(out, examples.shape, as_json, more)
