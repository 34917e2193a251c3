"""What a parameter is called on the command line: as it was typed, or as it can be."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable, Sequence
from typing import Any, get_args, get_origin

from ..errors import Naming
from .common import app

__all__ = ["naming_for"]

FORMER = {"validation_share": "held_out", "shares": "parts"}


def naming_for(arguments: Sequence[str]) -> Naming:
    """How to call a parameter in a message about the command that these arguments ask for.

    An option is called as it was typed, a name given by ``--set`` is called so, a positional argument by what the help
    calls it; what the command has no option for is set by ``--set`` where it has that, else it keeps Python's name.

    Parameters
    ----------
    arguments : sequence of str
        As they were typed, without the program's name: the command comes first.

    Returns
    -------
    Naming
        From a parameter's name in Python, and a value or None, to the text to show.
    """
    command = next((each for each in app.registered_commands if _name(each) in arguments[:1]), None)
    options = _options(command.callback) if command is not None and command.callback is not None else {}
    typed = {argument.partition("=")[0] for argument in arguments if argument.startswith("-")}
    given = {text.partition("=")[0].replace("-", "_") for text in _given_by_set(arguments)}

    def naming(parameter: str, value: str | None) -> str:
        names = options.get(parameter, ())
        called = next((name for name in names if name in typed), names[0] if names else parameter)
        if parameter in given or FORMER.get(parameter) in given or (not names and "choices" in options):
            return f"--set {parameter}" if value is None else f"--set {parameter}={shlex.quote(value)}"
        return called if value is None else f"{called} {shlex.quote(value)}"

    return naming


def _name(command: Any) -> str:
    """The name by which a command is asked for."""
    return command.name or command.callback.__name__.rstrip("_").replace("_", "-")


def _options(callback: Callable[..., Any]) -> dict[str, tuple[str, ...]]:
    """What each parameter can be typed as on the command line; the first is what the help shows."""
    found = {}
    for name, parameter in inspect.signature(callback, eval_str=True).parameters.items():
        for info in get_args(parameter.annotation)[1:] if get_origin(parameter.annotation) is not None else ():
            if type(info).__name__ == "ArgumentInfo":
                found[name] = ((info.metavar or name.upper()).strip("[]"),)
            elif type(info).__name__ == "OptionInfo":
                # Beside a type, typer takes what an option is typed as for its default.
                declared = [text for text in (info.default, *(info.param_decls or ())) if str(text).startswith("-")]
                declared.sort(key=lambda text: not text.startswith("--"))
                found[name] = tuple(declared) or (f"--{name.replace('_', '-')}",)
    return _as_python(found)


def _as_python(options: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The same under the names that the parameters have in Python, where these differ."""
    same = {
        "src": "data",
        "run": "folder",
        "goes_on": "resume",
        "start": "origin",
        "add_noise": "strength",
        "latents": "z",
    }
    return {python: options[name] for name, python in same.items() if name in options} | options


def _given_by_set(arguments: Sequence[str]) -> list[str]:
    """The NAME=VALUE pairs that were typed after --set."""
    after = [arguments[i + 1] for i, argument in enumerate(arguments[:-1]) if argument == "--set"]
    return after + [argument.removeprefix("--set=") for argument in arguments if argument.startswith("--set=")]
