"""What the commands that use runs share: a run opened with its data, and what comes out of it written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .replacing import leave_no_former, wrote

if TYPE_CHECKING:
    import numpy as np

    from ..data import Dataset
    from ..runs import Run

__all__ = ["drawn_from", "opened_with", "write_made", "write_made_of"]

ON_A_SHEET = 24
"""Examples on a sheet, where nobody says how many."""
NO_WINDOW = ("rest", "short")
"""Notes on rows that are in no window."""


def opened_with(
    run: str, src: str, data_dir: Path | None, condition: Sequence[str] = (), out: Path | None = None
) -> tuple[Run, Dataset]:
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
    out : Path or None
        Where what is made of the data is written; a log that is written says itself which of its rows are in no window.

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
    from ..io import tables
    from ..io.reporter import reporter_for
    from ..runs import open_run

    opened = open_run(run)
    reporter = reporter_for(True)
    told = list(condition) or None
    dataset = load_data(src, data_dir=data_dir, condition=told, like=opened.recipe.data, progress=reporter)
    is_log = dataset.log is not None and out is not None and out.suffix in tables.SUFFIXES
    tell_notes(dataset.name, [n for n in dataset.notes if not (is_log and n.key in NO_WINDOW)], reporter)
    return opened, dataset


def write_made(
    run: str,
    out: Path,
    as_json: bool,
    act: Callable[[Run], np.ndarray],
    reads: Path | None = None,
    between: Sequence[str | None] = (),
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
    between : sequence of str or None
        The examples that it begins and ends at, as they were called, to say which these are.

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
    leave_no_former(out)
    wrote(out, examples.shape, as_json, told=_taken(opened, between))


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

    from ..data import Note
    from ..data.notes import tell_notes
    from ..io import tables
    from ..io.reporter import reporter_for
    from ..lang import words
    from .output import check_output, check_suits, write_examples, write_log
    from .sheets import write_beside

    n, data_dir, as_json, condition = options
    say = words()
    check_output(out, (".png", ".npy", ".csv", ".parquet"), folder=True, source=src)
    opened, dataset = opened_with(run, src, data_dir, condition, out)
    total = len(dataset)
    rows, which = _taken_of(dataset, opened, n, out.suffix == ".png")
    n = len(rows)
    check_suits(out, opened, n)
    id_column, missing = _id_column(dataset), _missing(dataset) if n == total else 0
    if n < total:
        dataset = dataset.take(rows)
    made = act(opened, dataset)
    examples = list(made.values())[-1]
    more = {} if n == total else {"of": total}
    if more:
        reporter = reporter_for(True)
        reporter.line(f"gargalo: {reporter.say(f'progress.{which}', name=dataset.name, n=n, total=total)}")
    told = [say("filled", n=missing)] if missing else []
    more |= {"filled_in": missing} if missing else {}
    if out.suffix == ".png":
        check_suits(out, opened, n * len(made))
        write_beside(out, made, opened)
    elif dataset.log is not None and out.suffix in tables.SUFFIXES:
        shape, empty = write_log(out, examples, opened, dataset, with_errors)
        if empty:
            tell_notes(dataset.name, [Note(key="empty_rows", count=empty)], reporter_for(True))
        wrote(out, shape, as_json, {"empty_rows": empty} | more, told)
        return
    else:
        write_examples(out, examples, opened, dataset.ids, id_column)
        leave_no_former(out)
    wrote(out, examples.shape, as_json, more, told)


def _taken_of(dataset: Dataset, opened: Run, n: int | None, is_sheet: bool) -> tuple[np.ndarray, str]:
    """Which examples are used, and how these are called: of the run's own data a sheet has those of the test set."""
    import numpy as np

    if not is_sheet or n is not None:
        return np.arange(len(dataset))[:n], "first"
    own = dataset.fingerprint == opened.recipe.data.fingerprint
    test = dataset.rows("test") if own else ()
    return (np.asarray(test)[:ON_A_SHEET], "test") if len(test) else (np.arange(len(dataset))[:ON_A_SHEET], "first")


def drawn_from(opened: Run, prior: str | None, **choices: Any) -> np.ndarray:
    """Draw examples; and say so, where they come from N(0, I) and nothing made the latents look like that.

    Parameters
    ----------
    opened : Run
    prior : str or None
        None is the run's own.
    **choices
        See `Run.sample`.

    Returns
    -------
    ndarray, (n, *raw_shape)
    """
    from ..io.reporter import reporter_for

    found = opened.sample(prior=prior, **choices)
    model, is_pictures = opened.model, opened.recipe.data.modality.samples_are != "draws"
    if prior is None and is_pictures and model.prior == "normal" and not model.fits_normal:
        reporter = reporter_for(True)
        reporter.line("gargalo: " + reporter.say("sample.untaught"))
    return found


def _id_column(dataset: Dataset) -> str:
    """What the column of the ids is called in the table that was read."""
    from ..data.ids import RowNumbers

    is_own = dataset.origin is not None and not isinstance(dataset.ids, RowNumbers)
    return (dataset.origin.reading.id if is_own and dataset.origin else None) or "id"


def _missing(dataset: Dataset) -> int:
    """Cells that were missing, of those that come back."""
    import numpy as np

    if not isinstance(dataset.x, np.ndarray) or dataset.x.dtype.kind != "f" or dataset.spec.columns is None:
        return 0
    log, reading = dataset.log, dataset.origin and dataset.origin.reading
    if reading and reading.impute == "median":
        # What was filled in as it was read is no longer seen.
        return sum(int(note.what) for note in dataset.notes if note.key == "missing")
    cells = dataset.x if log is None else log.joined(dataset.x)[log.is_covered]
    return int(np.isnan(cells).sum())


def _taken(opened: Run, between: Sequence[str | None]) -> list[str]:
    """Which examples a film begins and ends at, a line each."""
    from ..lang import words
    from ..runs.examples import id_in

    say, lines, kept = words(), [], opened.examples
    for way, which in zip(("from", "to"), between, strict=False):
        if which is None:
            continue
        name = id_in(which)
        if name is not None and name not in kept.ids:
            what = say("taken.other", id=name)
        else:
            row = opened.find(which)
            label = None if kept.y is None else opened.class_names[kept.y[row]]
            what = say("taken.kept" if label is None else "taken.labelled", row=row, id=kept.ids[row], label=label)
        lines.append(f"  {say(f'taken.{way}', what=what)}")
    return lines
