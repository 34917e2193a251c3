"""What people are shown of raw examples: the pictures that they are or that stand for them, or numbers on one scale."""

from __future__ import annotations

import numpy as np
import torch

from ..data.codec import NumberCodec, TableCodec
from ..data.log import per_channel
from ..data.modalities import MOST_BARS
from ..fitted import FittedModel

__all__ = ["looked"]


def looked(raw: np.ndarray, fitted: FittedModel, kept: np.ndarray, display: np.ndarray | None) -> np.ndarray:
    """Turn raw examples into what is drawn of them; see `Run.look`.

    Parameters
    ----------
    raw : ndarray, (n, *raw_shape)
    fitted : FittedModel
        Of whose kind they are.
    kept : ndarray, (m, *raw_shape)
        Raw examples, for each of which there is a picture in `display`.
    display : ndarray or None, (m, h, w) or (m, h, w, c)
        None where they stand for themselves.

    Returns
    -------
    ndarray, (n, *raw_shape), (n, *x_shape) or (n, h, w[, c])

    Raises
    ------
    DataError
        For data of another shape than the model was trained on.
    """
    modality, codec = fitted.spec.modality, fitted.codec
    if modality.drawn_as == "pixels":
        return codec.look(raw)
    x = fitted.to_model_space(raw)
    if display is not None:
        there = fitted.to_model_space(kept)
        return display[torch.cdist(torch.from_numpy(x), torch.from_numpy(there)).argmin(1).numpy()]
    if modality.drawn_as == "lines" and isinstance(codec, NumberCodec):
        middle, spread = per_channel(codec.middle, codec.spread, len(modality.names(fitted.spec)) or 1)
        return ((raw - middle) / spread).astype(np.float32)
    return _with_few_bars(raw, x, codec) if isinstance(codec, TableCodec) else x


def _with_few_bars(raw: np.ndarray, x: np.ndarray, codec: TableCodec) -> np.ndarray:
    """Rows in model space, where a category of many names is one bar, in equal steps from -1 to 1."""
    if max(codec.blocks, default=0) <= MOST_BARS:
        return x
    numbers, *blocks = np.split(x, np.cumsum([len(codec.numbers), *codec.blocks])[:-1], axis=1)
    for i, size in enumerate(codec.blocks):
        if size > MOST_BARS:
            places = raw[:, [codec.categories[i]]] * 2 / (size - 1) - 1
            blocks[i] = np.nan_to_num(places).astype(np.float32)
    return np.concatenate([numbers, *blocks], axis=1)
