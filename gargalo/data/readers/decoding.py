"""Many picture files -> pixels: decoded once, in parallel, into a memory map in the user's cache."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError, GargaloError, option
from ...io.cache import entry, make_room
from ...io.files import cannot_write, write_whole
from ...io.reporter import SILENT, Reporter
from ..reading import Reading
from .decoded import TYPES, Answer, Decoded, answers_of, close_gaps, kept_pixels
from .pictures import images
from .pictures.glances import glance
from .pictures.memory import Memory

__all__ = ["Decoder"]

VERSION = 3
"""Of what decoding gives; a cache of another is not used."""
KIND = "pictures"
GLANCES, LOOKS = 200, 32
"""Pictures whose header, and whose pixels, say what the others are likely to be."""
USUAL, LARGEST = (64, 64), 64
"""The size of pictures that are not all alike, or have a longer side than this."""
WORTH = 1500
"""Files from which a second process is worth its start."""


@dataclass(frozen=True)
class Decoder:
    """Decodes picture files, in this process and in others.

    Attributes
    ----------
    workers : int or None
        Processes, this one included; None takes as many as are worth their start.
    reporter : Reporter
        Who tells how it goes.
    at_once : int
        Files that a process is given at a time.
    pause : float
        Seconds from one note of what is done to the next: each waits for the disk.
    program : str
        What another process runs.
    decode_range : function
        What this process does with a range of files.
    """

    workers: int | None = None
    reporter: Reporter = SILENT
    at_once: int = 256
    pause: float = 0.5
    program: str = str(Path(images.__file__).with_name("__main__.py"))
    decode_range: Callable[..., Answer] = field(default=images.decode_range)

    def pixels_of(
        self, root: Path, files: Sequence[str], stats: Sequence[tuple[int, int]], reading: Reading
    ) -> Decoded:
        """Take the pixels of picture files from the cache, or decode them into it; an interrupted decoding goes on.

        Parameters
        ----------
        root : Path
        files : sequence of n str
            Paths relative to `root`.
        stats : sequence of n (int, int)
            The size of each file in bytes, and when it was changed last, in nanoseconds: by these the cache knows them.
        reading : Reading
            Its `size`, `color`, `fit`, `depth` and `kind` count.

        Returns
        -------
        Decoded
            Where no file can be read, `kept` is empty, and `pixels` has a row of zeros for every file.

        Raises
        ------
        DataError
            Where the pixels need more room than the cache or the disk has, or a process that decodes has died.
        """
        digest = hashlib.sha256(json.dumps([VERSION, os.path.realpath(root), _choices(reading)]).encode())
        for path, (size, when) in zip(files, stats, strict=True):
            digest.update(os.fsencode(path) + f"\0{size}\0{when}\n".encode())
        with entry(KIND, digest.hexdigest()) as folder:
            if (kept := kept_pixels(folder, files)) is not None:
                with contextlib.suppress(OSError):
                    os.utime(folder)  # when it was used last
                return kept
            with self._others(self._workers(len(files)) - 1) as others:
                # They load what they need while the first pictures are looked at.
                wanted = _wanted(root, files, reading)
                needed = len(files) * int(np.prod(wanted.shape)) * images.BYTES[wanted.depth] * 2
                make_room(needed, folder, "decoded pictures", f"choose a smaller {option('size')}")
                counts, skipped = _Work(self, root, files, wanted, folder).done(others)
            kept = np.setdiff1d(np.arange(len(files)), [i for i, _ in skipped])
            close_gaps(folder / "pixels.npy", kept)
            write_whole(folder / "index.json", json.dumps({"did": counts, "skipped": skipped}))
            (folder / "done.jsonl").unlink(missing_ok=True)
            made = kept_pixels(folder, files)
            assert made is not None
            return made

    def _workers(self, files: int) -> int:
        """How many processes so many files are worth."""
        if self.workers is not None:
            return self.workers
        return min(8, processors()) if files > WORTH else 1

    @contextlib.contextmanager
    def _others(self, n: int) -> Iterator[list[subprocess.Popen[str]]]:
        """So many processes that decode; they are gone afterwards, whatever happened."""
        command = [sys.executable, "-P", self.program]  # -P: the modules beside that file are not the library's
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


class _Work:
    """One decoding: every range of files that is not done yet, shared by several threads.

    Each thread feeds one process; the calling thread decodes itself. What is done is noted in a log beside the pixels,
    after the pixels themselves have reached the disk.
    """

    def __init__(self, decoder: Decoder, root: Path, files: Sequence[str], wanted: images.Wanted, folder: Path):
        self.decoder, self.root, self.files, self.wanted = decoder, root, list(files), wanted
        pixels, self.log = folder / "pixels.npy", folder / "done.jsonl"
        self.answers = answers_of(self.log, pixels, TYPES[wanted.depth], (len(files), *wanted.shape))
        done, step, n = {answer["start"] for answer in self.answers}, decoder.at_once, len(files)
        self.ranges = [(a, min(a + step, n)) for a in range(0, n, step) if a not in done]
        self.array = np.lib.format.open_memmap(pixels, "r+")
        self.places = memoryview(self.array.reshape(-1).view(np.uint8))  # type: ignore[arg-type]
        self.counter = decoder.reporter.counter(
            decoder.reporter.say("progress.reading", what=root.name),
            n,
            sum(answer["stop"] - answer["start"] for answer in self.answers),
        )
        self.lock, self.failed = threading.Lock(), []
        self.full: GargaloError | None = None
        self.unsaid: list[Answer] = []
        self.said = time.monotonic()
        self.told = {"files": self.files, "root": str(root), "pixels": str(pixels), "offset": self.array.offset}
        self.told |= wanted._asdict()

    def done(self, others: Sequence[subprocess.Popen[str]]) -> tuple[dict[str, int], list[tuple[int, str]]]:
        """Do all of it: what was done, as counts, and the files that could not be read, with the reason."""
        workers = len(others) + 1
        told = json.dumps(self.told | {"workers": workers}) + "\n"
        threads = [threading.Thread(target=self.feed, args=(process, told), daemon=True) for process in others]
        try:
            for thread in threads:
                thread.start()
            with Path(self.told["pixels"]).open("rb") as own:
                memory = Memory(workers, own)
                while (part := self.take()) is not None:
                    self.note(self.decoder.decode_range(self.files, self.root, self.places, self.wanted, part, memory))
            for thread in threads:
                thread.join()
        finally:
            self.counter.end()
            self.note(None)
        if self.full:
            raise self.full
        if self.failed:
            a, b = self.failed[0]
            raise DataError(
                f"{self.root}: expected to decode from {self.files[a]} to {self.files[b - 1]}. The process that did"
                " it died, for want of memory or by one of these files; move them away to see."
            )
        counts: Counter[str] = Counter()
        for answer in self.answers:
            counts.update(answer["did"])
        return dict(counts), sorted((i, why) for answer in self.answers for i, why in answer["skipped"])

    def note(self, answer: Answer | None) -> None:
        """Note what is done; None when all is, so that nothing stays unsaid."""
        with self.lock:
            if answer:
                self.answers.append(answer)
                self.unsaid.append(answer)
                self.counter.add(answer["stop"] - answer["start"])
            if self.unsaid and (answer is None or time.monotonic() - self.said > self.decoder.pause):
                try:
                    self.array.flush()  # before the log says that it is there
                    with self.log.open("a", encoding="utf-8") as file:
                        file.writelines(json.dumps(one) + "\n" for one in self.unsaid)
                except OSError as error:  # told by whoever waits for all of them, in whichever thread it happened
                    self.full = cannot_write(self.log, error, sum(map(len, map(json.dumps, self.unsaid))))
                self.unsaid.clear()
                self.said = time.monotonic()

    def take(self) -> tuple[int, int] | None:
        """The next range of files, which is then nobody else's."""
        with self.lock:
            return self.ranges.pop(0) if self.ranges and not self.failed and not self.full else None

    def feed(self, process: subprocess.Popen[str], told: str) -> None:
        """Give ranges to another process, one at a time."""
        assert process.stdin and process.stdout
        part = None
        try:
            process.stdin.write(told)
            while (part := self.take()) is not None:
                process.stdin.write(f"{part[0]} {part[1]}\n")
                process.stdin.flush()
                if not (line := process.stdout.readline()):
                    self.failed.append(part)
                    return
                self.note(json.loads(line))
        except (OSError, ValueError):
            self.failed.append(part or (0, len(self.files)))


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _choices(reading: Reading) -> dict[str, Any]:
    """What of the reading the pixels depend on."""
    return reading.model_dump(mode="json", include={"size", "color", "fit", "depth", "kind"})


def _wanted(root: Path, files: Sequence[str], reading: Reading) -> images.Wanted:
    """What every picture becomes, by what a few of them are."""
    some = np.unique(np.linspace(0, len(files) - 1, GLANCES).astype(int))
    sizes: Counter[tuple[int, int]] = Counter()
    greys, depths, pages = [], set(), Counter()
    for rank, i in enumerate(map(int, some)):
        with contextlib.suppress(images.UnreadableError):
            look = reading.color == "auto" and rank % max(1, len(some) // LOOKS) == 0
            seen = glance(root / files[i], look)
            sizes[seen.size] += 1
            depths.add(seen.depth)
            pages[seen.pages] += 1
            if look:
                greys.append(seen.is_grey)
    size = reading.size
    if size is None:
        alike = len(sizes) == 1 and max(next(iter(sizes))) <= LARGEST
        size = next(iter(sizes)) if alike else USUAL
    if (depth := reading.depth) == "auto":
        # Of several kinds, all become bytes.
        depth = depths.pop() if len(depths) == 1 and reading.color != "rgb" else "8"
    if reading.kind == "volume":
        if (deep := max(pages, key=lambda n: pages[n], default=1)) < 2:
            asked = option("kind", "volume")
            raise DataError(f"{root}: expected TIFF files of several pages each for {asked}. Found one page.")
        return images.Wanted((deep, *size), reading.fit, depth, is_stack=True)
    if depth != "8":
        return images.Wanted(size, reading.fit, depth)
    grey = reading.color == "grey" or (reading.color == "auto" and all(greys))
    return images.Wanted(size if grey else (*size, 3), reading.fit)
