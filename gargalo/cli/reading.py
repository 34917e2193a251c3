"""The options that say how what is read becomes examples, for every command that reads data to learn from."""

from __future__ import annotations

import functools
import inspect
import math
import re
from collections.abc import Callable
from typing import Annotated, Any

import typer

from ..errors import must

__all__ = ["reads"]


def _numbers(kind: type, text: str, separators: str = ",") -> tuple[Any, ...]:
    """Numbers between commas; none where one of them is none."""
    try:
        return tuple(kind(part) for part in re.split(f"[{separators}]", text))
    except ValueError:
        return ()


def _size(text: str) -> tuple[int, ...]:
    found = _numbers(int, text, ",x")
    if len(found) not in (1, 2) or min(found) < 1:
        raise must("size", "numbers such as 64 or 48x64", text)
    return found * 2 if len(found) == 1 else found


def _image_shape(text: str) -> tuple[int, ...]:
    found = _numbers(int, text)
    if len(found) not in (2, 3) or min(found) < 1:
        raise must("image_shape", "numbers such as 28,28 or 32,32,3", text)
    return found


def _shares(text: str) -> tuple[float, ...]:
    found = _numbers(float, text)
    if len(found) != 3 or not all(0 <= part < math.inf for part in found) or not found[0]:
        raise must("shares", "three numbers such as 80,10,10, the first above 0", text)
    return tuple(part / (sum(found) or 1) for part in found)


OPTIONS: dict[str, tuple[Any, str, Callable[[Any], Any] | None]] = {
    "kind": (
        str,
        "What the examples are: image, volume, table, vector, series or counts; else as the file and the shape say.",
        None,
    ),
    "size": (str, "Pictures: height x width, such as 64 or 48x64.", _size),
    "color": (str, "Pictures: auto, grey or rgb.", None),
    "fit": (str, "Pictures of another shape: crop, pad or stretch.", None),
    "depth": (str, "Pictures: auto, or the bits that are kept of each value: 8, 16 or float.", None),
    "image_shape": (
        str,
        "Rows of numbers that are pictures: 28,28 or 32,32,3.",
        _image_shape,
    ),
    "label": (str, "Tables: the column with the label; for .npy a second file.", None),
    "id": (str, "Tables: the column with the id of each row.", None),
    "ignore": (list[str], "Tables: a column to leave out; may be repeated.", tuple),
    "category": (list[str], "Tables: a column of numbers that are names; may be repeated.", tuple),
    "number": (
        list[str],
        "Tables: a column of numbers beside signs or units; what is none there is missing; may be repeated.",
        tuple,
    ),
    "merge": (
        list[str],
        "Tables: a column whose names are one where they differ by case or spaces alone; may be repeated.",
        tuple,
    ),
    "missing": (
        list[str],
        "Tables: what stands for a missing value, such as unknown or -999; may be repeated.",
        tuple,
    ),
    "condition": (
        list[str],
        "For cvae: a column that it is told in place of the label, for .npy a second file; may be repeated.",
        tuple,
    ),
    "impute": (str, "Missing numbers: median, drop (the row) or mask (leave out of the loss).", None),
    "time": (str, "Tables: the column that orders rows; the last ones test.", None),
    "time_format": (str, "How those times are written, such as %d/%m/%Y %H:%M; else found.", None),
    "group": (str, "Tables: rows of one group stay in one split.", None),
    "window": (int, "Logs: rows that make one example.", None),
    "step": (int, "Logs: how far the next window begins; else where the last one ends.", None),
    "gap": (float, "Logs: times the usual step in time at which a window ends; else by how much steps vary.", None),
    "split": (str, "Tables: the column that says train, validation or test.", None),
    "shares": (str, "Shares of training, validation and test, such as 80,10,10.", _shares),
    "separator": (str, "CSV: what stands between cells.", None),
    "encoding": (str, "CSV: utf-8 or another, such as latin-1.", None),
    "skip": (int, "CSV: lines before the one with the names of the columns.", None),
    "decimal_comma": (bool, "CSV: numbers such as 1,5.", lambda is_set: is_set or None),
    "display": (str, "A folder with a picture of each example, for people to see.", None),
    "clean": (
        str,
        "For denoising: where the clean partner of each example lies, by the same name or in the same row.",
        None,
    ),
}
"""Name in `Reading`, type on the command line, help, and what makes the one of the other."""


FORMER = {"shares": "--parts"}
"""What options were called before, by which they may still be given."""


def _declared(name: str) -> list[str]:
    """What an option can be typed as."""
    return [f"--{name.replace('_', '-')}", *([FORMER[name]] if name in FORMER else [])]


def reads(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `OPTIONS` as well: a decorator.

    Parameters
    ----------
    command : function
        Takes what was chosen, and only that, as the dict `reading`, by the names of `gargalo.data.Reading`.

    Returns
    -------
    function
        With a signature for typer: that of the command, without `reading`, and the options. When called it raises
        ParameterError for numbers that are none.
    """

    @functools.wraps(command)
    def wrapped(**given: Any) -> None:
        reading = {}
        for name, (_, _, convert) in OPTIONS.items():
            value = given.pop(name)
            if value is not None and value != []:
                reading[name] = convert(value) if convert else value
        command(**given, reading={name: value for name, value in reading.items() if value is not None})

    own = inspect.signature(command, eval_str=True).parameters
    mine = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if kind is bool else None,
            annotation=Annotated[kind if kind is bool else kind | None, typer.Option(*_declared(name), help=help)],
        )
        for name, (kind, help, _) in OPTIONS.items()
    ]
    kept = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for name, p in own.items() if name != "reading"]
    wrapped.__signature__ = inspect.Signature([*kept, *mine])  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in (*kept, *mine)}
    return wrapped
