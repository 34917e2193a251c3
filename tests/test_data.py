"""Readers: what they read is right, and what they cannot read ends in one clear line."""

from __future__ import annotations

import gzip
import hashlib
import os
import pickle
import re
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gargalo.data import Dataset, as_dataset, load_data
from gargalo.data.codec import ImageCodec, NumberCodec
from gargalo.data.readers import arrays, mnist
from gargalo.data.readers.idx import read_idx, sha256_of, write_idx
from gargalo.data.splits import copies
from gargalo.errors import DataError, ParameterError
from gargalo.io.decompression import Limits

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (20, 4, 5), np.uint8)
NUMBERS = RNG.normal(size=(20, 3))
LABELS = np.arange(20) % 2

few = settings(max_examples=100, deadline=None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """One folder for all examples of a property: hypothesis wants no fixture that is made anew for each."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def sample() -> Dataset:
    return load_data("mnist-10k")


def refused(path: Path, *expected: str) -> str:
    """Loading `path` ends in one line that names the file and says all of `expected`."""
    with pytest.raises(DataError) as caught:
        load_data(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    for text in expected:
        assert text in message
    return message


def peak_of(read, message: str) -> int:
    """The most memory in use while `read` is refused, bytes."""
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=re.escape(message)):
            read()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def npz(path: Path, **named: np.ndarray) -> Path:
    np.savez(path, **named)
    return path


def npy_bytes(shape: str, body: bytes = b"", descr: str = "'<f4'") -> bytes:
    """A version 1.0 `.npy` whose header says what we like."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + body


def flipped(whole: bytes, flips: list[tuple[int, int]]) -> bytes:
    """`whole` with some bytes changed."""
    changed = bytearray(whole)
    for at, mask in flips:
        changed[at % len(changed)] ^= mask
    return bytes(changed)


flips = st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=4)


# The digits that come with the package


def test_the_sample_is_what_it_says(sample):
    assert sample.x.shape == (11_000, 28, 28)
    assert sample.x.dtype == np.uint8
    assert sample.spec.counts == {"train": 10_000, "validation": 0, "test": 1_000}
    assert sample.class_names == tuple("0123456789")
    assert len(set(sample.ids)) == 11_000
    # A digest written down: neither a new NumPy nor a changed file passes unseen.
    assert sample.fingerprint == "67562420a8875e705b0649ad96ed0dd4635ee2a23ada48929eee8fe772804e29"


def test_the_sample_has_every_digit_in_its_share(sample):
    of_mnist = {  # how often each digit is among the 60,000 and the 10,000
        "train": [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
        "test": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
    }
    for part, counts in of_mnist.items():
        rows = sample.rows(part)
        share = np.array(counts) * len(rows) / sum(counts)
        assert np.abs(np.bincount(sample.labels(rows)) - share).max() < 1


@pytest.mark.skipif(not os.environ.get("GARGALO_DATA"), reason="GARGALO_DATA names no folder with MNIST")
def test_the_sample_is_a_part_of_mnist(sample):
    whole = load_data("mnist")
    assert whole.spec.counts == {"train": 60_000, "validation": 0, "test": 10_000}
    for part in ("train", "test"):
        there = {(whole.x[i].tobytes(), int(whole.y[i])) for i in whole.rows(part)}
        here = [(sample.x[i].tobytes(), int(sample.y[i])) for i in sample.rows(part)]
        assert len(set(here)) == len(here)
        assert there.issuperset(here)


# IDX


@few
@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=6)))
def test_idx_round_trip(folder, array):
    write_idx(folder / "a.gz", array)
    first = (folder / "a.gz").read_bytes()
    write_idx(folder / "a.gz", array)
    assert (folder / "a.gz").read_bytes() == first
    (folder / "a").write_bytes(gzip.decompress(first))
    for name in ("a", "a.gz"):
        back = read_idx(folder / name)
        assert back.dtype == np.uint8
        np.testing.assert_array_equal(back, array, strict=True)


GOOD_IDX = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3]) + b"abcdef"


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "Found nothing"),
        (b"\x89PNG" + GOOD_IDX, "two zero bytes first). Found 89504e47"),
        (b"\0\0\x0d" + GOOD_IDX[3:], "type 0x08 (unsigned byte). Found 0x0d"),
        (b"\0\0\x08\x09" + GOOD_IDX[4:], "two zero bytes first). Found 00000809"),
        (GOOD_IDX[:9], "1 to 4294967296 values. Found shape ()"),
        (GOOD_IDX[:8] + bytes(4), "Found shape (2, 0)"),
        (GOOD_IDX[:4] + b"\xff" * 8, "Found shape (4294967295, 4294967295)"),
        (GOOD_IDX[:-1], "expected 6 bytes for shape (2, 3). Found"),
        (GOOD_IDX + b"!", "expected 6 bytes for shape (2, 3). Found"),
    ],
)
def test_a_wrong_idx_says_what_is_wrong(tmp_path, content, expected, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(gzip.compress(content) if suffix else content)
    with pytest.raises(DataError, match=re.escape(expected)) as caught:
        read_idx(path)
    assert str(caught.value).startswith(f"{path}: expected")


def test_a_broken_gzip_is_named(tmp_path):
    whole = gzip.compress(GOOD_IDX)
    # Cut at every place, and with a check sum that does not fit: no part is taken for the whole.
    for content in [whole[:n] for n in range(len(whole))] + [flipped(whole, [(len(whole) - 5, 1)]), b"not gzip"]:
        (tmp_path / "a.gz").write_bytes(content)
        with pytest.raises(DataError, match=r"a\.gz: "):
            read_idx(tmp_path / "a.gz")
    with pytest.raises(DataError, match=r"b\.gz: cannot be read"):
        read_idx(tmp_path / "b.gz")


def test_a_gzip_bomb_is_not_inflated(tmp_path):
    # It announces six bytes and holds 64 MB.
    (tmp_path / "a.gz").write_bytes(gzip.compress(GOOD_IDX + bytes(2**26), compresslevel=1))
    peak = peak_of(lambda: read_idx(tmp_path / "a.gz"), "Found more than 6")
    assert peak < 2**20


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_an_idx_header_is_not_believed_before_the_size_is_seen(tmp_path, suffix):
    content = bytes([0, 0, 8, 1]) + (2**32 - 1).to_bytes(4, "big") + b"abc"
    (tmp_path / f"a{suffix}").write_bytes(gzip.compress(content) if suffix else content)
    # The buffer of a read is taken at once, in full.
    peak = peak_of(lambda: read_idx(tmp_path / f"a{suffix}"), "expected 4294967295 bytes")
    assert peak < 2**20


@few
@given(flips)
def test_flipped_bytes_of_idx_never_crash(folder, changes):
    for name, whole in (("flip", GOOD_IDX), ("flip.gz", gzip.compress(GOOD_IDX))):
        (folder / name).write_bytes(flipped(whole, changes))
        try:
            assert read_idx(folder / name).dtype == np.uint8
        except DataError as error:
            assert str(error).startswith(str(folder / name))


# MNIST from a folder


def test_mnist_from_a_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("GARGALO_DATA", raising=False)
    with pytest.raises(DataError, match=r"nowhere: expected train-images-idx3-ubyte .* Found neither"):
        load_data("mnist", data_dir=tmp_path / "nowhere")
    write_idx(tmp_path / "train-images-idx3-ubyte.gz", IMAGES)
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz: expected sha256 ba891046e650… .* another"):
        load_data("mnist", data_dir=tmp_path)


def test_mnist_is_read_from_the_environment_zipped_or_not(tmp_path, monkeypatch):
    """Small files stand in for the real ones, under hashes of their own."""
    inside = tmp_path / "mnist"
    inside.mkdir()
    hashes = {}
    for name, array in zip(mnist.FILES, (IMAGES, LABELS, IMAGES[:5], LABELS[:5]), strict=True):
        write_idx(inside / f"{name}.gz", array.astype(np.uint8))
        content = gzip.decompress((inside / f"{name}.gz").read_bytes())
        hashes[name] = hashlib.sha256(content).hexdigest()
    (inside / "t10k-labels-idx1-ubyte.gz").unlink()
    (inside / "t10k-labels-idx1-ubyte").write_bytes(content)
    monkeypatch.setitem(mnist.SETS, "mnist", mnist.SETS["mnist"]._replace(files=hashes))
    monkeypatch.setenv("GARGALO_DATA", str(tmp_path))
    source = load_data("mnist")
    assert source.spec.counts == {"train": 20, "validation": 0, "test": 5}
    np.testing.assert_array_equal(source.x[source.rows("test")], IMAGES[:5])
    np.testing.assert_array_equal(source.y[source.rows("test")], LABELS[:5])
    monkeypatch.setitem(mnist.SETS, "mnist", mnist.SETS["mnist"]._replace(files=dict.fromkeys(mnist.FILES)))
    write_idx(inside / "train-labels-idx1-ubyte.gz", LABELS.astype(np.uint8) + 10)
    with pytest.raises(DataError, match=r"expected labels of mnist, 0 to 9\. Found 11"):
        load_data("mnist")
    (inside / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match=r"expected t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte\.gz in this"):
        load_data("mnist")


def part_of_mnist(folder: Path, patch: pytest.MonkeyPatch, name: str = "mnist") -> dict[str, bytes]:
    """Small files that stand in for those of a set, under sums of their own: their decompressed bytes by name."""
    contents = {}
    for file, array in zip(mnist.FILES, (IMAGES, LABELS, IMAGES[:5], LABELS[:5]), strict=True):
        write_idx(folder / "made.gz", array.astype(np.uint8))
        contents[file] = gzip.decompress((folder / "made.gz").read_bytes())
    (folder / "made.gz").unlink()
    sums = {file: hashlib.sha256(content).hexdigest() for file, content in contents.items()}
    patch.setitem(mnist.SETS, name, mnist.SETS[name]._replace(files=sums))
    return contents


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_files_of_a_set_are_known_by_what_is_in_them(tmp_path, monkeypatch, name):
    contents = part_of_mnist(tmp_path, monkeypatch, name)
    images, labels, test_images, test_labels = contents
    (tmp_path / f"{images}.gz").write_bytes(contents[images])  # unpacked, under the name of a packed one
    (tmp_path / labels).write_bytes(gzip.compress(contents[labels], compresslevel=1, mtime=7))  # packed anew, without
    (tmp_path / "raw" / "x").mkdir(parents=True)
    (tmp_path / "raw" / "t10k-images.idx3-ubyte").write_bytes(gzip.compress(contents[test_images], compresslevel=2))
    (tmp_path / "raw" / "x" / "download(1)").write_bytes(contents[test_labels])
    (tmp_path / "raw" / "another").write_bytes(contents[test_labels][:-1] + b"\x01")
    found = load_data(name, data_dir=tmp_path)
    np.testing.assert_array_equal(found.x, np.concatenate([IMAGES, IMAGES[:5]]))
    assert found.y.tolist() == [*LABELS.tolist(), *LABELS[:5].tolist()]
    (tmp_path / "raw" / "x" / "download(1)").unlink()
    with pytest.raises(DataError, match=rf"Found neither, nor a file of another name with the bytes of {name}'s"):
        load_data(name, data_dir=tmp_path)


def test_files_of_which_no_sum_is_known_are_told_apart_from_those_of_others(tmp_path, monkeypatch):
    others = part_of_mnist(tmp_path, monkeypatch, "fashion-mnist")
    contents = {file: content[:-1] + bytes([1 - content[-1] % 2]) for file, content in others.items()}
    for i, (file, content) in enumerate(contents.items()):
        (tmp_path / f"kmnist-{file.replace('-idx', '.idx')}").write_bytes(gzip.compress(content) if i % 2 else content)
    (tmp_path / "a-train-images").write_bytes(others["train-images-idx3-ubyte"])  # another set's, and seen first
    found = load_data("kmnist", data_dir=tmp_path)
    assert found.x[:20].tobytes() == contents["train-images-idx3-ubyte"][16:]
    (tmp_path / "train-images-idx3-ubyte").write_bytes(others["train-images-idx3-ubyte"])
    assert load_data("kmnist", data_dir=tmp_path).fingerprint == found.fingerprint
    (tmp_path / "kmnist-train-images.idx3-ubyte").unlink()
    with pytest.raises(DataError, match=r"expected kmnist\. Found the file of fashion-mnist, which has the same name"):
        load_data("kmnist", data_dir=tmp_path)


def test_the_sums_of_sets_are_of_decompressed_bytes():
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert sha256_of(array) == hashlib.sha256(GOOD_IDX[:12] + bytes(range(6))).hexdigest()
    sums = [value for one in mnist.SETS.values() for value in one.files.values() if value]
    assert len(set(sums)) == len(sums) == 8
    assert not any(mnist.SETS[name].zipped for name in ("mnist", "fashion-mnist"))


def test_idx_files_by_their_other_names(tmp_path):
    """As some archives have them, with a point."""
    write_idx(tmp_path / "train-images.idx3-ubyte.gz", IMAGES)
    write_idx(tmp_path / "train-labels.idx1-ubyte.gz", LABELS.astype(np.uint8))
    source = load_data(tmp_path / "train-images.idx3-ubyte.gz")
    assert source.x.shape == IMAGES.shape
    np.testing.assert_array_equal(source.y, LABELS)


def test_idx_files_that_do_not_fit_each_other(tmp_path):
    write_idx(tmp_path / "train-images-idx3-ubyte.gz", IMAGES)
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", LABELS[:19].astype(np.uint8))
    with pytest.raises(DataError, match=r"expected 20 labels, one for each image of .*Found shape \(19,\)"):
        load_data(tmp_path)
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", LABELS.astype(np.uint8))
    assert load_data(tmp_path).class_names == ("0", "1")
    assert load_data(tmp_path / "train-images-idx3-ubyte.gz").y.tolist() == LABELS.tolist()
    write_idx(tmp_path / "t10k-images-idx3-ubyte.gz", IMAGES[:4, :3])
    with pytest.raises(DataError, match="images of one size in every split"):
        load_data(tmp_path)
    write_idx(tmp_path / "t10k-images-idx3-ubyte.gz", IMAGES[:4])
    with pytest.raises(DataError, match="labels for every split or for none"):
        load_data(tmp_path)


# .npy


class Payload:
    """An object that leaves a marker where it is unpickled."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def test_objects_are_refused_and_never_unpickled(tmp_path):
    marker = tmp_path / "marker"
    hostile = np.array([Payload(marker)] * 20, object)
    np.save(tmp_path / "a.npy", hostile, allow_pickle=True)
    npz(tmp_path / "b.npz", x=hostile)
    npz(tmp_path / "c.npz", x=NUMBERS, y=hostile)
    (tmp_path / "d.npy").write_bytes(pickle.dumps(Payload(marker)))
    refused(tmp_path / "a.npy", "Python objects", "np.save(path, np.stack(list_of_arrays))")
    refused(tmp_path / "b.npz", "b.npz['x.npy']", "Python objects")
    refused(tmp_path / "c.npz", "c.npz['y.npy']", "Python objects")
    refused(tmp_path / "d.npy", "expected an .npy array")
    assert not marker.exists()
    # The payload would have worked.
    np.load(tmp_path / "a.npy", allow_pickle=True)
    assert marker.exists()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "expected an .npy array. Its header cannot be read"),
        (b"PK\x03\x04", "expected an .npy array. Its header cannot be read"),
        (npy_bytes("(4, 3)")[:30], "expected an .npy array. Its header cannot be read"),
        (npy_bytes("(274877906944,)"), "expected 1099511627776 bytes of data for shape (274877906944,). Found 0"),
        (npy_bytes("(4, 3)", bytes(47)), "expected 48 bytes of data for shape (4, 3). Found 47"),
        (npy_bytes("(4, 3)", bytes(49)), "expected 48 bytes of data for shape (4, 3). Found 49"),
        (npy_bytes("(-4, -3)", bytes(48)), "cannot be read (shape (-4, -3))"),
        (npy_bytes("(0, 3)"), "empty array of shape (0, 3)"),
        # Bytes of size 0 that NumPy would widen, and then allocate.
        (npy_bytes("(274877906944,)", descr="'<U0'"), "empty array of shape (274877906944,)"),
        # Headers are read as Python text: what its parser stumbles over in other ways than by SyntaxError.
        (npy_bytes("'''"), "Its header cannot be read"),
        (npy_bytes("-" * 9000 + "1"), "Its header cannot be read"),
        (npy_bytes("()", bytes(4)), "expected an array of shape (n, p)"),
        (npy_bytes("(20, 3)", bytes(480), "'<c8'"), "Found dtype complex64"),
        (npy_bytes("(20, 3)", bytes(480), "'<M8[s]'"), "Found dtype datetime64[s]"),
        (npy_bytes("(20, 3)", bytes(480), "[('a', '<f4'), ('b', '<f4')]"), "Found dtype [('a'"),
    ],
)
def test_a_wrong_npy_says_what_is_wrong(tmp_path, content, expected):
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(DataError, match=re.escape(expected)) as caught:
        load_data(path)
    assert len(str(caught.value)) < 300 + len(str(path))


SAVED = npy_bytes("(20, 3)", RNG.normal(size=(20, 3)).astype("<f4").tobytes())


@few
@given(flips)
@pytest.mark.filterwarnings("ignore")  # what NumPy thinks of old headers
def test_flipped_bytes_of_npy_never_crash(folder, changes):
    path = folder / "flip.npy"
    # Near the beginning, where the header is.
    path.write_bytes(flipped(SAVED, [(at % 80, mask) for at, mask in changes]))
    try:
        assert np.isfinite(load_data(path).x).all()
    except DataError as error:
        assert "flip.npy" in str(error)


@few
@given(hnp.arrays(np.float16, (12, 3), elements=st.floats(-100, 100, width=16)))
def test_the_same_numbers_in_any_form_are_the_same_data(folder, numbers):
    numbers[0, 0] = 101  # never all alike
    path = folder / "form.npy"
    wide = np.repeat(numbers.astype(np.float32), 2, axis=1)
    read_only = numbers.astype(np.float32)
    read_only.flags.writeable = False
    expected = as_dataset(numbers.astype(np.float32))
    for form in (
        numbers,
        numbers.astype(np.float64),
        numbers.astype(">f8"),
        numbers.astype(">f4"),
        np.asfortranarray(numbers),
        wide[:, ::2],
        read_only,
    ):
        np.save(path, form)
        for source in (as_dataset(form), load_data(path)):
            np.testing.assert_array_equal(source.x, expected.x)
            assert source.x.dtype == np.dtype("<f4")
            assert source.fingerprint == expected.fingerprint


def test_the_fingerprint_of_bytes_does_not_depend_on_their_layout(tmp_path):
    np.save(tmp_path / "a.npy", np.asfortranarray(IMAGES))
    source = load_data(tmp_path / "a.npy")
    np.testing.assert_array_equal(source.x, IMAGES)
    assert source.x.dtype == np.uint8
    prints = {load_data(form).fingerprint for form in (IMAGES, np.repeat(IMAGES, 2, axis=2)[:, :, ::2], source)}
    assert len(prints) == 1


def test_the_fingerprint_sees_every_change():
    base = as_dataset(IMAGES, LABELS)
    changed = IMAGES.copy()
    changed[7, 2, 2] ^= 1
    others = [
        as_dataset(changed, LABELS),
        as_dataset(IMAGES, 1 - LABELS),
        as_dataset(IMAGES, LABELS + 1),
        as_dataset(IMAGES),
        as_dataset(IMAGES, LABELS, split_seed=1),
        as_dataset(IMAGES.reshape(20, 5, 4), LABELS),
        as_dataset(IMAGES / np.float32(255), LABELS),
    ]
    assert len({s.fingerprint for s in (base, *others)}) == 1 + len(others)


# .npz


def test_npz_with_one_array_or_with_labels(tmp_path):
    alone = load_data(npz(tmp_path / "a.npz", anything=NUMBERS))
    assert alone.y is None
    assert alone.class_names is None
    labelled = load_data(npz(tmp_path / "b.npz", x=NUMBERS, y=LABELS, notes=np.array("of no use")))
    np.testing.assert_array_equal(labelled.y, LABELS)
    for source in (alone, labelled):
        np.testing.assert_array_equal(source.x, NUMBERS.astype(np.float32))
    named = load_data(npz(tmp_path / "c.npz", x=NUMBERS, y=np.array(["b", "é"])[LABELS]))
    assert named.class_names == ("b", "é")


def test_npz_says_itself_what_its_arrays_are(tmp_path):
    np.savez(tmp_path / "both.npz", x=NUMBERS, y=LABELS)
    np.save(tmp_path / "y.npy", LABELS)
    for choice in ("label", "split"):
        with pytest.raises(ParameterError, match=f"{choice} must be left out for an .npz, whose arrays say it"):
            load_data(tmp_path / "both.npz", **{choice: str(tmp_path / "y.npy")})


def test_npz_with_parts_keeps_them(tmp_path):
    parts = {"train": slice(0, 12), "val": slice(12, 15), "test": slice(15, 20)}
    saved = {f"x_{k}": NUMBERS[s] for k, s in parts.items()} | {f"y_{k}": LABELS[s] for k, s in parts.items()}
    source = load_data(npz(tmp_path / "a.npz", **saved))
    assert source.spec.counts == {"train": 12, "validation": 3, "test": 5}
    for part, name in (("train", "train"), ("validation", "val"), ("test", "test")):
        np.testing.assert_array_equal(source.x[source.rows(part)], saved[f"x_{name}"].astype(np.float32))
        np.testing.assert_array_equal(source.labels(source.rows(part)), saved[f"y_{name}"])
    without = load_data(npz(tmp_path / "b.npz", x_train=IMAGES, x_test=np.asfortranarray(IMAGES[:4])))
    assert without.spec.counts == {"train": 20, "validation": 0, "test": 4}
    np.testing.assert_array_equal(without.x[20:], IMAGES[:4])


@pytest.mark.parametrize(
    ("saved", "expected"),
    [
        ({}, "Found []"),
        (
            {"a": NUMBERS, "b": NUMBERS},
            "x and y, or x_train, y_train, x_test, y_test. Found ['a', 'b']",
        ),
        ({"x_train": NUMBERS, "y_train": LABELS}, "Found ['x_train', 'y_train']"),
        (
            {"x_train": NUMBERS, "x_test": NUMBERS[:, :2]},
            "one shape and dtype. Found [((20, 3), 'float64')",
        ),
        ({"x_train": NUMBERS, "x_test": NUMBERS.astype("f4")}, "splits of one shape and dtype"),
        ({"x_train": NUMBERS[:0], "x_test": NUMBERS}, "examples in every split. Found [(0, 3), (20, 3)]"),
        ({"x_train": np.float32(1), "x_test": np.float32(2)}, "examples in every split. Found [(), ()]"),
        ({"x_train": NUMBERS, "x_test": NUMBERS, "y_test": LABELS}, "labels for every split or for none"),
        # As many labels as examples in all, yet every label of the test part would be another's.
        (
            {"x_train": NUMBERS, "x_test": NUMBERS, "y_train": np.arange(25), "y_test": np.arange(15)},
            "a label for each example of every split. Found [((20, 3), (25,)), ((20, 3), (15,))]",
        ),
        (
            {"x_train": NUMBERS, "x_test": NUMBERS, "y_train": LABELS[:, None], "y_test": LABELS},
            "a label for each example of every split",
        ),
        ({"x": NUMBERS, "y": LABELS[:-1]}, "expected 20 labels"),
    ],
)
def test_npz_that_does_not_fit_together(tmp_path, saved, expected):
    with pytest.raises(DataError, match=re.escape(expected)):
        load_data(npz(tmp_path / "a.npz", **saved))


def test_a_truncated_npz_is_refused(tmp_path):
    whole = npz(tmp_path / "a.npz", x=NUMBERS, y=LABELS).read_bytes()
    for n in range(0, len(whole), 37):
        (tmp_path / "a.npz").write_bytes(whole[:n])
        refused(tmp_path / "a.npz", "expected an .npz archive. It cannot be read")


def zipped(path: Path, content: bytes, method: int = zipfile.ZIP_DEFLATED, times: int = 1) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for i in range(times):
            archive.writestr(f"x{i}.npy", content)
    return path


def test_an_npz_bomb_is_not_inflated(tmp_path):
    path = zipped(tmp_path / "a.npz", npy_bytes(f"({2**22},)", bytes(2**24)))
    assert path.stat().st_size < 2**15
    small = Limits(harmless=2**20)
    assert peak_of(lambda: arrays.read_npz(path, small), "announces 167772") < 2**20
    # Honest data of that size pass: zeros alone shrink like this.
    assert len(arrays.read_npz(path, Limits(harmless=2**27))["x0"]) == 2**22
    assert Limits() == Limits(2**26, 100, 2**36), "by default"


def test_an_npz_of_too_much_is_refused(tmp_path):
    path = zipped(tmp_path / "a.npz", npy_bytes("(100,)", RNG.bytes(400)), times=3)
    with pytest.raises(DataError, match="announces"):
        arrays.read_npz(path, Limits(most=1000))


def test_an_npz_directory_that_lies_is_refused(tmp_path):
    path = zipped(tmp_path / "a.npz", npy_bytes("(1, 1)", bytes(4)), zipfile.ZIP_STORED)
    size = path.read_bytes()
    # Both sizes in the central directory: four GB in a file of 200 bytes.
    at = size.index(b"PK\x01\x02") + 20
    path.write_bytes(size[:at] + struct.pack("<LL", 2**32 - 2, 2**32 - 2) + size[at + 8 :])
    assert peak_of(lambda: load_data(path), "announces 4294967294") < 2**20


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_npz_by_other_methods_is_refused(tmp_path, method):
    path = zipped(tmp_path / "a.npz", npy_bytes("(20, 3)", bytes(240)), method)
    with pytest.raises(DataError, match=rf"x0\.npy.*expected a stored or deflated member. Found method {method}"):
        load_data(path)


def test_an_npz_member_that_lies_is_refused(tmp_path):
    path = zipped(tmp_path / "a.npz", npy_bytes("(274877906944,)", bytes(16)))
    assert peak_of(lambda: load_data(path), "expected 1099511627776 bytes of data") < 2**20


@few
@given(flips, st.booleans())
@pytest.mark.filterwarnings("ignore")
def test_flipped_bytes_of_npz_never_crash(folder, changes, packed):
    path = folder / "flip.npz"
    (np.savez_compressed if packed else np.savez)(path, x=NUMBERS[:12], y=LABELS[:12])
    path.write_bytes(flipped(path.read_bytes(), changes))
    try:
        assert np.isfinite(load_data(path).x).all()
    except DataError as error:
        assert "flip.npz" in str(error)


# Arrays


@given(st.integers(10, 700), st.integers(0, 5))
@few
def test_the_split_holds_out_more_of_few(n, seed):
    numbers = np.arange(2.0 * n).reshape(n, 2)
    source = as_dataset(numbers, split_seed=seed)
    parts = [source.rows(part) for part in ("train", "validation", "test")]
    assert sorted(np.concatenate(parts)) == list(range(n))
    share = 0.15 if n < 500 else 0.1  # of few examples a tenth says little
    assert len(parts[1]) == len(parts[2]) == max(1, round(n * share))
    np.testing.assert_array_equal(source.split, as_dataset(numbers, split_seed=seed).split)
    if n >= 100:
        # Nor is it the first, or the last, that are held out.
        assert (source.split != as_dataset(numbers, split_seed=seed + 1).split).any()
        assert source.split[: n // 2].any()
        assert source.split[n // 2 :].any()


@given(st.lists(st.integers(0, 12), min_size=20, max_size=80), st.integers(0, 5))
@few
def test_copies_are_on_one_side_and_groups_whole(values, seed):
    rows = np.array(values, np.uint8)[:, None].repeat(3, axis=1)
    source = as_dataset(rows, split_seed=seed)
    for value in set(values):
        assert len(set(source.split[rows[:, 0] == value])) == 1
    groups = np.arange(len(values)) // 4
    both = as_dataset(np.arange(3.0 * len(values)).reshape(-1, 3), groups=groups, split_seed=seed).split
    assert all(len(set(both[groups == group])) == 1 for group in set(groups))
    if len(set(values)) > 2:
        assert {0, 1, 2} == set(source.split.tolist())


def test_rows_that_differ_in_few_bits_are_no_copies():
    """Signs alone: of so many rows some agree in a hash of few bits, as four of these did."""
    x = np.where(np.random.default_rng(3).random((200_000, 64)) < 0.5, np.float32(-1), np.float32(1))
    x[199_999] = x[7]
    found = copies(x)
    assert (found[:-1] == np.arange(199_999)).all()
    assert found[199_999] == 7


def test_splits_that_are_none():
    for split in (np.zeros(3, np.uint8), np.full(20, 7), np.zeros((20, 1), np.uint8)):
        with pytest.raises(DataError, match="expected for each of the 20 examples the number of its split, 0 to 2"):
            as_dataset(NUMBERS, split=split)


@given(st.lists(st.integers(0, 4), min_size=100, max_size=300), st.integers(0, 5))
@few
def test_every_part_has_its_share_of_every_label(labels, seed):
    y = np.array(labels)
    source = as_dataset(np.arange(2.0 * len(y)).reshape(-1, 2), y, split_seed=seed)
    share = 0.15 if len(y) < 500 else 0.1
    for code in (1, 2):
        for label in np.unique(y):
            mine = y == label
            assert abs((mine & (source.split == code)).sum() - share * mine.sum()) <= 2


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e39])
def test_rows_that_are_not_finite_are_counted(bad):
    numbers = NUMBERS.copy()
    numbers[[3, 9, 9], [0, 1, 2]] = bad
    with pytest.raises(
        DataError,
        match=r"Found (NaN, infinity .* 1e\+38|missing numbers) in 2 of 20 rows, 3 of 3 columns, .* row 3\.",
    ):
        as_dataset(numbers)


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (NUMBERS[:, 0], "Found (20,)"),
        (NUMBERS[:, :0], "Found (20, 0)"),
        (np.zeros((20, 3, 8, 8), np.uint8), "Found (20, 3, 8, 8). Put the channels last: x.transpose(0, 2, 3, 1). Or"),
        (np.zeros((20, 8, 8, 8), np.uint8), "with fewer channels than pixels to a side. Found (20, 8, 8, 8)"),
        (np.zeros((20, 2, 8, 8, 8, 8), np.uint8), "Found (20, 2, 8, 8, 8, 8)"),
        (np.full((20, 3), "a"), "Found dtype <U1"),
        (NUMBERS > 0, "Found dtype bool"),
        (NUMBERS + 0j, "Found dtype complex128"),
        (NUMBERS.astype(object), "Found dtype object"),
    ],
)
def test_arrays_that_are_no_data(x, expected):
    with pytest.raises(DataError, match=re.escape(expected)):
        load_data(x)


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (np.full((20, 3), 7.0), "expected data that vary. Found 7 everywhere"),
        (np.full((20, 4, 4), 255, np.uint8), "expected data that vary. Found 255 everywhere"),
        (NUMBERS[:9], "at least 10 examples to learn from. Found 9"),
        (NUMBERS[:1], "at least 10 examples to learn from. Found 1"),
    ],
)
def test_data_that_can_be_encoded_but_not_learned_from(x, expected):
    source = load_data(x)
    with pytest.raises(DataError, match=re.escape(expected)):
        source.check_trainable()
    load_data(NUMBERS[:10]).check_trainable()


@pytest.mark.parametrize("y", [LABELS[:, None], LABELS.astype(float)])
def test_a_column_of_labels_and_whole_floats_are_labels(y):
    source = as_dataset(NUMBERS[: len(LABELS)], y)
    assert np.array_equal(source.y, LABELS)
    assert source.class_names == ("0", "1")


@pytest.mark.parametrize(
    "y", [LABELS[:-1], LABELS[:, None].repeat(2, 1), LABELS / 2, LABELS.astype(object), np.int64(3)]
)
def test_labels_that_do_not_fit(y):
    with pytest.raises(DataError, match="expected 20 labels, whole numbers or text, one for each example"):
        load_data(NUMBERS, y)


@pytest.mark.parametrize(
    ("y", "names"),
    [
        (LABELS * 10 - 5, ("-5", "5")),
        (LABELS.astype(bool), ("False", "True")),
        (LABELS.astype("S1"), ("0", "1")),
        (np.zeros(20, int), ("0",)),
        ([0] * 19 + [1], ("0", "1")),
    ],
)
def test_labels_become_indices_of_their_names(y, names):
    source = load_data(NUMBERS, y)
    assert source.class_names == names
    assert source.y.dtype == np.int64
    assert [names[i] for i in source.y] == [v.decode() if isinstance(v, bytes) else str(v) for v in np.asarray(y)]


def test_tensors_and_sources_are_taken_too():
    source = load_data(torch.from_numpy(NUMBERS))
    np.testing.assert_array_equal(source.x, NUMBERS.astype(np.float32))
    assert load_data(source) is source


@pytest.mark.parametrize(
    ("src", "error", "expected"),
    [
        ("mnist10k", ParameterError, "Got 'mnist10k' instead. Did you mean 'mnist-10k'?"),
        ("mnits", ParameterError, "Did you mean 'mnist'?"),
        (
            "something",
            ParameterError,
            "a path to a folder of pictures, .npy, .npz, .csv, .parquet or IDX. Got 'something' instead.",
        ),
        ("no/such.npy", DataError, "expected a file or a folder. There is none."),
        ("a" * 5000, DataError, "cannot be read"),
    ],
)
def test_a_name_that_is_not_known(src, error, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=re.escape(expected)):
        load_data(src)


def test_a_path_that_is_no_array_file(tmp_path):
    (tmp_path / "model.pt").write_bytes(b"")
    refused(
        tmp_path / "model.pt",
        "expected a folder of pictures, .npy, .npz, .csv, .parquet or IDX. Found a file ending in '.pt'",
    )
    refused(tmp_path, "expected pictures (.png, .jpg,", "Found none in this folder")


# Codecs


@pytest.mark.parametrize("channels", [(), (1,), (3,), (4,)])
def test_bytes_come_back_exactly(channels):
    # Every value of a byte, in every channel.
    raw = RNG.permuted(np.resize(np.arange(256, dtype=np.uint8), (20, 8, 7, *channels)), axis=0)
    spec = as_dataset(raw).spec
    codec = spec.modality.codec(spec)
    x = codec(torch.from_numpy(raw))
    assert x.shape == (20, *codec.x_shape)
    assert codec.x_shape == (*(channels or (1,)), 8, 7)
    assert x.dtype == torch.float32
    assert (x.min(), x.max()) == (0, 1)
    if channels:
        assert x[2, -1, 3, 4] == np.float32(raw[2, 3, 4, -1]) / np.float32(255)
    back = codec.invert(x).numpy()
    np.testing.assert_array_equal(back, raw, strict=True)


def test_what_a_network_puts_out_is_clamped_and_rounded():
    codec = ImageCodec((1, 3), "uint8")
    assert codec.invert(torch.tensor([[[[-5.0, 0.4999, 7.0]]]])).tolist() == [[[0, 127, 255]]]
    floats = ImageCodec((1, 2), "float32")
    raw = torch.tensor([[[0.25, 1.0]]])
    torch.testing.assert_close(floats.invert(floats(raw)), raw)
    assert floats.invert(torch.tensor([[[[-1.0, 2.0]]]])).tolist() == [[[0.0, 1.0]]]


def test_numbers_are_standardised_and_come_back():
    raw = (NUMBERS * [1e-3, 1, 1e5] + [5, 0, -1e5]).astype(np.float32)
    codec = NumberCodec((3,)).fit(lambda: [raw[:2], raw[2:]])
    x = codec(torch.from_numpy(raw))
    torch.testing.assert_close(x.mean(0), torch.zeros(3), atol=1e-3, rtol=0)
    torch.testing.assert_close(x.std(0, correction=0), torch.ones(3), atol=1e-3, rtol=0)
    np.testing.assert_allclose(codec.invert(x).numpy(), raw, rtol=1e-5)


@few
@given(
    hnp.arrays(np.float32, (12, 2), elements=st.floats(-(2.0**126), 2.0**126, width=32)),
    st.sampled_from([0.0, 3.3, -1e30, 1e-45]),
)
def test_standardised_numbers_are_finite(numbers, constant):
    """A constant column stays small, whatever its size; so does one that differs by rounding only."""
    raw = np.column_stack([numbers, np.full(12, constant, np.float32)])
    codec = NumberCodec((3,)).fit(lambda: [raw[:2], raw[2:]])
    x = codec(torch.from_numpy(raw))
    assert torch.isfinite(x).all()
    assert codec.scale[2] == max(1, np.float32(1e-4 * abs(constant)))
    assert x[:, 2].abs().max() <= 0.01
