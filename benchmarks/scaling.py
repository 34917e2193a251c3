"""One process against two, at growing sizes of network: seconds of a step, and of an all-reduce of its gradients.

    python benchmarks/scaling.py [--rounds 3] [--batch-size 1024]

Each process has one thread, so that two processes are to one what two machines are to one. The same global batch.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import subprocess
import sys
import time

import numpy as np
import torch
from machine import machine, spread

import gargalo
from gargalo import recipes, training
from gargalo.recipes import build
from gargalo.runs.rows import as_data

WIDTHS = [(128, 64), (512, 256), (1024, 512), (2048, 1024), (4096, 2048)]


def work(batch_size: int) -> None:
    """As one process among WORLD_SIZE: for each network, seconds of a step and of an all-reduce, as JSON."""
    torch.set_num_threads(1)
    source = gargalo.load_data()
    rows = source.rows("train")[: 8 * batch_size]
    data = as_data(source, np.resize(rows, 8 * batch_size))
    group = training.launch(training.Compute("cpu"))
    found = []
    for widths in WIDTHS:
        plan = recipes.make(source.spec, "autoencoder", None, {"widths": widths, "batch_size": batch_size, "epochs": 3})
        codec, model = build(plan, source.x, rows)
        history = training.fit(copy.deepcopy(model), codec, data, None, plan.training, training.Session(group)).history
        a_step = (history[-1]["seconds"] - history[0]["seconds"]) / 16
        gradients = torch.zeros(sum(p.numel() for p in model.parameters()))
        a_reduce = 0.0
        if group.size > 1:
            torch.distributed.all_reduce(gradients)
            began = time.perf_counter()
            for _ in range(5):
                torch.distributed.all_reduce(gradients)
            a_reduce = (time.perf_counter() - began) / 5
        found.append({"weights": gradients.numel(), "step": a_step, "reduce": a_reduce})
    if group.rank == 0:
        print(json.dumps(found))


def start(processes: int, batch_size: int) -> list[dict[str, float]]:
    """`work` in so many processes; what rank 0 found."""
    torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command = [sys.executable, *torchrun, __file__, "--work", "--batch-size", str(batch_size)]
    out = subprocess.run(
        command, check=True, text=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    return json.loads(out.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description="One process against two.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=1024)
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.batch_size)
        return
    rounds = [[start(n, options.batch_size) for n in (1, 2)] for _ in range(options.rounds)]
    print("| weights | one process, ms a step | two | speed-up | efficiency | all-reduce, ms |")
    print("|---|---|---|---|---|---|")
    for i in range(len(WIDTHS)):
        one, two = ([1000 * found[n][i]["step"] for found in rounds] for n in (0, 1))
        reduce = [1000 * found[1][i]["reduce"] for found in rounds]
        gain = sorted(a / b for a, b in zip(one, two, strict=True))[len(one) // 2]
        cells = [spread(one, 1), spread(two, 1), f"{gain:.2f}", f"{gain / 2:.0%}", spread(reduce, 1)]
        print(f"| {rounds[0][0][i]['weights']:,.0f} | {' | '.join(cells)} |")
    print(f"\nglobal batch {options.batch_size}, a thread for each process; {machine('lightning-fabric')}")


if __name__ == "__main__":
    main()
