"""Networks: tensors in, tensors out. Nothing here knows an objective."""

from __future__ import annotations

from .mlp import NetSettings, linear_head, mlp

__all__ = ["NetSettings", "linear_head", "mlp"]
