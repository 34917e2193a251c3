"""What comes out row by row, written where the user wants it: `.npy`, `.csv`, a PNG sheet, or a folder of PNGs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from .data import Source
from .errors import must
from .files import cannot_write, check_writable, write_whole

__all__ = ["check_output", "plain_text", "write_examples", "write_points"]

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


def write_examples(out: Path, examples: np.ndarray, ids: Sequence[str] | None = None) -> Path:
    """Raw examples (n, *raw_shape) as `.npy`, as one `.png` sheet, or in a folder as `<id>.png`."""
    if out.suffix == ".npy":
        return write_whole(out, lambda file: np.save(file, examples))
    if out.suffix == ".png" and examples.ndim < 3 and len(examples) > 60:
        raise must("output", "gargalo", "a path ending in .npy for more than 60 rows of numbers", str(out))
    if out.suffix == ".png":
        return write_whole(out, lambda file: draw(examples).save(file))
    if examples.ndim < 3:
        raise must("output", "gargalo", "a path ending in .npy for rows of numbers", str(out))
    ids = ids or [f"{i:05d}" for i in range(len(examples))]
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(out, error) from None
    for name, example in zip(ids, examples, strict=True):
        write_whole(out / f"{name}.png", lambda file, example=example: sheet(example[None]).save(file))
    return out


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
    """Points (n, d) as `.npy`, or as `.csv` with id, split and label before them.

    Parameters
    ----------
    names : function
        The name of a column from its number.
    known : bool
        Are these the data that the run was trained on? The split of others says nothing: it is "new".
    """
    if out.suffix == ".npy":
        return write_whole(out, lambda file: np.save(file, points))
    parts = np.array(["train", "held", "test"])[source.split] if known else ["new"] * len(source)
    names_of = list(source.class_names or [])
    labels = None if source.y is None else [plain_text(names_of[label]) for label in source.y]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    label_head = [] if labels is None else ["label"]
    table.writerow(["id", "split", *label_head, *map(names, range(points.shape[1]))])
    for i, row in enumerate(points.tolist()):
        label = [] if labels is None else [labels[i]]
        table.writerow([plain_text(source.ids[i]), parts[i], *label, *(f"{value:.9g}" for value in row)])
    return write_whole(out, text.getvalue())


def plain_text(cell: str) -> str:
    """`cell` so that no spreadsheet runs it as a formula; numbers stay as they are."""
    return "'" + cell if cell[:1] in tuple("=+-@\t\r") and not NUMBER.fullmatch(cell) else cell
