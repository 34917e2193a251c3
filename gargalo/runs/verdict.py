"""The verdict on a run: are its reconstructions better than those of PCA of the same size, and if not, why not?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ..lang import LANGUAGES, Words, words
from ..metrics import Estimate
from ..recipes import can_be_pca, make, model_class
from ..training import CHOSEN
from .again import training_command
from .run import Run

__all__ = ["Outcome", "Verdict", "is_linear", "outcome_of", "verdict_of"]

Outcome = Literal["better", "as-good", "worse"]
NEGLIGIBLE, NOTHING = 1e-3, 1e-7
"""A difference that nobody would see, as a share of PCA's error; and one that is rounding, in the unit of model space,
squared, where a standard deviation is 1 and so is a picture's range."""
LINEAR = ("mse", "gaussian", "clipped", "mixed")
"""Likelihoods whose mean is what the last layer gives, within its bounds; of mixed columns that of the numbers."""
LONGER = {"epochs": None, "minutes": None}
"""Choices that leave the length of a training to what is usual for its data."""
FEW = 1000
"""Training examples that are few for a network."""


@dataclass(frozen=True)
class Verdict:
    """How the reconstructions of a run stand to those of PCA with as many numbers, on its test examples.

    Attributes
    ----------
    outcome : "better", "as-good" or "worse"
        Whether the 95 % interval of the difference lies below 0, holds it or what nobody would see, or lies above.
    difference : Estimate
        Mean squared error less PCA's, paired by example, in the unit of model space, squared.
    mse, pca : float
        Both errors.
    cause : str or None
        Of a worse one, the likely cause: "counts", "start", "objective", "stopped", "few" or "linear"; of others, what
        more could be had: "falling", where the epochs that were asked for ended a training whose loss still fell.
    command : str or None
        What to try; None where nothing is wrong, and for what no command can give.
    """

    outcome: Outcome
    difference: Estimate
    mse: float
    pca: float
    cause: str | None = None
    command: str | None = None

    @property
    def share(self) -> float | None:
        """The difference as a share of PCA's error; None where that is nothing."""
        return self.difference.value / self.pca if self.pca > NOTHING else None

    @property
    def is_negligible(self) -> bool:
        """Does the interval exclude 0, and yet is the difference too small for anybody to see?"""
        low, high = self.difference.low, self.difference.high
        return self.outcome == "as-good" and low is not None and high is not None and (low > 0 or high < 0)

    def as_json(self) -> dict[str, Any]:
        """Outcome, difference with its interval, share, cause and command by their names."""
        found = {"outcome": self.outcome, "difference": self.difference.as_json(), "share": self.share}
        return {**found, "cause": self.cause, "try": self.command}

    def published(self, run: Run) -> dict[str, Any]:
        """What a site holds of it.

        Parameters
        ----------
        run : Run
            Whose verdict it is.

        Returns
        -------
        dict
            "outcome", and "told": what is told of it and the command to try, by the name of the language.
        """
        command = [self.command] if self.command else []
        told = {lang: " ".join([*self.told(run, words(lang)), *command]) for lang in LANGUAGES}
        return {"outcome": self.outcome, "told": told}

    def told(self, run: Run, say: Words) -> list[str]:
        """Say it in sentences.

        Parameters
        ----------
        run : Run
            Whose verdict it is.
        say : Words

        Returns
        -------
        list of str
            The outcome with its figures; that it is PCA itself, where the start was kept; the cause, and what to do,
            without the command.
        """
        low, high = (say.figure(end) for end in (self.difference.low, self.difference.high))
        share = self.share
        by = say.figure(abs(self.difference)) if share is None else say.figure(100 * abs(share), 2) + "%"
        sentence = "negligible" if self.is_negligible else self.outcome
        outcome = say(
            f"verdict.{sentence}",
            d=run.recipe.latent_dim,
            n=self.difference.n,
            by=by,
            mse=say.figure(self.mse),
            pca=say.figure(self.pca),
            low=low,
            high=high,
        )
        if self.cause is None:
            of = ".categories" if run.recipe.likelihood == "mixed" else ""
            return [outcome, *([say(f"verdict.is_pca{of}")] if _stayed_pca(run) else [])]
        train, model = run.recipe.data.counts["train"], say.get(f"model.{run.recipe.model}", run.recipe.model)
        return [outcome, say(f"verdict.{self.cause}", n=train, model=model, epochs=len(run.history))]


def is_linear(run: Run) -> bool:
    """Is a blend of latents decoded to the blend of what each is decoded to?

    Parameters
    ----------
    run : Run

    Returns
    -------
    bool
        True of PCA, and of what began as PCA and was kept so, where no function that bends stands behind its last
        layer. A category has one name or the other all the same.
    """
    return run.recipe.model == "pca" or (_stayed_pca(run) and run.recipe.likelihood in LINEAR)


def _stayed_pca(run: Run) -> bool:
    return run.facts.get("best_epoch") == 0 and run.recipe.net.init == "pca" and not run.recipe.warm_start


def outcome_of(difference: Estimate, pca: float) -> Outcome | None:
    """Say which of two squared errors is lower, as far as examples show.

    Parameters
    ----------
    difference : Estimate
        A mean squared error less PCA's, paired by example.
    pca : float
        PCA's.

    Returns
    -------
    "better", "as-good" or "worse", or None
        As the 95 % interval lies; less than a thousandth of PCA's error makes no difference. None where one example
        alone gives no interval, or nobody knows how many there were.
    """
    if difference.low is None or difference.high is None or difference.n is None:
        return None
    least = max(NEGLIGIBLE * pca, NOTHING)
    return "better" if difference.high < -least else "worse" if difference.low > least else "as-good"


def verdict_of(run: Run, to_share: bool = False) -> Verdict | None:
    """Judge a run by what was measured of it.

    Parameters
    ----------
    run : Run
    to_share : bool
        Is it for a page that may be sent to others? Its command then names no path of one machine.

    Returns
    -------
    Verdict or None
        None for what has no PCA of the same size beside it: a model that reconstructs nothing, is PCA itself, has a
        grid for a latent or ways around it; and where one test example tells nothing.
    """
    mse, pca, difference = (run.metrics.get(name) for name in ("test_mse", "pca_mse", "mse_minus_pca"))
    if mse is None or pca is None or difference is None or (outcome := outcome_of(difference, pca)) is None:
        return None
    if outcome == "worse":
        cause, model, choices = _likely_cause(run)
    else:
        cause, model, choices = ("falling" if _still_fell(run) and _is_short(run) else None), None, LONGER
    command = training_command(run, model, choices, to_share) if cause else None
    return Verdict(outcome, difference, mse.value, pca.value, cause, command)


def _likely_cause(run: Run) -> tuple[str | None, str | None, dict[str, Any]]:
    """Why a run is worse than PCA, as far as it can be told: the cause, and objective and choices to try instead."""
    recipe, objective = run.recipe, model_class(run.recipe, run.custom)
    is_counted = recipe.likelihood in ("poisson", "negative-binomial")
    if recipe.net.init != "pca" and can_be_pca(objective, recipe.net.net):
        usual = make(recipe.data, objective, choices={"net": recipe.net.net}).net.init
        # Where beginning as PCA is the default, so is the decay that goes with it.
        return "start", None, {"init": None, "weight_decay": None} if usual == "pca" else {"init": "pca"}
    if recipe.model != "autoencoder" and not is_counted and not recipe.data.paired:
        return "objective", "autoencoder", {}
    if _is_short(run):
        return "stopped", None, LONGER
    if is_counted:
        return "counts", None, {"likelihood": "gaussian"}
    if recipe.data.paired:  # neither an autoencoder nor PCA itself would learn from pairs
        return None, None, {}
    return ("few" if recipe.data.counts["train"] < FEW else "linear"), "pca", {}


def _still_fell(run: Run) -> bool:
    """Was the last epoch's loss on validation examples the lowest? Which epoch is kept may be chosen otherwise."""
    losses = [record.get("validation", {}).get("loss") for record in run.history]
    return len(losses) > 1 and None not in losses and min(losses[:-1]) > losses[-1]


def _is_short(run: Run) -> bool:
    """Did a training end before the epochs that are the default, and for no reason of its own?"""
    recipe = run.recipe
    epochs = make(recipe.data, model_class(recipe, run.custom), choices={"net": recipe.net.net}).training.epochs
    is_enough = recipe.training.patience or run.facts.get("stopped") == CHOSEN
    return len(run.history) < epochs and not is_enough
