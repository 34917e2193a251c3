"""What every benchmark says of the machine, and how it gives a spread."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import torch

__all__ = ["machine", "spread"]


def machine(*packages: str) -> str:
    """Processor, threads and versions, in a line."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    versions = ", ".join(f"{p} {version(p)}" for p in ("torch", "numpy", *packages))
    cores = f"{os.cpu_count()} cores, {torch.get_num_threads()} threads"
    return f"{name or platform.machine()}, {cores}; Python {platform.python_version()}, {versions}"


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Median, and least to most."""
    least, middle, most = (f"{v:.{digits}f}" for v in (min(values), statistics.median(values), max(values)))
    return f"{middle} ({least}-{most})"
