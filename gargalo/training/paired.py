"""Two models compared on the same few examples: is one clearly better?"""

from __future__ import annotations

import math

import torch

from ..core import Codec, LatentModel
from .batches import Data
from .draws import generator_at
from .loop import EVALUATION

__all__ = ["is_clearly_better"]

PARTS = 64
"""At most so many parts of the data are compared, each by its mean loss."""


@torch.no_grad()
def is_clearly_better(model: LatentModel, other: LatentModel, codec: Codec, data: Data, seed: int = 0) -> bool:
    """Is the loss of one model lower than another's by more than chance alone would let it be?

    The rule of one standard error (Breiman et al., "Classification and regression trees", 1984), of the differences
    between both on the same examples with the same draws.

    Parameters
    ----------
    model, other : LatentModel
        In evaluation mode, of one objective.
    codec : Codec
    data : Data
        At least one example, none of which either has learned from.
    seed : int
        Of the draws.

    Returns
    -------
    bool
        False also where one example alone tells nothing.
    """
    apart = []
    for rows in torch.arange(len(data)).tensor_split(min(PARTS, len(data))):
        losses = []
        for one in (other, model):
            draws = generator_at(seed, EVALUATION, int(rows[0]), 0)
            losses.append(one.loss(data.batch(codec, rows, generator=draws)).total.double())
        apart.append(losses[0] - losses[1])
    gain = torch.stack(apart)
    return len(gain) > 1 and bool(gain.mean() > gain.std() / math.sqrt(len(gain)))
