"""What can go wrong by a user's hand, in one grammar.

::

    GargaloError           one clear line; the command line ends with status 2
    ├ ParameterError       a parameter that cannot be what it is
    ├ DataError            a file or an array that cannot be read or does not fit
    └ RunError             a run folder that is none, is unfinished, or is already full

    UserWarning
    └ GargaloWarning       something to know, after which it goes on

    BaseException
    └ Stopped              stopped by a signal, with everything saved; status 128 and its number: 130, 143, 129

Every message names the thing, what was expected, what was found and, where one is known, what to do.
"""

from __future__ import annotations

import difflib
import signal
from collections.abc import Iterable, Sequence

__all__ = [
    "DataError",
    "GargaloError",
    "GargaloWarning",
    "ParameterError",
    "RunError",
    "Stopped",
    "ending_signals",
    "must",
    "unknown",
]


class GargaloError(Exception):
    """Something that the user can mend."""


class ParameterError(GargaloError, ValueError):
    """A parameter that cannot be what it is."""


class DataError(GargaloError, ValueError):
    """A file or an array that cannot be read, or does not fit."""


class RunError(GargaloError):
    """A run folder that is none, is unfinished, or is already full."""


class GargaloWarning(UserWarning):
    """Something that the user should know; the work goes on."""


class Stopped(BaseException):
    """Stopped by a signal; what was done is saved. As with Ctrl-C itself, no `except Exception` swallows it.

    Attributes
    ----------
    signum : int
        One of `ending_signals`.
    """

    def __init__(self, message: str, signum: int):
        super().__init__(message)
        self.signum = signum


def ending_signals() -> Sequence[int]:
    """What ends a command: SIGINT, SIGTERM, and SIGHUP of a closed terminal, unless nohup has it ignored."""
    hangup = getattr(signal, "SIGHUP", None)  # Windows has none
    always = [signal.SIGINT, signal.SIGTERM]
    return always if hangup is None or signal.getsignal(hangup) is signal.SIG_IGN else [*always, hangup]


def must(parameter: str, of: str, expected: str, got: object, hint: str = "") -> ParameterError:
    """The error for a parameter: ``The 'p' parameter of f must be … Got … instead.``"""
    # A name may come from a file, and stays in one line whatever is in it.
    name = parameter if parameter.isprintable() else repr(parameter)[1:-1]
    return ParameterError(
        f"The '{name}' parameter of {of} must be {expected}. Got {got!r} instead." + (f" {hint}" if hint else "")
    )


def unknown(parameter: str, of: str, got: object, known: Iterable[str]) -> ParameterError:
    """The error for a name that is not among `known`, with the nearest one that is."""
    known = list(known)
    near = difflib.get_close_matches(str(got), known, n=1, cutoff=0.5)
    hint = f"Did you mean '{near[0]}'?" if near else ""
    return must(parameter, of, "one of " + ", ".join(known), got, hint)
