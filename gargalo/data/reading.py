"""`Reading`: how what is read becomes examples; every choice that a file itself does not make."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..errors import ParameterError, as_expected, must, not_a_choice, option
from ..io.arguments import given_once

__all__ = ["OF_COLUMNS", "OF_FILES", "Reading", "checked_reading"]

FORMER = {"parts": "shares"}
"""What choices were called before, by which they may still be given."""
SHAPES = {
    "size": "one number, or height and width such as (48, 64)",
    "image_shape": "height and width such as (28, 28), and the channels where there are several",
    "shares": "three shares, of training, validation and test",
    "separator": "one character",
    "ignore": "the name of a column, or several",
    "category": "the name of a column, or several",
    "number": "the name of a column, or several",
    "merge": "the name of a column, or several",
    "missing": "a text or a number, or several",
    "condition": "the name of a column, or several",
}
"""What must be given that has several parts, or one."""
MISSHAPEN = ("missing", "too_long", "too_short", "string_too_long", "string_too_short", "string_type", "tuple_type")
"""What pydantic calls a value of another number of parts."""
OF_FILES = ("display", "clean", "label", "split")
"""Choices that are paths; of a table, whose label and split are columns, the first two."""
OF_COLUMNS = ("ignore", "category", "number", "merge", "condition")
"""Choices that name any number of columns."""
SEVERAL = (*OF_COLUMNS, "missing")
"""Choices that may be given more than once."""
Side = Annotated[int, Field(ge=1, le=2**14)]
Share = Annotated[float, Field(ge=0, le=1)]


class Reading(BaseModel):
    """How what is read becomes examples.

    Attributes
    ----------
    kind : str or None
        What the examples are: a name in `gargalo.data.modalities.MODALITIES`, "image", "volume", "table", "vector",
        "series" or "counts". A folder of TIFF files with several pages each is read as volumes if this says so.
        None leaves it to the file and the shape.
    size : (height, width) or None
        Of pictures in a folder; None takes their own if all are alike and small, else 64 x 64.
    color : "auto", "grey" or "rgb"
        "auto" is grey if every picture that is looked at is.
    fit : "crop", "pad" or "stretch"
        What is done to a picture of another shape than `size`.
    depth : "auto", "8", "16" or "float"
        What the numbers of pictures in a folder are: bytes, or grey values as the files have them. "auto" keeps 16
        bits or floats if every picture that is looked at has them.
    image_shape : (h, w) or (h, w, c), or None
        Rows of h * w * c numbers are pictures.
    label, id, time, group, split : str or None
        Columns of a table: the label; the id; what orders rows; what must not be divided between two splits; the
        split ("train", "validation" or "test"). Beside a `.npy` file, `label` and `split` are other such files.
    time_format : str or None
        How times that are text are written, such as "%d/%m/%Y %H:%M"; None finds it, where only one way can be meant.
    ignore, category : tuple of str
        Columns to leave out, and columns of numbers that are names.
    number : tuple of str
        Columns of texts that are numbers beside signs or units: "1,234.50", "$5", "12 kg". What is no number there, or
        beside another unit than the commonest, is missing.
    merge : tuple of str
        Columns whose names are one where they differ by case or spaces alone: the commonest of them.
    missing : tuple of str
        What stands for a missing value in the columns of data, beside what does in any table: "unknown", "-999".
    condition : tuple of str
        Columns that a conditional model is told beside the latent, in place of the label; they are no data. Beside a
        `.npy` file, other such files.
    impute : "median", "drop", "mask" or None
        What happens to missing numbers: filled in from the training rows, their rows dropped, or left out of the
        loss. None refuses them.
    window, step : int or None
        Rows of a log that make one example, and how far the next one begins.
    gap : float or None
        How many times the usual step in time ends a window; None goes by how much steps vary, see
        `readers.logs.pauses`.
    shares : three floats or None
        Shares of training, validation and test examples, where the data do not say; None is `splits.usual_shares`.
    separator, encoding, decimal_comma
        Of a CSV file. Without a separator: the commonest of ``, ; tab |`` in its first line.
    skip : int
        Lines of a CSV file before the one with the names of the columns: a title.
    display : str or None
        A folder of pictures, one for each example, that people see instead of numbers. Its sub-folders are labels where
        the data have none.
    clean : str or None
        Where a clean partner of each example lies, which a denoising model is asked for: what `load_data` takes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str | None = None
    size: tuple[Side, Side] | None = None
    color: Literal["auto", "grey", "rgb"] = "auto"
    fit: Literal["crop", "pad", "stretch"] = "crop"
    depth: Literal["auto", "8", "16", "float"] = "auto"
    image_shape: Annotated[tuple[Side, ...], Field(min_length=2, max_length=3)] | None = None
    label: str | None = None
    id: str | None = None
    time: str | None = None
    time_format: str | None = None
    group: str | None = None
    split: str | None = None
    ignore: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    number: tuple[str, ...] = ()
    merge: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    condition: tuple[str, ...] = ()
    impute: Literal["median", "drop", "mask"] | None = None
    window: Annotated[int, Field(ge=1, le=2**20)] | None = None
    step: Annotated[int, Field(ge=1, le=2**20)] | None = None
    gap: Annotated[float, Field(ge=1, le=1e9)] | None = None
    shares: tuple[Share, Share, Share] | None = None
    separator: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    encoding: Annotated[str, Field(max_length=40)] = "utf-8"
    decimal_comma: bool = False
    skip: Annotated[int, Field(ge=0, le=10_000)] = 0
    display: str | None = None
    clean: str | None = None

    @classmethod
    def names(cls) -> set[str]:
        """Every name that a choice may be given by."""
        return {*cls.model_fields, *FORMER}

    def with_paths(self, is_table: bool, change: Callable[[str], str | None]) -> Reading:
        """The same choices, with other paths of the files and folders that belong to the data.

        Parameters
        ----------
        is_table : bool
            Are the data a table's, whose label, conditions and split are columns?
        change : function
            From a path to the other, or to None for none.

        Returns
        -------
        Reading
        """
        names = OF_FILES[:2] if is_table else OF_FILES
        new: dict[str, Any] = {name: change(path) for name in names if (path := getattr(self, name)) is not None}
        if not is_table:
            new["condition"] = tuple(path for old in self.condition if (path := change(old)) is not None)
        return self.model_copy(update=new)

    def flags(self) -> str:
        """What was chosen, as it is typed after a command."""
        typed = []
        for name, value in self.model_dump(exclude_defaults=True).items():
            flag = f"--{name.replace('_', '-')}"
            if value is True:
                typed.append(flag)
            elif name in SEVERAL:
                typed += [f"{flag} {shlex.quote(part)}" for part in value]
            else:
                text = ",".join(f"{part:g}" for part in value) if isinstance(value, tuple) else str(value)
                typed.append(f"{flag} {shlex.quote(text)}")
        return " ".join(typed)

    @model_validator(mode="after")
    def _check(self) -> Reading:
        if self.shares and (abs(sum(self.shares) - 1) > 1e-6 or not self.shares[0]):
            raise must("shares", "three shares that sum to 1, the first above 0", self.shares)
        if both := [column for column in self.number if column in self.category]:
            raise must("number", f"a column that {option('category')} does not name", both[0])
        for name, given in (("step", self.step), ("gap", self.gap)):
            if given and not self.window:
                raise must(name, f"given together with {option('window')}", given)
        if self.window and not self.time:
            raise must("window", f"given together with {option('time')}, the column that orders rows", self.window)
        return self


def checked_reading(options: dict[str, Any], base: Reading | None = None) -> Reading:
    """Make a `Reading` of options by name, of which None means not chosen.

    Parameters
    ----------
    options : dict
        Values by a name of `Reading.names`. An int for `size` is a square's side; a str for one of `SEVERAL` is one
        column.
    base : Reading or None
        Has what is not chosen; without it, the defaults do.

    Returns
    -------
    Reading

    Raises
    ------
    ParameterError
        For a name that is unknown, or a value that cannot be.
    """
    chosen = given_once((FORMER.get(name, name), value) for name, value in options.items())
    for name in chosen:
        if name not in Reading.model_fields:
            raise not_a_choice(name, Reading.model_fields)
    if isinstance(size := chosen.get("size"), int):
        chosen["size"] = (size, size)
    for name in SEVERAL:
        if isinstance(chosen.get(name), str):
            chosen[name] = (chosen[name],)
    if isinstance(marks := chosen.get("missing"), int | float):
        chosen["missing"] = (marks,)
    if isinstance(marks := chosen.get("missing"), list | tuple):
        chosen["missing"] = tuple(str(mark) if isinstance(mark, int | float) else mark for mark in marks)
    for name in OF_FILES:
        if isinstance(chosen.get(name), os.PathLike):
            chosen[name] = os.fspath(chosen[name])
        if chosen.get(name) == "":
            raise must(name, "a name or a path", "")
    try:
        return Reading.model_validate({**(base.model_dump() if base else {}), **chosen})
    except ValidationError as error:
        first = error.errors()[0]
        if isinstance(cause := first.get("ctx", {}).get("error"), ParameterError):
            raise cause from None
        told, name = as_expected(first["msg"]), str(first["loc"][0])
        if name in SHAPES and first["type"] in MISSHAPEN:
            told, first["input"] = SHAPES[name], chosen.get(name)
        raise must(name, told, first["input"]) from None
