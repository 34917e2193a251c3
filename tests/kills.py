"""Kill a training again and again, at random moments, and compare what it becomes with the run never stopped.

    python tests/kills.py FOLDER [--times 200] [--signals KILL TERM INT] [--seed 0]

A warmed parent forks each training, so that training, saving, measuring and mapping are hit, not imports.
Every child is `gargalo train … --resume` and then `gargalo map`, as a person would type them.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from gargalo import api, cli, open_run  # noqa: F401  warmed
from gargalo.errors import Stopped
from gargalo.training import CheckpointManager

PATIENCE = 60


def child(commands: Sequence[list[str] | Callable[[], object]], said: Path) -> int:
    """Run commands, or functions, in a fork, until one fails, and what they say into a file; its process id."""
    pid = os.fork()
    if pid:
        return pid
    sys.stderr = sys.stdout = said.open("w", buffering=1)
    status = 1
    try:
        for command in commands:
            if callable(command):
                command()
                status = 0
                continue
            sys.argv = ["gargalo", *command]
            try:
                cli.main()
            except SystemExit as done:
                status = int(done.code or 0)
            if status:
                break
    except (Stopped, KeyboardInterrupt) as stop:  # between two commands
        status = 128 + getattr(stop, "signum", signal.SIGINT)
    except BaseException:
        traceback.print_exc()
        status = 1
    finally:
        os._exit(status)


def wait(pid: int) -> int:
    """The exit status as a shell gives it."""
    until = time.monotonic() + PATIENCE
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise AssertionError("a stopped command did not end")
        time.sleep(0.002)


def begun(folder: Path) -> bool:
    """Is there a checkpoint of a first step?"""
    return any(int(p.name[5:]) > 0 for p in (folder / "checkpoints").glob("step-*"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill a training again and again.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--signals", nargs="+", choices=["KILL", "TERM", "INT", "HUP"], default=["KILL"])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)  # a fork of a process with threads has lost them
    chance, root = random.Random(options.seed), options.folder
    root.mkdir(parents=True, exist_ok=True)
    np.save(root / "x.npy", np.random.default_rng(0).integers(0, 255, (420, 8, 8), np.uint8))

    def commands(run: Path) -> list[list[str]]:
        size = ["--epochs", "3", "--batch-size", "32", "--widths", "16", "--latent-dim", "4"]
        train = [
            "train",
            str(root / "x.npy"),
            "-m",
            "vae",
            *size,
            "--out",
            str(run),
            "--resume",
            "--save-every",
            "0",
        ]
        return [train, ["map", str(run), "--out", str(run / "map.png")]]

    began = time.monotonic()
    assert wait(child(commands(root / "whole"), root / "said.txt")) == 0
    lasting, whole = time.monotonic() - began, open_run(root / "whole")
    history = [{**record, "seconds": 0} for record in whole.history]
    hit: Counter[str] = Counter()
    seen = finished = 0
    run = root / "run"
    while hit.total() < options.times:
        pid = child(commands(run), root / "said.txt")
        while not begun(run) and not (run / "metrics.json").is_file():
            time.sleep(0.001)
        time.sleep(chance.uniform(0, lasting))
        kind = chance.choice(options.signals)
        os.kill(pid, signum := signal.Signals[f"SIG{kind}"])
        status = wait(pid)
        if status == 0:  # it was over before
            finished += 1
        else:
            assert status == (-signum if kind == "KILL" else 128 + signum), (
                f"{kind}: status {status}\n{(root / 'said.txt').read_text()}"
            )
            hit[kind] += 1
        if (run / "metrics.json").is_file():
            made = open_run(run)
            assert made.key == whole.key, "other weights than the run never stopped"
            assert [{**record, "seconds": 0} for record in made.history] == history
            assert {**made.metrics, "seconds": 0} == {**whole.metrics, "seconds": 0}
            seen += 1
            shutil.rmtree(run)
        else:
            assert CheckpointManager(run / "checkpoints").newest() is not None, "no whole checkpoint"
            # Only a kill may leave something half-written, under a name that nothing reads.
            left = [p.name for p in run.rglob("*partial*")]
            assert kind == "KILL" or not left, f"{kind} left {left}"
    print(json.dumps({"hit": hit, "runs_compared": seen, "ended_before": finished, "seconds_of_a_run": lasting}))


if __name__ == "__main__":
    main()
