"""Metrics: arrays in, numbers out."""

from __future__ import annotations

from .generation import NEAREST, coverage, radii
from .probes import knn_accuracy, linear_accuracy
from .reconstruction import PCABaseline, mse, pca_baseline, psnr

__all__ = [
    "NEAREST",
    "PCABaseline",
    "coverage",
    "knn_accuracy",
    "linear_accuracy",
    "mse",
    "pca_baseline",
    "psnr",
    "radii",
]
