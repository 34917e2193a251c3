"""ONNX: one verb of a model as a file that runs anywhere, raw values in and raw values out."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..core import Codec, LatentModel
from ..errors import RunError, unknown

__all__ = ["OPSET", "VERBS", "check_onnx", "to_onnx"]

VERBS = ("encode", "decode", "reconstruct", "classify")
OPSET = 18
TOLERANCE = 1e-5
"""How far an exported file may be from PyTorch, as a share of the largest value where that is above 1."""


class _Verb(nn.Module):
    """Codec and model as one function of raw values or of flat latents."""

    def __init__(self, codec: Codec, model: LatentModel, verb: str):
        super().__init__()
        self.codec, self.model, self.verb = codec, model, verb

    def forward(self, given: Tensor, y: Tensor | None = None) -> Any:
        if self.verb == "encode":
            return self.model.encode(self.codec(given)).flatten(1)
        if self.verb == "classify":
            return self.model.classify(self.codec(given))
        if self.verb == "decode":
            x = self.model.decode(given.reshape(-1, *self.model.latent_shape), y)
        else:
            x = self.model.reconstruct(self.codec(given), y)
        return self.codec.invert(x), x


NAMES = {
    "encode": (["raw"], ["z"]),
    "decode": (["z", "y"], ["raw", "x"]),
    "reconstruct": (["raw", "y"], ["raw_out", "x"]),
    "classify": (["raw"], ["probabilities"]),
}
"""What goes into each file, and what comes out of it."""


def to_onnx(codec: Codec, model: LatentModel, verb: str, raw: np.ndarray, tolerance: float = TOLERANCE) -> bytes:
    """One verb as an ONNX file (opset 18, weights inside), for any number of rows.

    ==============  ==============================================  ==========================================
    verb            in                                              out
    ==============  ==============================================  ==========================================
    encode          raw (n, *raw_shape)                             z (n, d)
    decode          z (n, d), y (n, c) of a conditional model       raw (n, *raw_shape), x (n, *x_shape)
    reconstruct     raw (n, *raw_shape), y if it cannot be guessed  raw_out (n, *raw_shape), x (n, *x_shape)
    classify        raw (n, *raw_shape)                             probabilities (n, classes)
    ==============  ==============================================  ==========================================

    `raw` is in the data's own dtype and range, `x` the same in model space, before it is rounded. `y` are the
    conditions as `FittedModel.told` gives them: one-hot labels, or names one-hot and numbers standardised; of one name
    of several, the likeliest is found where an example is reconstructed.

    Parameters
    ----------
    codec, model : Codec, LatentModel
        Put into evaluation mode.
    verb : "encode", "decode", "reconstruct" or "classify"
    raw : ndarray, (n, *raw_shape)
        At least one example. Up to four are used to trace the model and to compare the file with PyTorch.
    tolerance : float
        How far its outputs may be from PyTorch's, as a share of the largest value where that is above 1. Whole numbers
        may be one away, since a value near a half may be rounded either way.

    Returns
    -------
    bytes
        What a `.onnx` file holds.

    Raises
    ------
    ParameterError
        For a verb that the model does not have.
    RunError
        For a file whose outputs are not PyTorch's: in shape, in dtype, or in value to `tolerance`.
    """
    able = [known for known in VERBS if known in model.can]
    if verb not in able:
        raise unknown("verb", verb, able)
    with torch.no_grad():
        module, given = _to_trace(codec.eval(), model.eval(), verb, raw)
        content = _traced(module, given, *NAMES[verb])
        _must_agree(content, module, given, verb, tolerance)
    return content


def check_onnx(content: bytes, codec: Codec, model: LatentModel, verb: str, raw: np.ndarray) -> None:
    """Refuse a file that does not give what the model gives, as `to_onnx` refuses what it has made.

    Parameters
    ----------
    content : bytes
        What a `.onnx` file holds.
    codec, model, verb, raw
        See `to_onnx`.

    Raises
    ------
    RunError
        For a file whose outputs are not PyTorch's.
    """
    with torch.no_grad():
        module, given = _to_trace(codec.eval(), model.eval(), verb, raw)
        _must_agree(content, module, given, verb, TOLERANCE)


def _to_trace(codec: Codec, model: LatentModel, verb: str, raw: np.ndarray) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """The module that an ONNX file does as, and what it is traced on."""
    # Two rows at least: one would be taken for the only number of rows there is.
    rows = torch.from_numpy(np.array(raw[np.arange(max(2, min(4, len(raw)))) % len(raw)]))
    given: tuple[Tensor, ...] = (rows,)
    if verb == "decode":
        given = (model.encode(codec(rows)).flatten(1).clone(),)
    if model.is_conditional and (verb == "decode" or (verb == "reconstruct" and not model.can_guess)):
        size = sum(model.conditions)
        given += (torch.eye(size)[torch.arange(len(rows)) % size],)
    return _Verb(codec, model, verb).eval(), given


def _traced(module: nn.Module, given: tuple[Tensor, ...], inputs: list[str], outputs: list[str]) -> bytes:
    """The module as an ONNX file, traced on these inputs, of which the first axis is left open."""
    quiet = logging.getLogger("torch.onnx")
    level = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module, given, dynamo=True, external_data=False, opset_version=OPSET, verbose=False,
                input_names=inputs[: len(given)], output_names=outputs,
                dynamic_shapes=tuple({0: torch.export.Dim("n", min=1)} for _ in given),
            )  # fmt: skip
    finally:
        quiet.setLevel(level)
    assert program is not None
    proto = program.model_proto
    _forget_origin(proto)
    return proto.SerializeToString()


def _forget_origin(message: Any) -> None:
    """Take out where in which files each node came from: they name folders of this machine."""
    for field, value in message.ListFields():
        if field.name in ("metadata_props", "doc_string"):
            message.ClearField(field.name)
        elif field.type == field.TYPE_MESSAGE and field.name != "initializer":
            parts = value if isinstance(value, Iterable) else [value]
            for part in parts:
                _forget_origin(part)


def _must_agree(content: bytes, module: nn.Module, given: tuple[Tensor, ...], verb: str, tolerance: float) -> None:
    """Refuse a file that does not do what PyTorch does, on fewer rows than it was made with."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    given = tuple(part[1:] for part in given)
    proto = onnx.load_from_string(content)
    fed = {node.name: part.numpy() for node, part in zip(proto.graph.input, given, strict=True)}
    results: Any = ReferenceEvaluator(proto).run(None, fed)
    expected = module(*given)
    for got, wanted in zip(results, expected if isinstance(expected, tuple) else (expected,), strict=True):
        wanted = wanted.numpy()
        if got.shape != wanted.shape or got.dtype != wanted.dtype:
            raise RunError(
                f"{verb}.onnx: expected {wanted.dtype} {wanted.shape}, as PyTorch gives. Found {got.dtype}"
                f" {got.shape}; this network cannot be exported."
            )
        away = np.abs(got.astype(np.float64) - wanted.astype(np.float64))
        worst, most = float(np.max(away, initial=0)), max(1.0, float(np.abs(wanted).max(initial=0)))
        # A whole number that was about to be rounded the other way is one away.
        allowed = 1.0 if wanted.dtype.kind in "iu" else tolerance * most
        if not worst <= allowed or math.isnan(worst):
            raise RunError(
                f"{verb}.onnx: expected PyTorch's outputs to {allowed:.3g}. Found them {worst:.3g} away; this"
                " network cannot be exported."
            )
