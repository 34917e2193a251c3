"""What stands in the JSON files of a run folder, which may come from anybody: each is checked when it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ..errors import RunError, as_expected
from ..io.received import parsed, read_received
from ..metrics import Estimate
from ..recipes import FORMAT
from ..training import records_of
from .columns import ColumnTable, Figure

__all__ = ["MOST_IDS", "MOST_NOTES", "Named", "as_texts", "read_columns", "read_history", "read_json", "read_metrics"]

Found = TypeVar("Found")
FACTS = ("model", "data", "latent_dim", "epochs", "seconds", "best_epoch", "stopped", "parameters")
"""What of metrics.json is no metric, in the order in which it is told."""
MOST_BYTES = {"recipe.json": 2**24, "metrics.json": 2**22, "columns.json": 2**23, "history.jsonl": 2**25}
"""Bytes of each file. A thousand columns are 2**20, and an epoch's line is 250: a history has 100,000 of them."""
MOST_SHOWN = 80
"""Characters of what was found that a message shows."""

STRICT = ConfigDict(strict=True, allow_inf_nan=False)
Name = Annotated[str, Field(max_length=4096)]
MetricName = Annotated[str, Field(max_length=200)]
Whole = Annotated[int, Field(ge=0, lt=2**53)]


class Named(dict[str, Any]):
    """Values by name; one that is not there is told as what a file lacks.

    Parameters
    ----------
    values : mapping
    file : Path
        Where they were read.
    """

    def __init__(self, values: Mapping[str, Any], file: Path):
        super().__init__(values)
        self.file = file

    def __missing__(self, name: str) -> Any:
        raise RunError(f"{self.file}: expected {name}, as a run of this kind has it. Found none; train anew.")


class Facts(BaseModel):
    """What is known of a training without measuring."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="allow")

    model: Name
    data: Name
    latent_dim: Whole
    epochs: Whole
    seconds: Annotated[float, Field(ge=0, le=1e12)]
    best_epoch: Whole
    stopped: Name | None = None
    parameters: Whole = 0
    priors: Annotated[list[Name], Field(max_length=1000)] = []


class Metrics(BaseModel):
    """The content of metrics.json."""

    model_config = STRICT

    format: Annotated[int, Field(ge=1)]
    facts: Facts
    metrics: Annotated[dict[MetricName, Figure], Field(max_length=1000)]


METRICS, COLUMNS = TypeAdapter(Metrics), TypeAdapter(ColumnTable)
TEXTS = TypeAdapter(list[Name], config=ConfigDict(strict=True))
MOST_IDS, MOST_NOTES = 2**20, 100


def read_json(folder: Path, name: str, parse: Callable[[bytes, Path], Found]) -> Found:
    """Read a JSON file of a run folder by its schema.

    Parameters
    ----------
    folder : Path
        The run's.
    name : str
        A name in `MOST_BYTES`.
    parse : function
        From the bytes and the file's path to what is in it; `read_metrics` and its like.

    Returns
    -------
    object
        What `parse` gives.

    Raises
    ------
    RunError
        For a file that is missing, is no regular file of this folder, is too large, or holds anything else.
    """
    file = folder / name
    try:
        return parse(read_received(file, folder, MOST_BYTES[name]), file)
    except ValidationError as error:
        why = _told(error)
    except OSError as error:
        why = str(error.strerror)
    except (ValueError, TypeError, RecursionError) as error:
        why = str(error)
    raise RunError(f"{file}: expected JSON as a run writes it. It cannot be read ({why}).")


def read_metrics(content: bytes, file: Path) -> tuple[dict[str, Any], dict[str, Estimate]]:
    """Read the facts and the metrics that stand in a metrics.json.

    Parameters
    ----------
    content : bytes
        Of this format, or of the first, which had all of them in one dict, without intervals.
    file : Path
        For messages.

    Returns
    -------
    facts : dict
    metrics : dict of Estimate

    Raises
    ------
    ValueError, TypeError
        For anything else.
    """
    found = {**parsed(content)}
    if "format" not in found:
        figures = {name: {"value": value} for name, value in found.items() if name not in FACTS and value is not None}
        found = {"format": 1, "facts": {name: found[name] for name in FACTS if name in found}, "metrics": figures}
    if isinstance(number := found["format"], int) and number > FORMAT:
        raise ValueError(f"format {number}; a newer gargalo may read it")
    kept = METRICS.validate_python(found, strict=True)
    figures = {name: _estimate(figure) for name, figure in kept.metrics.items()}
    return Named(kept.facts.model_dump(exclude_unset=True), file), Named(figures, file)


def _estimate(figure: Figure) -> Estimate:
    """A figure with its interval; one that could not be measured is no number."""
    return Estimate(float("nan") if figure.value is None else figure.value, figure.low, figure.high, figure.n)


def read_history(content: bytes, file: Path) -> list[dict[str, Any]]:
    """Read the lines of a history.jsonl.

    Parameters
    ----------
    content : bytes
    file : Path
        For messages.

    Returns
    -------
    list of dict
        A record of each epoch, at least one; the epochs count upwards.

    Raises
    ------
    ValueError, TypeError
        For anything else.
    """
    lines = [line for line in content.splitlines() if line.strip()]
    return records_of(parsed(b"[" + b",".join(lines) + b"]"))


def read_columns(content: bytes, file: Path) -> ColumnTable:
    """Read the table that stands in a columns.json.

    Parameters
    ----------
    content : bytes
    file : Path
        What is read, for messages.

    Returns
    -------
    ColumnTable

    Raises
    ------
    ValueError
        For anything else; the message is one line.
    """
    return COLUMNS.validate_python(parsed(content))


def as_texts(text: str, most: int) -> tuple[str, ...]:
    """Read texts that stand beside arrays: the ids of a run's examples, the notes of a map.

    Parameters
    ----------
    text : str
        A list as JSON has it.
    most : int
        Texts in it, at most.

    Returns
    -------
    tuple of str

    Raises
    ------
    ValueError
        For anything else, in one line.
    """
    try:
        found = TEXTS.validate_python(parsed(text))
    except ValidationError as error:
        raise ValueError(_told(error)) from None
    if len(found) > most:
        raise ValueError(f"{len(found)} texts, more than {most}")
    return tuple(found)


def _told(error: ValidationError) -> str:
    """The first thing that a schema found, in one line."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part)[:MOST_SHOWN] for part in first["loc"])
    found = repr(first["input"])
    found = found if len(found) <= MOST_SHOWN else f"{found[: MOST_SHOWN - 1]}…"
    return f"{place or 'the whole'} must be {as_expected(first['msg'])}, not {found}"
