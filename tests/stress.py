"""Several processes at once on one run, one cache and one output: what a command says it wrote is there, and whole.

    python tests/stress.py FOLDER [--rounds 200] [--processes 4] [--seed 0]

A warmed parent forks each command, so that reading, computing and writing meet, not imports. In each round two verbs
are shared out among the processes, and they begin within some milliseconds of each other.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import torch
from kills import child, wait
from PIL import Image

import gargalo
from gargalo.explorer.publishing import check_site

BUSY = re.compile(r"expected (that no other process|a new folder|a new run folder|an unfinished)|is being written")
"""What a command may answer that came second."""


def verbs(root: Path, source: Path, place: Path) -> dict[str, list[str]]:
    """Commands on one run and one output; `place` is what this round writes to."""
    run = str(root / "run")
    size = ["-m", "autoencoder", "--epochs", "1", "--widths", "16", "--latent-dim", "2"]
    return {
        "train": ["train", str(source), *size, "--out", str(place / "trained")],
        "publish": ["publish", run, "-o", str(place / "site")],
        "report": ["report", run, "-o", str(place / "report.html")],
        "map": ["map", run, "--method", "pca", "-o", str(place / "map.png")],
        "encode": ["encode", run, str(source), "-o", str(place / "z.npy")],
        "shards": ["encode", run, str(source), "-o", str(place / "shards")],
        "sample": ["sample", run, "-n", "16", "-o", str(place / "sample.npy")],
        "info": ["info", run],
        "clear": ["cache", "clear"],
    }


def whole(place: Path) -> dict[str, Callable[[], object]]:
    """For each verb, what its output must be: each raises where it is not."""

    def report() -> None:
        assert (place / "report.html").read_text(encoding="utf-8").rstrip().endswith("</html>")

    def picture() -> None:
        with Image.open(place / "map.png") as image:
            image.load()

    def shards() -> None:
        manifest = json.loads((place / "shards" / "manifest.json").read_text(encoding="utf-8"))
        assert manifest["finished"]
        for name in manifest["shards"]:
            np.load(place / "shards" / name)

    return {
        "train": lambda: gargalo.open_run(place / "trained").latents,
        "publish": lambda: check_site(place / "site"),
        "report": report,
        "map": picture,
        "encode": lambda: np.load(place / "z.npy"),
        "shards": shards,
        "sample": lambda: np.load(place / "sample.npy"),
    }


def round_of(pair: tuple[str, str], root: Path, source: Path, place: Path, options: argparse.Namespace) -> Counter[str]:
    """One round: the processes run these two verbs in turn, and what they left is looked at."""
    place.mkdir()
    commands, seen = verbs(root, source, place), Counter[str]()
    started = []
    for i in range(options.processes):
        said = place / f"said-{i}.txt"
        started.append((pair[i % 2], child([commands[pair[i % 2]]], said), said))
        time.sleep(options.chance.uniform(0, 0.02))
    for verb, pid, said in started:
        status, text = wait(pid), said.read_text(encoding="utf-8", errors="replace")
        assert status in (0, 2), f"{verb} in {pair}: status {status}\n{text}"
        assert status == 0 or BUSY.search(text), f"{verb} in {pair} was refused\n{text}"
        assert "Traceback" not in text, f"{verb} in {pair}\n{text}"
        seen[f"{verb} {'done' if status == 0 else 'refused'}"] += 1
    for verb, look in whole(place).items():
        if seen[f"{verb} done"]:
            look()
    left = [path for path in place.rglob("*") if ".partial" in path.name]
    assert not left, f"{pair} left {left}"
    shutil.rmtree(place)
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description="Several processes at once on one run, one cache and one output.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)  # a fork of a process with threads has lost them
    options.chance, root = random.Random(options.seed), options.folder
    root.mkdir(parents=True, exist_ok=True)
    pictures = root / "pictures"
    pictures.mkdir()
    draws = np.random.default_rng(0)
    for i in range(40):
        Image.fromarray(draws.integers(0, 255, (8, 8), np.uint8)).save(pictures / f"{i}.png")
    size = ["-m", "autoencoder", "--epochs", "1", "--widths", "16", "--latent-dim", "2"]
    # Whatever a verb imports, or computes once, is there before the first round.
    warm = verbs(root, pictures, root / "warm")
    (root / "warm").mkdir()
    first = child([["train", str(pictures), *size, "--out", str(root / "run")], *warm.values()], root / "said.txt")
    assert wait(first) == 0, (root / "said.txt").read_text()
    run, key = gargalo.open_run(root / "run"), gargalo.open_run(root / "run").key
    run.map("pca")  # what is imported late is imported before the forks
    total, pairs = Counter[str](), [*combinations_with_replacement(list(warm), 2)]
    began = time.monotonic()
    for n in range(options.rounds):
        total += round_of(pairs[n % len(pairs)], root, pictures, root / f"round-{n}", options)
        assert gargalo.open_run(root / "run").key == key, "the run was changed"
    seconds = round(time.monotonic() - began, 1)
    print(json.dumps({"rounds": options.rounds, "seconds": seconds, "commands": dict(sorted(total.items()))}))


if __name__ == "__main__":
    sys.exit(main())
