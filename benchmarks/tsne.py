"""Mapping latents by t-SNE: `gargalo map` against scikit-learn's own, and how well each keeps neighbours.

    python benchmarks/tsne.py [--points 10000 60000] [--data-dir FOLDER]

The latents are those of an autoencoder on MNIST: its 10,000 embedded digits, or all 60,000 of FOLDER. Each map is
made once: scikit-learn's takes minutes.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import machine
from sklearn.manifold import TSNE, trustworthiness

import gargalo
from gargalo.latent import project


def main() -> None:
    parser = argparse.ArgumentParser(description="Mapping latents by t-SNE.")
    parser.add_argument("--points", type=int, nargs="+", default=[10_000, 60_000])
    parser.add_argument("--data-dir")
    options = parser.parse_args()
    print("| points | what | seconds | trustworthiness of 5,000 |\n|---|---|---|---|")
    for points in options.points:
        source = gargalo.load_data("mnist" if points > 10_000 else "mnist-10k", data_dir=options.data_dir)
        with tempfile.TemporaryDirectory() as folder:
            run = gargalo.train(source, epochs=4, out=Path(folder) / "run", progress=False)
            z = run.encode(source.x[source.rows("train")[:points]])
        some = np.random.default_rng(0).permutation(points)[:5000]
        makers = {
            "gargalo map": lambda z=z: project(z, "tsne").points,
            "scikit-learn TSNE": lambda z=z: TSNE(init="pca", random_state=0).fit_transform(z),
        }
        for name, make in makers.items():
            began = time.perf_counter()
            map_ = make()
            seconds = time.perf_counter() - began
            print(f"| {points:,} | {name} | {seconds:.1f} | {trustworthiness(z[some], map_[some]):.3f} |", flush=True)
    print(f"\n{machine('scikit-learn', 'scikit-learn-intelex')}")


if __name__ == "__main__":
    main()
