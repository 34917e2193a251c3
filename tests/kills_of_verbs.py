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
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from kills import child, wait
from PIL import Image

from gargalo import api, load_data, open_run, resume, train
from gargalo.explorer import check_site
from gargalo.export import export
from gargalo.io.folders import is_leftover

Command = list[str] | Callable[[], object]

VERBS = ("encode", "map", "report", "publish", "cache", "export", "demo")


def commands(root: Path) -> dict[str, Command]:
    """What each verb does, into `root`/out/<verb>."""
    run, data, photos, out = root / "run", root / "x.npy", root / "photos", root / "out"
    typed = {
        "encode": ["encode", run, data, "--out", out / "encode" / "z.npy"],
        "map": ["map", run, "--out", out / "map" / "map.png"],
        "report": ["report", run, "--out", out / "report" / "report.html"],
        "publish": ["publish", run, "--out", out / "publish" / "site"],
        "cache": ["inspect", photos],
        "demo": ["demo", "--out", out / "demo" / "demo"],
    }
    raw = np.load(data)[:4]
    return {
        **{verb: [str(part) for part in command] for verb, command in typed.items()},
        "export": lambda: export(open_run(run).fitted, raw, out / "export"),
    }


def contents(folder: Path) -> dict[str, str]:
    """Every whole file, by what is in it."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    found = [path for path in found if not any(is_leftover(part) for part in (path, *path.parents))]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def prepare(verb: str, root: Path) -> None:
    """Take away what would spare the next call its work, or be in its way."""
    out = root / "out" / verb
    if verb == "publish":  # a site is only written where there is none
        shutil.rmtree(out / "site", ignore_errors=True)
    if verb == "demo":
        shutil.rmtree(out / "demo", ignore_errors=True)
    if verb in ("cache", "export"):
        shutil.rmtree(root / "cache", ignore_errors=True)
    if verb in ("map", "report"):
        shutil.rmtree(root / "run" / "space" / "maps", ignore_errors=True)


def must_be_whole(verb: str, out: Path, old: dict[str, str]) -> None:
    """After a kill: what was there before is there, and what is new is whole."""
    found = contents(out)
    if verb == "publish":
        assert "index.html" not in {Path(name).name for name in found} or check_site(out / "site") is None
    elif verb == "demo":
        for folder in (out / "demo").glob("*/recipe.json"):
            if not (folder.parent / "metrics.json").is_file():
                resume(folder.parent, progress=False)
            assert open_run(folder.parent).metrics
    else:
        assert found == old, f"{verb}: {sorted(set(found.items()) ^ set(old.items()))}"


def made(root: Path) -> None:
    """A run, its data, some pictures, and an embedded data set that is soon learned."""
    (root / "photos").mkdir(parents=True)
    digits = load_data("mnist-10k")
    np.save(root / "x.npy", digits.x[:300])
    for i in range(60):
        Image.fromarray(digits.x[i]).save(root / "photos" / f"{i}.png")
    train(root / "x.npy", "vae", out=root / "run", epochs=1, widths=(32,), latent_dim=4, progress=False)
    some = np.r_[0:400, 10_000:10_100]
    np.savez(root / "digits.npz", x=digits.x[some], y=digits.y[some])
    few = load_data(root / "digits.npz")
    api.load_data = lambda *_, **__: few  # of the demo, in every fork


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
    made(root)
    done, hit = commands(root), Counter[str]()
    for verb in options.verbs:
        out = root / "out" / verb

        def call(verb: str = verb) -> None:
            status = wait(child([done[verb]], root / "said.txt"))
            assert status == 0, f"{verb}: {(root / 'said.txt').read_text()}"

        out.mkdir(parents=True)
        began = time.monotonic()
        call()
        lasting, old = time.monotonic() - began, contents(out)
        while hit[verb] < options.times:
            prepare(verb, root)
            pid = child([done[verb]], root / "said.txt")
            time.sleep(chance.uniform(0, lasting))
            os.kill(pid, signal.SIGKILL)
            if wait(pid) == 0:
                continue
            hit[verb] += 1
            must_be_whole(verb, out, old)
            if verb == "demo":  # which goes on in no folder that holds something
                prepare(verb, root)
                if hit[verb] < options.times:
                    continue
            call()
            if verb == "publish":
                check_site(out / "site")
                assert not [path for path in out.rglob("*") if ".partial" in path.name]
            elif verb != "demo":
                assert contents(out) == old
    print(json.dumps({"hit": hit}))


if __name__ == "__main__":
    main()
