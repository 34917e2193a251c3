"""Exported files, and what is kept of them: to trace a network takes seconds, and a site asks for two of each run."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from ..errors import GargaloError, RunError
from ..fitted import FittedModel
from ..io.cache import entry_or_none, make_room
from ..io.files import write_whole
from ..io.weights import packed
from .onnx import OPSET, VERBS, check_onnx, to_onnx

__all__ = ["export", "kept_onnx"]

KIND = "exported-models"


def export(fitted: FittedModel, raw: np.ndarray, folder: Path, verbs: Sequence[str] | None = None) -> dict[str, Path]:
    """Write what a model can do as ONNX files, `<verb>.onnx`, into `folder`.

    Parameters
    ----------
    fitted : FittedModel
    folder : Path
        Made if need be.
    raw : ndarray, (n, *raw_shape)
        A few examples, on which the files are compared with PyTorch.
    verbs : sequence of str, or None
        Of encode, decode, reconstruct, classify; all that the model can without them.

    Returns
    -------
    dict
        The file of each verb.

    Raises
    ------
    ParameterError
        For a verb that the model cannot.
    RunError
        For a file whose outputs are not PyTorch's to 1e-5.
    """
    chosen = [verb for verb in VERBS if fitted.can(verb)] if verbs is None else verbs
    made = {verb: kept_onnx(fitted, verb, raw) for verb in chosen}  # all of them, before the first is replaced
    return {verb: write_whole(folder / f"{verb}.onnx", content) for verb, content in made.items()}


def kept_onnx(fitted: FittedModel, verb: str, raw: np.ndarray) -> bytes:
    """What `to_onnx` gives; from the user's cache where it was made before, by the same program from the same weights.

    What is kept is compared with PyTorch as what is new is, and made anew where it is not the same.

    Parameters
    ----------
    fitted : FittedModel
    verb : "encode", "decode", "reconstruct" or "classify"
    raw : ndarray, (n, *raw_shape)
        See `to_onnx`.

    Returns
    -------
    bytes
        What a `.onnx` file holds.

    Raises
    ------
    ParameterError, RunError
        See `to_onnx`.
    """
    codec, model = fitted.codec, fitted.model
    with entry_or_none(KIND, _key(fitted, verb)) as folder:
        if folder is not None:
            with contextlib.suppress(OSError, RunError):
                content = _whole((folder / "model.onnx").read_bytes())
                check_onnx(content, codec, model, verb, raw)
                return content
        content = to_onnx(codec, model, verb, raw)
        if folder is not None:
            with contextlib.suppress(GargaloError, OSError):  # a full disk: it is used once, and made again
                make_room(len(content), folder, "exported model")
                write_whole(folder / "model.onnx", hashlib.sha256(content).digest() + content)
    return content


def _key(fitted: FittedModel, verb: str) -> str:
    """What an exported file is called in the cache: all that it is made of."""
    recipe = fitted.recipe.model_copy(update={"data": fitted.recipe.data.model_copy(update={"origin": None})})
    programs = " ".join(f"{name} {version(name)}" for name in ("gargalo", "torch", "onnxscript"))
    told = f"{verb} {OPSET} {programs} {recipe.model_dump_json()}"
    return hashlib.sha256(told.encode() + packed(fitted.codec, fitted.model)).hexdigest()


def _whole(kept: bytes) -> bytes:
    """What was kept, if it is whole: its sum comes first."""
    digest, content = kept[:32], kept[32:]
    if hashlib.sha256(content).digest() != digest:
        raise RunError("an exported model that is kept is not whole")
    return content
