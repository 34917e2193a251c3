"""A folder of pictures: which files it has, and what the names of its folders say of them."""

from __future__ import annotations

import dataclasses
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import DataError
from ..as_dataset import as_dataset
from ..dataset import Dataset
from ..notes import Note, first_few
from ..splits import NAMES, SPLITS, TRAIN, named
from .decoding import Decoder
from .pictures import images
from .reader import Request

__all__ = ["natural", "read_folder"]

DIGITS = re.compile(r"\d+")
UNREAD = (".heic", ".heif", ".avif", ".svg", ".jxl", ".jp2", ".psd", ".pdf", ".dng", ".cr2", ".nef", ".arw")
"""Pictures of other kinds, which other programs convert."""
JUNK = ("__MACOSX", "Thumbs.db", "desktop.ini")


class Found(NamedTuple):
    """The picture files of a folder.

    Attributes
    ----------
    files : list of n str
        Paths relative to the folder.
    stats : list of n (int, int)
        The size of each file in bytes, and when it was changed last, in nanoseconds.
    split : ndarray or None, (n,)
        Where the names of sub-folders say it.
    labels : list of n str, or None
        The names of the sub-folders, where all files are in some.
    notes : list of Note
        What there is to know of the folder.
    """

    files: list[str]
    stats: list[tuple[int, int]]
    split: np.ndarray | None
    labels: list[str] | None
    notes: list[Note]


def read_folder(root: Path, request: Request, decoder: Decoder | None = None) -> Dataset:
    """Read a dataset from a folder of pictures.

    Sub-folders called train and test (and validation, val, …) are splits; the sub-folders in them, or else in `root`,
    are labels, unless there are pictures beside them.

    Parameters
    ----------
    root : Path
        A folder that is there.
    request : Request
    decoder : Decoder or None
        Who decodes the files; without it, as many processes as the request says.

    Returns
    -------
    Dataset
        Ids are paths relative to `root`. `skipped` has the files that cannot be read, `notes` the sub-folders without
        pictures.

    Raises
    ------
    DataError
        For no picture that can be read, a picture beside the folders of the splits, or a sub-folder that cannot be
        listed.
    """
    found = _search(root)
    decoder = decoder or Decoder(request.workers, request.reporter)
    decoded = decoder.pixels_of(root, found.files, found.stats, request.reading)
    notes = found.notes + [Note(key=key, count=count) for key, count in sorted(decoded.did.items())]
    if decoded.skipped:
        notes.append(
            Note(
                key="skipped", count=len(decoded.skipped), what=first_few(as_text(path) for path, _ in decoded.skipped)
            )
        )
    if not len(decoded.kept):
        path, why = decoded.skipped[0]
        raise DataError(f"{root}: expected pictures that can be read. Found none; the first, {path}: {why}.")
    kept = decoded.kept
    dataset = as_dataset(
        decoded.pixels,
        None if found.labels is None else np.array(found.labels)[kept],
        name=root.absolute().name if root.name != ".." else root.resolve().name,
        split=request.known_split(decoded.pixels, None if found.split is None else found.split[kept]),
        split_seed=request.split_seed,
        ids=[as_text(found.files[i]) for i in kept],
        reading=request.reading,
        notes=notes,
    )
    return dataclasses.replace(dataset, skipped=tuple((as_text(path), why) for path, why in decoded.skipped))


def as_text(path: str) -> str:
    """A path that can be written anywhere: bytes of its name that are no text are shown as such."""
    return path.encode("utf-8", "backslashreplace").decode()


def _search(root: Path) -> Found:
    """Every picture below `root`, in the order of its path; splits in the order training, validation, test."""
    top = {entry.name for entry in os.scandir(root) if _leads_to_folder(entry) and not _is_hidden(entry.name)}
    called = {name: NAMES[name.lower()] for name in top if name.lower() in NAMES}
    has_splits = {"train", "test"} <= {list(SPLITS)[code] for code in called.values()}
    files: list[str] = []
    stats, empty = [], []
    others: list[str] = []
    for folder, items, inside in _walk(root):
        mine = [item for item in items if item.name.lower().endswith(images.SUFFIXES)]
        others += [item.name for item in items if not item.name.lower().endswith(images.SUFFIXES)]
        if not mine and not inside:
            empty.append(folder)
        above = "" if folder == root else folder.relative_to(root).as_posix() + "/"
        for item in mine:
            info = item.stat()
            files.append(above + item.name)
            stats.append((info.st_size, info.st_mtime_ns))
    known = ", ".join(images.SUFFIXES)
    if not files:
        raise DataError(f"{root}: expected pictures ({known}). Found {_instead(others)}.")
    parts = [path.split("/") for path in files]
    codes = [called.get(p[0], TRAIN) if has_splits else TRAIN for p in parts]
    order = sorted(range(len(files)), key=lambda i: (codes[i], natural(files[i])))
    files, stats = [files[i] for i in order], [stats[i] for i in order]
    parts = [parts[i] for i in order]
    what = first_few(as_text(name) for name in sorted(others))
    notes = [Note(key="other_files", count=len(others), what=what)] if others else []
    notes += [Note(key="empty_folder", count=1, what=str(folder)) for folder in sorted(empty)]
    split = None
    if has_splits:
        loose = [path for path, p in zip(files, parts, strict=True) if p[0] not in called]
        if loose:
            known = " or ".join(sorted(called))
            raise DataError(f"{root}: expected every picture under {known}. Found {loose[0]} beside them.")
        split = named([p[0] for p in parts], str(root))
        parts = [p[1:] for p in parts]
    is_labelled = all(len(p) > 1 for p in parts)
    if not is_labelled and any(len(p) > 1 for p in parts):
        notes.append(Note(key="loose", count=sum(len(p) == 1 for p in parts)))
    return Found(files, stats, split, [as_text(p[0]) for p in parts] if is_labelled else None, notes)


def _instead(others: list[str]) -> str:
    """What a folder without pictures holds: those of kinds that are not read, by the ends of their names."""
    ends = Counter(end for name in others if (end := Path(name).suffix.lower()) in UNREAD)
    told = ", ".join(f"{count} {end}" for end, count in ends.most_common())
    return "none in this folder or below it" + (f", but {told}: convert these to PNG or JPEG" if told else "")


def _walk(root: Path) -> Iterator[tuple[Path, list[os.DirEntry[str]], list[str]]]:
    """Folders with their files and the names of their sub-folders; each once, whatever links say."""
    seen, left = set(), [root]
    while left:
        folder = left.pop()
        info = folder.stat()
        if (info.st_dev, info.st_ino) in seen:
            continue
        seen.add((info.st_dev, info.st_ino))
        files, inside = [], []
        try:
            with os.scandir(folder) as entries:
                for item in entries:
                    if _is_hidden(item.name):
                        continue
                    # A link that leads nowhere is neither.
                    if _leads_to_folder(item):
                        inside.append((item.is_symlink(), item.name))
                    elif os.path.isfile(item.path):  # noqa: PTH113  a link that loops is none, and no error
                        files.append(item)
        except OSError as error:
            raise DataError(f"{folder}: cannot be read ({error.strerror}).") from None
        yield folder, files, [name for _, name in inside]
        # Taken from the end: the first by name is next, and links come after what they may lead to.
        left[:0] = [folder / name for is_link, name in sorted(inside, reverse=True) if is_link]
        left += [folder / name for is_link, name in sorted(inside, reverse=True) if not is_link]


def _leads_to_folder(item: os.DirEntry[str]) -> bool:
    """Is it a folder, or a link to one? A link that loops is none, and no error."""
    return os.path.isdir(item.path)  # noqa: PTH112


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in JUNK


def natural(path: str) -> tuple[str, str]:
    """Make a key that sorts img2 before img10, and folders as wholes; no two paths have the same.

    Parameters
    ----------
    path : str
        With "/" between its parts.

    Returns
    -------
    (str, str)
    """
    return DIGITS.sub(lambda found: found[0].zfill(20), path).replace("/", "\0"), path
