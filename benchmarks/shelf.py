"""Every model of the shelf on the embedded digits, beside PCA and the raw pixels.

    python benchmarks/shelf.py [--seeds 0 1 2] [--nets mlp conv] [--models vae iwae]

16 dimensions and every other default. Test MSE of reconstructions; log-likelihood of the 1,000 grey test images
by 500 importance-weighted draws, nats; accuracy of the ten nearest of 10,000 training latents; coverage by draws
from N(0, I) and from a mixture; what would tell of collapse (active units, the codebook's perplexity, the share
of latent numbers in use); and seconds of training. The raw pixels stand last. Mean over the seeds, and in brackets
how far the farthest is from it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from machine import machine

import gargalo
from gargalo.models import MODELS

COLUMNS = {
    "test_mse": 4,
    "log_likelihood": 2,
    "knn_accuracy": 3,
    "test_accuracy": 3,
    "coverage": 2,
    "coverage_gmm": 2,
    "collapse": 1,
    "seconds": 1,
}
COLLAPSE = ("active_units", "test_perplexity", "test_active_share")


def measured(name: str, net: str, seed: int, **choices: Any) -> dict[str, float]:
    """One run's figures."""
    source = gargalo.load_data()
    with tempfile.TemporaryDirectory() as folder:
        run = gargalo.train(source, name, net=net, seed=seed, out=Path(folder) / "run", progress=False, **choices)
        found = {key: value for key, value in run.metrics.items() if isinstance(value, int | float)}
        found["seconds"] = run.facts["seconds"]
        for key in COLLAPSE:
            if key in found:
                found["collapse"] = found[key]
        if "posterior" in run.model.can:
            x = gargalo.load_data(run.examples.x, run.examples.y) if run.model.is_conditional else run.examples.x
            found["log_likelihood"] = float(run.log_likelihood(x, k=500).mean())
        return found


def spread(values: Sequence[float], digits: int) -> str:
    mean = statistics.mean(values)
    return f"{mean:.{digits}f} ({max(abs(v - mean) for v in values):.{digits}f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--nets", nargs="+", default=["mlp", "conv"])
    parser.add_argument("--models", nargs="+", default=list(MODELS))
    options = parser.parse_args()
    print("| model | " + " | ".join(COLUMNS) + " |")
    print("|---" * (len(COLUMNS) + 1) + "|")
    raw = {}
    for net in options.nets:
        for name in options.models:
            if net not in MODELS[name].networks:
                continue
            runs = [measured(name, net, seed) for seed in options.seeds]
            cells = [
                spread([run[key] for run in runs], digits) if key in runs[0] else "" for key, digits in COLUMNS.items()
            ]
            print(f"| {name}, {net} | " + " | ".join(cells) + " |", flush=True)
            raw |= {"knn_accuracy": runs[0]["raw_knn_accuracy"]} if "raw_knn_accuracy" in runs[0] else {}
    cells = [f"{raw[key]:.{digits}f}" if key in raw else "" for key, digits in COLUMNS.items()]
    print("| the raw pixels | " + " | ".join(cells) + " |")
    print(f"\n{len(options.seeds)} seeds; {machine('scikit-learn')}")


if __name__ == "__main__":
    main()
