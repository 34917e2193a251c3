"""Removing noise of sigma 0.5 from the embedded digits: gargalo's models against the classical filters.

    python benchmarks/denoising.py [--seeds 0 1 2]

Median, total variation (Chambolle), non-local means and wavelet shrinkage of scikit-image, each with the
parameters that were best on 200 training digits out of those in `FILTERS`; then the 1,000 test digits, all with
the same noise. The noisy pictures are clipped, as a file of pictures is; a filter that expects noise around zero
loses by that, so filters are also given the noise as it was drawn, which no model here sees. PSNR is the mean over
images, dB, more is better. scikit-image is not a dependency: `pip install scikit-image PyWavelets`.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from machine import machine, spread

import gargalo
from gargalo.metrics.reconstruction import psnr

SIGMA, TUNED_ON = 0.5, 200
FILTERS: dict[str, dict[str, list[Any]]] = {
    "median": {"radius": [1, 2, 3]},
    "total variation": {"weight": [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5]},
    "non-local means": {
        "h": [0.2, 0.3, 0.4, 0.5, 0.7, 1.0],
        "patch_size": [3, 5, 7],
        "patch_distance": [3, 6, 9],
        "sigma": [0.0, SIGMA],
    },
    "wavelet": {
        "wavelet": ["db1", "db2", "sym4", "bior2.2"],
        "sigma": [0.2, 0.3, 0.4, 0.5, 0.7],
        "mode": ["soft", "hard"],
        "method": ["BayesShrink", "VisuShrink"],
    },
}
MODELS: dict[str, dict[str, Any]] = {
    "gargalo, mlp, 16 numbers": {"net": "mlp"},
    "gargalo, conv, 16 numbers": {"net": "conv"},
    "gargalo, conv with skips": {"net": "conv", "skips": True},
    "gargalo, conv with skips, 20 epochs": {"net": "conv", "skips": True, "epochs": 20},
}


def unclipped(x: np.ndarray, seed: int) -> np.ndarray:
    """x (n, h, w) in [0, 1] with Gaussian noise, as it was drawn."""
    return x + SIGMA * np.random.default_rng(seed).standard_normal(x.shape)


def noisy(x: np.ndarray, seed: int) -> np.ndarray:
    """The same clipped as an image is, and rounded to bytes."""
    return (unclipped(x, seed).clip(0, 1) * 255).round().astype(np.uint8)


def filtered(name: str, images: np.ndarray, chosen: dict[str, Any]) -> np.ndarray:
    """Every image of (n, h, w) in [0, 1] through one filter."""
    from skimage import filters, morphology, restoration

    acts: dict[str, Callable[..., np.ndarray]] = {
        "median": lambda image, radius: filters.median(image, morphology.disk(radius)),
        "total variation": restoration.denoise_tv_chambolle,
        "non-local means": restoration.denoise_nl_means,
        "wavelet": restoration.denoise_wavelet,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.stack([acts[name](image, **chosen) for image in images]).clip(0, 1)


def settings(name: str) -> Iterator[dict[str, Any]]:
    keys = FILTERS[name]
    yield from (dict(zip(keys, values, strict=True)) for values in itertools.product(*keys.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description="Denoising against classical filters.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=list(MODELS), metavar="NAME")
    options = parser.parse_args()
    source = gargalo.load_data()
    some, test = (source.x[source.rows(part)] / 255.0 for part in ("train", "test"))
    some = some[:TUNED_ON]
    spoiled = noisy(test, 0)
    print("| what | PSNR, dB | seconds | chosen |\n|---|---|---|---|")
    print(f"| noisy | {psnr(test, spoiled / 255.0):.2f} | | |")
    for name, is_clipped in itertools.product(FILTERS, (True, False)):
        tuning, given = noisy(some, 1) / 255, spoiled / 255
        if not is_clipped:
            tuning, given = unclipped(some, 1), unclipped(test, 0)
        best = max(settings(name), key=lambda c, name=name, x=tuning: psnr(some, filtered(name, x, c)))
        began = time.perf_counter()
        found = psnr(test, filtered(name, given, best))
        told = ", ".join(f"{key} {value}" for key, value in best.items())
        title = name if is_clipped else f"{name}, unclipped noise"
        print(f"| {title} | {found:.2f} | {time.perf_counter() - began:.1f} to clean | {told} |", flush=True)
    for name in options.models:
        decibels, seconds = [], []
        for seed in options.seeds:
            with tempfile.TemporaryDirectory() as folder:
                run = gargalo.train(
                    source, "denoising", seed=seed, out=Path(folder) / "run", progress=False, **MODELS[name]
                )
                decibels.append(psnr(test, run.denoise(spoiled) / 255.0))
                seconds.append(run.facts["seconds"])
        told = f"{statistics.median(seconds):.0f} to train"
        print(f"| {name} | {spread(decibels, 2)} | {told} | {len(options.seeds)} seeds |", flush=True)
    print(f"\n{machine('scikit-image')}")


if __name__ == "__main__":
    main()
