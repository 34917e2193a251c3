"""Training that diverged: numbers that are none, where they were seen first, and what to try."""

from __future__ import annotations

from torch import nn

from ..core import Batch, Loss
from ..errors import GargaloError, option
from .state import Progress

__all__ = ["check_weights", "not_finite"]


def check_weights(model: nn.Module, now: Progress, lr: float) -> None:
    """Refuse weights that are no numbers: no checkpoint may hold them.

    The loss may still have been a number when the step that it led to overflowed.

    Parameters
    ----------
    model : Module
    now : Progress
        How far training is, for the message.
    lr : float
        The learning rate of the last step.

    Raises
    ------
    GargaloError
        For a weight that is NaN or infinite.
    """
    if not _is_finite(model):
        raise GargaloError(
            f"train: expected finite weights. Found NaN or infinity after step {now.step} of epoch"
            f" {now.epoch + 1}, at a learning rate of {lr:.3g}. Try {option('lr', f'{lr / 10:.1g}')}. Checkpoints are"
            " from before."
        )


def not_finite(model: nn.Module, batch: Batch, loss: Loss, now: Progress, lr: float) -> GargaloError:
    """Make the error for a loss that is no number: where it was, at which learning rate, and the likely cause.

    Parameters
    ----------
    model : Module
        With the weights that the loss was computed with.
    batch : Batch
    loss : Loss
    now : Progress
        The step is the one before.
    lr : float
        The learning rate of this step.

    Returns
    -------
    GargaloError
        Not raised here.
    """
    place, lower = f"epoch {now.epoch + 1}, step {now.step + 1}", f"Try {option('lr', f'{lr / 10:.1g}')}."
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


def _is_finite(model: nn.Module) -> bool:
    return all(bool(p.isfinite().all()) for p in model.parameters())
