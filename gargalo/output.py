"""What comes out row by row, written where the user wants it: `.npy`, `.csv`, a PNG sheet, or a folder of PNGs."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .data import Column, Source, named_values
from .data.pictures import SUFFIXES
from .errors import DataError, must
from .files import cannot_write, check_writable, write_whole
from .lang import words

__all__ = [
    "check_output",
    "file_names",
    "plain_text",
    "tell_notes",
    "write_examples",
    "write_points",
    "write_table",
]

TABLES = (".csv", ".parquet")
UNSAFE = re.compile(r'[\x00-\x1f<>:"\\|?*]')
"""What no file system, or not every one, takes in a name."""
NUMBER = re.compile(r"[-+]?[\d.,]+(e[-+]?\d+)?", re.IGNORECASE)


def check_output(out: Path, suffixes: Sequence[str], folder: bool = False, source: str | Path = "") -> Path:
    """`out`, if something of these kinds can be written there, and is not `source`; asked before the work is done.

    Raises
    ------
    ParameterError
        For a suffix that is not among `suffixes`, or the very file that is read.
    GargaloError
        For a place that cannot be written to.
    """
    if out.suffix not in suffixes and not (folder and not out.suffix):
        known = " or ".join([*suffixes, *(["a folder"] if folder else [])])
        raise must("output", "gargalo", f"a path ending in {known}", str(out))
    if str(source) and out.exists() and Path(source).exists() and out.samefile(source):
        raise must("output", "gargalo", "another file than what is read", str(out))
    check_writable(out.parent if out.suffix else out)
    return out


def write_examples(
    out: Path,
    examples: np.ndarray,
    ids: Sequence[str] | None = None,
    columns: Sequence[Column] | None = None,
    look: Callable[[np.ndarray], np.ndarray] = lambda raw: raw,
) -> Path:
    """Raw examples (n, *raw_shape) as `.npy`, as one `.png` sheet, as a table, or in a folder as `<id>.png`.

    Parameters
    ----------
    columns : sequence of Column or None
        What each number of a row is, for a table.
    look : function
        What people see of raw examples, for a sheet.
    """
    if out.suffix == ".npy":
        return write_whole(out, lambda file: np.save(file, examples))
    if out.suffix in TABLES:
        if examples.ndim > 2:
            raise must("output", "gargalo", "a path ending in .npy or .png, or a folder, for pictures", str(out))
        columns = columns or [Column(name=f"x{i}") for i in range(examples.shape[1])]
        values = named_values(columns, examples)
        known = {"row_id" if "id" in values else "id": list(ids)} if ids is not None else {}
        return write_table(out, known | values)
    seen = look(examples) if out.suffix == ".png" else examples
    if out.suffix == ".png" and seen.ndim < 3 and len(seen) > 60:
        raise must("output", "gargalo", "a path ending in .npy for more than 60 rows of numbers", str(out))
    if out.suffix == ".png":
        return write_whole(out, lambda file: draw(seen).save(file))
    if examples.ndim < 3:
        raise must("output", "gargalo", "a path ending in .npy or .csv for rows of numbers", str(out))
    for name, example in zip(file_names(ids, len(examples)), examples, strict=True):
        path = out / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(out, error) from None
        write_whole(path, lambda file, example=example: sheet(example[None]).save(file))
    return out


def file_names(ids: Sequence[str] | None, n: int) -> list[str]:
    """A PNG's path for each id: its own, with the new suffix, and never outside of the folder."""
    if ids is None:
        return [f"{i:05d}.png" for i in range(n)]
    taken: set[str] = set()
    names = []
    for name in ids:
        parts = [UNSAFE.sub("_", part) for part in name.split("/") if part not in ("", ".", "..")] or ["_"]
        stem = "/".join(parts)
        end = stem.rpartition(".")
        stem = end[0] if end[0] and f".{end[2].lower()}" in SUFFIXES else stem
        # a.png and a.jpg would both be a.png; and A.png too, where cases are one.
        free, number = stem, 1
        while free.casefold() in taken:
            number += 1
            free = f"{stem}-{number}"
        taken.add(free.casefold())
        names.append(f"{free}.png")
    return names


def draw(examples: np.ndarray):
    """A sheet of pictures pixel by pixel; rows of numbers as a figure of bars."""
    if examples.ndim > 2:
        return sheet(examples)
    from PIL import Image

    from . import plots

    return Image.open(io.BytesIO(plots.png(plots.film(examples))))


def sheet(examples: np.ndarray):
    """Images as one PIL image of at most 12 columns, pixel by pixel."""
    from PIL import Image

    columns = min(12, len(examples))
    rows = -(-len(examples) // columns)
    if examples.dtype != np.uint8:
        examples = (np.clip(examples, 0, 1) * 255).round().astype(np.uint8)
    if examples.ndim == 4 and examples.shape[-1] == 1:
        examples = examples[..., 0]
    h, w = examples.shape[1:3]
    cells = np.zeros((rows * columns, *examples.shape[1:]), np.uint8)
    cells[: len(examples)] = examples
    cells = cells.reshape(rows, columns, h, w, *examples.shape[3:]).swapaxes(1, 2)
    return Image.fromarray(cells.reshape(rows * h, columns * w, *examples.shape[3:]))


def write_points(
    out: Path, points: np.ndarray, source: Source, names: Callable[[int], str], known: bool = True
) -> Path:
    """Points (n, d) as `.npy`, or as `.csv` or `.parquet` with id, split and label before them.

    Parameters
    ----------
    names : function
        The name of a column from its number.
    known : bool
        Are these the data that the run was trained on? The split of others says nothing: it is "new".
    """
    if out.suffix == ".npy":
        return write_whole(out, lambda file: np.save(file, points))
    parts = np.array(["train", "held", "test"])[source.split] if known else np.array(["new"]).repeat(len(source))
    columns: dict[str, Any] = {"id": list(source.ids), "split": parts}
    if source.y is not None:
        columns["label"] = np.array(source.class_names or (), object)[source.y]
    return write_table(out, columns | {names(i): points[:, i] for i in range(points.shape[1])})


def write_table(out: Path, columns: Mapping[str, Any]) -> Path:
    """Columns of equal length as `.csv` or `.parquet`; texts of a `.csv` so that no spreadsheet runs them."""
    if out.suffix == ".parquet":
        return write_whole(out, lambda file: _frame(columns).write_parquet(file))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(map(plain_text, columns))
    cells = []
    for values in columns.values():
        values = np.asarray(values)
        if values.dtype.kind == "f":
            cells.append(["" if value != value else f"{value:.9g}" for value in values.tolist()])
        else:
            cells.append([plain_text(str(value)) for value in values.tolist()])
    table.writerows(zip(*cells, strict=True))
    return write_whole(out, text.getvalue())


def _frame(columns: Mapping[str, Any]) -> Any:
    try:
        import polars
    except ImportError:
        raise DataError(
            "output: expected polars for .parquet. It is not installed; pip install 'gargalo[tables]'."
        ) from None
    return polars.DataFrame(
        {name: np.asarray(v).tolist() if np.asarray(v).dtype == object else v for name, v in columns.items()}
    )


def tell_notes(source: Source) -> None:
    """What a reader did and saw, on stderr, a line each."""
    say = words("en")
    for note in source.notes:
        print(f"gargalo: {source.name}: {say(f'note.{note.key}', n=note.count, what=note.what)}", file=sys.stderr)


def plain_text(cell: str) -> str:
    """`cell` so that no spreadsheet runs it as a formula; numbers stay as they are."""
    return "'" + cell if cell[:1] in tuple("=+-@\t\r") and not NUMBER.fullmatch(cell) else cell
