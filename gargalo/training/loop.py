"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..core import Batch, Codec, LatentModel, Loss
from ..errors import GargaloError, Stopped
from .batches import Data
from .checkpoint import Checkpoint, Keeper
from .devices import Team, launch
from .draws import generator_at, order_of, own_chance
from .events import Events, Record
from .products import fast_products
from .schedule import set_rates
from .settings import TrainingSettings
from .signals import watch
from .solve import solve
from .state import Means, Progress, State

__all__ = ["Result", "evaluate", "fit"]

EVALUATION = 2**31
"""The place, where an epoch would stand, of the draws of an evaluation."""
AGREEING = 16
"""Steps, at most, between two times that several processes ask each other whether to stop or save; or a second."""


@dataclass
class Result:
    """What training leaves behind.

    Attributes
    ----------
    stopped : str or None
        Why it ended before its last epoch.
    """

    weights: dict[str, Tensor]
    history: list[Record]
    best_epoch: int
    seconds: float
    stopped: str | None = None


def fit(
    model: LatentModel,
    codec: Codec,
    train: Data,
    held: Data | None,
    settings: TrainingSettings,
    *,
    team: Team | None = None,
    events: Events | None = None,
    on_epoch: Callable[[Record], object] = lambda record: None,
    keeper: Keeper | None = None,
    kept: Checkpoint | None = None,
    until: float = math.inf,
) -> Result:
    """Minimise `model.loss` over `train`; choose weights by `held`.

    Parameters
    ----------
    team : Team or None
        Device and processes; without one, this process on the CPU.
    on_epoch : function
        Given each new line of the history as soon as it is known.
    keeper : Keeper or None
        Keeps checkpoints.
    kept : Checkpoint or None
        Where to go on from, as if training had never stopped.
    until : float
        A time of `time.perf_counter` past which no epoch is begun.

    Raises
    ------
    GargaloError
        When the loss or a weight is no longer a number: no checkpoint holds that.
    Stopped
        After SIGINT, SIGTERM or SIGHUP; the step is finished and a checkpoint saved.
    """
    if model.is_solved:
        record = solve(model, codec, train, held, lambda data: evaluate(model, codec, data, settings.seed))
        on_epoch(record)
        return Result(model.state_dict(), [record], 1, record["seconds"])
    team, events = team or launch("cpu", alone=True), events or Events()
    # Convolutions are a fifth faster channels last; nothing else has four dimensions, and shapes stay as they are.
    model.to(team.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    codec, train, held = codec.to(team.device), train.to(team.device), held and held.to(team.device)
    optimizer = _optimizer(model, settings)
    state = State.restored(kept, model, codec, optimizer) if kept else State()
    now, begins = state.progress, kept is None
    del kept  # up to four times the weights
    if team.rank > 0:  # what was counted before is counted once
        state.means = state.means.emptied()
    module, optimizer = team.fabric.setup(model, optimizer)
    # Without this, processes would skip the averaging of gradients and drift apart unseen.
    module.mark_forward_method("loss")
    steps = math.ceil(len(train) / settings.batch_size)
    began = time.perf_counter() - now.seconds

    def save() -> None:
        means = state.means.summed(team)
        if keeper and team.rank == 0:
            _check_weights(model, now, optimizer.param_groups[0]["lr"])
            now.seconds = time.perf_counter() - began
            whole = State(now, means, state.best).packed(model, codec, optimizer)
            keeper.save(now.epoch * steps + now.step, whole)

    if begins:
        save()
    events.start(settings.epochs, steps, now.epoch)
    meeting = 1
    try:
        with (
            watch() as signals,
            fast_products(model, settings.batch_size // team.size, team.device),
            own_chance(model) as seed_chance,
        ):
            while now.epoch < settings.epochs and now.stopped is None:
                model.train()
                for rows in order_of(len(train), settings.seed, now.epoch).split(settings.batch_size)[now.step :]:
                    done, total = now.epoch * steps + now.step, settings.epochs * steps
                    lr = set_rates(optimizer, settings, done, total)
                    mine, weight = team.share(rows)
                    draws = generator_at(settings.seed, *team.place(now.epoch, now.step), device=team.device)
                    seed_chance(settings.seed, *team.place(now.epoch, now.step))
                    batch = train.batch(codec, mine, generator=draws, progress=done / total)
                    loss = module.loss(batch)
                    objective = loss.total
                    if not math.isfinite(objective.item()):
                        raise _not_finite(model, batch, loss, now, lr)
                    optimizer.zero_grad()
                    team.fabric.backward(objective if team.size == 1 else objective * weight)
                    optimizer.step()
                    state.means.add(loss, len(rows) * weight / team.size)
                    now.step += 1
                    events.step(now.epoch, now.step)
                    if team.size == 1 or done + 1 >= meeting:
                        is_due = keeper is not None and team.rank == 0 and keeper.due()
                        a_step = (time.perf_counter() - began) / (done + 1)
                        signum, due, a_step = team.any(signals.signum, is_due, a_step)
                        meeting = done + 1 + max(1, min(AGREEING, int(1 / a_step)))
                        if due or signum:
                            save()
                        if signum:
                            raise Stopped(f"stopped in epoch {now.epoch + 1} of {settings.epochs}", int(signum))

                record: Record = {"epoch": now.epoch + 1, "train": state.means.summed(team).values()}
                if held is not None:
                    record["held"] = team.first(lambda: _held(model, codec, held, settings, team))
                record["seconds"] = round(time.perf_counter() - began, 3)
                now.history.append(record)
                now.epoch, now.step, state.means = now.epoch + 1, 0, Means()
                _keep_best(state, record, model, settings)
                now.stopped = _why_stop(now, settings, until)
                on_epoch(record)
                events.epoch(record)
            _check_weights(model, now, optimizer.param_groups[0]["lr"])
            save()
            if signum := team.any(signals.signum)[0]:
                raise Stopped("stopped after the last epoch", int(signum))
    finally:
        events.stop()
    model.to("cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    codec.to("cpu")
    model.eval()
    if state.best:
        model.load_state_dict(state.best)
    best_epoch = now.best_epoch if state.best else now.epoch
    return Result(model.state_dict(), now.history, best_epoch, time.perf_counter() - began, now.stopped)


@torch.no_grad()
def evaluate(
    model: LatentModel, codec: Codec, data: Data, seed: int = 0, device: torch.device | str = "cpu"
) -> dict[str, float]:
    """The loss and every term and note of it on `data`, with the same draws at every call."""
    was_training = model.training
    model.eval()
    means = Means()
    for rows in torch.arange(len(data)).split(codec.rows_at_once):
        draws = generator_at(seed, EVALUATION, int(rows[0]), 0, device=device)
        means.add(model.loss(data.batch(codec, rows, generator=draws)), len(rows))
    model.train(was_training)
    return means.values()


def _held(
    model: LatentModel, codec: Codec, held: Data, settings: TrainingSettings, team: Team
) -> dict[str, float]:
    """The held-out loss, which must be a number too."""
    found = evaluate(model, codec, held, settings.seed, team.device)
    if not math.isfinite(found["loss"]):
        raise GargaloError(
            f"train: expected a finite held-out loss. Found {found['loss']}; look at the held-out data, or try"
            f" --lr {settings.lr / 10:g}."
        )
    return found


def _keep_best(state: State, record: Record, model: nn.Module, settings: TrainingSettings) -> None:
    """Remember the epoch with the lowest held-out loss and, if they are wanted, its weights."""
    now = state.progress
    if "held" not in record or (now.best_loss is not None and record["held"]["loss"] >= now.best_loss):
        return
    now.best_loss, now.best_epoch = record["held"]["loss"], now.epoch
    if settings.keep == "best":
        state.best = {name: value.detach().clone() for name, value in model.state_dict().items()}


def _why_stop(now: Progress, settings: TrainingSettings, until: float) -> str | None:
    """Why training ends after this epoch, if it does so early."""
    if now.epoch >= settings.epochs:
        return None
    if settings.patience and now.epoch - now.best_epoch >= settings.patience:
        epochs = f"{settings.patience} epoch{'s' * (settings.patience > 1)}"
        return f"held-out loss has not fallen for {epochs}, since epoch {now.best_epoch}"
    if time.perf_counter() + now.history[-1]["seconds"] / now.epoch > until:
        return "the time asked for is over"
    return None


def _check_weights(model: nn.Module, now: Progress, lr: float) -> None:
    """A loss may still be a number when the step that it led to overflowed: no checkpoint may hold that."""
    if not _is_finite(model):
        raise GargaloError(
            f"train: expected finite weights. Found NaN or infinity after step {now.step} of epoch"
            f" {now.epoch + 1}, at a learning rate of {lr:.3g}. Try --lr {lr / 10:.1g}. Checkpoints are from"
            " before."
        )


def _is_finite(model: nn.Module) -> bool:
    return all(bool(p.isfinite().all()) for p in model.parameters())


def _not_finite(model: nn.Module, batch: Batch, loss: Loss, now: Progress, lr: float) -> GargaloError:
    """What to say of a loss that is no number: where, at which learning rate, and the likely cause."""
    place, lower = f"epoch {now.epoch + 1}, step {now.step + 1}", f"Try --lr {lr / 10:.1g}."
    if not batch.x.isfinite().all():
        why = "The batch itself holds NaN or infinity; look at the data."
    elif not _is_finite(model):
        why = f"The step before made weights overflow. {lower}"
    else:
        names = ", ".join(name for name, term in loss.terms.items() if not term.isfinite())
        why = f"{names} overflowed. {lower}"
    return GargaloError(
        f"train: expected a finite loss. Found {loss.total.item()} in {place}, at a learning rate of {lr:.3g}."
        f" {why} Checkpoints are from before."
    )


def _optimizer(model: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[settings.optimizer]
    return kind(model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay, fused=True)
