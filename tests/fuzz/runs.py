"""Small trained runs to be changed: pictures, a table with categories, conditions, a log, and one that did not end."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

import gargalo
from gargalo.data import Dataset, load_data
from gargalo.io.progress import Record, TrainingProgress
from gargalo.io.reporter import Reporter


class Material(NamedTuple):
    """A run, its data, and a few raw examples as a stranger would encode them."""

    folder: Path
    data: Dataset
    few: np.ndarray


class Ends(Reporter):
    """Ends a training in its third epoch, as a cut in the power would."""

    def training(self, title: str) -> TrainingProgress:
        class Progress(TrainingProgress):
            def epoch(self, record: Record) -> None:
                if record["epoch"] == 3:
                    raise EOFError

        return Progress()


def write_runs(root: Path) -> list[Material]:
    """Train them; a second for each."""
    rng, n = np.random.default_rng(0), 120
    kind = rng.integers(0, 3, n)
    x = np.clip(rng.normal(80, 30, (n, 8, 8)) + 60 * kind[:, None, None], 0, 255).astype(np.uint8)
    rows = [
        f"{a:.3f},{kind[i] * 2.5 + a:.3f},{'abc'[kind[i]]},{'xy'[i % 2]},{20 + i % 30}"
        for i, a in enumerate(rng.normal(size=n))
    ]
    (root / "table.csv").write_text("\n".join(["length,width,species,side,age", *rows]))
    log = [f"{i},{np.sin(i / 5):.3f},{np.cos(i / 7):.3f},{'uv'[i // 20 % 2]}" for i in range(400)]
    (root / "log.csv").write_text("\n".join(["time,a,b,state", *log]))
    pictures = load_data(x, kind)
    plans = {
        "pictures": (pictures, "autoencoder", {}),
        "vae": (pictures, "vae", {"net": "conv", "widths": (4,)}),
        "table": (load_data(root / "table.csv", label="species"), "vae", {}),
        "told": (load_data(root / "table.csv", condition=["age", "side"], ignore="species"), "cvae", {}),
        "log": (load_data(root / "log.csv", time="time", window=6), "autoencoder", {}),
    }
    for name, (data, model, more) in plans.items():
        chosen = {"latent_dim": 2, "epochs": 3, "widths": (8,)} | more
        run = gargalo.train(data, model, out=root / name, progress=False, **chosen)
        _ = run.map("pca"), run.latents
        if name in ("pictures", "table"):
            gargalo.publish([run], root / f"site-{name}", progress=False)
    begun = {"epochs": 5, "widths": (8,), "latent_dim": 2, "init": "kaiming"}
    with contextlib.suppress(EOFError):
        gargalo.train(pictures, "vae", out=root / "begun", save_every=0, progress=Ends(), **begun)
    plans["begun"] = plans["vae"]
    return [Material(root / name, data, np.asarray(data.x[:4])) for name, (data, _, _) in plans.items()]
