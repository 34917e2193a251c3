"""The defaults of a recipe: where nothing is chosen, what suits the data, the network and the objective."""

from __future__ import annotations

from typing import Any

from .. import nets
from ..core import LatentModel
from ..data import DataSpec
from ..training import TrainingSettings
from .start import begins_as_pca, can_be_pca

__all__ = ["PRESETS", "are_few_pictures", "defaults_for", "preset_for", "repeats"]

PRESETS: dict[str, dict[str, Any]] = {
    "lesson": {
        "init": "pytorch",
        "widths": (128, 64),
        "activation": "relu",
        "dropout": 0.0,
        "likelihood": "mse",
        "epochs": 20,
        "batch_size": 64,
        "optimizer": "adam",
        "lr": 1e-3,
        "schedule": "constant",
        "weight_decay": 1e-8,
        "validation_share": 0.0,
        "keep": "last",
        "label_smoothing": 0.0,
    }
}
"""Whole recipes under one name. "lesson" is the notebook's own, to compare with."""

ROW_DEFAULTS: dict[str, Any] = {"lr": 3e-3}
"""Rows of numbers: nothing bounds their outputs; a lower rate left a lower validation loss in four cases of six."""
ROW_DECAY, MOST_DECAY = 1000, 1.0
"""Their weight decay, back to the PCA that a network began as, is this many over the training examples, and no more
than 1. Where these are few, 1 left a lower squared error than none, of autoencoders on each of seven sets and of VAEs
on the three that were tried; on 8,000 rows it was too much, and a tenth of it better than none."""
FEW_PICTURES, LARGEST = 3000, 2**14
"""Fewer pictures, of no more numbers each, teach a multilayer perceptron that begins as principal component analysis
more than a convolutional network: 1,051 icons at 64 x 64 left 9 % less than PCA instead of 6 % more."""
FEW_PICTURE_DEFAULTS: dict[str, Any] = {
    "init": "pca",
    "widths": (256, 128),
    "dropout": 0.2,
    "optimizer": "adamw",
    "weight_decay": 0.1,
    "lr": 2e-3,
}
"""Chosen on icons, 8 x 8 digits, faces and patches of textures."""
VERY_FEW, MORE_DROPOUT = 500, 0.4
"""Of 140 faces, this dropout left 2 % less than PCA, where 0.2 left 5 % more; of 1,437 digits it made no difference."""
SMALL = 256
"""Numbers of a picture up to which a cross-entropy weighs too little beside the cost of a latent. With it a VAE left
90 % more than PCA on 8 x 8 digits and 130 % more on patches of 16 x 16; with a Gaussian whose sigma is learned, 54 %
less and as much. Few pictures gain as well: 1,051 icons 9 % less instead of 5 %, 140 faces 6 % more instead of 14 %."""
CONDITION_SCALE = 1.0
"""How loud conditions that were chosen are beside the latents of rows of numbers. On four tables 1 left a lower test
loss than 3 and 10, of three trainings each: 2.8, 3.0 and 4.0 nats; 10.2, 10.4, 10.9; 14.04, 14.06, 14.3; 23.9, 24.7,
25.5."""
LONG = 5000
"""Examples of more numbers than this get fewer epochs for it, so that training takes no longer: of 1,051 icons 5000
leaves 10.8 % less than PCA, 6000 takes a fifth longer and leaves as much, 4000 leaves 9.3 %."""
CONV_DEFAULTS: dict[str, Any] = {"epochs": 12, "lr": 3e-3}
"""A convolutional network takes more time for an epoch and needs fewer; its best rates are lower."""
FULL, MOST_REPEATS = 10_000, {"mlp": 25, "conv": 4}
"""The examples that the defaults were chosen on, and how many times as many epochs fewer may take."""


def defaults_for(model_class: type[LatentModel], spec: DataSpec, net: str) -> dict[str, Any]:
    """The defaults that depend on the data, the network or the objective; other choices have those of their settings.

    The objective's own go before the network's; but rows of numbers on an mlp always begin with the learning rate of
    `ROW_DEFAULTS`. Few training examples get more epochs (`repeats`).

    Parameters
    ----------
    model_class : subclass of LatentModel
    spec : DataSpec
        What the data are.
    net : "mlp", "conv" or "custom"

    Returns
    -------
    dict
        Values by the names of the choices.
    """
    modality, likelihood = spec.modality, _likelihood(model_class, spec, net)
    # A bottleneck is narrower than what passes through it, also where an example is only a few numbers.
    # And so many examples have one principal component less.
    latent_dim = min(16, max(1, spec.size // 2), max(1, spec.counts.get("train", 17) - 1))
    wanted: dict[str, Any] = {"net": net, "likelihood": likelihood, "latent_dim": latent_dim}
    # Of a network that cannot see these data, `validate` says so.
    wanted |= {
        "widths": nets.default_widths(net, spec.raw_shape[: modality.axes or 2])
        if net in modality.networks(spec)
        else ()
    }
    wanted |= CONV_DEFAULTS | model_class.conv_defaults if net == "conv" else model_class.defaults
    wanted |= {"widths": (), "init": "kaiming"} if net == "custom" else {}
    if are_few_pictures(spec) and begins_as_pca(model_class, net):
        wanted |= FEW_PICTURE_DEFAULTS
        wanted |= {"dropout": MORE_DROPOUT} if spec.counts.get("train", 0) < VERY_FEW else {}
    if net == "mlp" and not modality.bounded:
        # Four sets of rows: a lower test loss for VAE and denoising in all, a lower squared error in 23 of 24 cases.
        begins: dict[str, Any] = {"init": "pca"} if can_be_pca(model_class, net) else {}
        wanted = begins | wanted | ROW_DEFAULTS
        if wanted.get("init") == "pca":
            decay = min(MOST_DECAY, ROW_DECAY / max(1, spec.counts.get("train", 0)))
            wanted |= {"optimizer": "adamw", "weight_decay": float(f"{decay:.3g}")}
    if not model_class.is_solved:
        epochs = wanted.get("epochs", TrainingSettings().epochs)
        shorter = min(1.0, LONG / spec.size) if net == "mlp" else 1.0
        wanted["epochs"] = max(epochs, round(epochs * shorter * repeats(spec.counts.get("train", 0), net)))
    if spec.conditions and not modality.bounded and hasattr(model_class.Options(), "label_scale"):
        wanted["label_scale"] = CONDITION_SCALE
    # What is noisy already gets no more noise.
    wanted |= {"noise": "none"} if spec.paired and "denoise" in model_class.can else {}
    return wanted | {"latent_dim": min(wanted["latent_dim"], spec.size)}


def _likelihood(model_class: type[LatentModel], spec: DataSpec, net: str) -> str | None:
    """The likelihood that suits data and objective; None for an objective without one."""
    if not model_class.likelihoods:
        return None
    likelihood, pays_for_latents = spec.modality.likelihood(spec), "mse" not in model_class.likelihoods
    is_small = spec.size <= SMALL or are_few_pictures(spec)
    if likelihood == "bernoulli" and net == "mlp" and pays_for_latents and is_small:
        likelihood = "gaussian"
    is_very_few = are_few_pictures(spec) and spec.counts.get("train", 0) < VERY_FEW
    if likelihood in ("bernoulli", "gaussian") and is_very_few and begins_as_pca(model_class, net):
        # So that beginning as PCA is PCA, which a sigmoid bends: of 93 photographs and icons that left 11 % more, of
        # 140 faces 3 % less instead of as much. More pictures have time to leave PCA: 1,051 icons 8 % less, not 11.
        likelihood = "clipped"
    # A sigma that is learned tells too early that a model gets worse: it is the first to suit the training examples
    # alone. Without it autoencoders left 59 % less than PCA instead of 37 % of breast cancer, 15 instead of 10 of
    # icons' features.
    if likelihood == "gaussian" and not spec.modality.bounded and not pays_for_latents:
        likelihood = "mse"
    return likelihood if likelihood in model_class.likelihoods else model_class.likelihoods[0]


def preset_for(preset: str | None, model_class: type[LatentModel], net: str, homes: dict[str, str]) -> dict[str, Any]:
    """The choices of a preset, as far as they go with this model and network.

    Parameters
    ----------
    preset : str or None
        A name in `PRESETS`; nothing is chosen without one.
    model_class : subclass of LatentModel
    net : "mlp", "conv" or "custom"
    homes : dict
        Where each choice belongs, by its name: "recipe", "net", "training" or "options".

    Returns
    -------
    dict
        Values by the names of the choices.
    """
    goes = {
        "options": lambda name, value: homes.get(name) == "options" and hasattr(model_class.Options(), name),
        "recipe": lambda name, value: value in model_class.likelihoods,
        "net": lambda name, value: net == "mlp" and not model_class.is_solved,
        "training": lambda name, value: not model_class.is_solved,
    }
    chosen = PRESETS.get(preset or "", {})
    return {name: value for name, value in chosen.items() if goes[homes[name]](name, value)}


def are_few_pictures(spec: DataSpec) -> bool:
    """Are these pictures so few, and so small, that a multilayer perceptron suits them best?

    Parameters
    ----------
    spec : DataSpec
    """
    return spec.modality.drawn_as == "pixels" and spec.counts.get("train", 0) < FEW_PICTURES and spec.size <= LARGEST


def repeats(examples: int, net: str) -> float:
    """How many times as many epochs so few training examples get, since an epoch of them is few steps.

    As many steps as on `FULL` of them on an mlp, where a step is cheap; the square root of that elsewhere.

    Parameters
    ----------
    examples : int >= 0
        For training.
    net : "mlp", "conv" or "custom"

    Returns
    -------
    float
        From 1 to 25 for an mlp, to 4 for the others.
    """
    times = max(1.0, FULL / max(1, examples))
    return min(times if net == "mlp" else times**0.5, MOST_REPEATS.get(net, MOST_REPEATS["conv"]))
