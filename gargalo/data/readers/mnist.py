"""MNIST and its kin: the 11,000 digits that come with the package, and whole sets from a folder or a mirror."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...errors import DataError
from ...io.reporter import SILENT, Reporter
from ..dataset import Dataset
from ..ids import RowNumbers
from ..splits import TEST, TRAIN
from .fetch import fetch
from .idx import begins_as_idx, read_idx, sha256_of

__all__ = ["SETS", "full", "sample"]

FILES: dict[str, str] = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""MNIST's files, and the sha256 of their decompressed bytes."""
FASHION = dict(
    zip(
        FILES,
        (
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        strict=True,
    )
)
"""The same of Fashion-MNIST, whose files have the same names."""
DEEP = 3
"""How many folders deep files of other names are looked for: some archives have a folder for each."""


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
        FASHION,
        {},
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
        Folder with the four IDX files, gzipped or not, or with a folder `name` of them, known by their names or else
        by their content; else the environment's `GARGALO_DATA`; else they are fetched once into the user's cache.
    reporter : Reporter
        Who tells of the fetching.

    Returns
    -------
    Dataset
        `x` is (70000, 28, 28), uint8.

    Raises
    ------
    DataError
        For a file that is missing, cannot be fetched, or is not what it should be. Of KMNIST only the published
        gzipped files have known sums: in a folder its files need only be whole IDX files, and not those of another set.
    """
    wanted = SETS[name]
    given = data_dir or os.environ.get("GARGALO_DATA")
    arrays = []
    for file, sha256 in wanted.files.items():
        if given:
            arrays.append(_from_folder(Path(given), name, file))
        else:
            urls, zipped = [f"{mirror}{file}.gz" for mirror in wanted.mirrors], wanted.zipped.get(file)
            arrays.append(fetch(urls, name, lambda path, s=sha256, z=zipped: read_idx(path, s, z), reporter))
    classes, most = len(wanted.class_names), max(int(y.max()) for y in arrays[1::2])
    if most >= classes:
        raise DataError(f"{given or name}: expected labels of {name}, 0 to {classes - 1}. Found {most}.")
    return _as_dataset(name, arrays, wanted.class_names)


def _from_folder(given: Path, name: str, file: str) -> np.ndarray:
    """One file of a set: by its name in the folder or in one called as the set, else by what is in it."""
    named = [folder / (file + suffix) for folder in (given / name, given) for suffix in ("", ".gz")]
    named = [path for path in named if path.is_file()]
    faults = []
    for path in (*named, *_others(given, file, named, SETS[name].files[file] is None)):
        try:
            return _read(path, name, file)
        except DataError as fault:
            faults.append(fault)
    if named:
        raise faults[0]
    raise DataError(
        f"{given}: expected {file} or {file}.gz in this folder. Found neither, nor a file of another name with"
        f" the bytes of {name}'s."
    )


def _others(given: Path, file: str, named: list[Path], by_name: bool) -> Iterator[Path]:
    """IDX files of other names in a folder, or below it; where no sum is known, the name must tell the part."""
    part, what = file.split("-")[:2]
    for depth in range(DEEP):
        for path in sorted(given.glob("/".join("*" * (depth + 1)))):
            called = path.name.lower()
            fits = what in called and (part in called or (part == "t10k" and "test" in called))
            if (fits or not by_name) and path not in named and path.is_file() and begins_as_idx(path):
                yield path


def _read(path: Path, name: str, file: str) -> np.ndarray:
    """A file of a set, which must be what is known of it, and no other set's."""
    array = read_idx(path, SETS[name].files[file])
    for other in SETS.keys() - {name} if SETS[name].files[file] is None else ():
        if sha256_of(array) == SETS[other].files[file]:
            raise DataError(f"{path}: expected {name}. Found the file of {other}, which has the same name.")
    return array


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
