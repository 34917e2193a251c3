"""Log-likelihood of MNIST as the paper on importance-weighted autoencoders measured it (arXiv:1509.00519).

    python benchmarks/likelihood.py --data-dir FOLDER [--models vae iwae-5 iwae-50] [--passes 60] [--seeds 0 1 2]

All 60,000 digits, their grey values drawn anew as black or white whenever they are seen (dynamic binarisation); an
encoder of 784-200-200, 50 latent dimensions, a decoder of 200-200-784; then -log p(x) of all 10,000 test digits,
binarised once, by 5,000 importance samples each, in nats: less is better. The paper took 3,280 passes with tanh;
here they are as many as --passes says, with SiLU, one cycle of the learning rate, and batches of 256. With --out
the runs are kept, and what was interrupted goes on: `--passes 3280` goes all the way.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from machine import machine

import gargalo
from gargalo.core import Batch, Loss
from gargalo.models.iwae import ImportanceWeightedAutoencoder
from gargalo.models.vae import VariationalAutoencoder

PAPER = {"vae": 86.76, "iwae-5": 85.54, "iwae-50": 84.78}
SAMPLES = 5000


class BinarisedVAE(VariationalAutoencoder):
    """The VAE's loss on black and white digits, drawn anew at every step."""

    def loss(self, batch: Batch) -> Loss:
        return super().loss(binarised(batch))


class BinarisedIWAE(ImportanceWeightedAutoencoder):
    """The same for the importance-weighted bound."""

    def loss(self, batch: Batch) -> Loss:
        return super().loss(binarised(batch))


def binarised(batch: Batch) -> Batch:
    return dataclasses.replace(batch, x=torch.bernoulli(batch.x, generator=batch.generator))


def main() -> None:
    parser = argparse.ArgumentParser(description="Log-likelihood by the protocol of the IWAE paper.")
    parser.add_argument("--data-dir", required=True, help="Folder with the IDX files of MNIST.")
    parser.add_argument("--models", nargs="+", default=["vae", "iwae-5"], help="vae, or iwae-K.")
    parser.add_argument("--passes", type=int, default=60)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--lr", type=float, default=8e-3)
    parser.add_argument("--out", type=Path, help="Folder to keep the runs in, and to go on in.")
    options = parser.parse_args()
    digits = gargalo.load_data("mnist", data_dir=options.data_dir)
    grey = digits.x[digits.rows("test")] / 255
    test = np.where(np.random.default_rng(0).random(grey.shape) < grey, 255, 0).astype(np.uint8)
    print("| model | passes | seed | training, s | measuring, s | -log p(x), nats | the paper, 3,280 passes |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.models:
            kind, _, k = name.partition("-")
            model, more = (BinarisedIWAE, {"k": int(k)}) if kind == "iwae" else (BinarisedVAE, {})
            for seed in options.seeds:
                place = (options.out or Path(folder)) / f"{name}-{options.passes}-{seed}"
                run = gargalo.train(
                    digits, model, out=place, resume=True,
                    latent_dim=50, widths=(200, 200), epochs=options.passes, batch_size=256, lr=options.lr,
                    validation_share=0, keep="last", seed=seed, progress=False, **more,
                )  # fmt: skip
                began = time.perf_counter()
                found = -float(run.log_likelihood(test, k=SAMPLES).mean())
                told = f"{run.facts['seconds']:.0f} | {time.perf_counter() - began:.0f} | {found:.2f}"
                print(f"| {name} | {options.passes} | {seed} | {told} | {PAPER.get(name, '')} |", flush=True)
    print(f"\n{SAMPLES:,} samples, 10,000 digits; {machine()}")


if __name__ == "__main__":
    main()
