"""What likelihoods share: the sum over an example, and a clamp that what is learned can come back from."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["per_example", "within"]


def per_example(values: Tensor, mask: Tensor | None) -> Tensor:
    """Sum over everything but the first axis, of what was observed.

    Parameters
    ----------
    values : Tensor, (n, …)
    mask : Tensor or None, (n, …), bool
        True where a value was observed; None where all were.

    Returns
    -------
    Tensor, (n,)
    """
    return (values if mask is None else values * mask).flatten(1).sum(1)


def within(x: Tensor, low: float, high: float) -> Tensor:
    """Clamp with a way back: beyond a bound only the gradient that leads further out is stopped.

    Parameters
    ----------
    x : Tensor
    low, high : float
        Bounds; may be infinite.

    Returns
    -------
    Tensor, of the shape of `x`
    """
    return _Within.apply(x, low, high)  # type: ignore[return-value]


class _Within(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, low: float, high: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.bounds = low, high
        return x.clamp(low, high)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (x,), (low, high), (gradient,) = ctx.saved_tensors, ctx.bounds, gradients
        # Descent goes against the gradient.
        outwards = ((x <= low) & (gradient > 0)) | ((x >= high) & (gradient < 0))
        return gradient.masked_fill(outwards, 0.0), None, None
