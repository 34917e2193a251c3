"""Training from a memory-mapped array of 4 GB: its speed and memory against the same array held in memory.

    python benchmarks/memory_map.py [--gigabytes 4] [--rounds 3] [--folder FOLDER]

The array is made in a temporary folder and removed. Each training is a process of its own, in turn; its memory is
RssAnon, what it holds itself: pages of the file that the system keeps at hand do not count.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import machine, spread

SHAPE = (64, 64, 3)
TRAIN = """
import json, sys
import gargalo
from gargalo.runs import rows
rows.MOST_RESIDENT = float(sys.argv[2])
run = gargalo.train(sys.argv[1], epochs=1, batch_size=256, lr=1e-3, out=sys.argv[3], progress=False)
print(json.dumps({**run.facts, **run.metrics}))
"""


def make(file: Path, gigabytes: float) -> None:
    """Images with something to learn: soft blobs of a colour, a block of them repeated, shifted each time."""
    rng = np.random.default_rng(0)
    rows = int(gigabytes * 2**30 / np.prod(SHAPE))
    grid = np.arange(64)
    centre = rng.uniform(8, 56, (4096, 2, 1))
    bump = np.exp(-((grid - centre) ** 2) / 200)
    block = bump[:, 0, :, None] * bump[:, 1, None, :]
    colour = rng.uniform(60, 255, (4096, 1, 1, 3))
    block = (block[..., None] * colour).astype(np.uint8)
    array = np.lib.format.open_memmap(file, "w+", np.uint8, (rows, *SHAPE))
    for i, start in enumerate(range(0, rows, len(block))):
        part = array[start : start + len(block)]
        part[:] = np.roll(block, i, axis=2)[: len(part)]
    array.flush()


def train(file: Path, most_resident: float, out: Path) -> tuple[float, float]:
    """Training seconds, and the most RssAnon in MB."""
    process = subprocess.Popen(
        [sys.executable, "-c", TRAIN, file, str(most_resident), out], stdout=subprocess.PIPE, text=True
    )
    most = 0
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        found = next((line.split()[1] for line in status.splitlines() if line.startswith("RssAnon")), "0")
        most = max(most, int(found))
        time.sleep(0.05)
    assert process.returncode == 0 and process.stdout is not None
    return json.loads(process.stdout.read())["seconds"], most / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description="Training from a memory-mapped array.")
    parser.add_argument("--gigabytes", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        file = Path(folder) / "images.npy"
        make(file, options.gigabytes)
        found: dict[str, list[tuple[float, float]]] = {"mapped": [], "resident": []}
        for turn in range(options.rounds):
            for name, most in (("mapped", 2**30), ("resident", 2**40)):
                found[name].append(train(file, most, Path(folder) / f"{name}-{turn}"))
    print("| path | training seconds, median (least-most) | RssAnon at most, MB |\n|---|---|---|")
    for name, pairs in found.items():
        print(f"| {name} | {spread([s for s, _ in pairs], 1)} | {max(mb for _, mb in pairs):,.0f} |")
    print(f"\n{options.gigabytes:g} GB of {SHAPE} bytes, one epoch, batch 256; {machine()}")


if __name__ == "__main__":
    main()
