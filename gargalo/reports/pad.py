"""What the live pad carries: a decoder from two numbers, small enough to travel inside the page."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..nets import WithLinearPath
from ..plots import PALETTE
from ..runs import Run

__all__ = ["packed_decoder"]

NAMES = {nn.ReLU: "relu", nn.SiLU: "silu", nn.GELU: "gelu", nn.Tanh: "tanh"}
OUTPUTS = {"sigmoid": nn.Sigmoid, "": nn.Identity, "clipped": lambda: nn.Hardtanh(0, 1)}
"""What may stand behind the last layer."""
TOLERANCE = 0.01
"""In model space, [0, 1]; half precision is off by 0.002 on digits."""


def packed_decoder(run: Run) -> dict[str, Any] | None:
    """What the page needs to decode as `run` does; `pad.js` reads it.

    Parameters
    ----------
    run : Run
        Of images, with two latent numbers, and decoding without a label.

    Returns
    -------
    dict or None
        For JSON: "layers" as pairs (in, out); "activation" between them, a value of `NAMES` or empty; "output", a key
        of `OUTPUTS`; "weights" in base64, little-endian float16, layer by layer, each (out, in) row by row and then
        its bias; "direct", the matrix (out, 2) in the same form that is added from a latent to what the last layer
        puts out, or empty; "shape" as (c, h, w); the run's examples as "points" (n, 2) and "labels" (n,); the labels'
        "names"; "colours" of labels. None for volumes, and where a chain of such layers does not
        decode as the run does.
    """
    if len(run.codec.x_shape) != 3:
        return None
    network, direct = run.model.decoder, None
    if isinstance(network, WithLinearPath):
        network, direct = network.network, network.matrix.detach().half().float()
    # What only training does is not there when one decodes.
    parts = [part for part in network.modules() if not list(part.children()) and not isinstance(part, nn.Dropout)]
    layers = [part for part in parts if isinstance(part, nn.Linear)]
    between = {type(part) for part in parts if not isinstance(part, nn.Linear | nn.Unflatten)}
    if not layers or len(between) > 1 or not between <= NAMES.keys():
        return None
    activation = next(iter(between), nn.Identity)
    chain = _page(layers, activation)
    output = next((name for name in OUTPUTS if _decodes_alike(run, chain, direct, OUTPUTS[name]())), None)
    if output is None:
        return None
    flat = [part for layer in layers for part in (layer.weight.detach().numpy().ravel(), _bias(layer).numpy())]
    kept = run.examples
    names = run.recipe.data.class_names or ("",)
    y = kept.y if kept.y is not None else np.zeros(len(kept.x), int)
    return {
        "layers": [[layer.in_features, layer.out_features] for layer in layers],
        "activation": NAMES.get(activation, ""),
        "output": output,
        "weights": _packed(np.concatenate(flat)),
        "direct": "" if direct is None else _packed(direct.numpy()),
        "shape": list(run.codec.x_shape),
        "points": np.round(run.latents, 3).tolist(),
        "labels": y.tolist(),
        "names": list(names),
        "colours": list(PALETTE),
    }


def _packed(numbers: np.ndarray) -> str:
    """Numbers as base64 of little-endian float16."""
    return base64.b64encode(numbers.astype("<f2").tobytes()).decode()


def _bias(layer: nn.Linear) -> Tensor:
    """The bias of a layer, zeros where it has none."""
    return torch.zeros(layer.out_features) if layer.bias is None else layer.bias.detach()


def _page(layers: list[nn.Linear], activation: type[nn.Module]) -> nn.Sequential:
    """What the page computes before its output: the same layers in half precision, as a plain chain."""
    chain: list[nn.Module] = []
    for layer in layers:
        rounded = nn.Linear(layer.in_features, layer.out_features)
        rounded.weight.data, rounded.bias.data = layer.weight.detach().half().float(), _bias(layer).half().float()
        chain += [rounded, activation()]
    return nn.Sequential(*chain[:-1])


@torch.no_grad()
def _decodes_alike(run: Run, chain: nn.Sequential, direct: Tensor | None, output: nn.Module) -> bool:
    """Does the page show what the run decodes, whatever else the network may do between its layers?"""
    z = torch.as_tensor(run.latents[:64])
    try:
        shown = output(chain(z) if direct is None else chain(z) + z @ direct.T).flatten(1)
    except RuntimeError:  # layers that do not follow each other
        return False
    return bool(((shown - run.model.decode(z).flatten(1)).abs() < TOLERANCE).all())
