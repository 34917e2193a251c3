"""The choices of training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["TrainingSettings"]


class TrainingSettings(BaseModel):
    """The choices of training.

    Attributes
    ----------
    epochs : int
        Passes over the training data.
    batch_size : int
    optimizer : "adam" or "adamw"
        Adam (arXiv:1412.6980), with weight decay in the gradient or decoupled from it (arXiv:1711.05101).
    lr : float
        Highest learning rate.
    schedule : "one-cycle" or "constant"
        Up to `lr` and down to nearly nothing (arXiv:1708.07120), or `lr` throughout.
    weight_decay : float
    validation_share : float
        Share of the training data that is held out to see overfitting and to choose weights by, when the data bring
        no validation set of their own; never of the test set. 0 holds out nothing.
    keep : "best" or "last"
        Weights of the epoch with the lowest validation loss, or of the last.
    patience : int
        Stop early after so many epochs without a lower validation loss; 0 never does.
    precision : "32-true" or "bf16-mixed"
        float32 throughout, or bfloat16 inside the networks, which is faster where the hardware has it.
    seed : int
        Of the first weights, the order of the data, and every draw.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    batch_size: Annotated[int, Field(ge=1, le=2**24)] = 64
    optimizer: Literal["adam", "adamw"] = "adam"
    lr: Annotated[float, Field(gt=0, le=10)] = 6e-3
    schedule: Literal["one-cycle", "constant"] = "one-cycle"
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 0.0
    validation_share: Annotated[float, Field(ge=0, le=0.5)] = 0.05
    keep: Literal["best", "last"] = "best"
    patience: Annotated[int, Field(ge=0)] = 0
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
