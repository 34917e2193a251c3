"""Runs a command, says what went wrong in one line, and ends with the right status."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from typer.exceptions import TyperException

from ..errors import GargaloError, GargaloWarning, ParameterError, Stopped, as_expected, did_you_mean, must
from ..io.arguments import check_types
from ..io.reporter import tell
from ..io.signals import ending_signals
from . import looking, making, models, showing, using  # noqa: F401  each puts its commands into the app, in this order
from .common import app, rank
from .naming import naming_for

__all__ = ["end", "main", "run"]

PATHS = {"--out": "out", "-o": "out", "--data-dir": "data_dir", "--display": "display"}
"""Options that take a path, and what they are in Python."""

PATIENCE = 20.0
"""Seconds that a process waits for the first one to say what is wrong with a parameter, before it says so itself."""


def run(arguments: Sequence[str], app: Callable[..., int | None] = app) -> int:
    """Run one command, and say in one line on stderr what went wrong.

    Parameters
    ----------
    arguments : sequence of str
        As they were typed, without the program's name; nothing asks for the help.
    app : function
        Runs them as a `typer.Typer` does.

    Returns
    -------
    int
        The exit status: 0 done, or the output is not read to its end; 2 the user can mend it; 128 and the number of
        the signal that stopped it; else that of the command.

    Raises
    ------
    Exception
        Whatever is no mistake of the user passes, with its traceback.
    """
    arguments = list(arguments)
    try:
        _must_have_a_working_folder()
        _must_name_paths(arguments)
        status = app(arguments or ["--help"], prog_name="gargalo", standalone_mode=False)
    except GargaloError as error:
        if not (isinstance(error, ParameterError) and _first_says_it()):
            _complain(error.told(naming_for(arguments)))
        return 2
    except TyperException as error:
        # Rendered here, since typer would draw a box around it.
        if type(error).__name__ == "NoArgsIsHelpError":
            for line in error.format_message().splitlines():
                tell(line)
        elif message := " ".join(error.format_message().split()):
            command = getattr(getattr(error, "ctx", None), "command_path", "") or "gargalo"
            _complain(f"{_in_our_words(_with_hint(error, message), arguments)} See {command} --help.")
        return error.exit_code
    except Stopped as stop:
        _complain(str(stop))
        return 128 + stop.signum
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:
        return 0
    except SystemExit as stop:
        # typer makes one of a reader that went away.
        if not isinstance(stop.__context__, BrokenPipeError):
            raise
        return 0
    except (MemoryError, RuntimeError) as error:
        # PyTorch tells of it by a RuntimeError like any other.
        if not isinstance(error, MemoryError) and not re.search("allocate memory|out of memory", str(error)):
            raise
        error = str(error).partition("\n")[0]
        _complain(f"not enough memory ({error}). Ask for less at a time.")
        return 2
    except OSError as error:
        _complain(f"{error.filename or 'output'}: {error.strerror or str(error) or type(error).__name__}.")
        return 2
    if status == 130:  # typer makes that of Ctrl-C, and is silent
        _complain("stopped.")
    return status or 0


def _must_have_a_working_folder() -> None:
    """Refuse a working folder that somebody removed: no path leads on from there, and PyTorch would end the process."""
    try:
        Path.cwd()
    except OSError as error:
        raise GargaloError(
            f"working folder: expected one that is there. Found none ({error.strerror}); go to another one with cd."
        ) from None


def _must_name_paths(arguments: Sequence[str]) -> None:
    """Refuse an empty path, as an unset variable leaves it, which would be the current folder."""
    joined = [argument.split("=", 1) for argument in arguments if "=" in argument]
    for name, value in [*pairwise(arguments), *joined]:
        if name in PATHS and not value:
            check_types(True, **{PATHS[name]: value})


def _with_hint(error: TyperException, message: str) -> str:
    """What typer says; of an option that is not there, with the nearest one that is, be it short."""
    wrong, context = getattr(error, "option_name", None), getattr(error, "ctx", None)
    if wrong is None or context is None:
        return message
    known = [name for parameter in context.command.params for name in parameter.opts]
    return f"No such option: {wrong}. {did_you_mean(wrong, known)}".rstrip()


def _in_our_words(message: str, arguments: Sequence[str]) -> str:
    """What typer says of an option, in the grammar of our own errors; with a full stop, unless it ends in a mark."""
    if wrong := re.fullmatch(r"Invalid value for '([^']+)': (Input should be .*)", message):
        typed = [value for name, value in pairwise(arguments) if name == wrong[1]]
        typed += [argument.partition("=")[2] for argument in arguments if argument.startswith(f"{wrong[1]}=")]
        expected = as_expected(wrong[2])
        return str(must(wrong[1], expected, typed[-1])) if typed else f"{wrong[1]} must be {expected}."
    message = message.rstrip(".")
    return message if message.endswith(("?", "!")) else f"{message}."


def main(app: Callable[..., int | None] = app) -> None:
    """The console script: run what `sys.argv` asks for, where every ending signal is handled by `end`.

    Parameters
    ----------
    app : function
        See `run`.

    Raises
    ------
    SystemExit
        With the status of `run`, or 128 and the number of the signal that ended it.
    """
    # Two trainings of two threads on two cores wait for each other by spinning: a small step took 15-20 ms, with
    # this 7; on an idle machine 0.9 either way. Read when PyTorch is loaded, which no command has done yet.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    # Other signals end a command as Ctrl-C does: nothing half-written stays, and it says so.
    _came.clear()
    for kind in ending_signals():
        signal.signal(kind, end)
    warnings.showwarning = _warn
    # Of a home that cannot be written, that it keeps its list of fonts elsewhere.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    try:
        status = _flushed(run(sys.argv[1:], app))
    except BaseException:
        # What a signal interrupts may make an error of its own of it: a module that is being imported does.
        if not _came:
            raise
        _complain("stopped.")
        status = 1
    sys.exit(128 + _came[0] if _came and status else status)


def _flushed(status: int) -> int:
    """The exit status, once what was printed has been taken: here, since at its end Python would complain of a reader
    that went away and had what it wanted, and make a status of its own of it."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if not isinstance(error, BrokenPipeError):
            _complain(f"output: {error.strerror}.")
            return status or 2
    return status


_came: list[int] = []
"""Signals that came, of which the first ends the command."""


def end(signum: int, frame: object) -> None:
    """Stop a command when a signal comes: the handler of every ending signal.

    Parameters
    ----------
    signum : int
    frame : object
        Not used.

    Raises
    ------
    Stopped
        Always.
    """
    signal.signal(signum, signal.SIG_DFL)  # a second one ends it at once
    _came.append(signum)
    raise Stopped("stopped.", signum)


def _warn(message: Warning | str, category: type[Warning], *place: Any) -> None:
    """Ours in one line, like errors; others as Python shows them."""
    if issubclass(category, GargaloWarning):
        _complain(str(message))
    else:
        for line in warnings.formatwarning(message, category, place[0], place[1]).splitlines():
            tell(line)


def _first_says_it() -> bool:
    """Leave what every process finds out to the first of them: the others are ended once it has said so."""
    if not _rank():
        return False
    try:
        # The first end of a process ends all: it must not be one that said nothing.
        time.sleep(PATIENCE)
    except Stopped:
        return True
    return False


def _rank() -> int:
    """Which process this is; the first, where the environment says what cannot be: it tells of that."""
    try:
        return rank()
    except GargaloError:
        return 0


def _complain(message: str) -> None:
    which = f" (process {_rank()})" if _rank() else ""
    tell(f"gargalo{which}: {message}")
