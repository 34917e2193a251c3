"""Metrics: arrays in, numbers out."""

from __future__ import annotations

from .generation import coverage
from .probes import knn_accuracy, linear_accuracy
from .reconstruction import mse, pca_mse, psnr

__all__ = ["coverage", "knn_accuracy", "linear_accuracy", "mse", "pca_mse", "psnr"]
