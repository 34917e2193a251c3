"""A folder of pictures: decoded once, in parallel, into a memory map in the user's cache."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import DataError
from ..files import write_whole
from . import pictures
from .cache import entry, make_room
from .from_arrays import as_source
from .reading import Note, Reading
from .source import Source
from .split import NAMES, PARTS, TRAIN, named
from .ticker import Ticker

__all__ = ["read_folder", "read_pictures"]

VERSION = 1
"""Of what decoding gives; a cache of another is not used."""
KIND = "pictures"
GLANCES, LOOKS = 200, 32
"""Pictures whose header, and whose pixels, say what the others are likely to be."""
USUAL, LARGEST = (64, 64), 64
"""The size of pictures that are not all alike, or have a longer side than this."""
AT_ONCE = 256
WORTH = 1500
"""Files from which a second process is worth its start."""
PAUSE = 0.5
"""Seconds from one note of what is done to the next: each waits for the disk."""
DIGITS = re.compile(r"\d+")
JUNK = ("__MACOSX", "Thumbs.db", "desktop.ini")


class Found(NamedTuple):
    """The picture files of a folder: paths relative to it, parts (None: not said), labels (None: none), notes."""

    files: list[str]
    stats: list[tuple[int, int]]
    split: np.ndarray | None
    labels: list[str] | None
    notes: list[Note]


class Decoded(NamedTuple):
    """Pixels (n, h, w[, 3]) of the files that could be read, which of all files these are, and what was done."""

    pixels: np.ndarray
    kept: np.ndarray
    did: dict[str, int]
    skipped: tuple[tuple[str, str], ...]


def read_folder(
    root: Path, reading: Reading, split_seed: int = 0, workers: int | None = None, progress: bool = False
) -> Source:
    """A source from a folder of pictures.

    Sub-folders called train and test (and held, val, …) are parts; the sub-folders in them, or else in `root`, are
    labels, unless there are pictures beside them.

    Raises
    ------
    DataError
        No picture in it, or none in one of its sub-folders.
    """
    found = _search(root)
    decoded = read_pictures(root, found, reading, workers, progress)
    notes = found.notes + [Note(key=key, count=count) for key, count in sorted(decoded.did.items())]
    if decoded.skipped:
        notes.append(Note(key="skipped", count=len(decoded.skipped)))
    if not len(decoded.kept):
        path, why = decoded.skipped[0]
        raise DataError(f"{root}: expected pictures that can be read. Found none; the first, {path}: {why}.")
    kept = decoded.kept
    source = as_source(
        decoded.pixels,
        None if found.labels is None else np.array(found.labels)[kept],
        name=root.name,
        split=None if found.split is None else found.split[kept],
        split_seed=split_seed,
        ids=[as_text(found.files[i]) for i in kept],
        reading=reading,
        notes=notes,
    )
    return dataclasses.replace(source, skipped=tuple((as_text(path), why) for path, why in decoded.skipped))


def as_text(path: str) -> str:
    """A path that can be written anywhere: bytes of its name that are no text are shown as such."""
    return path.encode("utf-8", "backslashreplace").decode()


def _search(root: Path) -> Found:
    """Every picture below `root`, in the order of its path; parts in the order train, held, test."""
    top = {entry.name for entry in os.scandir(root) if entry.is_dir() and not _is_hidden(entry.name)}
    called = {name: NAMES[name.lower()] for name in top if name.lower() in NAMES}
    has_parts = {"train", "test"} <= {list(PARTS)[code] for code in called.values()}
    files: list[str] = []
    stats, others, empty = [], 0, []
    for folder, items, inside in _walk(root):
        mine = [item for item in items if item.name.lower().endswith(pictures.SUFFIXES)]
        others += len(items) - len(mine)
        if not mine and not inside:
            empty.append(folder)
        above = "" if folder == root else folder.relative_to(root).as_posix() + "/"
        for item in mine:
            info = item.stat()
            files.append(above + item.name)
            stats.append((info.st_size, info.st_mtime_ns))
    known = ", ".join(pictures.SUFFIXES)
    if not files:
        raise DataError(f"{root}: expected pictures ({known}). Found none in this folder or below it.")
    parts = [path.split("/") for path in files]
    codes = [called.get(p[0], TRAIN) if has_parts else TRAIN for p in parts]
    order = sorted(range(len(files)), key=lambda i: (codes[i], natural(files[i])))
    files, stats = [files[i] for i in order], [stats[i] for i in order]
    parts = [parts[i] for i in order]
    notes = [Note(key="other_files", count=others)] if others else []
    notes += [Note(key="empty_folder", count=1, what=str(folder)) for folder in sorted(empty)]
    split = None
    if has_parts:
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
                    if item.is_dir():
                        inside.append((item.is_symlink(), item.name))
                    elif item.is_file():
                        files.append(item)
        except OSError as error:
            raise DataError(f"{folder}: cannot be read ({error.strerror}).") from None
        yield folder, files, [name for _, name in inside]
        # Taken from the end: the first by name is next, and links come after what they may lead to.
        left[:0] = [folder / name for is_link, name in sorted(inside, reverse=True) if is_link]
        left += [folder / name for is_link, name in sorted(inside, reverse=True) if not is_link]


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in JUNK


def natural(path: str) -> tuple[str, str]:
    """A key that sorts img2 before img10, and folders as wholes; no two paths have the same."""
    return DIGITS.sub(lambda found: found[0].zfill(20), path).replace("/", "\0"), path


def read_pictures(
    root: Path, found: Found, reading: Reading, workers: int | None = None, progress: bool = False
) -> Decoded:
    """The pixels of these files, from the cache or decoded into it; what a kill interrupted goes on."""
    digest = hashlib.sha256(json.dumps([VERSION, str(root.resolve()), reading.model_dump(mode="json")]).encode())
    for path, (size, when) in zip(found.files, found.stats, strict=True):
        digest.update(os.fsencode(path) + f"\0{size}\0{when}\n".encode())
    with entry(KIND, digest.hexdigest()) as folder:
        index = folder / "index.json"
        if (kept := _cached(folder, found)) is not None:
            with contextlib.suppress(OSError):
                os.utime(folder)  # when it was used last
            return kept
        if workers is None:
            workers = min(8, processors()) if len(found.files) > WORTH else 1
        with _others(workers - 1) as others:  # they load what they need while the first pictures are looked at
            shape = _shape(root, found.files, reading)
            make_room(KIND, len(found.files) * int(np.prod(shape)) * 2, folder)
            counts, skipped = _decode(root, found.files, shape, reading.fit, folder, others, progress)
        kept = np.setdiff1d(np.arange(len(found.files)), [i for i, _ in skipped])
        _close_gaps(folder / "pixels.npy", kept)
        content = {"did": counts, "skipped": skipped}
        write_whole(index, json.dumps(content))
        (folder / "done.jsonl").unlink(missing_ok=True)
        made = _cached(folder, found)
        assert made is not None
        return made


def _cached(folder: Path, found: Found) -> Decoded | None:
    """What is kept, if it is whole; what is damaged is thrown away, to be made anew."""
    index, file = folder / "index.json", folder / "pixels.npy"
    if not index.is_file():
        return None
    try:
        content = json.loads(index.read_text(encoding="utf-8"))
        skipped = tuple((found.files[i], why) for i, why in content["skipped"])
        kept = np.setdiff1d(np.arange(len(found.files)), [i for i, _ in content["skipped"]])
        pixels = np.load(file, mmap_mode="r", allow_pickle=False)
        if pixels.dtype != np.uint8 or len(pixels) != (len(kept) or len(found.files)):
            raise ValueError("of another length")
        return Decoded(pixels, kept, dict(content["did"]), skipped)
    except (OSError, EOFError, ValueError, KeyError, TypeError, IndexError):
        for path in (index, file, folder / "done.jsonl"):
            path.unlink(missing_ok=True)
        return None


def _shape(root: Path, files: Sequence[str], reading: Reading) -> tuple[int, ...]:
    """The shape that every picture gets, by what a few of them are."""
    some = np.unique(np.linspace(0, len(files) - 1, GLANCES).astype(int))
    sizes: Counter[tuple[int, int]] = Counter()
    greys = []
    for rank, i in enumerate(map(int, some)):
        with contextlib.suppress(pictures.UnreadableError):
            look = reading.color == "auto" and rank % max(1, len(some) // LOOKS) == 0
            size, is_grey = pictures.glance(root / files[i], look)
            sizes[size] += 1
            if look:
                greys.append(is_grey)
    size = reading.size
    if size is None:
        alike = len(sizes) == 1 and max(next(iter(sizes))) <= LARGEST
        size = next(iter(sizes)) if alike else USUAL
    grey = reading.color == "grey" or (reading.color == "auto" and all(greys))
    return size if grey else (*size, 3)


def _decode(
    root: Path,
    files: list[str],
    shape: tuple[int, ...],
    fit: str,
    folder: Path,
    others: Sequence[subprocess.Popen[str]],
    progress: bool,
) -> tuple[dict[str, int], list[tuple[int, str]]]:
    """Decode every range of files that is not done yet, in this process and in others."""
    pixels, log = folder / "pixels.npy", folder / "done.jsonl"
    answers = _answers(log, pixels, (len(files), *shape))
    done = {answer["start"] for answer in answers}
    ranges = [(a, min(a + AT_ONCE, len(files))) for a in range(0, len(files), AT_ONCE) if a not in done]
    array = np.lib.format.open_memmap(pixels, "r+")
    places = memoryview(array.reshape(-1))  # type: ignore[arg-type]
    ticker = Ticker(f"reading {root.name}", len(files), sum(b["stop"] - b["start"] for b in answers), progress)
    lock, failed = threading.Lock(), []
    unsaid: list[dict[str, Any]] = []
    said = time.monotonic()

    def note(answer: dict[str, Any] | None) -> None:
        nonlocal said
        with lock:
            if answer:
                answers.append(answer)
                unsaid.append(answer)
                ticker.add(answer["stop"] - answer["start"])
            if unsaid and (answer is None or time.monotonic() - said > PAUSE):
                array.flush()  # before the log says that it is there
                with log.open("a", encoding="utf-8") as file:
                    file.writelines(json.dumps(one) + "\n" for one in unsaid)
                unsaid.clear()
                said = time.monotonic()

    def take() -> tuple[int, int] | None:
        with lock:
            return ranges.pop(0) if ranges and not failed else None

    facts = {"files": files, "root": str(root), "pixels": str(pixels), "offset": array.offset, "shape": shape}
    told = json.dumps(facts | {"fit": fit}) + "\n"

    def feed(process: subprocess.Popen[str]) -> None:
        """Give ranges to another process, one at a time."""
        assert process.stdin and process.stdout
        part = None
        try:
            process.stdin.write(told)
            while (part := take()) is not None:
                process.stdin.write(f"{part[0]} {part[1]}\n")
                process.stdin.flush()
                if not (line := process.stdout.readline()):
                    failed.append(part)
                    return
                note(json.loads(line))
        except (OSError, ValueError):
            failed.append(part or (0, len(files)))

    threads = [threading.Thread(target=feed, args=(process,), daemon=True) for process in others]
    try:
        for thread in threads:
            thread.start()
        while (part := take()) is not None:
            note(pictures.decode_range(files, root, places, shape, fit, *part))
        for thread in threads:
            thread.join()
    finally:
        ticker.end()
        note(None)
    if failed:
        a, b = failed[0]
        raise DataError(
            f"{root}: expected to decode from {files[a]} to {files[b - 1]}. The process that did it died, for want"
            " of memory or by one of these files; move them away to see."
        )
    counts: Counter[str] = Counter()
    for answer in answers:
        counts.update(answer["did"])
    return dict(counts), sorted((i, why) for answer in answers for i, why in answer["skipped"])


@contextlib.contextmanager
def _others(n: int) -> Iterator[list[subprocess.Popen[str]]]:
    """So many processes that decode; they are gone afterwards, whatever happened."""
    command = [sys.executable, "-P", pictures.__file__]  # -P: the modules beside that file are not the library's
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(n)
    ]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    with contextlib.suppress(OSError):
                        pipe.close()


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _answers(log: Path, pixels: Path, shape: tuple[int, ...]) -> list[dict[str, Any]]:
    """What an interrupted decoding had done; else begin with an empty array."""
    if log.is_file() and pixels.is_file():
        lines = log.read_text(encoding="utf-8").splitlines()
        answers = []
        for line in lines:
            with contextlib.suppress(ValueError):  # a kill may leave half a line
                answers.append(json.loads(line))
        return answers
    log.unlink(missing_ok=True)
    np.lib.format.open_memmap(pixels, "w+", np.uint8, shape).flush()
    return []


def _close_gaps(path: Path, kept: np.ndarray) -> None:
    """Leave out the rows of files that could not be read."""
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    if len(kept) == len(array) or not len(kept):
        return

    def rewrite(partial: Path) -> None:
        new = np.lib.format.open_memmap(partial, "w+", np.uint8, (len(kept), *array.shape[1:]))
        for start in range(0, len(kept), 4096):
            new[start : start + 4096] = array[kept[start : start + 4096]]
        new.flush()

    write_whole(path, rewrite)
