"""Half precision where it pays and does no harm: inside the networks, whose outputs are float32 again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ..core import LatentModel

__all__ = ["precision_of_networks"]


@contextmanager
def precision_of_networks(model: LatentModel, precision: str, device: torch.device) -> Iterator[None]:
    """Let the networks of `model`, meanwhile, compute in this precision while they train.

    Losses are sums over hundreds of numbers, and codes are the nearest of close distances: these stay in float32, as
    do weights and gradients (Micikevicius et al., "Mixed precision training", arXiv:1710.03740), whatever is computed
    in evaluation mode, and layers that an objective calls one by one, as the contractive does.

    Parameters
    ----------
    model : LatentModel
    precision : "32-true" or "bf16-mixed"
        In the second, layers multiply in bfloat16.
    device : device
        Where the model is.

    Yields
    ------
    None
        Afterwards the networks are as they were.
    """
    # One module may be both.
    networks = [] if precision == "32-true" else list(dict.fromkeys((model.encoder, model.decoder)))
    # A network may have other ways in than `forward`: a convolutional encoder that passes maps on.
    ways = [(network, name) for network in networks for name in ("forward", "with_maps") if hasattr(network, name)]
    before = [vars(network).get(name) for network, name in ways]
    for network, name in ways:
        setattr(network, name, partial(_in_bfloat16, network, getattr(network, name), device.type))
    try:
        yield
    finally:
        for (network, name), own in zip(ways, before, strict=True):
            if own is None:
                delattr(network, name)
            else:  # another context put a way of its own there
                setattr(network, name, own)


def _in_bfloat16(network: nn.Module, compute: Callable[..., Any], device_type: str, *given: Any, **more: Any) -> Any:
    if not network.training:
        return compute(*given, **more)
    with torch.autocast(device_type, torch.bfloat16):
        found = compute(*given, **more)
    return _in_float32(found)


def _in_float32(found: Any) -> Any:
    """A tensor, or tuples and lists of them; anything else is left as it is."""
    if isinstance(found, Tensor):
        return found.float() if found.is_floating_point() else found
    if type(found) in (tuple, list):
        return type(found)(map(_in_float32, found))
    return found
