"""`load_data`: a name, a path, an array or a frame becomes a `Dataset`."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, did_you_mean, must, option
from ..io.arguments import check_types
from ..io.folders import near_path
from ..io.reporter import Reporter, reporter_for
from . import display
from .as_dataset import as_dataset
from .dataset import Dataset
from .heeded import must_be_heeded
from .in_memory import array_of, columns_of
from .notes import Note
from .pairs import paired
from .ranges import far_off
from .readers import NAMED, PICTURES, READERS, Request, frames, tables
from .readers.csv_files import CSV, dialect_of
from .readers.pictures.images import SUFFIXES
from .reading import OF_FILES, SEVERAL, Reading, checked_reading
from .sparse import as_rows, is_sparse
from .spec import MODALITIES, DataSpec, Origin
from .splits import TEST

__all__ = ["load_data"]


def load_data(
    src: Any = "mnist-10k",
    y: np.ndarray | None = None,
    *,
    clean: Any = None,
    condition: Any = None,
    data_dir: str | Path | None = None,
    split_seed: int = 0,
    like: DataSpec | None = None,
    is_new: bool = True,
    workers: int | None = None,
    progress: bool | Reporter = False,
    **reading: Any,
) -> Dataset:
    """Turn what you have into a `Dataset`.

    Parameters
    ----------
    src : str, path, array, sparse matrix, tensor, frame or Dataset
        "mnist-10k" (embedded); "mnist", "fashion-mnist" or "kmnist" (from `data_dir` or `GARGALO_DATA`, else
        fetched once); a folder of pictures; a `.npy`, `.npz`, `.csv`, `.parquet` or IDX file; an array or
        tensor of shape (n, p), (n, h, w) or (n, h, w, c), or with kind="volume" (n, d, h, w), or a list of such; a
        sparse matrix of scipy's, (n, p); a polars or pandas frame.
    y : array or None, (n,)
        Labels, when `src` is an array or a frame.
    clean : as `src`, or None
        A clean partner of each example, which a denoising model is asked for: pictures of the same name in another
        folder, rows of an array in the same order, rows of a table with the same id.
    condition : names of columns, array (n,) or (n, k), mapping of (n,) by name, frame, or None
        What a conditional model is told of each example in place of the label, numbers or names: columns of a table
        by their names, which are no data then; beside a `.npy` file, other such files; beside an array or a frame the
        values, of which those without a name are called "condition", or "condition[0]" and so on.
    data_dir : path or None
        The folder that holds the files of a data set asked for by its name.
    split_seed : int
        Seed of the split of data that come without one.
    like : DataSpec or None
        Read the same way as these: those of the data that a run was trained on. The very same data, told by their
        fingerprint, get the very same splits.
    is_new : bool
        Are any others than those of `like` new? Then they are not split, unless they say themselves how, or `shares`
        or `split` does: the split of all is test, and windows are cut through the whole of a log. Else they are dealt
        out as for a training. It says nothing without `like`.
    workers : int or None
        Processes that decode pictures; None takes as many as there are processors, at most 8, for many pictures,
        and one for few.
    progress : bool or Reporter
        Tell how it goes, where it takes long.
    **reading
        How what is read becomes examples; see `gargalo.data.Reading`.

    Returns
    -------
    Dataset

    Raises
    ------
    ParameterError
        For a name that is neither known nor a path; for a choice that is unknown, cannot be, or changes nothing.
    DataError
        For a file or an array that cannot be used; for examples without a clean partner, or without a condition.
    """
    check_types(data_dir=data_dir, workers=workers)
    check_types(False, split_seed=split_seed)
    if not isinstance(like, DataSpec | None):
        raise must("like", "a DataSpec, such as run.recipe.data", like)
    reporter = reporter_for(progress)
    if y is not None and isinstance(src, str | Path | Dataset):
        raise must("y", f"left out for data that bring their labels; {option('label')} names those of a file", y)
    if isinstance(src, Dataset):
        if condition is not None:
            raise must("condition", "left out for a Dataset, which brings its own", condition)
        return src if clean is None else paired(src, load_data(clean, like=src.spec, is_new=False))
    names, told = _condition(src, condition)
    reading |= {"condition": names} if names else {}
    if isinstance(src, str | Path):
        _place(src)
    asked = _asked(src, like, reading | ({"clean": clean} if isinstance(clean, str | Path) else {}))
    if like is None:
        must_be_heeded(src, reading)
    is_new = is_new and like is not None and reading.get("shares") is None and reading.get("split") is None
    kept = _resolved(asked, src)
    own = None if data_dir is None else Path(data_dir)
    request = Request(asked, split_seed, like, is_new, own, workers, reporter)
    try:
        dataset = _finished(_known_or_new(lambda request: _found(src, y, told, request), request), request)
    except DataError as fault:
        # Other data may come from another program, and nobody is asked how it wrote them.
        remedy = {name: value for name, value in fault.remedy.items() if name not in reading}
        if like is None or not remedy:
            raise
        for name in remedy.keys() & {*SEVERAL}:
            remedy[name] = tuple(dict.fromkeys((*getattr(asked, name), *remedy[name])))
        again: dict[str, Any] = {"data_dir": data_dir, "split_seed": split_seed, "workers": workers} | reading | remedy
        again |= {"clean": clean, "condition": names or told, "progress": progress}
        dataset = load_data(src, y, like=like, is_new=is_new, **again)
        told_of = Note(key="remedied", count=1, what=", ".join(f"{k}={v}" for k, v in remedy.items()))
        return dataclasses.replace(dataset, notes=(told_of, *dataset.notes))
    origin = Origin(split_seed=split_seed, reading=kept)
    if isinstance(src, str | Path):
        place = own and os.path.realpath(own)
        written = dialect_of(Path(src), kept) if Path(src).suffix in CSV and src not in NAMED else {}
        origin = Origin(src=_place(src), data_dir=place, split_seed=split_seed, reading=kept, **written)
    dataset = _far_told(dataclasses.replace(dataset, origin=origin), like)
    clean = asked.clean if clean is None else clean
    return dataset if clean is None else _with_partners(dataset, src, clean, workers, reporter)


def _place(src: str | Path) -> str:
    """A name, or where a path leads from any working folder."""
    place = str(src) if src in NAMED else os.path.realpath(src)
    try:
        place.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"{src}: expected a path that is text. Found bytes that are none, in {place!r}; rename the file or folder."
        ) from None
    return place


def _resolved(asked: Reading, src: Any) -> Reading:
    """The same choices, with paths that lead there from any working folder."""
    return asked.with_paths(_is_table(src), _place)


def _far_told(dataset: Dataset, like: DataSpec | None) -> Dataset:
    """The dataset with notes of columns whose numbers are far from those of training: in another unit, perhaps."""
    if like is None or not like.columns or not isinstance(dataset.x, np.ndarray):
        return dataset
    if dataset.x.shape[1:] != like.raw_shape or dataset.fingerprint == like.fingerprint:  # whether it fits, a run says
        return dataset
    window = like.origin.reading.window if like.origin and dataset.kind == "series" else None
    return dataclasses.replace(dataset, notes=(*dataset.notes, *far_off(like.columns, dataset.x, window)))


def _with_partners(noisy: Dataset, src: Any, clean: Any, workers: int | None, reporter: Reporter) -> Dataset:
    """The dataset with the clean partners of its examples, which are read as these were."""
    if isinstance(clean, str | Path) and str(clean) not in NAMED and not Path(clean).exists():
        raise DataError(
            f"{clean}: expected the clean partners of {noisy.name} for {option('clean')}. Found none there."
        )
    asked = noisy.spec.origin.reading if noisy.spec.origin else Reading()
    # In their own size, which must be that of the others; noise may be coloured where pictures are grey.
    own = {"size": asked.size, "color": "rgb" if noisy.kind == "image" and noisy.x.ndim == 4 else asked.color}
    # What is missing among the clean is not to be learned.
    own |= {"impute": "mask"} if asked.impute == "median" else {}
    partners = load_data(clean, like=noisy.spec, is_new=False, workers=workers, progress=reporter, **own)
    are_folders = all(isinstance(place, str | Path) and Path(place).is_dir() for place in (src, clean))
    return paired(noisy, partners, (Path(src), Path(clean)) if are_folders else None)


def _known_or_new(read: Callable[[Request], Dataset], request: Request) -> Dataset:
    """What is read; of data that must fit others, those others themselves with their splits, and all else as new."""
    found, like = read(request), request.like
    n = 0 if like is None else sum(like.counts.values())
    if like is None or not request.is_new or (found.split != TEST).any():
        return found
    # Windows that no split divides may be more.
    if len(found) < n or (request.reading.window is None and len(found) > n):
        return found
    seed = like.origin.split_seed if like.origin else request.split_seed
    # As new data they can be read; what dealing them out refuses are not those.
    with contextlib.suppress(DataError):
        dealt = read(dataclasses.replace(request, is_new=False, split_seed=seed))
        if len(dealt) == n and dealt.fingerprint == like.fingerprint:
            return dealt
    return found


def _finished(dataset: Dataset, request: Request) -> Dataset:
    """The dataset with the pictures that are shown of it; refused where it is of another kind than was asked for."""
    asked = request.reading
    if asked.kind is not None:
        MODALITIES.get_or_raise(asked.kind)
    if request.like:
        # Others were trained on, and say how these are scaled.
        notes = tuple(note for note in dataset.notes if note.key not in ("scaled", "clipped", "mask"))
        dataset = dataclasses.replace(dataset, notes=notes)
    if asked.kind not in (None, dataset.kind):
        raise must("kind", f"left out, or {dataset.kind}, as these data are", asked.kind)
    return display.shown(dataset, asked)


def _asked(src: Any, like: DataSpec | None, reading: dict[str, Any]) -> Reading:
    """The choices of the reading: those that are made here, and else those that other data were read by."""
    there = like.origin.reading if like and like.origin else None
    asked = checked_reading({**_as_there(like), **reading}, there)
    if like is None:
        return asked
    # Files that belonged to those data: other data have others, or none.
    given = {path for name in (*OF_FILES, "condition") for path in _several(reading.get(name))}
    asked = asked.with_paths(_is_table(src), lambda path: path if path in given else None)
    if asked.impute is None and any(column.fill is not None for column in like.columns or ()):
        asked = asked.model_copy(update={"impute": "mask" if like.missing else "median"})
    return asked


def _as_there(like: DataSpec | None) -> dict[str, Any]:
    """What other data must be read as to fit these."""
    if like is None or not (axes := like.modality.axes):
        return {}
    depth = {"uint8": "8", "uint16": "16"}.get(like.dtype, "float")
    is_grey = len(like.raw_shape) == axes
    return {"size": like.raw_shape[axes - 2 : axes], "color": "grey" if is_grey else "rgb", "depth": depth}


def _is_table(src: Any) -> bool:
    """A file of a table's kind, or a data frame?"""
    return Path(src).suffix in tables.SUFFIXES if isinstance(src, str | Path) else hasattr(src, "columns")


def _condition(src: Any, condition: Any) -> tuple[tuple[str, ...], Any]:
    """Conditions by the names of columns or files, and those that are given as values; None for no values."""
    texts = _several(condition)
    are_names = bool(texts) and all(isinstance(text, str) for text in texts)
    if isinstance(src, str | Path):
        if condition is not None and not are_names:
            raise must("condition", "the name of a column, or several, for a file", condition)
        return texts, None
    if are_names and hasattr(src, "columns") and (isinstance(condition, str) or len(texts) != len(src)):
        return texts, None
    if isinstance(condition, str):
        raise must("condition", "an array (n,) or (n, k), or a mapping of (n,) by name, beside an array", condition)
    return (), condition


def _several(given: Any) -> tuple[Any, ...]:
    """One path or name, or several in a list, as texts; none for all else."""
    parts = (given,) if isinstance(given, str | os.PathLike) else given if isinstance(given, list | tuple) else ()
    return tuple(os.fspath(part) if isinstance(part, os.PathLike) else part for part in parts)


def _in_memory(src: Any, y: np.ndarray | None, condition: Any, request: Request) -> Dataset:
    """A dataset from an array or a frame."""
    reading = request.reading
    if np.ma.is_masked(y):
        raise DataError("array: expected a label for every example. Found some that are masked; leave their rows out.")
    frame = frames.frame_of(src)
    if frame is not None:
        if condition is not None:
            frame, names = frames.with_conditions(frame, condition)
            reading = reading.model_copy(update={"condition": names})
            request = dataclasses.replace(request, reading=reading)
        if y is None:
            return tables.from_frame(frame, request, "frame")
        if reading.label is not None:
            raise must("y", f"left out where {option('label')} names a column", y)
        labels = frames.label_column(y, frame)
        named = reading.model_copy(update={"label": labels.name})
        return tables.from_frame(frame.with_columns(labels), dataclasses.replace(request, reading=named), "frame")
    array: Any = as_rows(src) if is_sparse(src) else array_of(src)
    dataset = as_dataset(
        array, y, kind=request.known_kind(array), split=request.known_split(array), split_seed=request.split_seed,
        reading=reading, columns=request.known_columns(array), dtype=request.known_dtype,
    )  # fmt: skip
    if condition is None:
        return dataset
    found = columns_of(condition, len(array))
    return request.told(dataset, found if hasattr(condition, "keys") else request.renamed(found))


def _found(src: Any, y: np.ndarray | None, condition: Any, request: Request) -> Dataset:
    """What lies at a path or under a name, or is in memory, with its labels and conditions."""
    return _read(src, request) if isinstance(src, str | Path) else _in_memory(src, y, condition, request)


def _read(src: str | Path, request: Request) -> Dataset:
    """What stands under a name or at a path, read by the first reader that takes it."""
    if src in NAMED:
        return NAMED[str(src)](request)
    if not str(src):
        raise must("data", "a name or a path", src)
    path = Path(src)
    try:
        is_there = path.exists()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from None
    first, *others = (reader.what for reader in READERS)
    kinds = f"{', '.join(others)} or {first}"
    if not is_there:
        text = str(src)
        if path.suffix or len(path.parts) > 1 or text.endswith(("/", "\\")):
            what = "a folder" if text.endswith(("/", "\\")) else "a file or a folder"
            raise DataError(f"{src}: expected {what}. There is none. {near_path(path)}".rstrip())
        names = [name for name in NAMED if did_you_mean(text, [name])]
        near = did_you_mean(text, names) or near_path(path)
        raise must("data", f"one of {', '.join([*NAMED, f'a path to {kinds}'])}", text, near)
    if not path.is_dir() and not path.is_file():
        raise DataError(f"{path}: expected a file or a folder. Found something else.")
    for reader in READERS:
        if reader.takes(path):
            _must_be_of_the_kind(path, reader.heeds, request)
            return reader.read(path, request)
    hint = " Put it into a folder: its pictures are the examples." if path.suffix.lower() in SUFFIXES else ""
    raise DataError(f"{path}: expected {kinds}. Found a file ending in '{path.suffix}'.{hint}")


def _must_be_of_the_kind(path: Path, heeds: frozenset[str], request: Request) -> None:
    """Refuse a table for a model of pictures, and a folder of pictures for one of numbers, before they are read."""
    like = request.like
    if like is None:
        return
    shape = " x ".join(map(str, like.raw_shape))
    if like.modality.axes and heeds >= {"time"} and request.reading.image_shape is None:
        raise DataError(f"{path}: expected pictures of {shape}, as in training. Found a table.")
    if not like.modality.axes and heeds >= PICTURES:
        what = f"a table with columns {', '.join(column.name for column in like.columns[:5])}" if like.columns else ""
        more = ", …" if what and len(like.columns or ()) > 5 else ""
        raise DataError(
            f"{path}: expected {what + more or f'rows of {shape} numbers'}, as in training. Found a folder of pictures."
        )
