"""Runs as a folder of plain files: a page, points, latents, pictures, and the models as ONNX."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, BinaryIO

from ..data import Dataset
from ..errors import GargaloError, RunError, must
from ..fitted import FittedModel
from ..io.arguments import check_types
from ..io.files import as_os_error, cannot_write
from ..io.folders import hold, new_folder, remove_leftovers
from ..io.received import open_received, parsed, read_received
from ..io.reporter import SILENT, Reporter
from ..runs import Run
from .shown import choose
from .writing import SiteWriter

MOST_TOLD = 2**27
"""Bytes of what a site tells of itself: 20,000 examples are a few million."""

__all__ = ["Choices", "Published", "check_site", "publish"]


@dataclass(frozen=True)
class Published:
    """What `publish` wrote.

    Attributes
    ----------
    folder : Path
    public : dict
        What anybody who has the folder can see, and how much of each: "examples", "pictures", "rows", "labels",
        "ids", "latents", "classes" and "columns" (their names, and what is told of each), "models",
        "references" (reference classifiers).
    notes : tuple of str
        Keys of what there is to know, under "publish.<key>" in `lang`.
    size : int
        Bytes in all.
    """

    folder: Path
    public: dict[str, int]
    notes: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class Choices:
    """What of the runs and their data a site shows.

    Attributes
    ----------
    points : int or None
        Examples on the map, at most: the test set first, then the others. Without it 20,000, and fewer where latents
        are long.
    thumbnails : bool
        Publish pictures, the numbers of rows, and ids? Latents are published either way, and a decoder turns them into
        something like the examples.
    examples : bool
        Publish anything that belongs to a single example? Without, the page can generate and be drawn on. Names of
        classes and columns are published all the same.
    """

    points: int | None = None
    thumbnails: bool = True
    examples: bool = True

    def __post_init__(self) -> None:
        check_types(points=self.points)


def publish(
    runs: Sequence[Run],
    out: Path,
    dataset: Dataset | None = None,
    reference: FittedModel | None = None,
    choices: Choices = Choices(),
    reporter: Reporter = SILENT,
) -> Published:
    """Write a site about runs on the same data.

    Parameters
    ----------
    runs : sequence of Run
        At least one, each once.
    out : Path
        A folder that is not there yet, or empty. The site is moved there when it is whole.
    dataset : Dataset or None
        The data of the runs, which is not checked here; without it, the site shows the test examples that the first
        run keeps.
    reference : FittedModel or None
        The reference classifier, in whose latents the page measures which classes a model's draws reach.
    choices : Choices
    reporter : Reporter
        Who tells how it goes.

    Returns
    -------
    Published

    Raises
    ------
    GargaloError
        For no run, one given twice, or runs on different data; a folder that is not empty, a page that
        was not built, a model that cannot be exported.
    """
    _must_share_data(runs)
    page = resources.files(__package__ or "gargalo.explorer") / "site"
    if not (page / "index.html").is_file():
        raise GargaloError(f"{page}: expected the explorer's page. Found none; build it: make site.")
    was_there = out.exists()
    new_folder(out, "a new folder for the site")
    # In a corner of its place, and moved there when it is whole.
    with contextlib.ExitStack() as undo:
        if not was_there:
            undo.callback(_remove_empty, out)
        undo.enter_context(hold(out, str(out), "writes", keep=False))
        new_folder(out, "a new folder for the site")  # another may have written before this one held it
        remove_leftovers(out)  # of an earlier try that was killed
        place = undo.enter_context(_corner(out))
        built = undo.enter_context(resources.as_file(page))
        folder = place / "site"
        shown = choose(runs, dataset, choices.points)
        shutil.copytree(built, folder)
        site = SiteWriter(folder, shown, choices.thumbnails, choices.examples, reporter)
        site.write(runs, reference)
        size = _size(folder)
        _move(folder, out)
    return Published(out, site.public, tuple(site.notes), size)


@contextlib.contextmanager
def _corner(out: Path) -> Iterator[Path]:
    """A folder in a folder, for as long as the block takes; where the disk is full, that is told of `out`."""
    place = out / f".site.partial{secrets.token_hex(6)}"
    try:
        place.mkdir()
        yield place
    except OSError as error:
        found, needed = as_os_error(error, place) or error, _size(place)
        shutil.rmtree(place, ignore_errors=True)  # first, so that what is free is free
        raise cannot_write(out, found, needed) from None
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _move(folder: Path, out: Path) -> None:
    """Put a whole site into its place, so that whoever serves it can read it; its page comes last."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    try:
        for path in sorted(folder.iterdir(), key=lambda path: path.name == "index.html"):
            path.replace(out / path.name)
    except OSError as error:
        raise cannot_write(out, error) from None


def check_site(folder: Path) -> None:
    """Check that a folder has the data files that `publish` wrote, by size and CRC-32.

    Of the page only `index.html` is looked for, and its content is not compared.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    GargaloError
        Naming the first that is missing or damaged.
    """
    file = folder / "data" / "site.json"
    try:
        content = parsed(read_received(file, folder, MOST_TOLD))
        files = list(_files(content))
    except (OSError, ValueError) as error:
        raise GargaloError(f"{file}: expected what publish wrote. It cannot be read ({error}); publish anew.") from None
    if not (folder / "index.html").is_file():
        raise GargaloError(f"{folder}: expected a whole site. Found no index.html in it; publish anew.")
    for name, size, checksum in files:
        file = folder / name
        try:
            with open_received(file, folder, size) as (opened, there):
                found = "other content" if (there, _checksum(opened)) != (size, checksum) else None
        except OSError:
            found = "none"
        if found:
            raise GargaloError(f"{file}: expected the {size} bytes that publish wrote. Found {found}; publish anew.")


def _files(content: Any) -> Iterator[tuple[str, int, int]]:
    """Every file that a part of `site.json` names, its size and its checksum; ValueError for what are none."""
    if isinstance(content, dict) and {"file", "bytes", "crc32"} <= content.keys():
        name, size, checksum = content["file"], content["bytes"], content["crc32"]
        if not isinstance(name, str) or type(size) is not int or type(checksum) is not int or "\0" in name or size < 0:
            raise ValueError("a file without a name, a size and a checksum")
        yield name, size, checksum
    for part in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        yield from _files(part)


def _checksum(opened: BinaryIO) -> int:
    found = 0
    while part := opened.read(2**20):
        found = zlib.crc32(part, found)
    return found


def _must_share_data(runs: Sequence[Run]) -> None:
    """Runs that are shown on the same examples were trained on the same data."""
    if not runs:
        raise must("runs", "at least one run", 0)
    if told := runs[0].recipe.data.conditions:
        raise RunError(
            f"{runs[0].folder}: expected a run whose condition is the label, which the page can ask for. Found"
            f" {', '.join(one.name for one in told)}; gargalo sample RUN --condition NAME=VALUE draws with them, and"
            " gargalo report shows the run."
        )
    first, folders = runs[0].recipe.data, [run.folder.resolve() for run in runs]
    for i, run in enumerate(runs[1:], 1):
        if folders[i] in folders[:i]:
            raise RunError(f"{run.folder}: expected each run once. Found it twice; leave one out.")
        if run.recipe.data.fingerprint != first.fingerprint:
            raise RunError(
                f"{run.folder}: expected a run on the data of {runs[0].folder}, {first.name}, as a site compares"
                f" runs on the same examples. Found {run.recipe.data.name}, with other content; publish it apart."
            )


def _remove_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
