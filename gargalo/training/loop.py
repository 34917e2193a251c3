"""The training loop: it sees `model.loss(batch)` and nothing more of a model."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..core import Codec, LatentModel
from ..errors import DataError, GargaloError, Stopped, option
from ..io.progress import Record, TrainingProgress
from ..io.signals import Noted, noting
from .batches import Data
from .checkpoints import Checkpoint, CheckpointManager
from .divergence import check_weights, not_finite
from .draws import generator_at, order_of, stochastic_layers
from .optimizers import optimizer_for
from .precision import precision_of_networks
from .process_group import ProcessGroup, launch
from .products import fast_products
from .schedule import set_rates
from .settings import TrainingSettings
from .solve import solve
from .state import Means, State
from .stopping import why_stop
from .threads import worthwhile_threads

__all__ = ["Result", "Session", "evaluate", "fit"]

EVALUATION = 2**31
"""The place, where an epoch would stand, of the draws of an evaluation."""
AGREEING = 16
"""Steps, at most, between two times that several processes ask each other whether to stop or save; or a second."""
NO_PROGRESS = TrainingProgress()
"""Nobody hears how it goes."""


@dataclass(frozen=True)
class Session:
    """What stands around a training: where it runs, who hears of it, where it begins and when it must end.

    Attributes
    ----------
    group : ProcessGroup or None
        Device and processes; without one, this process on the CPU.
    progress : TrainingProgress
        Hears of every step and every epoch.
    on_epoch : function
        Given each new line of the history as soon as it is known.
    checkpoints : CheckpointManager or None
    start : Checkpoint or None
        Where to go on from, as if training had never stopped.
    deadline : float
        A time of `time.perf_counter`: no epoch is begun that would probably end after it.
    chosen : int or None
        The epoch after which to end, whose weights are kept, where a cross-validation chose it; 0 keeps the first
        weights. What a checkpoint has of it goes before.
    choosing : float
        Seconds that this choice took, which count.
    """

    group: ProcessGroup | None = None
    progress: TrainingProgress = NO_PROGRESS
    on_epoch: Callable[[Record], object] = lambda record: None
    checkpoints: CheckpointManager | None = None
    start: Checkpoint | None = None
    deadline: float = math.inf
    chosen: int | None = None
    choosing: float = 0.0


ALONE = Session()


@dataclass
class Result:
    """What training leaves behind.

    Attributes
    ----------
    weights : dict of Tensor
    history : list of dict
        A line for each epoch.
    best_epoch : int
        The epoch whose weights these are.
    seconds : float
        How long the training took, whatever interrupted it.
    stopped : str or None
        Why it ended before its last epoch.
    chosen : int or None
        The epoch that a cross-validation chose, where one did.
    """

    weights: dict[str, Tensor]
    history: list[Record]
    best_epoch: int
    seconds: float
    stopped: str | None = None
    chosen: int | None = None


def fit(
    model: LatentModel,
    codec: Codec,
    train: Data,
    validation: Data | None,
    settings: TrainingSettings,
    session: Session = ALONE,
) -> Result:
    """Minimise `model.loss` over `train`, or solve a model that `is_solved`; choose weights by `validation`.

    Parameters
    ----------
    model, codec : LatentModel, Codec
        Changed in place; at the end on the CPU, the model in eval mode with the weights that were chosen.
    train, validation : Data, Data or None
        Without `validation` the weights are the last epoch's.
    settings, session : TrainingSettings, Session

    Returns
    -------
    Result

    Raises
    ------
    GargaloError
        When the loss or a weight is no longer a number; for a checkpoint that cannot be written, or does not fit.
    Stopped
        After SIGINT, SIGTERM or SIGHUP; the step is finished and a checkpoint saved.
    """
    if model.is_solved:
        record = solve(model, codec, train, validation, lambda data: evaluate(model, codec, data, settings.seed))
        session.on_epoch(record)
        return Result(model.state_dict(), [record], 1, record["seconds"])
    return _Training(model, codec, train, validation, settings, session).run()


class _Training:
    """One training, from where it begins to its last epoch."""

    def __init__(
        self,
        model: LatentModel,
        codec: Codec,
        train: Data,
        validation: Data | None,
        settings: TrainingSettings,
        session: Session,
    ):
        self.group = group = session.group or launch(alone=True)
        self.settings, self.session = settings, session
        # Convolutions are a fifth faster channels last; nothing else has four dimensions, and shapes stay as they are.
        # Those of volumes, which are not, cannot be laid out so.
        is_flat = all(p.dim() < 5 for p in model.parameters())
        layout = torch.channels_last if is_flat else torch.preserve_format
        self.model = model.to(group.device, memory_format=layout)  # type: ignore[call-overload]
        self.codec, self.train = codec.to(group.device), train.to(group.device)
        self.validation = validation and validation.to(group.device)
        optimizer = optimizer_for(model, settings)
        self.is_new = session.start is None
        self.state = State.restored(session.start, model, codec, optimizer) if session.start else State()
        if session.start:
            session.start.release()  # up to four times the weights
        if group.rank > 0:  # what was counted before is counted once
            self.state.means = self.state.means.emptied()
        self.module, self.optimizer = group.setup(model, optimizer)
        self.now = self.state.progress
        if self.is_new:
            self.now.chosen, self.now.choosing = session.chosen, session.choosing
        self.steps = math.ceil(len(train) / settings.batch_size)
        self.began = time.perf_counter() - self.now.seconds
        self.next_agreement = 1

    def run(self) -> Result:
        """Every epoch that is left; afterwards the model is on the CPU, with the weights that were chosen."""
        model, now, settings, group = self.model, self.now, self.settings, self.group
        if self.is_new:
            if self.validation is not None and settings.keep == "best":  # a start may be better than all that follows
                _keep_best(self.state, self.group.first(self.validation_loss)["loss"], model, settings)
            self.save()
        self.session.progress.start(settings.epochs, self.steps, now.epoch)
        try:
            with (
                noting() as signals,
                fast_products(model, settings.batch_size // group.size, group.device),
                worthwhile_threads(model, settings.batch_size // group.size, group.device),
                precision_of_networks(model, settings.precision, group.device),
                stochastic_layers(model) as seed_chance,
            ):
                while now.epoch < settings.epochs and now.stopped is None:
                    self.epoch(signals, seed_chance)
                check_weights(model, now, self.optimizer.param_groups[0]["lr"])
                self.save()
                if signum := group.any(signals.signum)[0]:
                    raise Stopped("stopped after the last epoch", int(signum))
        except DataError:  # examples that can no longer be read: what was learned of them stays
            if group.size == 1:
                self.save()
            raise
        finally:
            self.session.progress.stop()
        model.to("cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        self.codec.to("cpu")
        model.eval()
        if self.state.best:
            model.load_state_dict(self.state.best)
        best_epoch = now.best_epoch if self.state.best else now.epoch
        seconds = time.perf_counter() - self.began + now.choosing
        return Result(model.state_dict(), now.history, best_epoch, seconds, now.stopped, now.chosen)

    def epoch(self, signals: Noted, seed_chance: Callable[..., None]) -> None:
        """Every step that is left of one epoch, and what is to be known at its end."""
        now, settings = self.now, self.settings
        self.model.train()
        for rows in order_of(len(self.train), settings.seed, now.epoch).split(settings.batch_size)[now.step :]:
            self.step(rows, seed_chance)
            self.session.progress.step(now.epoch, now.step)
            self.save_or_stop(signals)
        record: Record = {"epoch": now.epoch + 1, "train": self.state.means.summed(self.group).values()}
        if self.validation is not None:
            record["validation"] = self.group.first(self.validation_loss)
        record["seconds"] = round(time.perf_counter() - self.began, 3)
        now.history.append(record)
        now.epoch, now.step, self.state.means = now.epoch + 1, 0, Means()
        if "validation" in record:
            _keep_best(self.state, record["validation"]["loss"], self.model, settings)
        now.stopped = why_stop(now, settings, self.session.deadline)
        self.session.on_epoch(record)
        self.session.progress.epoch(record)

    def step(self, rows: Tensor, seed_chance: Callable[..., None]) -> None:
        """One step down the loss of these rows, of which each process takes its share."""
        now, settings, group = self.now, self.settings, self.group
        done, total = now.epoch * self.steps + now.step, settings.epochs * self.steps
        lr = set_rates(self.optimizer, settings, done, total)
        mine, weight = group.share(rows)
        place = group.place(now.epoch, now.step)
        draws = generator_at(settings.seed, *place, device=group.device)
        seed_chance(settings.seed, *place)
        batch = self.train.batch(self.codec, mine, generator=draws, progress=done / total)
        loss = self.module.loss(batch)
        objective = loss.total
        if not math.isfinite(objective.item()):
            raise not_finite(self.model, batch, loss, now, lr)
        self.optimizer.zero_grad()
        group.backward(objective, weight)
        self.optimizer.step()
        self.state.means.add(loss, len(rows) * weight / group.size)
        now.step += 1

    def save_or_stop(self, signals: Noted) -> None:
        """Save a checkpoint where one is due, and stop where a signal came; several processes agree on it."""
        now, group, checkpoints = self.now, self.group, self.session.checkpoints
        done = now.epoch * self.steps + now.step
        if group.size > 1 and done < self.next_agreement:
            return
        is_due = checkpoints is not None and group.rank == 0 and checkpoints.due()
        a_step = (time.perf_counter() - self.began) / done
        signum, due, a_step = group.any(signals.signum, is_due, a_step)
        self.next_agreement = done + max(1, min(AGREEING, int(1 / a_step)))
        if due or signum:
            self.save()
        if signum:
            raise Stopped(f"stopped in epoch {now.epoch + 1} of {self.settings.epochs}", int(signum))

    def save(self) -> None:
        """Save a checkpoint, if checkpoints are kept."""
        means, checkpoints = self.state.means.summed(self.group), self.session.checkpoints
        if checkpoints and self.group.rank == 0:
            check_weights(self.model, self.now, self.optimizer.param_groups[0]["lr"])
            self.now.seconds = time.perf_counter() - self.began
            whole = State(self.now, means, self.state.best).packed(self.model, self.codec, self.optimizer)
            checkpoints.save(self.now.epoch * self.steps + self.now.step, whole)

    def validation_loss(self) -> dict[str, float]:
        """The loss and its parts on the validation set, which must be numbers too."""
        assert self.validation is not None
        found = evaluate(self.model, self.codec, self.validation, self.settings.seed, self.group.device)
        if not math.isfinite(found["loss"]):
            lower = option("lr", f"{self.settings.lr / 10:g}")
            raise GargaloError(
                f"train: expected a finite validation loss. Found {found['loss']}; look at the validation set, or try"
                f" {lower}."
            )
        return found


@torch.no_grad()
def evaluate(
    model: LatentModel, codec: Codec, data: Data, seed: int = 0, device: torch.device | str = "cpu"
) -> dict[str, float]:
    """The loss and every term and note of it on `data`, with the same draws at every call.

    Parameters
    ----------
    model, codec, data : LatentModel, Codec, Data
        On `device`; `data` are at least one example.
    seed, device : int, device
        Of the draws.

    Returns
    -------
    dict of float
        "loss", the sum of the terms, then terms and notes by name, each a mean over the examples.
    """
    was_training = model.training
    model.eval()
    means = Means()
    with stochastic_layers(model) as seed_chance:  # some draw in evaluation mode too
        for rows in torch.arange(len(data)).split(codec.rows_at_once):
            place = EVALUATION, int(rows[0]), 0
            seed_chance(seed, *place)
            draws = generator_at(seed, *place, device=device)
            means.add(model.loss(data.batch(codec, rows, generator=draws)), len(rows))
    model.train(was_training)
    return means.values()


def _keep_best(state: State, loss: float, model: nn.Module, settings: TrainingSettings) -> None:
    """Remember the epoch with the lowest validation loss and, if they are wanted, its weights."""
    now = state.progress
    if now.chosen is not None and now.epoch != now.chosen:
        return
    if now.chosen is None and now.best_loss is not None and loss >= now.best_loss:
        return
    now.best_loss, now.best_epoch = loss, now.epoch
    if settings.keep == "best":
        state.best = {name: value.detach().clone() for name, value in model.state_dict().items()}
