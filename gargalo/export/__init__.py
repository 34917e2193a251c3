"""Export: what a fitted model can do, as files that other programs run."""

from __future__ import annotations

from .onnx import VERBS, export, to_onnx

__all__ = ["VERBS", "export", "to_onnx"]
