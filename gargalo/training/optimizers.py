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

    Where a module's attribute `decays` is false, as of a linear path that began as principal component analysis, its
    weights do not decay under AdamW; nor do biases and single numbers beside it. So the network alone is pulled to
    zero, and the model back to where it began.

    Parameters
    ----------
    model : Module
        On its device.
    settings : TrainingSettings

    Returns
    -------
    Adam or AdamW
        Fused; with one group of parameters, or two where not all are to decay.
    """
    kind: Any = KINDS[settings.optimizer]
    keeps = (module for module in model.modules() if not getattr(module, "decays", True))
    stay = {id(p) for module in keeps for p in module.parameters(recurse=False)}
    groups: list[dict[str, Any]] = [{"params": list(model.parameters())}]
    if stay and settings.optimizer == "adamw":
        stay |= {id(p) for p in model.parameters() if p.dim() < 2}
        pulled = [p for p in model.parameters() if id(p) not in stay]
        others = [p for p in model.parameters() if id(p) in stay]
        groups = [{"params": pulled}, {"params": others, "weight_decay": 0.0}]
    return kind(groups, lr=settings.lr, weight_decay=settings.weight_decay, fused=True)
