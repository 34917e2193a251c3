"""Export: what a fitted model can do, as files that other programs run."""

from __future__ import annotations

from .kept import export, kept_onnx
from .onnx import VERBS, to_onnx

__all__ = ["VERBS", "export", "kept_onnx", "to_onnx"]
