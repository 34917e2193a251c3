"""Names that people type, and what stands behind them: gargalo's own entries, and those of installed packages.

::

    own = {"normal": "normal:Normal", "gmm": "mixture:Mixture"}
    PRIORS: Registry[type[Prior]] = Registry("prior", "gargalo.priors", __name__, own)
    PRIORS["gmm"]          # imports gargalo/latent/priors/mixture.py now, not before

A package of somebody else's adds an entry by an entry point in its pyproject.toml, which is loaded when its name is
asked for, and where all entries are gone through; a program adds one by `register`. No file of a run is ever asked for
code.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from ..errors import GargaloError, GargaloWarning, ParameterError, unknown

__all__ = ["Registry", "subclass_of"]

Entry = TypeVar("Entry")
NAME = re.compile(r"[a-z][a-z0-9_-]*")
"""What may be registered: names become parts of file names and keys."""


class Registry(Mapping[str, Entry], Generic[Entry]):
    """Entries by name. Iterating gives gargalo's own names and those that a program registered.

    Parameters
    ----------
    parameter : str
        What the names are given to, for the error.
    group : str
        The group of the entry points that other packages may bring.
    package : str
        Where gargalo's own entries lie.
    own : dict of str
        "module:Name" in `package`, by name; imported when it is asked for.
    must_be : (str, function) or None
        What an entry is, in words, and what tells whether an object is one; None takes any.
    """

    def __init__(
        self,
        parameter: str,
        group: str,
        package: str,
        own: Mapping[str, str],
        must_be: tuple[str, Callable[[Any], bool]] | None = None,
    ):
        self.parameter, self.group, self.package = parameter, group, package
        self.must_be = must_be
        self._own = dict(own)
        self._loaded: dict[str, Entry] = {}

    def register(self, name: str) -> Callable[[Entry], Entry]:
        """A decorator that adds an entry for as long as this program runs.

        Parameters
        ----------
        name : str
            Of small letters, digits, "-" and "_", beginning with a letter; none of gargalo's own names.

        Returns
        -------
        function
            Takes the entry, and gives it back.

        Raises
        ------
        ParameterError
            For another name; the function, for what cannot be an entry.
        """
        if not NAME.fullmatch(name) or name in self._own:
            raise ParameterError.about("name", "new, of small letters, digits, '-' and '_'", name)

        def add(entry: Entry) -> Entry:
            if self.must_be is not None and not self.must_be[1](entry):
                raise ParameterError.about("entry", self.must_be[0], entry)
            self._loaded[name] = entry
            return entry

        return add

    def names(self) -> list[str]:
        """Every name that can be asked for, those of installed packages included."""
        return list(dict.fromkeys([*self, *self._installed()]))

    def is_own(self, name: str) -> bool:
        """Is the entry `name` gargalo's, rather than somebody else's?"""
        return name in self._own

    def usable(self) -> Iterator[tuple[str, Entry]]:
        """Every name with its entry; what cannot be loaded of somebody else's is left out, with a warning."""
        for name in self.names():
            try:
                yield name, self[name]
            except GargaloError as error:
                warnings.warn(str(error), GargaloWarning, stacklevel=2)

    @contextlib.contextmanager
    def guarded(self, name: str) -> Iterator[None]:
        """Tell of what somebody else's entry raises, and go on without it: hours of work are not lost by it.

        Parameters
        ----------
        name : str
            Of the entry that is used inside; what gargalo's own raises is raised.
        """
        try:
            yield
        except Exception as error:
            if self.is_own(name):
                raise
            why = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
            told = f"{self.parameter} {name}: left out, since it failed ({why})"
            warnings.warn(told, GargaloWarning, stacklevel=4)

    def get_or_raise(self, name: str) -> Entry:
        """The entry of this name.

        Parameters
        ----------
        name : str

        Returns
        -------
        Entry
            Imported now, if it was not before.

        Raises
        ------
        ParameterError
            For a name that nobody has, with the nearest one that somebody has.
        GargaloError
            For an entry of an installed package that cannot be loaded.
        """
        try:
            return self[name]
        except KeyError:
            raise unknown(self.parameter, name, self.names()) from None

    def _installed(self) -> dict[str, Any]:
        """The entry points of installed packages, by name."""
        return _entry_points(self.group)

    def __getitem__(self, name: str) -> Entry:
        if not isinstance(name, str):
            raise KeyError(name)
        if name not in self._loaded:
            if name in self._own:
                module, _, attribute = self._own[name].partition(":")
                self._loaded[name] = getattr(importlib.import_module(f".{module}", self.package), attribute)
            elif (point := self._installed().get(name)) is not None:
                self._loaded[name] = self._from_package(name, point)
            else:
                raise KeyError(name)
        return self._loaded[name]

    def _from_package(self, name: str, point: Any) -> Entry:
        """What an entry point of another package brings."""
        try:
            entry = point.load()
        except Exception as error:  # it is somebody else's code
            why = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
            raise GargaloError(
                f"{name}: expected {point.value} of the package that brings it. It cannot be loaded ({why})."
            ) from None
        if self.must_be is not None and not self.must_be[1](entry):
            found = f"class {entry.__name__}" if isinstance(entry, type) else f"an object of {type(entry).__name__}"
            raise GargaloError(
                f"{name}: expected {point.value} of the package that brings it to be {self.must_be[0]}. Found {found}."
            )
        return entry

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._has(name)

    def _has(self, name: str) -> bool:
        return name in self._loaded or name in self._own or name in self._installed()

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._own, *self._loaded]))

    def __len__(self) -> int:
        return len(list(iter(self)))


@functools.cache
def _entry_points(group: str) -> dict[str, Any]:
    """Read once: looking through all installed packages takes some milliseconds."""
    from importlib.metadata import entry_points

    found = {point.name: point for point in entry_points(group=group)}
    for name in [name for name in found if not NAME.fullmatch(name)]:
        told = f"{group}: the entry point {name!r} is left out: a name is of small letters, digits, '-' and '_'"
        warnings.warn(told, GargaloWarning, stacklevel=2)
        del found[name]
    return found


def subclass_of(
    base: type, that: str = "", holds: Callable[[Any], bool] = lambda entry: True
) -> tuple[str, Callable[[Any], bool]]:
    """What an entry must be, where entries are classes: it must not leave out what the base leaves to it.

    Parameters
    ----------
    base : type
    that : str
        What else it must be, in words that follow those of the class.
    holds : function
        Tells whether a subclass is that as well.

    Returns
    -------
    (str, function)
        As a `Registry` takes it: in words, and what tells whether an object is one.
    """
    lacks = ", ".join(sorted(getattr(base, "__abstractmethods__", ())))
    expected = f"a subclass of {base.__name__}" + (f" with its {lacks}" if lacks else "") + that

    def is_one(entry: Any) -> bool:
        return isinstance(entry, type) and issubclass(entry, base) and not inspect.isabstract(entry) and holds(entry)

    return expected, is_one
