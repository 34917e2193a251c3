"""The option `--force`: nothing that exists is replaced but what the same command wrote, unless it is given."""

from __future__ import annotations

import contextvars
import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from ..errors import must, option

__all__ = ["is_written", "must_be_free", "replaces"]

Force = Annotated[bool, typer.Option("--force", help="Replace what is there already, whoever wrote it.")]


class Running(NamedTuple):
    """The command that runs, whether it replaces what others wrote, and where it was asked to write."""

    command: str
    force: bool
    places: set[Path]

    def remember(self, path: Path, still_at: Path) -> None:
        """Remember a file that is about to get its name, if it was asked for."""
        from ..io.own_outputs import remember_output

        if path in self.places:
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

        running = Running(name, force, set())
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

    own = inspect.signature(command, eval_str=True).parameters.values()
    mine = inspect.Parameter("force", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Force)
    kept = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    wrapped.__signature__ = inspect.Signature([*kept, mine])  # type: ignore[attr-defined]
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in (*kept, mine)}
    return wrapped


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
    if not running.force and not is_free(out, running.command):
        kind = "an empty folder, or one" if out.is_dir() else "a new file, or one"
        expected = f"{kind} that {running.command} wrote and nobody changed"
        raise must("out", expected, str(out), f"{option('force')} replaces it.")
    running.places.add(out)


def is_written(out: Path) -> None:
    """Remember what the running command wrote, which the next one may replace.

    Parameters
    ----------
    out : Path
    """
    from ..io.own_outputs import remember_output

    if (now := _now.get()) is not None:
        remember_output(out, now.command)
