"""Kill what writes from a run, again and again, at random moments: what was there stays whole, and the next call works.

    python tests/kills_of_verbs.py FOLDER [--times 20] [--seed 0] [--verbs encode map …]

A warmed parent forks each call, so that the work is hit, not imports.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from kills import child, wait
from PIL import Image

from gargalo import load_data, train
from gargalo.explorer import check_site
from gargalo.io.folders import is_leftover

VERBS = {
    "encode": ["encode", "{run}", "{data}", "--out", "{out}/z.npy"],
    "map": ["map", "{run}", "--out", "{out}/map.png"],
    "report": ["report", "{run}", "--out", "{out}/report.html"],
    "publish": ["publish", "{run}", "--out", "{out}/site"],
    "cache": ["inspect", "{photos}"],
}


def contents(folder: Path) -> dict[str, str]:
    """Every whole file, by what is in it."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    found = [path for path in found if not any(is_leftover(part) for part in (path, *path.parents))]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill what writes from a run.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbs", nargs="+", default=list(VERBS))
    options = parser.parse_args()
    torch.set_num_threads(1)  # a fork of a process with threads has lost them
    chance, root = random.Random(options.seed), options.folder
    os.environ["XDG_CACHE_HOME"] = str(root / "cache")
    (root / "photos").mkdir(parents=True)
    digits = load_data("mnist-10k")
    np.save(root / "x.npy", digits.x[:300])
    for i in range(60):
        Image.fromarray(digits.x[i]).save(root / "photos" / f"{i}.png")
    train(root / "x.npy", "vae", out=root / "run", epochs=1, widths=(32,), latent_dim=4, progress=False)
    hit: Counter[str] = Counter()
    for verb in options.verbs:
        out = root / "out" / verb
        places = {"run": root / "run", "data": root / "x.npy", "photos": root / "photos", "out": out}
        command = [part.format(**places) for part in VERBS[verb]]

        def call(command: list[str] = command) -> None:
            status = wait(child([command], root / "said.txt"))
            assert status == 0, (root / "said.txt").read_text()

        out.mkdir(parents=True)
        began = time.monotonic()
        call()
        lasting, old = time.monotonic() - began, contents(out)
        while hit[verb] < options.times:
            if verb == "publish":  # a site is only written where there is none
                shutil.rmtree(out / "site", ignore_errors=True)
            if verb == "cache":
                shutil.rmtree(root / "cache", ignore_errors=True)
            if verb in ("map", "report"):  # so that it is computed again
                shutil.rmtree(root / "run" / "space" / "maps", ignore_errors=True)
            pid = child([command], root / "said.txt")
            time.sleep(chance.uniform(0, lasting))
            os.kill(pid, signal.SIGKILL)
            if wait(pid) == 0:
                continue
            hit[verb] += 1
            found = contents(out)
            if verb == "publish":
                assert "index.html" not in {Path(name).name for name in found} or check_site(out / "site") is None
            else:
                assert found == old, f"{verb}: {sorted(set(found.items()) ^ set(old.items()))}"
            call()
            assert verb == "publish" or contents(out) == old
            if verb == "publish":
                check_site(out / "site")
                assert not [path for path in out.rglob("*") if ".partial" in path.name]
    print(json.dumps({"hit": hit}))


if __name__ == "__main__":
    main()
