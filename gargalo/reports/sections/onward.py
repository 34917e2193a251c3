"""And your data? All figures, and commands to go on with."""

from __future__ import annotations

from functools import partial

from ...data import NAMED
from ...io.places import as_typed
from ...lang import Words
from ...metrics import METRICS
from ...runs import Run
from ...runs.again import data_argument, training_call, training_command
from ..roles import Roles
from ..section import Section, Table

__all__ = ["onward"]


COLUMNS = (
    ("test_mse", 4),
    ("pca_mse", 4),
    ("test_accuracy", 3),
    ("knn_accuracy", 3),
    ("psnr_denoised", 1),
    ("coverage", 2),
    ("coverage_gmm", 2),
)

PICTURES = ("photos/", "", "")
YOURS = {
    "volumes": ("scans.npy", " --kind volume", ', kind="volume"'),
    "windows": ("log.csv", " --time time --window 30", ', time="time", window=30'),
    "counts": ("counts.npy", " --kind counts", ', kind="counts"'),
    "rows": ("table.csv", "", ""),
}
"""Data of one's own of the kind that was shown, the options that they take, and the same in Python."""


def onward(roles: Roles, words: Words) -> Section | None:
    """The figures of all runs in one table, and commands to go on with."""
    others = [(key, 3) for key in METRICS.names() if not METRICS.is_own(key)]
    columns = [(key, digits) for key, digits in (*COLUMNS, *others) if any(key in run.metrics for run in roles.runs)]
    rows = [
        [
            run.folder.name,
            str(run.recipe.latent_dim),
            words.number(run.facts["seconds"], 1),
            *(words.number(run.metrics.get(key), digits) for key, digits in columns),
        ]
        for run in roles.runs
    ]
    head = [words("run"), words("numbers"), words("seconds"), *(words.get(key, key) for key, _ in columns)]
    commands, python = _of_your_own(roles.lead) or _of_such(words)
    meaning = " ".join(words.get(f"{key}.meaning", "") for key, _ in columns).strip()
    are_others = len(roles.peers) < len(roles.runs)
    return Section(
        "onward",
        [words("onward.body") + (" " + words("onward.others", data=roles.lead.recipe.data.name) if are_others else "")],
        table=Table(head, rows, words("seconds.meaning") + " " + meaning),
        commands=[*commands, "gargalo info last", "gargalo report last -o report.html"],
        python=python,
    )


def _of_your_own(run: Run) -> tuple[list[str], str] | None:
    """Commands to go on with the data of a run, and the same in Python; None for those that come with gargalo."""
    data = run.recipe.data
    is_vae = run.recipe.model == "vae"
    command, src = training_command(run, None if is_vae else "vae", to_share=True), data_argument(data, to_share=True)
    if command is None or src is None or data.src in NAMED or data.origin is None:
        return None
    is_table, at = data.columns is not None, partial(as_typed, to_share=True)
    flags = data.origin.reading.with_paths(is_table, at).flags()
    reading = f" {flags}" if flags else ""
    return [f"gargalo inspect {src}{reading}", command], f"{training_call(run)}; run.sample(12)"


def _of_such(words: Words) -> tuple[list[str], str]:
    """The same for data of the reader's own of the kind that was shown."""
    src, flags, reading = next((YOURS[thing] for thing in words.of if thing in YOURS), PICTURES)
    commands = [f"gargalo inspect {src}{flags}", f"gargalo train {src} --model vae{flags}"]
    return commands, f'run = gargalo.train("{src}", "vae"{reading}); run.sample(12)'
