"""What has a solution is not trained, but solved."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..core import Codec, LatentModel
from ..io.progress import Record
from .batches import Data

__all__ = ["solve"]


def solve(
    model: LatentModel,
    codec: Codec,
    train: Data,
    validation: Data | None,
    evaluate: Callable[[Data], dict[str, float]],
) -> Record:
    """Find the weights of a model whose class `is_solved`.

    Parameters
    ----------
    model : LatentModel
        Changed in place, and left in eval mode.
    codec : Codec
        Fitted.
    train : Data
    validation : Data or None
        Only evaluated: the weights do not depend on it.
    evaluate : function
        From data to the loss and its terms.

    Returns
    -------
    dict
        The one line of its history: "epoch" (1), "train" and perhaps "validation" (what `evaluate` gives), "seconds".
    """
    began = time.perf_counter()

    def slices() -> Iterator[Tensor]:
        for rows in torch.arange(len(train)).split(codec.rows_at_once):
            yield train.batch(codec, rows).x

    model.solve(slices)
    model.eval()
    record: Record = {"epoch": 1, "train": evaluate(train)}
    if validation is not None:
        record["validation"] = evaluate(validation)
    record["seconds"] = round(time.perf_counter() - began, 3)
    return record
