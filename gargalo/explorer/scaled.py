"""Pictures that a codec scales, as the page has them: floats in [0, 1], since it knows no other unit."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ..core import Codec
from ..fitted import FittedModel

__all__ = ["PageCodec", "for_page"]


class PageCodec(Codec):
    """Pictures of the page <-> model space of one model.

    The page's pictures are scaled by one codec, whatever model sees them: two runs on the same data may have been
    trained on other rows, and scale by these. Four channels become five, of which the last is empty: the page would
    take the fourth for transparency.

    Parameters
    ----------
    base : Codec
        Scales what the page is given.
    own : Codec
        That of the model.
    """

    bounded = True

    def __init__(self, base: Codec, own: Codec):
        super().__init__()
        # Of its own: a file of tensors holds none twice.
        self.base, self.own, self.x_shape = copy.deepcopy(base), own, own.x_shape
        self.channels = own.x_shape[0]

    def forward(self, raw: Tensor) -> Tensor:
        x = raw.unsqueeze(1) if self.channels == 1 else raw[..., : self.channels].movedim(-1, 1)
        return self.own(self.base.invert(x))

    def invert(self, x: Tensor) -> Tensor:
        return self.laid_out(self.base(self.own.invert(x)))

    def laid_out(self, x: Tensor) -> Tensor:
        """Lay out what `base` has scaled as the page has it.

        Parameters
        ----------
        x : Tensor, (n, c, h, w)

        Returns
        -------
        Tensor, (n, h, w) or (n, h, w, c)
        """
        if self.channels == 1:
            return x[:, 0]
        x = torch.cat([x, torch.zeros_like(x[:, :1])], 1) if self.channels == 4 else x
        return x.movedim(1, -1)


def for_page(fitted: FittedModel, base: Codec, raw: np.ndarray) -> tuple[FittedModel, np.ndarray]:
    """Give a model and examples as the page has them.

    Parameters
    ----------
    fitted : FittedModel
    base : Codec
        Scales what the page is given.
    raw : ndarray, (n, *raw_shape)

    Returns
    -------
    FittedModel
        Of the same weights, whose raw examples are the page's: `fitted` itself where nothing is scaled.
    ndarray, (n, h, w) or (n, h, w, c)
        The examples, as floats in [0, 1]; as they are where nothing is scaled.
    """
    if not fitted.spec.ranges:
        return fitted, raw
    codec = PageCodec(base, fitted.codec).eval()
    return replace(fitted, codec=codec), codec.laid_out(base(torch.from_numpy(np.array(raw)))).numpy()
