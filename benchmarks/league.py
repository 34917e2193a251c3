"""Defaults on real data of a dozen kinds, beside PCA of the same size.

    python benchmarks/league.py [--sets wine iris] [--models autoencoder vae] [--seeds 0 1 2] [--peers]

Every set of `league_data.py`, nothing chosen but the seed. Squared error of the reconstructed test examples, in model
space (rows of numbers standardised, pictures in [0, 1]): that of the model, of PCA with as many components, and of the
mean. Then the difference to PCA, paired by test example, as a share of PCA's error, with its 95 % interval (normal
approximation): below 0 the model is better. The median seed of each set is shown, and the seconds of its training.

With --peers a second table: the same error of MLPRegressor (scikit-learn) and of an autoencoder in plain PyTorch, as
people write them down, with as many latent numbers; and, where there are labels, the accuracy of ten nearest neighbours
and of a linear probe on the latents of the median seed and on PCA's components.
"""

from __future__ import annotations

import argparse
import time
import warnings
from typing import Any

import numpy as np
import torch
from league_data import SETS
from machine import machine
from torch import nn

import gargalo
from gargalo.data import Dataset
from gargalo.errors import GargaloWarning
from gargalo.fitted import FittedModel
from gargalo.metrics import Estimate
from gargalo.metrics.probes import knn_accuracy, linear_accuracy
from gargalo.recipes import build, make
from gargalo.runs.baseline import PCABaseline, pca_baseline
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


PEERS = (
    *("set", "model", "mse", "MLPRegressor", "seconds", "PyTorch", "seconds"),
    *("kNN", "kNN PCA", "linear", "linear PCA"),
)


def measured(data: Dataset, model: str, seed: int) -> dict[str, Any]:
    """One training, a row of the table."""
    began = time.perf_counter()
    fitted = gargalo.train(data, model, seed=seed, in_memory=True, progress=False)
    seconds = time.perf_counter() - began
    train, test = (data.take(data.rows(split)) for split in ("train", "test"))
    x_train, x = fitted.to_model_space(train), fitted.to_model_space(test)
    pca = pca_baseline(x_train, x, fitted.recipe.latent_dim)
    ours, theirs, mean = (
        np.square(x - back).reshape(len(x), -1).mean(1)
        for back in (fitted.reconstruct_in_model_space(test), pca.back, x_train.mean(0))
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
        "probes": probes(fitted, train, test, pca),
    }


def probes(fitted: FittedModel, train: Dataset, test: Dataset, pca: PCABaseline) -> list[str]:
    """Accuracies of nearest neighbours and of a linear probe, on latents and on PCA's components."""
    if train.y is None or len(train.class_names or ()) < 2:
        return ["–"] * 4
    ours = fitted.encode(train), fitted.encode(test)
    found = []
    for accuracy in (knn_accuracy, linear_accuracy):
        for z_train, z_test in (ours, (pca.z_train, pca.z_test)):
            found.append(f"{accuracy(z_train, train.y, z_test, test.y):.3f}")
    return found


def regressor(x_train: np.ndarray, x: np.ndarray, d: int) -> np.ndarray:
    """scikit-learn's MLPRegressor, trained to give back what it is given, through d numbers; all else by default."""
    from sklearn.neural_network import MLPRegressor

    flat = x_train.reshape(len(x_train), -1)
    fitted = MLPRegressor(hidden_layer_sizes=(128, d, 128), random_state=0).fit(flat, flat)
    return fitted.predict(x.reshape(len(x), -1)).reshape(x.shape)


def plain(x_train: np.ndarray, x: np.ndarray, d: int, bounded: bool) -> np.ndarray:
    """An autoencoder as tutorials have it: 128-64-d-64-128, ReLU, Adam at 1e-3, batches of 64, 50 epochs, MSE."""
    torch.manual_seed(0)
    flat = torch.from_numpy(x_train.reshape(len(x_train), -1))
    p, relu = flat.shape[1], nn.ReLU
    layers = [nn.Linear(p, 128), relu(), nn.Linear(128, 64), relu(), nn.Linear(64, d)]
    layers += [nn.Linear(d, 64), relu(), nn.Linear(64, 128), relu(), nn.Linear(128, p)]
    model = nn.Sequential(*layers, *([nn.Sigmoid()] if bounded else []))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(50):
        for batch in torch.randperm(len(flat)).split(64):
            loss = nn.functional.mse_loss(model(flat[batch]), flat[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return model(torch.from_numpy(x.reshape(len(x), -1))).numpy().reshape(x.shape)


def beside_peers(data: Dataset, rows: list[dict[str, Any]]) -> list[list[str]]:
    """Rows of the second table: one for each model, the errors of the peers for each latent size once."""
    train, test = (data.take(data.rows(split)) for split in ("train", "test"))
    codec, _ = build(make(data.spec, "autoencoder"), data.x, data.rows("train"))
    x_train, x = (codec(torch.from_numpy(np.array(part.x))).numpy() for part in (train, test))
    known: dict[int, list[str]] = {}
    told = []
    for row in rows:
        if row["d"] not in known:
            known[row["d"]] = []
            for back in (regressor, lambda *given: plain(*given, codec.bounded)):
                began = time.perf_counter()
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # that it did not converge in its 200 epochs
                    error = np.square(back(x_train, x, row["d"]) - x).mean()
                known[row["d"]] += [f"{error:.4g}", f"{time.perf_counter() - began:.1f}"]
        told.append([row["set"], row["model"], row["mse"], *known[row["d"]], *row["probes"]])
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--models", nargs="+", default=["autoencoder", "vae"])
    parser.add_argument("--peers", action="store_true", help="beside scikit-learn and plain PyTorch, with probes")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    warnings.simplefilter("ignore", GargaloWarning)
    print("| " + " | ".join(COLUMNS) + " |")
    print("|---" * len(COLUMNS) + "|")
    peers: list[list[str]] = []
    for name in options.sets:
        try:
            data = SETS[name]()
        except (ImportError, FileNotFoundError) as error:
            print(f"| {name} | left out: {error} is not installed |", flush=True)
            continue
        medians = []
        for model in options.models:
            rows = sorted((measured(data, model, seed) for seed in options.seeds), key=lambda row: row["to PCA"])
            row = {"set": name, **rows[len(rows) // 2]}
            row["to PCA"] = f"{row['to PCA']:+.1%}"
            medians.append(row)
            print("| " + " | ".join(str(row[column]) for column in COLUMNS) + " |", flush=True)
        peers += beside_peers(data, medians) if options.peers else []
    if peers:
        print("\n| " + " | ".join(PEERS) + " |")
        print("|---" * len(PEERS) + "|")
        print("\n".join("| " + " | ".join(row) + " |" for row in peers))
    print(f"\n{len(options.seeds)} seeds; {machine('scikit-learn', 'scikit-image')}")


if __name__ == "__main__":
    main()
