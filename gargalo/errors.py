"""What can go wrong by a user's hand, in one grammar.

::

    GargaloError           one clear line; the command line ends with status 2
    ├ ParameterError       a parameter that cannot be what it is
    ├ DataError            a file or an array that cannot be read or does not fit
    └ RunError             a run folder that is none, is unfinished, or is already full

    UserWarning
    └ GargaloWarning       something to know, after which the work goes on

    BaseException
    └ Stopped              a signal stopped the work, with everything saved; status 128 and its number: 130, 143, 129

Every message names the thing, what was expected, what was found and, where one is known, what to do. A parameter has
two names: Python's argument (`start`) and what is typed on the command line (`--from`). A message names it by
`option`, and whoever shows the message says which of the two it is.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from typing import Any

__all__ = [
    "DataError",
    "GargaloError",
    "GargaloWarning",
    "ParameterError",
    "RunError",
    "Stopped",
    "as_expected",
    "did_you_mean",
    "must",
    "not_a_choice",
    "option",
    "unknown",
]

Naming = Callable[[str, "str | None"], str]
"""What to call a parameter, given its name in Python and, where one is recommended, its value."""

MOST_SHOWN = 200
"""Characters of a value that a message shows."""
MENTION = re.compile("\x02([^\x02\x03\x1f]*)(?:\x1f([^\x02\x03]*))?\x03")


def option(parameter: str, value: object = None) -> str:
    """The mention of a parameter in a message, perhaps with a value that it should have.

    Parameters
    ----------
    parameter : str
        The argument's name in Python.
    value : object or None
        Shown as `parameter='value'` in Python and as `--parameter value` on the command line.

    Returns
    -------
    str
        Marked by control characters, which `GargaloError.told` replaces by the name to show.
    """
    text = "" if value is None else "\x1f" + "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(value))
    return f"\x02{parameter}{text}\x03"


def as_argument(parameter: str, value: str | None) -> str:
    """Write a parameter as Python has it: `start`, or `start='label:7'`.

    Parameters
    ----------
    parameter : str
        The argument's name in Python.
    value : str or None
        Quoted unless it reads as a number, a tuple, True or False.

    Returns
    -------
    str
    """
    if value is None:
        return parameter
    is_plain = re.fullmatch(r"-?\d[\d.e+-]*|\(.*\)|True|False", value) is not None
    return f"{parameter}={value if is_plain else repr(value)}"


class GargaloError(Exception):
    """Something that the user can mend.

    Attributes
    ----------
    parameter, expected, got, hint : str or None
        The parts of the message, where it is about a parameter: its name in Python, what it must be, how Python
        shows what it is, and what to do.
    """

    parameter: str | None = None
    expected: str | None = None
    got: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        return self.told(as_argument)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def told(self, naming: Naming) -> str:
        """Write the message, with each parameter called as `naming` calls it.

        Parameters
        ----------
        naming : Naming
            From a parameter's name in Python, and a value or None, to the text to show.

        Returns
        -------
        str
        """
        told = MENTION.sub(lambda found: naming(found[1], found[2]), super().__str__())
        # Names and values may come from files, and a message stays one line whatever is in them.
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in told)


class ParameterError(GargaloError, ValueError):
    """A parameter that cannot be what it is: ``start must be an int >= 0. Got -1 instead.``"""

    @classmethod
    def unexpected(cls, parameter: str, hint: str = "") -> ParameterError:
        """Make the error for a parameter that does not exist.

        Parameters
        ----------
        parameter : str
            The name that was given.
        hint : str
            What to do, a sentence; empty for none.

        Returns
        -------
        ParameterError
            Not raised here.
        """
        name = parameter if parameter.isprintable() else repr(parameter)[1:-1]
        error = cls(f"{option(name)} is not a choice here." + (f" {hint}" if hint else ""))
        error.parameter, error.expected, error.hint = name, "a known choice", hint or None
        return error

    @classmethod
    def about(cls, parameter: str, expected: str, got: object, hint: str = "") -> ParameterError:
        """Make the error for one parameter from the parts of its message.

        Parameters
        ----------
        parameter : str
            The argument's name in Python.
        expected : str
            What it must be, to follow "must be".
        got : object
            What it is, shown by `repr` in one line, or the beginning of it.
        hint : str
            What to do, a sentence; empty for none.

        Returns
        -------
        ParameterError
            Not raised here.
        """
        # A name may come from a file, and stays in one line whatever is in it.
        name = parameter if parameter.isprintable() else repr(parameter)[1:-1]
        shown = re.sub(r"\s*\n\s*", " ", repr(got))
        shown = shown if len(shown) <= MOST_SHOWN else f"{shown[: MOST_SHOWN - 1]}…"
        error = cls(f"{option(name)} must be {expected}. Got {shown} instead." + (f" {hint}" if hint else ""))
        error.parameter, error.expected, error.got, error.hint = name, expected, shown, hint or None
        return error


class DataError(GargaloError, ValueError):
    """A file or an array that cannot be read, or does not fit.

    Attributes
    ----------
    remedy : dict
        The choices of reading, by name, with which it can be read, where only one thing can be meant; else empty.
    """

    def __init__(self, message: str = "", **remedy: Any):
        super().__init__(message)
        self.remedy = remedy


class RunError(GargaloError):
    """A run folder that is none, is unfinished, or is already full."""


class GargaloWarning(UserWarning):
    """Something that the user should know; the work goes on."""


class Stopped(BaseException):
    """A signal stopped the work; what was done is saved. As with Ctrl-C itself, no `except Exception` swallows it.

    Attributes
    ----------
    signum : int
        The signal's number, one of `gargalo.io.signals.ending_signals`.
    """

    def __init__(self, message: str, signum: int):
        super().__init__(message)
        self.signum = signum


must = ParameterError.about
"""The error for one parameter, to be raised by the caller: ``p must be … Got … instead.``"""


def as_expected(told: str) -> str:
    """What pydantic says of a value, in words that follow "must be".

    Parameters
    ----------
    told : str
        Its message, such as "Input should be a valid integer, unable to parse string as an integer".

    Returns
    -------
    str
        Without what it says of the value, which the error shows.
    """
    told = re.sub(r", (unable to|got a|not) .*| after validation.*", "", told)
    if size := re.fullmatch(r"\w+ should have (at (?:most|least) \d+ \w+)", told):
        return f"of {size[1]}"
    told = told.removeprefix("Input should be ").replace("Input should", "such that it should")
    return told.replace("a valid integer", "a whole number").replace("a valid number", "a number")


def unknown(parameter: str, got: object, known: Iterable[str]) -> ParameterError:
    """Make the error for a name that is not among `known`, with the nearest one that is, to be raised by the caller.

    Parameters
    ----------
    parameter : str
        The argument's name in Python.
    got : object
        The value that was given.
    known : iterable of str
        The values that it may have, listed in the message in this order.

    Returns
    -------
    ParameterError
    """
    known = list(known)
    return must(parameter, "one of " + ", ".join(known), got, did_you_mean(got, known))


def not_a_choice(got: str, known: Iterable[str]) -> ParameterError:
    """Make the error for a parameter that does not exist, with the nearest one that does, to be raised by the caller.

    Parameters
    ----------
    got : str
        The name that was given.
    known : iterable of str
        The names of the parameters that exist.

    Returns
    -------
    ParameterError
    """
    return ParameterError.unexpected(got, did_you_mean(got, known))


def did_you_mean(got: object, known: Iterable[str], prefix: str = "") -> str:
    """Suggest the nearest known name, where one is near; case, spaces, "-" and "_" make no difference.

    Parameters
    ----------
    got : object
        The name that was given, compared as `str`.
    known : iterable of str
        The names that exist.
    prefix : str
        What is written before a name, and is not compared.

    Returns
    -------
    str
        A sentence, or an empty string where no name has a `difflib` similarity of at least 0.5, of 0.6 for few letters.
    """

    def plain(name: object) -> str:
        return re.sub(r"[-_ ]", "", str(name)).casefold()

    folded = {plain(name): name for name in known}
    near = difflib.get_close_matches(plain(got), list(folded), n=1, cutoff=0.5 if len(plain(got)) > 3 else 0.6)
    return f"Did you mean '{prefix}{folded[near[0]]}'?" if near else ""
