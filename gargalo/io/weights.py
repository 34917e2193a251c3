"""A run's tensors: saved as one safetensors file, and put back where they belong."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save as pack
from torch import Tensor, nn

from ..errors import RunError
from .files import write_whole
from .tensors import Header, read_tensors

__all__ = ["load_weights", "must_fit", "packed", "save_weights"]


def save_weights(path: Path, codec: nn.Module, model: nn.Module) -> None:
    """Write all tensors of codec and model to one safetensors file.

    Parameters
    ----------
    path : Path
    codec, model : Module
        Their tensors are named "codec.…" and "model.…".

    Raises
    ------
    GargaloError
        Where the file cannot be written.
    """
    write_whole(path, packed(codec, model))


def packed(codec: nn.Module, model: nn.Module) -> bytes:
    """All tensors of codec and model as one safetensors file holds them.

    Parameters
    ----------
    codec, model : Module
        See `save_weights`.

    Returns
    -------
    bytes
        The same for the same tensors.
    """
    return pack(_named(codec, model))


def load_weights(path: Path, codec: nn.Module, model: nn.Module) -> None:
    """Put saved tensors where they belong; names, shapes and types are compared before any is used.

    Parameters
    ----------
    path : Path
        What `save_weights` wrote.
    codec, model : Module
        Changed in place; they may be on the meta device.

    Raises
    ------
    RunError
        For a file that is missing or not whole, or tensors that do not fit or are not finite.
    """
    wanted, why = _named(codec, model), "as the recipe says"

    def check(header: Header) -> None:
        # On the meta device, where a shape takes no memory.
        told = {
            name: torch.empty(stored.shape, dtype=getattr(torch, stored.dtype), device="meta")
            for name, stored in header.arrays.items()
        }
        must_fit(told, wanted, path, why, finite=False)

    if not os.path.lexists(path):
        raise RunError(f"{path}: expected the run's weights. The file is missing.")
    found = {name: torch.from_numpy(array) for name, array in read_tensors(path, check=check)[0].items()}
    must_fit(found, wanted, path, why)
    for part, prefix in ((codec, "codec."), (model, "model.")):
        own = {name.removeprefix(prefix): t for name, t in found.items() if name.startswith(prefix)}
        part.load_state_dict(own, assign=True)


def must_fit(
    found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], where: object, why: str, finite: bool = True
) -> None:
    """Refuse tensors of other names, shapes or types than are wanted, or with NaN or infinity.

    Parameters
    ----------
    found, wanted : dict of Tensor
        By name.
    where : object
        Where they were found, for the message.
    why : str
        Why the others are wanted, for the message.
    finite : bool
        Refuse NaN and infinity?

    Raises
    ------
    RunError
        With the first name that does not fit.
    """
    for name in sorted(wanted.keys() | found.keys()):
        shapes = [tuple(t[name].shape) if name in t else None for t in (wanted, found)]
        if shapes[0] != shapes[1]:
            raise RunError(f"{where}: expected {name} of shape {shapes[0]}, {why}. Found {shapes[1]}.")
        if found[name].dtype != wanted[name].dtype:
            kinds = [str(t[name].dtype).removeprefix("torch.") for t in (wanted, found)]
            raise RunError(f"{where}: expected {name} as {kinds[0]}, {why}. Found {kinds[1]}.")
        if finite and not found[name].isfinite().all():
            raise RunError(f"{where}: expected finite weights. Found NaN or infinity in {name}.")


def _named(codec: nn.Module, model: nn.Module) -> dict[str, Tensor]:
    parts = (("codec", codec), ("model", model))
    return {f"{prefix}.{name}": t for prefix, part in parts for name, t in part.state_dict().items()}
