"""What the live pad carries: a decoder from two numbers, small enough to travel inside the page."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from torch import nn

from ..plots import PALETTE
from ..runs import Run

__all__ = ["packed_decoder"]

NAMES = {nn.ReLU: "relu", nn.SiLU: "silu", nn.GELU: "gelu", nn.Tanh: "tanh"}


def packed_decoder(run: Run) -> dict[str, Any] | None:
    """What the page needs to decode as `run` does; None for a network that its few lines cannot follow.

    Weights travel as little-endian float16, layer by layer, each (out, in) row by row and then its bias.
    """
    layers, flat, activation = [], [], ""
    for layer in run.model.decoder.children():
        if isinstance(layer, nn.Linear):
            layers.append([layer.in_features, layer.out_features])
            flat += [layer.weight.detach().numpy().ravel(), layer.bias.detach().numpy()]
        elif type(layer) in NAMES:
            activation = NAMES[type(layer)]
        elif not isinstance(layer, nn.Unflatten):
            return None
    weights = np.concatenate(flat).astype("<f2")
    if not np.isfinite(weights).all():
        return None
    kept = run.examples
    names = run.recipe.data.class_names or ("",)
    y = kept.y if kept.y is not None else np.zeros(len(kept.x), int)
    return {
        "layers": layers,
        "activation": activation,
        "weights": base64.b64encode(weights.tobytes()).decode(),
        "shape": list(run.codec.x_shape),
        "points": np.round(run.latents, 3).tolist(),
        "labels": y.tolist(),
        "names": list(names),
        "colours": list(PALETTE),
    }
