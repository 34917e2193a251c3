"""Adam and AdamW, begun without PyTorch's compiler, which nothing here asks for."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from .settings import TrainingSettings

__all__ = ["KINDS", "optimizer_for"]


def _bare(kind: type[torch.optim.Optimizer]) -> type[torch.optim.Optimizer]:
    """The same optimiser without what PyTorch wraps around it for its compiler, which takes a second to import.

    Where another version wraps nothing, or in another way, the methods stay as they are.
    """
    names = ("add_param_group", "zero_grad", "state_dict", "load_state_dict", "step")
    methods: dict[str, Any] = {name: getattr(getattr(kind, name), "__wrapped__", getattr(kind, name)) for name in names}
    return type(kind.__name__, (kind,), methods | {"step": torch.no_grad()(methods["step"])})


KINDS = {"adam": _bare(torch.optim.Adam), "adamw": _bare(torch.optim.AdamW)}


def optimizer_for(model: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    """The optimiser that the settings name, over all weights of a model.

    Parameters
    ----------
    model : Module
        On its device.
    settings : TrainingSettings

    Returns
    -------
    Adam or AdamW
        Fused, with one group of parameters.
    """
    kind: Any = KINDS[settings.optimizer]
    return kind(model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay, fused=True)
