"""What a training will take, before it takes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from ..core import Batch, LatentModel
from ..errors import GargaloError, option

__all__ = ["check_memory", "free_memory", "step_memory", "weights_memory"]


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


def step_memory(model: LatentModel, codec: nn.Module, raw: Tensor, classes: int) -> int:
    """Bytes that a batch takes in a step: what it keeps for its gradients, and these.

    Parameters
    ----------
    model : LatentModel
    codec : Module
    raw : Tensor, (n, *raw_shape)
        The batch. All three are on the meta device, which knows sizes and takes no memory.
    classes : int
        How many labels the data have; 0 for none.

    Returns
    -------
    int
    """
    # Views share a storage; those of weights, such as their transpose, are counted elsewhere.
    weights = {p.untyped_storage()._cdata for p in model.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            kept[storage._cdata] = storage.nbytes()
        return tensor

    y = torch.zeros(len(raw), classes, device="meta") if classes else None
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model.loss(Batch(codec(raw), y))
    return 2 * sum(kept.values())


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
