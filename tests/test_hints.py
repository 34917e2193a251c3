"""What a program gives that is no array of examples: one line each, with what to do, and what it says works."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import gargalo
from gargalo import load_data
from gargalo.errors import DataError, GargaloError

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(30, 3))
PHOTOS = RNG.integers(0, 256, (30, 8, 8), np.uint8)
FIELDS = np.zeros(30, [("a", "f4"), ("b", "f4")])
LOADED = torch.utils.data.TensorDataset(torch.randn(30, 3))


def rows() -> Iterator[np.ndarray]:
    yield from ROWS


def told(data: object, **choices: object) -> str:
    """The one line that ends a training before it begins."""
    with pytest.raises(GargaloError) as caught:
        gargalo.train(data, "pca", in_memory=True, progress=False, **choices)
    line = str(caught.value)
    assert "\n" not in line
    return line


REFUSED = {
    "None": (None, "Found None."),
    "a number": (5, "Found (). It is a single value"),
    "1-D": (ROWS[:, 0], "Found (30,). x[:, None] makes each number an example, x.reshape(-1, 64)"),
    "empty": (ROWS[:0], "Found (0, 3). There is nothing in it."),
    "empty list": ([], "Found an empty list."),
    "6-D": (np.zeros((30, 2, 2, 8, 8, 3)), "Found (30, 2, 2, 8, 8, 3). x.reshape(len(x), -1) makes rows"),
    "fields": (FIELDS, "Found (30,). Its fields are columns: pandas.DataFrame(x)"),
    "a dict": ({"a": [1] * 30}, "Found a dict; give one of its arrays, or pandas.DataFrame(data)"),
    "dicts": ([{"a": 1}] * 30, "Found a list of dicts; pandas.DataFrame(data)"),
    "a set": ({1, 2}, "Found a set, which has no order"),
    "a generator": (rows(), "Found a generator; np.stack(list(x))"),
    "bytes": (b"abc", "Found bytes; np.frombuffer"),
    "paths": ([Path("a.png")] * 30, "Found texts such as 'a.png'; pictures are given by the path of their folder"),
    "texts": (["a.png"] * 30, "Found texts such as 'a.png'"),
    "x and y": (
        (ROWS, np.arange(30)),
        "Found a tuple of examples and labels; give them apart: gargalo.train(x, y=labels)",
    ),
    "loader": (torch.utils.data.DataLoader(LOADED), "Found a DataLoader; np.concatenate([np.asarray(x) for x, *_ in"),
    "loaded": (LOADED, "Found a TensorDataset; np.stack([np.asarray(x) for x, *_ in data])"),
    "meta": (torch.empty(30, 3, device="meta"), "on the device meta, which has no numbers"),
    "sparse tensor": (torch.eye(30).to_sparse(), "Found a sparse tensor (30, 30); x.to_dense()"),
    "rows of several lengths": ([[1, 2], [3]] * 15, "Found 2 different ones, most (2,) but (1,) at 1; cut or fill"),
    "pictures of several sizes": (
        [Image.fromarray(PHOTOS[0, : 8 - i % 2]) for i in range(30)],
        "Found 2 different ones, most (8, 8) but (7, 8) at 1; resize them to one",
    ),
    "grey and colour": (
        [Image.fromarray(PHOTOS[0]).convert("RGB" if i == 4 else "L") for i in range(30)],
        "most (8, 8) but (8, 8, 3) at 4; pictures become alike by image.convert('RGB')",
    ),
    "times": (np.arange(30).astype("M8[D]")[:, None], "(x - x.min()) / np.timedelta64(1, 's')"),
    "durations": (np.arange(30).astype("m8[s]")[:, None], "x / np.timedelta64(1, 's')"),
    "complex": (ROWS + 1j, "np.concatenate([x.real, x.imag], axis=1)"),
    "bools": (ROWS > 0, "x.astype('float32') makes 0 and 1 of it"),
    "objects": (ROWS.astype(object), "dtype object. x.astype('float32') makes numbers of it"),
    "names among them": (np.array([[1, "a"], [2, "b"]] * 15, object), "There is 'a' in it; pandas.DataFrame(x)"),
    "channels first": (np.zeros((30, 3, 8, 8)), "Put the channels last: x.transpose(0, 2, 3, 1)"),
    "holes everywhere": (np.where(PHOTOS == 0, np.nan, np.nan), "np.nan_to_num(x) puts 0 in their place"),
    "few": (ROWS[:5], "expected at least 10 examples to learn from. Found 5; give more: with hundreds"),
}


@pytest.mark.parametrize(("data", "expected"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_array_is_told_with_what_to_do(data, expected):
    assert expected in told(data)


def test_what_is_said_to_do_works():
    for data in (
        np.stack(list(rows())),
        np.stack([np.asarray(x) for x, *_ in LOADED]),
        pd.DataFrame({"a": ROWS[:, 0]}),
        pd.DataFrame([{"a": float(i)} for i in range(30)]),
        pd.DataFrame(np.array([[1, "a"], [2, "b"]] * 15, object)),
        np.arange(640.0).reshape(-1, 64),
        (ROWS > 0).astype("float32"),
        ROWS.astype(object).astype("float32"),
        np.arange(30).astype("m8[s]")[:, None] / np.timedelta64(1, "s"),
        np.concatenate([ROWS, ROWS], axis=1),
        (RNG.uniform(-1, 1, (30, 8, 8)) + 1) / 2,
        np.zeros((30, 3, 8, 8)).transpose(0, 2, 3, 1),
    ):
        assert len(load_data(data)) >= 10


def test_tensors_from_anywhere_and_pictures_are_arrays():
    numbers = torch.randn(30, 3)
    for tensor in (numbers.clone().requires_grad_(), numbers.double(), [*numbers.clone().requires_grad_()]):
        np.testing.assert_array_equal(load_data(tensor).x, numbers.numpy())
    np.testing.assert_allclose(load_data(numbers.bfloat16()).x, numbers.numpy(), rtol=0.01)
    assert np.array_equal(load_data([Image.fromarray(photo) for photo in PHOTOS]).x, PHOTOS)


LABELS = {
    "a single 1 in each row": (np.eye(3)[np.arange(30) % 3], "y.argmax(axis=1) makes labels of rows with a single 1"),
    "columns": (np.arange(60).reshape(30, 2), "y[:, 0] is its first column"),
    "measurements": (ROWS[:, 0], "which measure; np.digitize(y, limits) makes classes"),
    "holes": (np.array([1, np.nan] * 15), "Found 15 without; leave these rows out"),
    "none": ([None, "a"] * 15, "Found 15 without; leave these rows out"),
    "a name": ("species", "Found 'species'; label names a column of a table"),
    "too few": ([1, 2], "Found an array of shape (2,)"),
    "lists": ([[1], [1, 2]] * 15, "Found lists of several lengths"),
    "mixed": (np.array(["a", 1] * 15, object), "y.astype(str) may do"),
}


@pytest.mark.parametrize(("y", "expected"), LABELS.values(), ids=LABELS)
def test_what_are_no_labels_is_told_with_what_to_do(y, expected):
    with pytest.raises(DataError, match=re.escape(expected)):
        load_data(ROWS, y)


def test_labels_may_be_texts_of_a_frame():
    for y in (
        pd.Series(["a", "b"] * 15),
        pd.Series(["a", "b"] * 15, dtype="category"),
        np.array(["a", "b"] * 15, object),
    ):
        assert load_data(ROWS, y).class_names == ("a", "b")
