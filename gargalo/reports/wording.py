"""What a run's objective is, in words: its name, what its training lowers, what its latent can hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .. import plots
from ..data import Dataset, DataSpec
from ..data.columns import base
from ..data.modalities import MOST_BARS
from ..lang import Words
from ..recipes import CUSTOM
from ..runs import Run
from ..training import CHOSEN

__all__ = ["bits", "condition", "denoised_by", "lowered", "name_of", "names_of", "seen", "thing", "told_with"]


def name_of(run: Run, words: Words) -> str:
    """What people call the model: an objective that is not gargalo's has its own name.

    Parameters
    ----------
    run : Run
    words : Words

    Returns
    -------
    str
    """
    return words.get(f"model.{run.recipe.model}", run.recipe.model.removeprefix(CUSTOM))


def denoised_by(run: Run, words: Words) -> str:
    """What a denoising run is called beside others: by the widths of its network and of its latent.

    Parameters
    ----------
    run : Run
    words : Words

    Returns
    -------
    str
    """
    return words("denoised_by", widths="-".join(map(str, (*run.recipe.net.widths, run.recipe.latent_dim))))


def thing(run: Run) -> tuple[str, ...]:
    """What the texts call an example of its data, where it is no picture; see `Words.of`.

    Parameters
    ----------
    run : Run

    Returns
    -------
    tuple of str
        () for pictures; a kind of another package's is called by how it is drawn.
    """
    modality = run.recipe.data.modality
    if modality.drawn_as == "pixels":
        return ("volumes",) if modality.axes > 2 else ()
    own = "windows" if modality.drawn_as == "lines" else "counts" if modality.counted else ""
    return (own, "rows") if own else ("rows",)


def seen(run: Run, words: Words, *examples: np.ndarray) -> str:
    """What is drawn of rows or windows, and in which unit, to be added to a caption; nothing where pictures are seen.

    Parameters
    ----------
    run : Run
    words : Words
        Speaking of its data.
    *examples : ndarray, (n, *shape)
        All that are drawn together, as `Run.look` gives them: does one go on beyond what is drawn?

    Returns
    -------
    str
    """
    if run.drawn_as == "pixels":
        return ""
    names = names_of(run.recipe.data)
    cut = words("bars.cut") if plots.is_cut(examples, run.drawn_as) else ""
    categories = words("bars.categories", names=names) if names else ""
    if run.drawn_as == "bars" and any(len(c.categories) > MOST_BARS for c in run.recipe.data.columns or ()):
        categories += words("bars.many_names")
    return words("bars") + categories + cut


MOST_NAMES = 8
"""Names of a category that a caption has."""


def names_of(spec: DataSpec) -> str:
    """The names of each category, in their order; nothing where there is none.

    Parameters
    ----------
    spec : DataSpec

    Returns
    -------
    str
        Eight of each at most, such as "weather: fog, rain, sun; day: …".
    """
    window = spec.origin.reading.window if spec.kind == "series" and spec.origin else None
    named = [column for column in base(spec.columns or (), window) if column.kind == "category"]
    ends = ["" if len(column.categories) <= MOST_NAMES else ", …" for column in named]
    parts = [f"{column.name}: {', '.join(column.categories[:MOST_NAMES])}" for column in named]
    return "; ".join(part + end for part, end in zip(parts, ends, strict=True))


def condition(run: Run) -> str:
    """The ending of a text's key: some texts are others for a model that decodes with a label or other conditions.

    Parameters
    ----------
    run : Run

    Returns
    -------
    str
        ".label" or ".condition" for such a model, else empty.
    """
    if not run.model.is_conditional:
        return ""
    return ".condition" if run.recipe.data.conditions else ".label"


def told_with(run: Run, rows: Sequence[int] | np.ndarray) -> np.ndarray | Dataset:
    """Kept examples as `run.reconstruct` takes them: with their conditions where it is told other than the label.

    Parameters
    ----------
    run : Run
    rows : sequence of int

    Returns
    -------
    ndarray, (m, *raw_shape), or Dataset
    """
    return run.kept_data.take(np.asarray(rows)) if run.recipe.data.conditions else run.examples.x[rows]


def lowered(run: Run, words: Words) -> str:
    """What training lowers: the distortion, and the other terms of the loss; and why it ended, where data chose that.

    Parameters
    ----------
    run : Run
    words : Words

    Returns
    -------
    str
        One sentence or more. The terms are those of the last epoch.
    """
    likelihood, terms = run.recipe.likelihood or "", _terms(run)
    others = [name for name in terms if name not in (likelihood, "numbers", "categories")]
    if len(others) == len(terms):
        told = [words("reconstruct.loss.other", terms=", ".join(terms))]
    else:
        told = [words("reconstruct.loss." + likelihood)]
        told += [words("reconstruct.loss.more", terms=", ".join(others))] if others else []
    if run.facts.get("stopped") == CHOSEN:
        best = run.facts["best_epoch"]
        told.append(words("reconstruct.chosen" if best else "reconstruct.chosen.none", n=best))
    return " ".join(told)


def bits(run: Run, words: Words) -> str:
    """How many bits a grid of codes can hold, beside the numbers of PCA at 32 bits each.

    Parameters
    ----------
    run : Run
        Of a model with a codebook.
    words : Words

    Returns
    -------
    str
    """
    codes = run.latent_size // run.recipe.latent_dim
    vectors, d = int(run.recipe.options["codebook"]), run.recipe.latent_dim
    return words("reconstruct.bits", codes=codes, k=vectors, bits=round(codes * np.log2(vectors)), d=d, pca=32 * d)


def _terms(run: Run) -> list[str]:
    """The terms of the loss: in a history they come first, and their sum is the loss."""
    record = run.history[-1]["train"]
    names, total = [], 0.0
    for name, value in record.items():
        if name != "loss":
            names.append(name)
            total += value
            if np.isclose(total, record["loss"], rtol=1e-4, atol=1e-6):
                break
    return names
