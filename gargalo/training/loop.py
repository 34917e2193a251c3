"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ..core import Batch, LatentModel, Loss
from ..errors import GargaloError
from .draws import generator_at, order_of
from .events import Events, Record
from .settings import TrainingSettings

__all__ = ["Data", "Result", "evaluate", "fit"]

EVALUATION_ROWS = 2048
EVALUATION = 2**31
"""The place, where an epoch would stand, of the draws of an evaluation."""


@dataclass
class Data:
    """Raw examples, resident, and one-hot labels: sliced by row, never item by item."""

    raw: Tensor
    y: Tensor | None = None

    def __len__(self) -> int:
        return len(self.raw)

    def batch(self, codec: nn.Module, rows: Tensor | slice, **more: Any) -> Batch:
        """The model-space batch of these rows."""
        return Batch(codec(self.raw[rows]), None if self.y is None else self.y[rows], **more)


@dataclass
class Result:
    """What training leaves behind."""

    weights: dict[str, Tensor]
    history: list[Record]
    best_epoch: int
    seconds: float


@dataclass
class Means:
    """Running means of named scalars, left on their device until they are asked for."""

    sums: dict[str, Tensor] = field(default_factory=dict)
    seen: int = 0

    def add(self, loss: Loss, n: int) -> None:
        for name, value in (loss.terms | loss.notes).items():
            self.sums[name] = self.sums.get(name, 0.0) + value.detach() * n
        self.seen += n

    def values(self, terms: list[str]) -> dict[str, float]:
        """Every mean, and the total of `terms`, which stands first."""
        means = {name: float(value) / self.seen for name, value in self.sums.items()}
        return {"loss": sum(means[name] for name in terms), **means}


def fit(
    model: LatentModel,
    codec: nn.Module,
    train: Data,
    held: Data | None,
    settings: TrainingSettings,
    events: Events | None = None,
    on_epoch: Callable[[Record], object] = lambda record: None,
) -> Result:
    """Minimise `model.loss` over `train`; choose weights by `held`.

    Parameters
    ----------
    on_epoch : function
        Given each line of the history as soon as it is known.

    Raises
    ------
    GargaloError
        When the loss is no longer a number.
    """
    from lightning_fabric import Fabric  # about one second to import

    events = events or Events()
    fabric = Fabric(accelerator="cpu", devices=1)
    optimizer = _optimizer(model, settings)
    module, optimizer = fabric.setup(model, optimizer)
    module.mark_forward_method("loss")
    steps = math.ceil(len(train) / settings.batch_size)
    schedule = _schedule(optimizer, settings, settings.epochs * steps)

    history: list[Record] = []
    best, best_loss, best_epoch = None, math.inf, settings.epochs
    began = time.perf_counter()
    events.start(settings.epochs, steps)
    try:
        for epoch in range(settings.epochs):
            model.train()
            means = Means()
            for step, rows in enumerate(order_of(len(train), settings.seed, epoch).split(settings.batch_size)):
                done = epoch * steps + step
                batch = train.batch(
                    codec,
                    rows,
                    generator=generator_at(settings.seed, epoch, step),
                    progress=done / (settings.epochs * steps),
                )
                loss = module.loss(batch)
                optimizer.zero_grad()
                fabric.backward(loss.total)
                optimizer.step()
                schedule.step()
                means.add(loss, len(rows))
                events.step(epoch, step)

            record: Record = {"epoch": epoch + 1, "train": means.values(list(loss.terms))}
            if held is not None:
                record["held"] = evaluate(model, codec, held, settings.seed)
            record["seconds"] = round(time.perf_counter() - began, 3)
            _check_finite(record, settings)
            history.append(record)
            on_epoch(record)
            events.epoch(record)

            if held is not None and settings.keep == "best" and record["held"]["loss"] < best_loss:
                best_loss, best_epoch = record["held"]["loss"], epoch + 1
                best = {name: value.clone() for name, value in model.state_dict().items()}
    finally:
        events.stop()
    model.eval()
    if best is not None:
        model.load_state_dict(best)
    return Result(model.state_dict(), history, best_epoch, time.perf_counter() - began)


@torch.no_grad()
def evaluate(model: LatentModel, codec: nn.Module, data: Data, seed: int = 0) -> dict[str, float]:
    """The loss and every term and note of it on `data`, with the same draws at every call."""
    was_training = model.training
    model.eval()
    means = Means()
    for start in range(0, len(data), EVALUATION_ROWS):
        rows = slice(start, start + EVALUATION_ROWS)
        batch = data.batch(codec, rows, generator=generator_at(seed, EVALUATION, start, 0))
        loss = model.loss(batch)
        means.add(loss, len(batch.x))
    model.train(was_training)
    return means.values(list(loss.terms))


def _optimizer(model: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[settings.optimizer]
    return kind(model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay, fused=True)


def _schedule(
    optimizer: torch.optim.Optimizer, settings: TrainingSettings, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    if settings.schedule == "one-cycle" and steps > 1:
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.lr, total_steps=steps)
    return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1)


def _check_finite(record: Record, settings: TrainingSettings) -> None:
    """Stop at the first epoch whose loss is not a number."""
    if not all(math.isfinite(v) for part in ("train", "held") for v in record.get(part, {}).values()):
        raise GargaloError(
            f"train: expected a finite loss. Found {record['train']['loss']} in epoch {record['epoch']}, at a"
            f" learning rate of up to {settings.lr:g}. Try --lr {settings.lr / 10:g}."
        )
