"""Encoding a million images: gargalo's encoder against scikit-learn's PCA, both from bytes, slice by slice.

python benchmarks/encode.py [--rows 1000000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import machine, spread
from sklearn.decomposition import PCA

import gargalo

SLICE = 4096


def main() -> None:
    parser = argparse.ArgumentParser(description="Encoding a million images.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    digits = gargalo.load_data()
    x = np.resize(digits.x, (options.rows, 28, 28))
    with tempfile.TemporaryDirectory() as folder:
        run = gargalo.train(epochs=1, out=Path(folder) / "run", progress=False)
        pca = PCA(16).fit(digits.x[:10_000].reshape(-1, 784).astype(np.float32) / 255)

        def with_pca() -> None:
            slices = (x[i : i + SLICE].reshape(-1, 784).astype(np.float32) / 255 for i in range(0, len(x), SLICE))
            np.concatenate([pca.transform(part) for part in slices])

        candidates = {"gargalo encode": lambda: run.encode(x), "PCA.transform": with_pca}
        seconds: dict[str, list[float]] = {name: [] for name in candidates}
        for act in candidates.values():
            act()
        for _ in range(options.rounds):
            for name, act in candidates.items():
                began = time.perf_counter()
                act()
                seconds[name].append(time.perf_counter() - began)
    print("| what | seconds, median (least-most) | images a second |\n|---|---|---|")
    for name, found in seconds.items():
        print(f"| {name} | {spread(found, 2)} | {options.rows / sorted(found)[len(found) // 2]:,.0f} |")
    print(f"\n{options.rows:,} images of 28 x 28; {machine('scikit-learn')}")


if __name__ == "__main__":
    main()
