"""Mutated files for every reader: whatever a file holds, it is read, or refused in one line.

    python tests/fuzz/readers.py FOLDER [--inputs 10000] [--seconds 60] [--seed 0]

A fault is any exception that is no `GargaloError`, more than 5 seconds for one file, or more than 1 GB of memory beyond
what the process took before. Files that made one stay in FOLDER/found.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import random
import resource
import shutil
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image
from scipy import sparse

from gargalo import load_data
from gargalo.data.describe import describe
from gargalo.data.readers.idx import write_idx
from gargalo.errors import GargaloError

SLOW, LARGE = 5.0, 10**9
"""Seconds and bytes from which on an answer is a fault."""
NUMBERS = (b"\x00" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80", b"\x01\x00\x00\x00")
"""What headers may lie with."""
TEXTS = (
    b"", b",", b";", b'"', b"\n", b"\r\n", b"\x00", b"nan", b"inf", b"-1e999", b"1e308", b"9" * 400, b"0x1F", b"1_000",
    b"\xff\xfe", b"\xe2\x80\xae", b"'", b"\t", b"=cmd()", b"18446744073709551615", b"2024-02-30", b"[1]", b"*", b"#",
    b"%s", b"{}", b"x" * 200_000,
)  # fmt: skip
"""What stands in cells where nobody expects it."""


def sources(folder: Path) -> dict[str, bytes]:
    """A valid small file of each kind, by the name that it gets."""
    draws = np.random.default_rng(0)
    x, pixels = draws.normal(size=(24, 6)).astype(np.float32), draws.integers(0, 255, (24, 6, 6), np.uint8)
    frame = pl.DataFrame(
        {
            "id": [f"{i:05d}" for i in range(24)],
            "when": [f"2024-01-{i + 1:02d} 12:00" for i in range(24)],
            "kind": ["a", "b", "c"] * 8,
            "length": x[:, 0],
            "count": pixels[:, 0, 0].astype(np.int64),
            "y": [0, 1] * 12,
        }
    )
    found = {}

    def kept(name: str, write: object) -> None:
        path = folder / name
        write(path)  # type: ignore[operator]
        found[name] = path.read_bytes()

    kept("rows.npy", lambda path: np.save(path, x))
    kept("pixels.npy", lambda path: np.save(path, pixels))
    kept("arrays.npz", lambda path: np.savez(path, x=pixels, y=np.arange(24) % 3))
    kept(
        "packed.npz",
        lambda path: np.savez_compressed(path, x_train=x, x_test=x, y_train=x[:, 0] > 0, y_test=x[:, 0] > 0),
    )
    kept(
        "sparse.npz",
        lambda path: sparse.save_npz(path, sparse.csr_matrix(pixels.reshape(24, -1) * (pixels.reshape(24, -1) > 200))),
    )
    kept("table.csv", frame.write_csv)
    kept("table.parquet", frame.write_parquet)
    kept("images-idx3-ubyte.gz", lambda path: write_idx(path, pixels))
    found["images-idx3-ubyte"] = gzip.decompress(found["images-idx3-ubyte.gz"])
    for suffix in ("png", "jpg", "gif", "bmp", "tiff", "webp"):
        file = io.BytesIO()
        Image.fromarray(pixels[0].repeat(4, 0).repeat(4, 1)).save(file, {"jpg": "jpeg"}.get(suffix, suffix))
        found[f"pictures/{suffix}.{suffix}"] = file.getvalue()
    file = io.BytesIO()
    pages = [Image.fromarray(page) for page in pixels[:4]]
    pages[0].save(file, "tiff", save_all=True, append_images=pages[1:])
    found["pictures/pages.tiff"] = file.getvalue()
    file = io.BytesIO()
    Image.fromarray(pixels[0].astype(np.uint16) * 256).save(file, "png")
    found["pictures/deep.png"] = file.getvalue()
    for name, content in found.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return found


def mutated(content: bytes, chance: random.Random, others: list[bytes]) -> bytes:
    """The same with a few things wrong."""
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        if not data:
            break
        at = chance.randrange(min(len(data), 160) if chance.random() < 0.5 else len(data))  # headers are short
        what = chance.randrange(8)
        if what == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif what == 1:
            data[at] = chance.randrange(256)
        elif what == 2:
            del data[at:]
        elif what == 3:
            del data[at : at + chance.randrange(1, 40)]
        elif what == 4:
            data[at : at + 4] = chance.choice(NUMBERS)
        elif what == 5:
            data[at:at] = chance.choice(TEXTS)
        elif what == 6:
            other = chance.choice(others)
            start = chance.randrange(len(other))
            data[at : at + 20] = other[start : start + 20]
        else:
            part = bytes(data[at : at + chance.randrange(1, 60)])
            data[at:at] = part * chance.randrange(1, 50)
    return bytes(data)


def choices(name: str, chance: random.Random) -> dict[str, object]:
    """How it is asked for: now and then with a role for a column, or another choice of the reader."""
    if not name.startswith("table"):
        return {}
    some = {
        "label": "y",
        "id": "id",
        "time": "when",
        "window": 4,
        "group": "kind",
        "impute": chance.choice(("median", "mask", "drop")),
        "decimal_comma": True,
        "ignore": "count",
        "category": "count",
        "number": chance.choice(("length", "kind", "when")),
    }
    return {
        key: value
        for key, value in some.items()
        if chance.random() < 0.15 and (key != "decimal_comma" or ".csv" in name)
    }


def look(path: Path, asked: dict[str, object]) -> str:
    """Read a file, and all that is told of what is in it."""
    try:
        dataset = load_data(path, progress=False, **asked)
        np.asarray(dataset.x[:8]).sum()
        describe(dataset)
        dataset.fingerprint  # noqa: B018
        return "read"
    except GargaloError:
        return "refused"


def memory() -> int:
    """Bytes of the largest that this process and its children ever were."""
    return 1024 * sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def main() -> None:
    parser = argparse.ArgumentParser(description="Mutated files for every reader.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    root, chance = options.folder, random.Random(options.seed)
    (root / "valid").mkdir(parents=True)
    (root / "found").mkdir()
    os.environ["XDG_CACHE_HOME"] = str(root / "cache")
    valid = sources(root / "valid")
    names, others = list(valid), list(valid.values())
    for name in {name.partition("/")[0] for name in names}:  # what is imported late is imported now
        assert look(root / "valid" / name, {}) == "read", name
    seen: Counter[str] = Counter()
    faults: dict[str, str] = {}
    began, before = time.monotonic(), memory()
    while seen.total() < options.inputs and time.monotonic() - began < options.seconds:
        name = names[seen.total() % len(names)]
        place = root / "now"
        path = place / name
        path.parent.mkdir(parents=True)
        path.write_bytes(mutated(valid[name], chance, others))
        asked, started, found = choices(name, chance), time.monotonic(), ""
        try:
            seen[look(path.parent if name.startswith("pictures/") else path, asked)] += 1
        except (Exception, KeyboardInterrupt) as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            seen["fault"] += 1
            where = traceback.extract_tb(error.__traceback__)[-1]
            found = f"{type(error).__name__} in {where.name}: {str(error)[:120]}"
        took, now = time.monotonic() - started, memory()
        if took > SLOW:
            found += f" slow: {took:.1f} s"
        if now - before > LARGE:
            found, before = found + f" large: {(now - before) / 1e9:.1f} GB", now
        if found:
            kept = root / "found" / f"{len(faults):04d}-{Path(name).name}"
            shutil.copy(path, kept)
            faults[kept.name] = f"{found} {asked}"
        shutil.rmtree(place)
        if not seen.total() % 50:  # what pictures were decoded to
            shutil.rmtree(root / "cache", ignore_errors=True)
    seconds = round(time.monotonic() - began, 1)
    print(json.dumps({"inputs": seen.total(), "seconds": seconds, "seen": seen, "faults": faults}, indent=1))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
