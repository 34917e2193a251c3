"""`python -m tests.fuzz [FOLDERS] [SEED]`: so many hostile folders, and what was found, each kind once."""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from itertools import zip_longest
from pathlib import Path
from random import Random

from .changes import change, copied
from .runs import Material, write_runs
from .uses import Fault, faults


def hostile(
    runs: list[Material], root: Path, seeds: range, slow: float | None = 0.03
) -> list[tuple[int, str, str, Fault]]:
    """The faults of so many folders: the seed, the run, what was changed, and what happened.

    Parameters
    ----------
    runs : list of Material
    root : Path
        Where the copies lie, one at a time.
    seeds : range
        A folder for each.
    slow : float or None
        The share of folders of which a report and a site are made; None only opens them.
    """
    found = []
    for seed in seeds:
        rng = Random(seed)
        one = rng.choice(runs)
        folder = copied(one.folder, root / "hostile")
        told = change(folder, rng)
        data = one.data if one.folder.name == "begun" else one.few
        found += [(seed, one.folder.name, told, fault) for fault in faults(folder, data, root / "out", rng, slow)]
    return found


def main() -> int:
    count, seed = (int(given or usual) for given, usual in zip_longest(sys.argv[1:3], (300, 0)))
    sink = os.open(os.devnull, os.O_WRONLY)
    with tempfile.TemporaryDirectory() as root:
        os.environ["XDG_CACHE_HOME"] = os.environ["XDG_STATE_HOME"] = root + "/own"
        runs, kinds = write_runs(Path(root)), Counter()
        screen = os.dup(1)
        os.dup2(sink, 1), os.dup2(sink, 2)
        for first in range(seed, seed + count, 50):
            for at, run, told, fault in hostile(runs, Path(root), range(first, min(first + 50, seed + count))):
                kinds[fault.kind, fault.what] += 1
                if kinds[fault.kind, fault.what] == 1:
                    line = f"--- seed {at} {run}: {told[:300]}\n{fault.kind}: {fault.what}\n{fault.told}\n"
                    os.write(screen, line.encode(errors="replace"))
            os.write(screen, f"{first + 50 - seed} of {count} folders, {sum(kinds.values())} faults\n".encode())
        for (kind, what), times in sorted(kinds.items()):
            os.write(screen, f"{times:5} {kind}: {what}\n".encode())
    return bool(kinds)


if __name__ == "__main__":
    sys.exit(main())
