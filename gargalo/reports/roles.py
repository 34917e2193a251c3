"""Who plays which part in the report: the runs, by what they can show."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..io.places import as_typed
from ..runs import Run

__all__ = ["Roles", "place"]


@dataclass(frozen=True, eq=False)
class Roles:
    """The runs of a report, by the part that they play."""

    runs: Sequence[Run]

    @cached_property
    def peers(self) -> list[Run]:
        """Runs on the same data as the first one that decodes: only these can be shown side by side."""
        lead = next((run for run in self.runs if run.fitted.can("decode")), self.runs[0])
        return [run for run in self.runs if run.recipe.data.fingerprint == lead.recipe.data.fingerprint]

    def _first(self, *models: str, fits: Callable[[Run], bool] = lambda run: True) -> Run | None:
        """The first run of these models, in this order of models; flat ones last, since two numbers say less."""
        found = [run for model in models for run in self.peers if run.recipe.model == model and fits(run)]
        return min(found, key=lambda run: run.recipe.latent_dim == 2, default=None)

    @cached_property
    def subject(self) -> Run | None:
        """Whom sections 1, 2, 4 and 5 are about: an autoencoder if there is one, else anything that decodes."""
        others = [run.recipe.model for run in self.peers]
        return self._first("autoencoder", *others, fits=lambda run: run.fitted.can("decode"))

    @cached_property
    def supervised(self) -> Run | None:
        return self._first("classifier")

    @cached_property
    def variational(self) -> Run | None:
        """A model with a prior of its own, of the subject's size."""
        subject = self.subject
        return self._first(
            "vae", fits=lambda run: subject is None or run.recipe.latent_dim == subject.recipe.latent_dim
        )

    @cached_property
    def denoisers(self) -> list[Run]:
        """Denoising runs, the best first."""
        found = [run for run in self.peers if run.fitted.can("denoise")]
        # Only what was trained on the same noise can be compared.
        alike = [run for run in found if run.recipe.options == found[0].recipe.options]
        return sorted(alike, key=lambda run: -run.metrics.get("psnr_denoised", 0.0))

    @cached_property
    def pads(self) -> list[Run]:
        """Runs whose latent space is a plane that can be walked with a finger."""
        return [
            run
            for run in self.peers
            if run.latent_size == 2 and run.fitted.can("decode") and not run.model.is_conditional and _pictures(run)
        ]

    @cached_property
    def lead(self) -> Run:
        """The run whose data and examples the report shows."""
        return self.subject or self.peers[0]

    def has_pictures(self) -> bool:
        """Are the lead's examples images?"""
        return _pictures(self.lead)

    def varied(self, n: int) -> np.ndarray:
        """Rows of some of the lead's examples: one of each label in turn where there are labels, else the first.

        Parameters
        ----------
        n : int
            How many, or as many as there are.

        Returns
        -------
        ndarray, (n,), int
        """
        y = self.lead.examples.y
        total = len(self.lead.examples.x)
        if y is None:
            return np.arange(min(n, total))
        turn = np.empty(total, int)
        for label in np.unique(y):
            rows = np.flatnonzero(y == label)
            turn[rows] = np.arange(len(rows))
        return np.lexsort((y, turn))[:n]

    def pairs(self) -> list[tuple[int, int]]:
        """Two pairs of examples to walk between, of different labels where there are labels."""
        rows, y = self.varied(10).tolist(), self.lead.examples.y

        def pair(start: int, ends: list[int]) -> tuple[int, int]:
            return start, next((end for end in ends if y is None or y[end] != y[start]), ends[0])

        if len(rows) < 8:
            return [pair(rows[0], rows[::-1])]
        return [pair(rows[4], rows[::-1]), pair(rows[5], rows)]


def place(run: Run) -> str:
    """The run's folder as a reader can type it: relative to where they are, and never the path of a machine.

    Parameters
    ----------
    run : Run

    Returns
    -------
    str
        Quoted for a shell. An absolute folder that is not below the working folder is only named.
    """
    return shlex.quote(as_typed(run.folder, to_share=True))


def _pictures(run: Run) -> bool:
    return run.recipe.data.modality.drawn_as == "pixels"
