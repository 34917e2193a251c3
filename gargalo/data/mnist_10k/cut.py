"""Cut the embedded sample out of all of MNIST: ``python cut.py FOLDER_WITH_THE_FOUR_IDX_FILES``.

10,000 of the 60,000 training digits and 1,000 of the 10,000 test digits, without replacement, each digit in its
own proportion, in a random order; the seed is fixed, so the same files come out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from gargalo.data.readers import mnist
from gargalo.data.readers.idx import write_idx

SEED = 20160


def stratified(labels: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """`size` row numbers in which every label has its own share, by the largest remainder, shuffled."""
    counts = np.bincount(labels)
    share = counts * size / len(labels)
    take = np.floor(share).astype(int)
    take[np.argsort(take - share, kind="stable")[: size - take.sum()]] += 1
    rows = [rng.permutation(np.flatnonzero(labels == digit))[:n] for digit, n in enumerate(take)]
    return rng.permutation(np.concatenate(rows))


def main(folder: str) -> None:
    """Write the four files beside this one."""
    source = mnist.full("mnist", folder)
    assert source.y is not None
    rng = np.random.default_rng(SEED)
    for part, size, prefix in (("train", 10_000, "train"), ("test", 1_000, "t10k")):
        rows = source.rows(part)
        rows = rows[stratified(source.y[rows], size, rng)]
        write_idx(Path(__file__).with_name(f"{prefix}-images-idx3-ubyte.gz"), source.x[rows])
        write_idx(Path(__file__).with_name(f"{prefix}-labels-idx1-ubyte.gz"), source.y[rows].astype(np.uint8))


if __name__ == "__main__":
    main(sys.argv[1])
