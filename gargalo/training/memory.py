"""What a training will take, before it takes it."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from ..core import Batch, LatentModel
from ..errors import GargaloError, option

__all__ = ["check_memory", "free_memory", "step_memory", "weights_memory"]

FEW = (2, 4, 8)
"""Batches that are tried."""


def weights_memory(model: nn.Module) -> int:
    """Bytes of weights, gradients, Adam's two moments and the best weights; buffers are not counted.

    Parameters
    ----------
    model : Module
        Perhaps on the meta device.

    Returns
    -------
    int
    """
    return 5 * sum(p.nbytes for p in model.parameters())


def step_memory(model: LatentModel, x_shape: tuple[int, ...], rows: int, classes: int) -> int:
    """Bytes that a batch takes in a step: what it keeps for its gradients, and these.

    Counted on batches of a few zeros, of which it is a polynomial: linear, or quadratic where all pairs are compared.
    On the meta device, which takes no memory at all, sums of tensors import PyTorch's compiler for a second.

    Parameters
    ----------
    model : LatentModel
        On any device, also the meta device; it is not changed.
    x_shape : tuple of int
        One example in model space.
    rows : int
        Examples in the batch.
    classes : int
        How many labels the data have; 0 for none.

    Returns
    -------
    int
    """
    model = copy.deepcopy(model)
    # Zeros that nobody has written to take no memory either.
    zeros = {name: torch.zeros(t.shape, dtype=t.dtype) for name, t in model.state_dict().items()}
    model.load_state_dict(zeros, assign=True)
    if rows <= FEW[-1]:
        return 2 * _kept(model, x_shape, rows, classes)
    found = 0.0
    for n in FEW:
        others = [m for m in FEW if m != n]
        weight = math.prod((rows - m) / (n - m) for m in others)
        found += weight * _kept(model, x_shape, n, classes)
    return 2 * round(found)


def _kept(model: LatentModel, x_shape: tuple[int, ...], rows: int, classes: int) -> int:
    """Bytes that a batch of zeros keeps for its gradients."""
    # Views share a storage; those of weights, such as their transpose, are counted elsewhere.
    weights = {p.untyped_storage()._cdata for p in model.parameters()}
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        if tensor.untyped_storage()._cdata not in weights:
            kept[tensor.untyped_storage()._cdata] = tensor  # held, so that no other takes its place
        return tensor

    y = torch.zeros(rows, classes) if classes else None
    with torch.random.fork_rng(devices=[]), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = model.loss(Batch(torch.zeros(rows, *x_shape), y))
    del loss
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


def check_memory(needs: Mapping[str, int], free: int | None = None) -> None:
    """Refuse what does not fit, before it is begun.

    Parameters
    ----------
    needs : dict
        Bytes, by what they are for.
    free : int or None
        Bytes that may be taken; None asks the machine.

    Raises
    ------
    GargaloError
        With the megabytes that are free and needed, and for what.
    """
    total, free = sum(needs.values()), free_memory() if free is None else free
    if total > free:
        parts = ", ".join(f"{what} {size // 10**6}" for what, size in needs.items())
        raise GargaloError(
            f"train: expected to need at most the {free // 10**6} MB of memory that are free. Found about"
            f" {total // 10**6} MB ({parts}); try smaller {option('widths')} or {option('batch_size')}."
        )


def free_memory() -> int:
    """Bytes that this process may still take: of the machine, of its container, of its own limit."""
    import psutil

    found = [psutil.virtual_memory().available]
    try:
        own = Path("/proc/self/cgroup").read_text().strip().rpartition("::")[2].lstrip("/")
        group = Path("/sys/fs/cgroup") / own
        limit = (group / "memory.max").read_text().strip()
        if limit.isdecimal():
            facts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
            used = int((group / "memory.current").read_text()) - int(facts["inactive_file"])
            found.append(int(limit) - used)
    except (OSError, ValueError, KeyError):  # no such container here
        pass
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            found.append(limit - psutil.Process().memory_info().vms)
    except ImportError:  # Windows has no such limits
        pass
    return max(0, min(found))
