"""The option `--force`: nothing that exists is replaced but what the same command wrote, unless it is given."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from ..errors import must, option
from .common import print_result, with_option

__all__ = ["each_must_be_free", "is_written", "leave_no_former", "must_be_free", "replaces", "wrote"]

Force = Annotated[bool, typer.Option("--force", help="Replace what is there already, whoever wrote it.")]


class Running(NamedTuple):
    """The command that runs, whether it replaces what others wrote, and where it was asked to write.

    Of a folder that the same command wrote before, `former` has the files that were there, and which they were; each
    file of the folders in `each` is remembered by itself.
    """

    command: str
    force: bool
    places: set[Path]
    former: dict[Path, dict[Path, tuple[int, int]]]
    each: set[Path]

    def remember(self, path: Path, still_at: Path) -> None:
        """Remember a file that is about to get its name, if it was asked for."""
        from ..io.own_outputs import remember_output

        if path in self.places or path.parent in self.each:
            remember_output(path, self.command, still_at)


_now: contextvars.ContextVar[Running | None] = contextvars.ContextVar("now", default=None)


def replaces(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that writes files the option `--force` as well: a decorator.

    Parameters
    ----------
    command : function

    Returns
    -------
    function
        With a signature for typer: that of the command, and the option.
    """
    name = command.__name__.rstrip("_")

    @functools.wraps(command)
    def wrapped(force: bool = False, **given: Any) -> None:
        from ..io.files import before_rename

        running = Running(name, force, set(), {}, set())
        before, told = _now.set(running), before_rename.set(running.remember)
        try:
            command(**given)
        except BaseException:
            # Of a folder that was free, a full disk or Ctrl-C leaves what this command wrote, and nothing else.
            for place in () if force else running.places:
                if place.is_dir():
                    is_written(place)
            raise
        finally:
            before_rename.reset(told)
            _now.reset(before)

    return with_option(wrapped, command, "force", False, Force)


def must_be_free(out: Path) -> None:
    """Refuse to write over what the running command did not write itself, or somebody changed since.

    Parameters
    ----------
    out : Path
        A file, or a folder of files.

    Raises
    ------
    ParameterError
        Naming `--force`, without which it stays.
    """
    from ..io.own_outputs import is_free

    running = _now.get()
    if running is None:
        return
    is_own = is_free(out, running.command)
    if is_own and out.is_dir():
        running.former[out] = {path: _which(path) for path in out.rglob("*") if path.is_file()}
    if not running.force and not is_own:
        kind = "an empty folder, or one" if out.is_dir() else "a new file, or one"
        expected = f"{kind} that {running.command} wrote and nobody changed"
        raise must("out", expected, str(out), f"{option('force')} replaces it.")
    running.places.add(out)


def each_must_be_free(folder: Path) -> None:
    """Refuse to write into a folder in which any file is not the running command's own, or somebody changed it since.

    A kill between two files leaves a folder that is like no state that is remembered; each file is.

    Parameters
    ----------
    folder : Path
        Of few files.

    Raises
    ------
    ParameterError
        Naming `--force`, without which they stay.
    """
    from ..io.folders import is_leftover
    from ..io.own_outputs import is_free

    running = _now.get()
    if running is None:
        return
    running.each.add(folder)
    if running.force or not os.path.lexists(folder) or (not folder.is_symlink() and is_free(folder, running.command)):
        return
    inside = [] if folder.is_symlink() or not folder.is_dir() else [p for p in folder.iterdir() if not is_leftover(p)]
    others = [folder] if not inside else [path for path in inside if not is_free(path, running.command)]
    if others:
        expected = f"a folder of figures that {running.command} wrote and nobody changed"
        raise must("out", expected, str(others[0]), f"{option('force')} writes them there.")


def leave_no_former(out: Path) -> None:
    """Remove from a folder what an earlier call of the running command wrote there, and this one did not write anew.

    Parameters
    ----------
    out : Path
        A folder that is whole by now. Of one that holds what others wrote, nothing is removed.
    """
    former = running.former.pop(out, {}) if (running := _now.get()) is not None else {}
    for path, which in former.items():
        with contextlib.suppress(OSError):  # gone, not to be removed, or the folder has others
            if _which(path) == which:
                path.unlink()
                path.parent.rmdir()


def _which(path: Path) -> tuple[int, int]:
    """Which file a path leads to: another that took its place has another number, or is younger."""
    found = path.lstat()
    return found.st_ino, found.st_mtime_ns


def is_written(out: Path) -> None:
    """Remember what the running command wrote, which the next one may replace.

    Parameters
    ----------
    out : Path
    """
    from ..io.own_outputs import remember_output

    if (now := _now.get()) is not None:
        remember_output(out, now.command)


def wrote(
    out: Path,
    shape: tuple[int, ...],
    as_json: bool,
    more: dict[str, Any] | None = None,
    told: Sequence[str] = (),
) -> None:
    """Print where something was written, the shape of what is in it, and what else people should know.

    Parameters
    ----------
    out : Path
    shape : tuple of int
    as_json : bool
    more : dict or None
        Facts to add, in JSON alone.
    told : sequence of str
        Lines to add, for people alone.
    """
    is_written(out)
    print_result({"output": str(out), "shape": list(shape), **(more or {})}, [f"{out}  {shape}", *told], as_json)
