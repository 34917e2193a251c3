"""How far training is: with weights and optimiser, all that a checkpoint needs, since no draw has a state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor, nn

from ..core import Loss
from ..errors import RunError
from ..io.progress import Record
from ..io.weights import must_fit
from .checkpoints import Checkpoint
from .process_group import ProcessGroup
from .records import MOST_EPOCHS, MOST_SECONDS

__all__ = ["Means", "Progress", "State"]


@dataclass
class Means:
    """Running means of named scalars, left on their device until they are asked for."""

    sums: dict[str, Tensor] = field(default_factory=dict)
    terms: list[str] = field(default_factory=list)
    seen: float = 0

    def add(self, loss: Loss, n: float) -> None:
        """Count a loss for `n` examples.

        Parameters
        ----------
        loss : Loss
            Its terms and notes are means over these examples.
        n : float
        """
        for name, value in (loss.terms | loss.notes).items():
            self.sums[name] = self.sums.get(name, 0.0) + value.detach() * n
        self.terms = list(loss.terms)
        self.seen += n

    def to(self, device: torch.device) -> Means:
        """The same, on `device`.

        Parameters
        ----------
        device : device

        Returns
        -------
        Means
        """
        return Means({name: value.to(device) for name, value in self.sums.items()}, self.terms, self.seen)

    def emptied(self) -> Means:
        """The same names, and nothing counted."""
        return Means({name: torch.zeros_like(value) for name, value in self.sums.items()}, self.terms)

    def summed(self, group: ProcessGroup) -> Means:
        """The same, counted over all processes, which all have to call this.

        Parameters
        ----------
        group : ProcessGroup

        Returns
        -------
        Means
            Itself for one process, or where nothing was counted; else new, in float64.
        """
        if group.size == 1 or not self.sums:
            return self
        counted = [*self.sums.values(), torch.tensor(self.seen, dtype=torch.float64)]
        *sums, seen = group.sum(torch.stack([value.to(group.device, torch.float64) for value in counted]))
        return Means(dict(zip(self.sums, sums, strict=True)), self.terms, float(seen))

    def values(self) -> dict[str, float]:
        """Every mean, and the total of the terms, which stands first."""
        means = {name: float(value) / self.seen for name, value in self.sums.items()}
        return {"loss": sum(means[name] for name in self.terms), **means}


class Progress(BaseModel):
    """What of the state is a number or a word."""

    model_config = ConfigDict(extra="forbid")

    epoch: Annotated[int, Field(ge=0, lt=MOST_EPOCHS)] = 0
    step: Annotated[int, Field(ge=0, lt=2**53)] = 0
    terms: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=1000)] = []
    seen: Annotated[float, Field(ge=0, le=2**53)] = 0
    history: list[Record] = []
    best_loss: float | None = None
    best_epoch: Annotated[int, Field(ge=0, lt=MOST_EPOCHS)] = 0
    seconds: Annotated[float, Field(ge=0, le=MOST_SECONDS)] = 0
    stopped: str | None = None
    chosen: Annotated[int, Field(ge=0, lt=MOST_EPOCHS)] | None = None
    """The epoch whose weights are kept, where something else than the validation set chose it."""
    choosing: Annotated[float, Field(ge=0, le=MOST_SECONDS)] = 0
    """Seconds that the choice took."""
    moments: Annotated[int, Field(ge=0)] | None = None
    """How many parameters have moments in the optimiser: none without a gradient so far. None: all of them, or none."""


@dataclass
class State:
    """Progress, the running means of an epoch, and the best weights so far."""

    progress: Progress = field(default_factory=Progress)
    means: Means = field(default_factory=Means)
    best: dict[str, Tensor] = field(default_factory=dict)

    def packed(self, model: nn.Module, codec: nn.Module, optimizer: torch.optim.Optimizer) -> Checkpoint:
        """Everything, as named tensors and plain values.

        Parameters
        ----------
        model, codec : Module
        optimizer : Adam or AdamW

        Returns
        -------
        Checkpoint
            On the CPU; names begin with "model.", "codec.", "best.", "means." or, for the i-th parameter's moments,
            "optimizer.i.".
        """
        groups: dict[str, Mapping[str, Tensor]] = {
            "model.": model.state_dict(),
            "codec.": codec.state_dict(),
            "best.": self.best,
            "means.": self.means.sums,
            **{f"optimizer.{i}.": values for i, values in optimizer.state_dict()["state"].items()},
        }
        tensors = {
            f"{prefix}{name}": t.cpu().contiguous() for prefix, part in groups.items() for name, t in part.items()
        }
        counted = {"terms": self.means.terms, "seen": self.means.seen, "moments": len(optimizer.state)}
        return Checkpoint(tensors, self.progress.model_dump() | counted)

    @classmethod
    def restored(cls, kept: Checkpoint, model: nn.Module, codec: nn.Module, optimizer: torch.optim.Optimizer) -> State:
        """Put weights, codec and optimiser back where they were, and say how far that was.

        Parameters
        ----------
        kept : Checkpoint
        model, codec : Module
            Changed in place.
        optimizer : Adam or AdamW
            Changed in place; its groups hold the parameters of `model`.

        Returns
        -------
        State
            On the model's device.

        Raises
        ------
        RunError
            For a checkpoint of another model or optimiser, with moments of another number of parameters than it says,
            or with NaN or infinity in weights or means; nothing is changed then.
        """
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        moments: dict[int, dict[str, Tensor]] = {
            i: part for i in range(len(parameters)) if (part := kept.part(f"optimizer.{i}."))
        }
        weights, best, why = kept.part("model."), kept.part("best."), "as the recipe says"
        for part in (weights, best or weights):
            must_fit(part, model.state_dict(), kept.where, why)
        must_fit(kept.part("codec."), codec.state_dict(), kept.where, why)
        for i, part in moments.items():
            wanted = {"exp_avg": parameters[i], "exp_avg_sq": parameters[i], "step": torch.empty(())}
            # A moment may have overflowed without harm: the training that was not stopped went on with it.
            must_fit(part, wanted, kept.where, why, finite=False)
        progress, means = _plain(kept)
        expected = len(parameters) if progress.moments is None and moments else progress.moments or 0
        if len(moments) != expected:
            raise RunError(f"{kept.where}: expected moments of {expected} weights. Found {len(moments)}.")
        model.load_state_dict(weights)
        codec.load_state_dict(kept.part("codec."))
        for i, part in moments.items():
            # In the memory order of their parameter, in which a fused optimiser goes through both.
            like = {name: parameters[i] if t.dim() else t for name, t in part.items()}
            moments[i] = {name: torch.empty_like(like[name]).copy_(t).detach() for name, t in part.items()}
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
        device = parameters[0].device
        return cls(progress, means.to(device), {name: t.to(device) for name, t in best.items()})


def _plain(kept: Checkpoint) -> tuple[Progress, Means]:
    """Progress and running means, as far as they go together."""
    try:
        progress = Progress.model_validate({k: v for k, v in kept.state.items() if k != "facts"})
    except ValidationError as error:
        first = error.errors()[0]
        raise RunError(f"{kept.where}: {first['loc'][0]} cannot be {first['input']!r:.80}.") from None
    if progress.epoch != (progress.history[-1]["epoch"] if progress.history else 0):
        raise RunError(f"{kept.where}: expected a history of {progress.epoch} epochs. Found another.")
    sums = kept.part("means.")
    must_fit(sums, {name: torch.empty((), dtype=t.dtype) for name, t in sums.items()}, kept.where, "a mean")
    if not set(progress.terms) <= sums.keys() or (progress.seen > 0) != (progress.step > 0):
        raise RunError(f"{kept.where}: expected means of the epoch that was begun. Found {sorted(sums)}.")
    return progress, Means(sums, progress.terms, progress.seen)
