"""MNIST and its kin: the 11,000 digits that come with the package, and whole sets from a folder or a mirror."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import DataError
from ...io.reporter import SILENT, Reporter
from ..dataset import Dataset, RowNumbers
from ..splits import TEST, TRAIN
from .fetch import fetch
from .idx import read_idx

__all__ = ["SETS", "full", "sample"]

FILES: dict[str, str] = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""MNIST's files, and the sha256 of their decompressed bytes."""


class Set(NamedTuple):
    """Where a set is to be had, the names of its classes, and what its files must hash to.

    `files`: sha256 of the decompressed bytes; `zipped`: of the `.gz` as it is published, where only that is known.
    """

    mirrors: tuple[str, ...]
    class_names: tuple[str, ...]
    files: Mapping[str, str | None]
    zipped: Mapping[str, str]


SETS = {
    "mnist": Set(
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        tuple("0123456789"),
        FILES,
        {},
    ),
    "fashion-mnist": Set(
        (
            "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
        dict.fromkeys(FILES),
        {
            "train-images-idx3-ubyte": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "train-labels-idx1-ubyte": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "t10k-images-idx3-ubyte": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "t10k-labels-idx1-ubyte": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        },
    ),
    "kmnist": Set(
        ("https://codh.rois.ac.jp/kmnist/dataset/kmnist/", "http://codh.rois.ac.jp/kmnist/dataset/kmnist/"),
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        dict.fromkeys(FILES),
        {
            "train-images-idx3-ubyte": "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            "train-labels-idx1-ubyte": "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            "t10k-images-idx3-ubyte": "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            "t10k-labels-idx1-ubyte": "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
        },
    ),
}


def sample() -> Dataset:
    """`mnist-10k`: 10,000 training and 1,000 test digits, drawn once, stratified by digit."""
    with resources.as_file(resources.files("gargalo.data") / "mnist_10k") as folder:
        return _as_dataset("mnist-10k", [read_idx(folder / f"{name}.gz") for name in FILES], tuple("0123456789"))


def full(name: str, data_dir: str | Path | None = None, reporter: Reporter = SILENT) -> Dataset:
    """Read all 70,000 examples of a set: 60,000 to train on, 10,000 to test with.

    MNIST: LeCun et al. 1998. Fashion-MNIST: Xiao et al., arXiv:1708.07747. KMNIST: Clanuwat et al., arXiv:1812.01718.

    Parameters
    ----------
    name : str
        A key of `SETS`.
    data_dir : path or None
        Folder with the four IDX files, gzipped or not, or with a folder `name` of them; else the environment's
        `GARGALO_DATA`; else they are fetched once into the user's cache.
    reporter : Reporter
        Who tells of the fetching.

    Returns
    -------
    Dataset
        `x` is (70000, 28, 28), uint8.

    Raises
    ------
    DataError
        For a file that is missing, cannot be fetched, or is not what it should be. No sums are known of uncompressed
        files of Fashion-MNIST and KMNIST: these need only be whole IDX files, and not MNIST's.
    """
    wanted = SETS[name]
    given = data_dir or os.environ.get("GARGALO_DATA")
    arrays = []
    for file, sha256 in wanted.files.items():
        zipped = wanted.zipped.get(file)
        if given:
            folders = [Path(given) / name, Path(given)]
            paths = [folder / (file + suffix) for folder in folders for suffix in ("", ".gz")]
            path = next((p for p in paths if p.is_file()), None)
            if path is None:
                raise DataError(f"{given}: expected {file} or {file}.gz in this folder. Found neither.")
            arrays.append(read_idx(path, sha256, zipped))
            if sha256 is None and path.suffix != ".gz" and _is_mnist(path, file):
                raise DataError(f"{path}: expected {name}. Found the file of MNIST, which has the same name.")
        else:
            urls = [f"{mirror}{file}.gz" for mirror in wanted.mirrors]
            arrays.append(fetch(urls, name, lambda path, s=sha256, z=zipped: read_idx(path, s, z), reporter))
    classes, most = len(wanted.class_names), max(int(y.max()) for y in arrays[1::2])
    if most >= classes:
        raise DataError(f"{given or name}: expected labels of {name}, 0 to {classes - 1}. Found {most}.")
    return _as_dataset(name, arrays, wanted.class_names)


def _is_mnist(path: Path, file: str) -> bool:
    return hashlib.sha256(path.read_bytes()).hexdigest() == FILES[file]


def _as_dataset(name: str, arrays: list[np.ndarray], class_names: tuple[str, ...]) -> Dataset:
    """Training and test arrays, one after the other, as one dataset."""
    train_x, train_y, test_x, test_y = arrays
    for x, y in ((train_x, train_y), (test_x, test_y)):
        if y.shape != x.shape[:1]:
            raise DataError(f"{name}: expected a label for each of {len(x)} images. Found shape {y.shape}.")
    split = np.repeat(np.array([TRAIN, TEST], np.uint8), [len(train_x), len(test_x)])
    return Dataset(
        name,
        "image",
        np.concatenate([train_x, test_x]),
        np.concatenate([train_y, test_y]).astype(np.int64),
        class_names,
        split,
        RowNumbers(len(split)),
    )
