"""Small real data in every form that the documents show, under the names that they use."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from scipy import sparse

from gargalo.data import Dataset
from gargalo.data.readers import mnist
from gargalo.data.readers.idx import write_idx


def write_pictures(folder: Path, source: Dataset, rows: np.ndarray, suffix: str = "png", **more: object) -> None:
    """Digits as files, under folders of their labels."""
    assert source.y is not None
    for row in rows:
        path = folder / str(source.y[row]) / f"{row:05d}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(source.x[row]).save(path, **more)


def write_all(folder: Path, digits: Dataset, patch: pytest.MonkeyPatch) -> None:
    """Everything, in English and in Portuguese."""
    few = np.arange(60)
    x, y = digits.x[few], digits.y[few]
    for photos, noisy in (("photos", "noisy"), ("fotos", "ruidosas")):
        write_pictures(folder / photos, digits, few)
        write_pictures(folder / noisy, digits, few[:3])
    for grainy, sharp in (("grainy", "sharp"), ("riscadas", "nitidas")):
        write_pictures(folder / sharp, digits, few)
        write_pictures(folder / grainy, replace(digits, x=digits.x // 2), few)
    for name in ("images.npy", "imagens.npy"):
        np.save(folder / name, x)
    np.save(folder / "labels.npy", y)
    np.save(folder / "thickness.npy", x.mean((1, 2)))
    np.save(folder / "parts.npy", np.array(["train", "train", "validation", "test"] * 15))
    np.save(folder / "rows.npy", x.reshape(60, -1))
    np.savez(folder / "arrays.npz", x=x, y=y)
    paths = sorted((folder / "photos").rglob("*.png"))
    vectors = np.stack([np.asarray(Image.open(path))[4:24:4, 4:24:4].ravel() for path in paths]).astype(np.float32)
    np.save(folder / "vectors.npy", vectors)
    names = [path.relative_to(folder / "photos").as_posix() for path in paths]
    pl.DataFrame({f"v{i}": vectors[:, i] for i in range(25)} | {"path": names}).write_csv(folder / "vectors.csv")
    pixels = pl.DataFrame({f"p{i}": x.reshape(60, -1)[:, i] for i in range(784)})
    pixels.with_columns(digit=pl.Series(y)).write_csv(folder / "digits.csv")
    draws = np.random.default_rng(0)
    for table, words in (
        ("table", ("species", "name", "comment", "length")),
        ("tabela", ("especie", "nome", "comentario", "comprimento")),
    ):
        values = (
            draws.choice(["cat", "dog"], 60),
            [f"p{i}" for i in range(60)],
            ["a"] * 60,
            draws.normal(size=60),
        )
        frame = pl.DataFrame(dict(zip(words, values, strict=True)) | {"legs": draws.choice(["3", "4"], 60)})
        gap = pl.when(pl.int_range(60) == 7).then(None).otherwise(words[3])
        frame = frame.with_columns(gap.alias(words[3]))
        frame.write_csv(folder / f"{table}.csv")
        frame.write_parquet(folder / f"{table}.parquet")
    rows = [f"{71 + 3 * i % 20},{i % 10} kg;{i % 7};{'ção'[i % 3]}" if i % 9 else f"<50;{i % 7};?" for i in range(60)]
    (folder / "messy.csv").write_text("\n".join(["weight;age;sinal", *rows]), encoding="latin-1")
    for name, words in (("log", ("second", "machine")), ("registro", ("segundo", "maquina"))):
        seconds, machines = np.tile(np.arange(120), 4), np.repeat([f"m{i}" for i in range(4)], 120)
        heat = np.sin(seconds / 9) + draws.normal(0, 0.1, 480)
        pl.DataFrame({words[0]: seconds, words[1]: machines, "heat": heat}).write_csv(folder / f"{name}.csv")
    counts = draws.negative_binomial(1, 0.5, (60, 12))
    for name in ("counts", "contagens"):
        sparse.save_npz(folder / f"{name}.npz", sparse.csr_matrix(counts))
    genes = pl.DataFrame({f"g{i}": counts[:, i] for i in range(12)})
    genes.with_columns(cell=pl.Series([f"c{i}" for i in range(60)])).write_csv(folder / "counts.csv")
    decibels = (20 * np.log10(x / 255 + 1e-4)).astype(np.float32)
    np.save(folder / "decibels.npy", decibels)
    volumes = np.stack([np.roll(x[:, 6:22, 6:22], shift, 1) for shift in range(4)], 1)
    np.save(folder / "volumes.npy", volumes)
    for place in ("microscope", "stacks"):
        (folder / place).mkdir()
    for i in range(60):
        Image.fromarray(x[i].astype(np.uint16) * 16).save(folder / "microscope" / f"{i:02d}.png")
        first, *others = map(Image.fromarray, volumes[i])
        first.save(folder / "stacks" / f"{i:02d}.tif", save_all=True, append_images=others)
    sums = {}
    (folder / "idx").mkdir()
    for name, array in zip(mnist.FILES, (x, y, x[:9], y[:9]), strict=True):
        path = folder / "idx" / f"{name}.gz"
        write_idx(path, array.astype(np.uint8))
        sums[name] = hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest()
    patch.setitem(mnist.SETS, "mnist", mnist.SETS["mnist"]._replace(files=sums))
