"""Defaults on real data of a dozen kinds, beside PCA of the same size.

    python benchmarks/league.py [--sets wine iris] [--models autoencoder vae] [--seeds 0 1 2]

Every set of `league_data.py`, nothing chosen but the seed. Squared error of the reconstructed test examples, in model
space (rows of numbers standardised, pictures in [0, 1]): that of the model, of PCA with as many components, and of the
mean. Then the difference to PCA, paired by test example, as a share of PCA's error, with its 95 % interval (normal
approximation): below 0 the model is better. The median seed of each set is shown, and the seconds of its training.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
from league_data import SETS
from machine import machine

import gargalo
from gargalo.data import Dataset
from gargalo.errors import GargaloWarning
from gargalo.metrics import Estimate
from gargalo.runs.baseline import pca_baseline
from gargalo.runs.verdict import outcome_of

COLUMNS = (
    "set",
    "train",
    "test",
    "numbers",
    "model",
    "d",
    "mse",
    "PCA",
    "mean",
    "to PCA",
    "95 %",
    "verdict",
    "seconds",
)


def measured(data: Dataset, model: str, seed: int) -> dict[str, object]:
    """One training, a row of the table."""
    began = time.perf_counter()
    fitted = gargalo.train(data, model, seed=seed, in_memory=True, progress=False)
    seconds = time.perf_counter() - began
    train, test = (data.take(data.rows(split)) for split in ("train", "test"))
    x_train, x = fitted.to_model_space(train), fitted.to_model_space(test)
    pca = pca_baseline(x_train, x, fitted.recipe.latent_dim).back
    ours, theirs, mean = (
        np.square(x - back).reshape(len(x), -1).mean(1)
        for back in (fitted.reconstruct_in_model_space(test), pca, x_train.mean(0))
    )
    difference = Estimate.of_mean(ours - theirs)
    apart = Estimate.of_mean((ours - theirs) / theirs.mean())
    low, high = (apart if end is None else end for end in (apart.low, apart.high))
    return {
        "train": len(x_train),
        "test": len(x),
        "numbers": x[0].size,
        "model": model,
        "d": fitted.recipe.latent_dim,
        "mse": f"{ours.mean():.4g}",
        "PCA": f"{theirs.mean():.4g}",
        "mean": f"{mean.mean():.4g}",
        "to PCA": float(apart),
        "95 %": f"{low:+.1%} to {high:+.1%}",
        "verdict": outcome_of(difference, float(theirs.mean())),
        "seconds": f"{seconds:.1f}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--models", nargs="+", default=["autoencoder", "vae"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    warnings.simplefilter("ignore", GargaloWarning)
    print("| " + " | ".join(COLUMNS) + " |")
    print("|---" * len(COLUMNS) + "|")
    for name in options.sets:
        try:
            data = SETS[name]()
        except (ImportError, FileNotFoundError) as error:
            print(f"| {name} | left out: {error} is not installed |", flush=True)
            continue
        for model in options.models:
            rows = sorted((measured(data, model, seed) for seed in options.seeds), key=lambda row: row["to PCA"])
            row = {"set": name, **rows[len(rows) // 2]}
            row["to PCA"] = f"{row['to PCA']:+.1%}"
            print("| " + " | ".join(str(row[column]) for column in COLUMNS) + " |", flush=True)
    print(f"\n{len(options.seeds)} seeds; {machine('scikit-learn', 'scikit-image')}")


if __name__ == "__main__":
    main()
