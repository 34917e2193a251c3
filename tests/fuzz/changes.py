"""What somebody could do to the files of a run folder before sending it."""

from __future__ import annotations

import json
import os
import shutil
import struct
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from safetensors.numpy import load, save

LITERALS = (
    "null", "true", "-1", "0", "1", "2", "3.5", "1e999", "-1e999", "NaN", "Infinity", "1e308", "9" * 25, "9" * 5000,
    "4294967296", "9007199254740993", "[]", "{}", '""', '"x"', '"nan"', '"\\ud800"', '"\\u0000"', '"a\\nb\\u001b[31m"',
    '"\\u202e<script>$x^"', '"' + "y" * 100_000 + '"', "[" * 3000 + "]" * 3000, '{"a":' * 40 + "1" + "}" * 40,
    "[1,2,3]", '[null, "a"]', '{"loss": "x"}', '"../../x"', '"/etc/passwd"',
)  # fmt: skip
NAMES = ("x", "y", "z", "points", "clean", "display", "conditions", "pca", "weights", "seen", "spread", "\u202e\n")


HOW = ("none", "too", "dtype", "shape", "rows", "axis", "nan", "inf", "minus", "huge", "empty", "zero", "any")
DTYPES = ("float64", "float32", "float16", "int64", "uint8", "int8", "bool", "uint64")


class Raw(str):
    """A text that stands in JSON as it is."""


def change(folder: Path, rng: Random) -> str:
    """Change one to three files of a run folder, and say how."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    told = [_change(folder, file, rng) for file in rng.sample(files, rng.choice((1, 1, 1, 2, 3)))]
    for manifest in (folder / "checkpoints").glob("step-*/manifest.json") if rng.random() < 0.9 else ():
        _seal(manifest)
    return "; ".join(told)


def _seal(manifest: Path) -> None:
    """Write the sums of what is in a checkpoint now, as whoever changes it can: else nothing of it would be read."""
    others = [manifest.with_name(name) for name in ("tensors.safetensors", "state.json")]
    if all(file.is_file() and file.lstat().st_size < 2**24 for file in (manifest, *others)):
        manifest.write_text(json.dumps({file.name: sha256(file.read_bytes()).hexdigest() for file in others}))


def _change(folder: Path, file: Path, rng: Random) -> str:
    name = file.relative_to(folder).as_posix()
    if rng.random() < 0.12:
        return f"{name}: {_replace(folder, file, rng)}"
    if rng.random() < 0.1:
        return f"{name}: {_break(file, rng)}"
    if file.suffix == ".safetensors":
        return f"{name}: {_change_tensors(file, rng)}"
    return f"{name}: {_change_json(file, rng)}"


def _replace(folder: Path, file: Path, rng: Random) -> str:
    how = rng.choice(("folder", "pipe", "zero", "out", "in", "loop", "nothing", "sparse", "empty"))
    file.unlink()
    if how == "folder":
        (file / "x").mkdir(parents=True)
    elif how == "pipe":
        os.mkfifo(file)
    elif how == "zero":
        file.symlink_to("/dev/zero")
    elif how == "out":
        outside = folder.parent / "outside"
        outside.write_text("{}")
        file.symlink_to(outside)
    elif how == "in":
        file.symlink_to(folder / "recipe.json")
    elif how == "loop":
        file.symlink_to(file)
    elif how == "sparse":
        with file.open("wb") as out:
            out.truncate(2**40)
    elif how == "empty":
        file.touch()
    return how


def _break(file: Path, rng: Random) -> str:
    whole = bytearray(file.read_bytes())
    how = rng.choice(("cut", "flip", "longer", "length"))
    if how == "cut":
        whole = whole[: rng.randrange(len(whole) + 1)]
    elif how == "flip" and whole:
        for _ in range(rng.randint(1, 8)):
            whole[rng.randrange(len(whole))] ^= rng.randint(1, 255)
    elif how == "longer":
        whole += bytes(rng.randint(1, 1000))
    else:
        whole[:8] = struct.pack("<Q", rng.choice((0, 1, 2**20, 2**40, 2**63, len(whole))))
    file.write_bytes(whole)
    return how


def _change_json(file: Path, rng: Random) -> str:
    lines = file.read_text(encoding="utf-8").splitlines() if file.suffix == ".jsonl" else [file.read_text("utf-8")]
    at = rng.randrange(len(lines)) if lines else 0
    try:
        content = json.loads(lines[at])
    except (ValueError, IndexError, RecursionError):
        return "as it was"
    told = []
    for _ in range(rng.choice((1, 1, 2, 4))):
        told.append(_change_value(content, rng))
    if rng.random() < 0.03:
        content, told = Raw(rng.choice(LITERALS)), ["all of it"]
    lines[at] = _written(content)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ", ".join(told)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a value, with each of its keys."""
    keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
    found = [(value, key) for key in keys]
    for key in keys:
        if isinstance(value[key], dict | list):
            found += _places(value[key])
    return found


def _change_value(content: Any, rng: Random) -> str:
    places = _places(content) if isinstance(content, dict | list) else []
    if not places:
        return "as it was"
    place, key = rng.choice(places)
    if isinstance(place[key], Raw):
        return "as it was"
    how, before = rng.random(), place[key]
    if how < 0.12:
        del place[key]
        return f"no {key}"
    if how < 0.2 and isinstance(place, dict):
        place[rng.choice(("extra", "format", "held", "", "a\n\u202e", str(key) + "x"))] = before
        return f"{key} twice"
    if how < 0.3 and isinstance(before, list):
        place[key] = before * rng.choice((0, 2, 1000)) if rng.random() < 0.7 else before[:-1]
        return f"{key} of another length"
    if how < 0.5 and type(before) in (int, float):
        place[key] = rng.choice((-before - 1, before + 1, before * 1000, -1, 2**31, 2**62, 65536, 0, 1e38, 0.5, 1e-300))
        return f"{key} {place[key]}"
    place[key] = Raw(rng.choice(LITERALS))
    return f"{key} {place[key][:40]}"


def _written(value: Any) -> str:
    """JSON with texts that are no JSON in it."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_written(part)}" for key, part in value.items()) + "}"
    return "[" + ",".join(map(_written, value)) + "]" if isinstance(value, list) else json.dumps(value)


def _change_tensors(file: Path, rng: Random) -> str:
    """Other arrays, under the words that were there: the key says that they are of these weights."""
    content = file.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    words = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    tensors = {name: array.copy() for name, array in load(content).items()}
    told = []
    for _ in range(rng.choice((1, 1, 2))):
        name = rng.choice(sorted(tensors) or ["x"])
        told.append(_change_array(tensors, name, rng))
    if rng.random() < 0.15 and words:
        word = rng.choice(sorted(words.keys() - {"key"}) or ["ids"])
        words[word] = rng.choice(LITERALS)
        told.append(f"{word} {words[word][:40]}")
    file.write_bytes(save(tensors, words))
    return ", ".join(told)


def _change_array(tensors: dict[str, np.ndarray], name: str, rng: Random) -> str:
    array = tensors.pop(name, np.zeros((2, 2), np.float32))
    how = rng.choice(
        ("none", "too", "dtype", "shape", "rows", "axis", "nan", "inf", "minus", "huge", "empty", "zero", "any")
    )
    if how == "too":
        tensors[rng.choice(NAMES)] = np.asarray(array)
    elif how == "dtype":
        with np.errstate(all="ignore"):
            array = array.astype(
                rng.choice(("float64", "float32", "float16", "int64", "uint8", "int8", "bool", "uint64"))
            )
    elif how == "shape":
        array = array.reshape(-1) if rng.random() < 0.5 else array[None]
    elif how == "rows":
        array = array[: len(array) // 2] if array.ndim and rng.random() < 0.5 else np.concatenate([array.ravel()] * 2)
    elif how == "axis":
        array = np.moveaxis(array, 0, -1) if array.ndim else array[None]
    elif how == "empty":
        array = array[:0] if array.ndim else np.zeros(0, array.dtype)
    elif how == "zero":
        array = np.zeros_like(array)
    elif how != "none" and array.size:
        values = {"nan": np.nan, "inf": np.inf, "minus": -1, "huge": 3e38, "any": rng.uniform(-300, 300)}
        with np.errstate(all="ignore"):
            flat = array.reshape(-1)
            at = slice(None) if rng.random() < 0.3 else rng.randrange(flat.size)
            flat[at] = np.asarray(values[how]).astype(flat.dtype)
            array = flat.reshape(array.shape)
    if how != "none":
        tensors[name] = np.ascontiguousarray(array)
    return f"{name} {how}"


def copied(run: Path, place: Path) -> Path:
    """A copy of a run folder, in the place of the one before."""
    shutil.rmtree(place, ignore_errors=True)
    return Path(shutil.copytree(run, place))
