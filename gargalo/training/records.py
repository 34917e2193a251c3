"""What a training tells of each epoch, as it stands in histories and checkpoints, which may come from anybody."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

__all__ = ["MOST_EPOCHS", "MOST_SECONDS", "records_of"]

MOST_EPOCHS, MOST_SECONDS = 2**31, 1e12
"""Epochs, and seconds, that no training has."""
LARGEST = 1e100
"""A loss through which no curve can go."""


def _drawable(loss: float) -> float:
    """Refuse what is a number, but no curve can go through."""
    if math.isfinite(loss) and abs(loss) > LARGEST:
        raise ValueError(f"a number up to {LARGEST:g}")
    return loss


def _with_total(terms: dict[str, float]) -> dict[str, float]:
    """Refuse terms without the loss that they make together."""
    if "loss" not in terms:
        raise ValueError("terms of a loss, and the loss itself")
    return terms


Name = Annotated[str, Field(max_length=200)]
# A note of a loss may have been no number, as long as the loss was one.
Loss = Annotated[float, Field(allow_inf_nan=True), AfterValidator(_drawable)]
Losses = Annotated[dict[Name, Loss], Field(max_length=1000), AfterValidator(_with_total)]


class Epoch(BaseModel):
    """A line of a history."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="allow")

    epoch: Annotated[int, Field(ge=0, lt=MOST_EPOCHS)]
    train: Losses
    validation: Losses = {}
    seconds: Annotated[float, Field(ge=0, le=MOST_SECONDS)] = 0


HISTORY = TypeAdapter(list[Epoch])


def records_of(found: list[Any]) -> list[dict[str, Any]]:
    """Check the lines of a history.

    Parameters
    ----------
    found : list
        As JSON has it; format 1 called the validation set "held".

    Returns
    -------
    list of dict
        A record of each epoch, at least one; the epochs count upwards.

    Raises
    ------
    ValueError, TypeError
        For anything else.
    """
    records = [{"validation" if name == "held" else name: value for name, value in {**one}.items()} for one in found]
    if not records:
        raise ValueError("no epoch in it")
    epochs = [epoch.epoch for epoch in HISTORY.validate_python(records)]
    if any(later <= earlier for earlier, later in pairwise(epochs)):
        raise ValueError("epochs that do not count upwards")
    return records
