"""What a program holds in memory: as one array, lists, tensors, pictures; as columns, conditions; else a clear line."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import DataError, option
from .columns import Column, texts_of

__all__ = ["array_of", "columns_of"]

MOST_NAMES = 256
"""Different names that a condition may have; of more, each would be seen too seldom."""
WANTED = "array: expected an array of shape (n, p), (n, height, width) or (n, height, width, channels)."


def array_of(data: Any) -> np.ndarray:
    """Make an array of what a program holds.

    Parameters
    ----------
    data : object
        An array, a tensor on any device, or a list of such, of numbers or of pictures, all of one shape. What is masked
        becomes NaN.

    Returns
    -------
    ndarray
        Of any shape and dtype: whether they are examples is not checked.

    Raises
    ------
    DataError
        For what is no array, with what to do about it.
    """
    if told := _no_array(data):
        raise DataError(f"{WANTED} Found {told}.")
    if isinstance(data, np.ma.MaskedArray):
        # What is masked is missing, whatever number lies below.
        kind = np.result_type(data.dtype, np.float32)
        is_masked = np.ma.is_masked(data)
        return np.where(np.ma.getmaskarray(data), kind.type(np.nan), data.data) if is_masked else data.data
    if _is_tensor(data):
        return _of_tensor(data)
    if isinstance(data, list | tuple) and any(map(_is_tensor, data)):
        data = [_of_tensor(part) if _is_tensor(part) else part for part in data]
    try:
        return np.asarray(data)
    except (TypeError, ValueError, RuntimeError) as error:
        told = _uneven(data) if isinstance(data, list | tuple) else str(error).partition("\n")[0][:120]
        raise DataError(f"array: expected numbers of one shape. Found {told}.") from None


def _is_tensor(data: Any) -> bool:
    return type(data).__module__.startswith("torch") and hasattr(data, "detach")


def _of_tensor(tensor: Any) -> np.ndarray:
    """The numbers of a torch tensor, from wherever they are."""
    if tensor.device.type == "meta":
        raise DataError(f"{WANTED} Found a tensor on the device meta, which has no numbers.")
    tensor = tensor.detach().cpu()
    if not str(tensor.layout).endswith("strided"):
        raise DataError(f"{WANTED} Found a sparse tensor {tuple(tensor.shape)}; x.to_dense() makes it a dense one.")
    return (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy()


def _no_array(data: Any) -> str | None:
    """What it is instead, and what to do; None where it may be an array."""
    kind, module = type(data), type(data).__module__
    if data is None:
        return "None"
    if module.startswith("scipy.sparse"):
        return f"a sparse matrix {data.shape}; x.toarray() makes it a dense one"
    if isinstance(data, dict):
        return "a dict; give one of its arrays, or pandas.DataFrame(data) where it holds columns"
    if module.startswith("torch.utils.data"):
        join = "concatenate" if "Loader" in kind.__name__ else "stack"
        return f"a {kind.__name__}; np.{join}([np.asarray(x) for x, *_ in data]) makes one array of its examples"
    if isinstance(data, set | frozenset):
        return "a set, which has no order; give a list"
    if not hasattr(data, "__len__") and hasattr(data, "__iter__") and not hasattr(data, "__array__"):
        return f"a {kind.__name__}; np.stack(list(x)) makes an array of what it gives"
    if isinstance(data, bytes | bytearray):
        return "bytes; np.frombuffer(data, 'uint8') makes numbers of them, which need a shape"
    return _no_examples(data) if isinstance(data, list | tuple) else None


def _no_examples(data: list[Any] | tuple[Any, ...]) -> str | None:
    """What stands in a list instead of examples."""
    if not data:
        return "an empty list"
    first = data[0]
    if isinstance(first, str | os.PathLike):
        return (
            f"texts such as {str(first)[:40]!r}; pictures are given by the path of their folder, tables by their file"
        )
    if isinstance(first, dict):
        return "a list of dicts; pandas.DataFrame(data) makes a frame of them"
    if isinstance(data, tuple) and len(data) == 2 and np.ndim(first) > 1 and np.ndim(data[1]) == 1:
        return "a tuple of examples and labels; give them apart: gargalo.train(x, y=labels)"
    return None


def _uneven(data: list[Any] | tuple[Any, ...]) -> str:
    """How the parts of a list differ, and what to do."""
    shapes = []
    for part in data:
        try:
            shapes.append(np.asarray(part).shape)
        except ValueError:
            return "lists within it whose parts differ in length; cut or fill them up to one"
    common = Counter(shapes).most_common(1)[0][0]
    place = next((i for i, shape in enumerate(shapes) if shape != common), 0)
    if len({len(shape) for shape in shapes}) > 1:
        hint = "pictures become alike by image.convert('RGB')" if max(map(len, shapes)) > 2 else "leave these out"
    elif len(common) > 1:
        hint = f"resize them to one, or give the path of a folder with them, where {option('size')} does that"
    else:
        hint = "cut or fill them up to one length"
    return f"{len(set(shapes))} different ones, most {common} but {shapes[place]} at {place}; {hint}"


def columns_of(given: Any, n: int, name: str = "condition") -> list[tuple[Column, np.ndarray]]:
    """Make columns of conditions that a program holds, or a file of an array.

    Parameters
    ----------
    given : mapping of (n,) by name; or array-like (n,) or (n, k)
        Numbers, or names.
    n : int
        How many examples there are.
    name : str
        What a condition without a name is called; of several columns, NAME[0], NAME[1] and so on.

    Returns
    -------
    list of k (Column, (n,) float32)

    Raises
    ------
    DataError
        For another number of rows, or more than 256 different names.
    """
    if hasattr(given, "columns"):  # a frame
        given = {str(column): given[column] for column in given.columns}
    if not isinstance(given, Mapping):
        array = np.asarray(given)
        array = array[:, None] if array.ndim == 1 else array
        if array.ndim != 2 or array.shape[1] == 0:
            raise DataError(f"{name}: expected an array (n,) or (n, k) of conditions. Found shape {array.shape}.")
        one = array.shape[1] == 1
        given = {name if one else f"{name}[{i}]": array[:, i] for i in range(array.shape[1])}
    found = []
    for title, values in given.items():
        values = np.asarray(values)
        if values.shape != (n,):
            raise DataError(f"{title}: expected a condition for each of the {n} examples. Found shape {values.shape}.")
        if values.dtype.kind not in "biufSUO":
            raise DataError(f"{title}: expected numbers or names as conditions. Found dtype {values.dtype}.")
        found.append(_column(str(title), values))
    return found


def _column(name: str, values: np.ndarray) -> tuple[Column, np.ndarray]:
    """Numbers as they are, texts as the indices of their sorted names; NaN where nothing is."""
    if values.dtype.kind in "iuf":
        return Column(name=name), values.astype(np.float32)
    is_there = np.array([value is not None and value == value for value in values.tolist()])
    if values.dtype.kind == "O" and all(isinstance(value, int | float) for value in values[is_there]):
        return Column(name=name), np.where(is_there, values, np.nan).astype(np.float32)
    names, codes = np.unique(texts_of(values[is_there]), return_inverse=True)
    if len(names) > MOST_NAMES:
        raise DataError(
            f"{name}: expected a condition of at most {MOST_NAMES} different names. Found {len(names):,}, such as"
            f" {str(names[0])!r}."
        )
    found = np.full(len(values), np.nan, np.float32)
    found[is_there] = codes.ravel()
    return Column(name=name, kind="category", categories=tuple(names.tolist())), found
