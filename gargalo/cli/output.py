"""What comes out row by row, written where the user wants it: `.npy`, a table, a sheet of pictures, a folder."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import SPLITS, Column, Dataset, DataSpec, named_values
from ..data.codec import NumberCodec
from ..data.readers.pictures.images import SUFFIXES
from ..data.spec import Origin
from ..errors import must
from ..io import tables
from ..io.files import cannot_write, check_writable, write_whole
from ..io.images import as_bytes
from ..io.tables import write_table
from .replacing import must_be_free
from .sheets import drawn

if TYPE_CHECKING:
    from ..runs import Run

__all__ = ["check_output", "check_suits", "file_names", "write_examples", "write_log", "write_points"]

UNSAFE = re.compile(r'[\x00-\x1f<>:"\\|?*]')
"""What no file system, or not every one, takes in a name."""
RESERVED = re.compile(r"(?i)con|prn|aux|nul|(com|lpt)[0-9]")
"""Names of devices on Windows, whatever comes after a dot."""
LONGEST = 200
"""Bytes of a name: most file systems take 255, and numbers and suffixes are added."""
MOST_BARS, MOST_PICTURES = 60, 1200
"""Rows of numbers, and pictures, that are drawn on one sheet."""


def check_output(
    out: Path, suffixes: Sequence[str], folder: bool = False, source: str | Path = "", shards: bool = False
) -> Path:
    """`out`, if something of these kinds can be written there, and is not `source`; asked before the work is done.

    Parameters
    ----------
    out : Path
    suffixes : sequence of str
        Such as ".npy", in lower case.
    folder : bool
        May it also be a folder, a path without a suffix?
    source : str or Path
        What the command reads, where that is a path; "" for nothing.
    shards : bool
        Is a folder for shards, which other processes may have begun? Who writes them looks at what is there.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    ParameterError
        For a suffix that is not among `suffixes`, or the very file that is read; as `must_be_free` does.
    GargaloError
        For a place that cannot be written to.
    """
    if out.suffix not in suffixes and not (folder and not out.suffix):
        known = " or ".join([*suffixes, *(["a folder"] if folder else [])])
        raise must("out", f"a path ending in {known}", str(out))
    if str(source) and out.exists() and Path(source).exists() and out.samefile(source):
        raise must("out", "another file than what is read", str(out))
    check_writable(out.parent if out.suffix else out)
    if not shards or out.suffix:
        must_be_free(out)
    return out


def check_suits(out: Path, run: Run, n: int = 0) -> None:
    """See that examples of a run's kind can be written as what `out` says; asked before the work, and after it.

    Parameters
    ----------
    out : Path
        Its suffix says as what.
    run : Run
    n : int
        How many, as far as that is known.

    Raises
    ------
    ParameterError
        For pictures as a table, rows of numbers in a folder, or more than 60 of them, or 1,200 pictures, on a sheet.
    """
    are_rows = run.recipe.data.modality.drawn_as != "pixels"
    expected = None
    if out.suffix in tables.SUFFIXES and not are_rows:
        expected = "a path ending in .npy or .png, or a folder, for pictures"
    elif out.suffix == ".png" and run.drawn_as != "pixels" and n > MOST_BARS:
        expected = f"a path ending in .npy, .csv or .parquet for more than {MOST_BARS} rows of numbers"
    elif out.suffix == ".png" and n > MOST_PICTURES:
        expected = f"a path ending in .npy, or a folder, for more than {MOST_PICTURES:,} pictures"
    elif not out.suffix and are_rows:
        expected = "a path ending in .npy, .csv or .parquet for rows of numbers"
    if expected:
        raise must("out", expected, str(out))


def write_examples(
    out: Path, examples: np.ndarray, run: Run, ids: Sequence[str] | None = None, id_column: str = "id"
) -> Path:
    """Write raw examples as `.npy`, as one `.png` sheet, as a table, or in a folder as `<id>.png`.

    In a folder, pictures whose values a PNG cannot hold are `<id>.tiff` or `<id>.npy`.

    Parameters
    ----------
    out : Path
        Its suffix says which; without one it is a folder.
    examples : ndarray, (n, *raw_shape)
    run : Run
        Of whose kind the examples are: it knows what people see of them, and the names of their columns.
    ids : sequence of n str or None
        What each is called, in a table or a folder; None numbers the files, and leaves the column out.
    id_column : str
        What the column with these is called, in a table; "row_id" where a column of data has that name.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    ParameterError
        As `check_suits` says.
    DataError
        For `.parquet` without polars.
    GargaloError
        Where it cannot be written.
    """
    check_suits(out, run, len(examples))
    if out.suffix == ".npy":
        return write_whole(out, lambda file: np.save(file, examples))
    if out.suffix in tables.SUFFIXES:
        columns = run.recipe.data.columns or [Column(name=f"x{i}") for i in range(examples.shape[1])]
        values = named_values(columns, examples)
        known = {"row_id" if id_column in values else id_column: list(ids)} if ids is not None else {}
        return write_table(out, known | values, _dialect(run.recipe.data))
    if out.suffix == ".png":
        return write_whole(out, lambda file: drawn(run.look(examples), run).save(file))
    axes = run.recipe.data.modality.axes
    names = file_names(ids, len(examples), _picture_suffix(run.recipe.data))
    for name, example in zip(names, examples, strict=True):
        path = out / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(out, error) from None
        write_whole(path, lambda file, example=example: _write_picture(file, example, axes))
    return out


def write_log(
    out: Path, windows: np.ndarray, run: Run, dataset: Dataset, with_errors: bool = False
) -> tuple[tuple[int, int], int]:
    """Write windows as the log that they were cut from: a table with a line for each of its rows.

    Parameters
    ----------
    out : Path
        `.csv` or `.parquet`.
    windows : ndarray, (m, window * p)
        What the run made of the examples of `dataset`.
    run : Run
    dataset : Dataset
        Of m windows, with its log.
    with_errors : bool
        Add to each row how far it was from what `windows` say: see `Log.errors`.

    Returns
    -------
    (int, int)
        Rows, and columns of data.
    int
        Rows without a window, which are left empty.

    Raises
    ------
    DataError
        For `.parquet` without polars.
    GargaloError
        Where it cannot be written.
    """
    log, codec, errors = dataset.log, run.codec, None
    assert log is not None
    if with_errors and isinstance(codec, NumberCodec):
        errors = log.errors(np.asarray(dataset.x), windows, codec.spread)
    columns = log.table(windows, errors)
    if out.suffix != ".parquet":
        text = tables.polars().String
        columns |= {name: series.cast(text).fill_null("").to_list() for name, series in log.aside.items()}
    write_table(out, columns, _dialect(run.recipe.data))
    return (len(log.order), len(log.columns)), int((~log.is_covered).sum())


def _picture_suffix(spec: DataSpec) -> str:
    """As what kind of file pictures like these are written so that their values stay what they are.

    PNG for bytes, for grey of 16 bits without a sign, and for floats in [0, 1], of which bytes are made; TIFF for other
    floats that are grey, and with a page for each slice for volumes; `.npy` for what neither can hold.
    """
    axes = spec.modality.axes
    channels = spec.raw_shape[axes:]
    is_grey, is_plain = channels in ((), (1,)), spec.dtype == "uint8" or not spec.ranges
    if axes == 3:
        return ".tiff" if is_grey and spec.dtype != "int16" else ".npy"
    if (is_plain and (is_grey or channels in ((3,), (4,)))) or (is_grey and spec.dtype == "uint16"):
        return ".png"
    return ".tiff" if is_grey and spec.dtype == "float32" else ".npy"


def _write_picture(path: Path, example: np.ndarray, axes: int) -> None:
    """One picture or volume as a file of the kind that its suffix says."""
    from PIL import Image

    if path.suffix == ".npy":
        np.save(path, example)
        return
    pixels = as_bytes(example[None])[0] if path.suffix == ".png" and example.dtype.kind == "f" else example
    pixels = pixels[..., 0] if pixels.shape[axes:] == (1,) else pixels
    first, *others = [Image.fromarray(page) for page in (pixels if axes == 3 else [pixels])]
    first.save(path, **({"save_all": True, "append_images": others} if others else {}))


def file_names(ids: Sequence[str] | None, n: int, suffix: str = ".png") -> list[str]:
    """A picture's path for each id: its own, with the new suffix, and never outside of the folder.

    Parameters
    ----------
    ids : sequence of n str or None
        Perhaps paths, with "/"; None numbers the files: 00000.png and so on.
    n : int
    suffix : str

    Returns
    -------
    list of n str
        Relative to the folder; no two are the same file, also where upper and lower case are one, or é is written
        in either of its two ways. A long name is cut, with a digest in its place.
    """
    if ids is None:
        return [f"{i:05d}{suffix}" for i in range(n)]
    taken: dict[str, bool] = {}  # each path, and whether it is a folder
    names = []
    for name in ids:
        parts = [_safe(part) for part in name.split("/") if part not in ("", ".", "..")] or ["_"]
        end = parts[-1].rpartition(".")
        stem = end[0] if end[0] and f".{end[2].lower()}" in SUFFIXES else parts[-1]
        # a.png and a.jpg would both be a.png; A.png too, where cases are one; and a.png may be a folder already.
        inside = [_free(parts[:i], parts[i], "", taken, folder=True) for i in range(len(parts) - 1)]
        names.append("/".join([*inside, _free(inside, stem, suffix, taken, folder=False)]))
    return names


def _free(inside: list[str], stem: str, suffix: str, taken: dict[str, bool], folder: bool) -> str:
    """A name in a folder that nothing else has; folders of one name are one."""
    number = 1
    while True:
        name = f"{stem}-{number}{suffix}" if number > 1 else f"{stem}{suffix}"
        path = unicodedata.normalize("NFC", "/".join([*inside, name]).casefold())
        if path not in taken or (folder and taken[path]):
            taken[path] = folder
            return name
        number += 1


def _safe(part: str) -> str:
    """A part of a path as every file system takes it: Windows has names of its own, and drops dots at the end."""
    plain = UNSAFE.sub("_", part)
    plain = re.sub(r"[. ]+$", "_", plain)
    plain = f"_{plain}" if RESERVED.fullmatch(plain.partition(".")[0]) else plain
    encoded = plain.encode("utf-8", "backslashreplace")
    if len(encoded) <= LONGEST:
        return plain
    return f"{plain[:40]}-{hashlib.sha256(encoded).hexdigest()[:12]}{Path(plain).suffix[:8]}"


def write_points(
    out: Path, points: np.ndarray, dataset: Dataset, names: Callable[[int], str], known: bool = True
) -> Path:
    """Write points as `.npy`, or as `.csv` or `.parquet` with id, split and label before them.

    Parameters
    ----------
    out : Path
        Its suffix says which.
    points : ndarray, (n, d)
    dataset : Dataset
        The n examples that they belong to.
    names : function
        The name of a column from its number, from 0.
    known : bool
        Are these the data that the run was trained on? The split of others says nothing: it is "new".

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    DataError
        For `.parquet` without polars.
    GargaloError
        Where the file cannot be written.
    """
    if out.suffix == ".npy":
        return write_whole(out, lambda file: np.save(file, points))
    split = np.array(list(SPLITS))[dataset.split] if known else np.array(["new"]).repeat(len(dataset))
    columns: dict[str, Any] = {"id": list(dataset.ids), "split": split}
    if dataset.y is not None:
        columns["label"] = np.array(dataset.class_names or (), object)[dataset.y]
    table = columns | {names(i): points[:, i] for i in range(points.shape[1])}
    return write_table(out, table, _dialect(dataset.spec))


def _dialect(spec: DataSpec) -> tables.Dialect:
    """A CSV file as that of the data was, so that whoever read the one reads the other."""
    origin = spec.origin or Origin()
    reading = origin.reading
    separator = reading.separator or origin.separator or (";" if reading.decimal_comma else ",")
    encoding = "utf-8-sig" if origin.begins_with_mark else reading.encoding
    return tables.Dialect(separator, "," if reading.decimal_comma else ".", encoding)
