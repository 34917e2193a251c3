"""Going on with a training that a run folder holds: the same training from a later place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..data import DataSpec
from ..errors import RunError
from ..recipes import CHOICES, Recipe, differences, must_agree, versions
from .evaluate import Baselines
from .fit import check
from .folder import is_finished, read_recipe
from .job import TrainingJob
from .run import Run
from .train import train

__all__ = ["go_on"]

TOLD = {"name", "kind", "raw_shape", "dtype", "counts"}
"""What is told of data that are not those of the run."""


def go_on(
    job: TrainingJob,
    asked: tuple[float | None, Mapping[str, Any]] | None = None,
    baselines: Baselines | None = None,
) -> Run:
    """Resume the run in the job's folder on its own data; or open it, if it is finished.

    Parameters
    ----------
    job : TrainingJob
        With a folder, whose recipe takes the place of the job's own.
    asked : (minutes, choices) or None
        Where the job's recipe was asked for anew, the folder's must be the same. With minutes, widths, epochs and lr
        need not be, unless they are among the choices.
    baselines : Baselines or None
        What was measured of the dataset before.

    Returns
    -------
    Run
        Finished.

    Raises
    ------
    RunError
        For a folder that is no run's or is another process's; for other data or another recipe than it was begun with.
    GargaloError
        For what does not fit into memory; for a loss or a weight that is no longer a number.
    Stopped
        After a signal, with a checkpoint saved.
    """
    folder, spec = Path(str(job.folder)), job.dataset.spec
    there = read_recipe(folder, job.custom)
    # First: other data have other defaults, which nobody chose.
    if spec.fingerprint != there.data.fingerprint:
        begun, found = (
            one.model_dump(include=TOLD) | {"fingerprint": str(one.fingerprint)[:12]} for one in (there.data, spec)
        )
        other = differences(begun, found)
        raise RunError(f"{folder}: expected the data that it was begun with. Found other {other}.")
    # Then: a recipe that was changed may call the same data something that no model for it can be given.
    if other := differences(_outline(there.data), _outline(spec)):
        raise RunError(f"{folder}: expected a recipe that says what its data are. Found {other[:200]}; train anew.")
    if asked:
        _must_be_asked_for(folder, there, job.recipe, *asked)
    if (now := versions()) != there.versions and not is_finished(folder):
        other = differences(there.versions, now)
        job.reporter.notice(f"gargalo: {folder}: begun with other {other}; it goes on, but bits may differ")
    if is_finished(folder) and not (folder / "checkpoints").exists():
        return Run(folder, job.custom)
    job = replace(job, recipe=there, is_new=False)
    check(replace(job, init_from=None))
    return train(job, baselines)


def _outline(spec: DataSpec) -> dict[str, Any]:
    """What a model and its codec are built by."""
    return {
        "kind": spec.kind,
        "raw_shape": spec.raw_shape,
        "dtype": spec.dtype,
        "labels": spec.classes,
        "counts": spec.counts,
        "columns": [(column.kind, len(column.categories)) for column in spec.columns or ()],
        "conditions": [one.size for one in spec.conditions],
        "missing": spec.missing,
        "paired": spec.paired,
    }


def _must_be_asked_for(
    folder: Path, there: Recipe, here: Recipe, minutes: float | None, choices: Mapping[str, Any]
) -> None:
    """Refuse to go on with another recipe than is asked for."""
    plans = [recipe.model_dump(mode="json", exclude={"versions", "data"}) for recipe in (there, here)]
    if minutes is not None:
        # What the probe chose then is not chosen again.
        plans[1]["minutes"] = minutes
        for name in {"widths", "epochs", "lr"} - choices.keys():
            plans[1][CHOICES[name]][name] = plans[0][CHOICES[name]][name]
    must_agree(folder, *plans)
