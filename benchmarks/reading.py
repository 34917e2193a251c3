"""How quickly data of one's own are read: a folder of pictures beside a DataLoader, and a table of a million rows.

    python benchmarks/reading.py [--rounds 5]

The embedded digits as 11,000 PNG files, decoded with one worker and with two, each time anew; five epochs over a
per-epoch DataLoader that opens each file as it comes, with as many workers as there are processors, beside one
decoding and five epochs over what it gave (batches of 64, no training). How soon a second run of `gargalo train`
begins its first epoch. And a table of 1,000,000 x 50, made on the spot: the most memory of a process that reads,
describes and standardises it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from machine import machine, spread
from PIL import Image
from torch.utils.data import DataLoader, Dataset

import gargalo
from gargalo.io.cache import clear_cache
from gargalo.training import Data

EPOCHS, BATCH = 5, 64
OURS = "5 epochs, gargalo, decoding included"


class Files(Dataset):
    """What most people write: open a file whenever its turn comes."""

    def __init__(self, root: Path):
        self.paths = sorted(root.rglob("*.png"))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int) -> torch.Tensor:
        with Image.open(self.paths[i]) as image:
            return torch.from_numpy(np.array(image, np.float32) / 255)


def write_digits(root: Path) -> None:
    digits = gargalo.load_data("mnist-10k")
    for i, (x, y, part) in enumerate(zip(digits.x, digits.y, digits.split, strict=True)):
        path = root / ("test" if part else "train") / str(y) / f"{i:05d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(x).save(path)


def loader_epochs(root: Path) -> float:
    began = time.perf_counter()
    loader = DataLoader(Files(root), BATCH, shuffle=True, num_workers=os.cpu_count() or 1)
    for _ in range(EPOCHS):
        for batch in loader:
            batch.sum()
    return time.perf_counter() - began


def mapped_epochs(root: Path) -> float:
    clear_cache()
    began = time.perf_counter()
    source = gargalo.load_data(root)
    codec, data = source.spec.modality.codec(source.spec), Data(torch.from_numpy(np.array(source.x)))
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(data)).split(BATCH):
            data.batch(codec, rows).x.sum()
    return time.perf_counter() - began


def decoded(root: Path, workers: int) -> float:
    clear_cache()
    began = time.perf_counter()
    gargalo.load_data(root, workers=workers)
    return time.perf_counter() - began


SECOND = """
import sys, time
began = time.perf_counter()
import gargalo
from gargalo.io.reporter import Lines
class Started(Exception): pass
class UntilItStarts(Lines):
    def training(self, title): raise Started
import gargalo.api
loaded = time.perf_counter()
try: gargalo.train(sys.argv[1], out=sys.argv[2], progress=UntilItStarts())
except Started: pass
print(time.perf_counter() - loaded, time.perf_counter() - began)
"""

READ = """
import resource, sys, time
began = time.perf_counter()
import gargalo, numpy as np
from gargalo.data.describe import describe
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
source = gargalo.load_data(sys.argv[1])
read = time.perf_counter()
described = describe(source)
told = time.perf_counter()
source.spec.modality.codec(source.spec).fit(lambda: (source.x[i : i + 65536] for i in range(0, len(source), 65536)))
done = time.perf_counter()
print(read - began, told - read, done - told, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
"""


def run_apart(code: str, *arguments: object) -> list[float]:
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return [float(word) for word in done.stdout.split()]


def ratio(took: dict[str, list[float]], slow: str, fast: str) -> str:
    return spread([a / b for a, b in zip(took[slow], took[fast], strict=True)], 2)


def main() -> None:
    parser = argparse.ArgumentParser(description="Reading folders and tables.")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        root = Path(folder) / "png"
        write_digits(root)
        took: dict[str, list[float]] = {}
        for _ in range(rounds):
            for name, act in (
                ("decode, 1 worker", lambda: decoded(root, 1)),
                ("decode, 2 workers", lambda: decoded(root, 2)),
                ("5 epochs, DataLoader", lambda: loader_epochs(root)),
                (OURS, lambda: mapped_epochs(root)),
            ):
                took.setdefault(name, []).append(act())
            ready, all_in = run_apart(SECOND, root, Path(folder) / f"run-{len(took['decode, 1 worker'])}")
            took.setdefault("second run, to its first step, after imports", []).append(ready)
            took.setdefault("second run, to its first step, imports included", []).append(all_in)
        print("| what | seconds, median (least-most) |\n|---|---|")
        for name, seconds in took.items():
            print(f"| {name} | {spread(seconds, 2)} |")
        print(f"\ntwo workers are {ratio(took, 'decode, 1 worker', 'decode, 2 workers')} times as fast as one")
        print(f"gargalo is {ratio(took, '5 epochs, DataLoader', OURS)} times as fast as a DataLoader")
        print("\n| 1,000,000 x 50 | read, s | described, s | scaled, s | memory, GB |\n|---|---|---|---|---|")
        import polars as pl

        rng = np.random.default_rng(0)
        columns = {f"c{i}": rng.normal(size=1_000_000).round(4) for i in range(45)}
        columns |= {f"k{i}": rng.choice(["red", "green", "blue"], 1_000_000) for i in range(5)}
        frame = pl.DataFrame(columns)
        for kind in ("parquet", "csv"):
            path = Path(folder) / f"table.{kind}"
            frame.write_parquet(path) if kind == "parquet" else frame.write_csv(path)
            read, told, standardised, memory = run_apart(READ, path)
            print(f"| {kind} | {read:.1f} | {told:.1f} | {standardised:.1f} | {memory:.2f} |")
    print(f"\n{rounds} rounds; {machine('polars', 'pillow')}")


if __name__ == "__main__":
    main()
