"""How many threads a training is worth.

Threads that share a small product wait for each other longer than they compute, above all beside other work. Measured
on two cores (AMD EPYC, vectors of 256 bits), a whole training by two threads took 1.1 to 1.6 times as long as by one
where the largest product has 0.5 million multiplications, 1.2 times at 2 million, and 0.85 from 4 million up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

__all__ = ["worthwhile_threads"]

SMALL = 2**22
"""Multiplications of the largest product below which one thread is the faster."""


@contextmanager
def worthwhile_threads(model: nn.Module, batch_size: int, device: torch.device) -> Iterator[None]:
    """Let PyTorch compute with one thread, meanwhile, where the products of `model` are small.

    The number depends on the model and the batch alone, so that a training is the same whenever it is repeated.

    Parameters
    ----------
    model : Module
        Products of other layers than linear ones, such as convolutions, count as large.
    batch_size : int
        Rows that a layer is given at once.
    device : device
        Where the model is; on a GPU nothing changes.

    Yields
    ------
    None
        Afterwards the number of threads is as it was.
    """
    before = torch.get_num_threads()
    if device.type == "cpu" and before > 1 and _largest(model) * batch_size < SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if torch.get_num_threads() != before:
            torch.set_num_threads(before)


def _largest(model: nn.Module) -> float:
    """Weights of the largest linear layer; infinite where another kind of layer has a matrix."""
    matrices = [(type(m) is nn.Linear, p.numel()) for m in model.modules() for p in m.parameters(False) if p.dim() > 1]
    return max((n if is_linear else float("inf") for is_linear, n in matrices), default=float("inf"))
