"""See the latent space: maps, and how much of the labels simple methods find in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import latent, plots
from ...lang import Words
from ...runs import Run
from ...runs.cloud import cloud_map
from ..roles import Roles, place
from ..section import Section, Table, picture
from ..wording import condition, name_of

__all__ = ["see"]


def see(roles: Roles, words: Words) -> Section | None:
    """Maps of the latents of classifier, decoding model and PCA; where there are labels, a table of probes.

    None where no run classifies or decodes, and for fewer than 4 examples.
    """
    shown = [run for run in (roles.supervised, roles.subject) if run is not None]
    if not shown or len(shown[-1].examples.x) < 4:
        return None
    lead = shown[-1]
    names, clouds = lead.recipe.data.class_names or (), [run.cloud for run in shown]
    cloud = clouds[-1]
    # Every panel shows the same examples: those of the test set alone, where some run is of an older gargalo.
    are_all = len({len(each.z) for each in clouds}) == 1
    n, y = (len(cloud.z), cloud.y) if are_all else (cloud.tests, lead.examples.y)
    panels = [(name_of(run, words), (cloud_map(run) if are_all else run.map("tsne")).points) for run in shown]
    if roles.subject is not None and cloud.pca is not None:
        panels.append((f"PCA-{lead.recipe.latent_dim}", latent.project(cloud.pca[:n]).points))
    which = "see.some" if n > cloud.tests else "see.tests"
    examples = words(which, n=n, m=cloud.tests)
    body = [words("see.body", examples=examples)]
    body[0] += " " + words("see.supervised") if roles.supervised else ""
    if roles.subject:
        told = "see.unlabelled" if y is None else "see.unsupervised" + condition(lead)
        body[0] += " " + words(told, name=name_of(lead, words))
    has_table = y is not None and "knn_accuracy" in lead.metrics
    body.append(words("see.warning") + (words("see.believe") if has_table else ""))
    table = None
    if has_table:
        runs = [run for run in (*shown, roles.variational) if run is not None]
        rows = [
            _probed(name_of(run, words), run.recipe.latent_dim, run.metrics, "", words) for run in dict.fromkeys(runs)
        ]
        if roles.subject is not None:
            d, size = lead.recipe.latent_dim, lead.recipe.data.size
            rows.append(_probed(f"PCA-{d}", d, lead.metrics, "pca_", words))
            rows.append(_probed(words("raw"), size, lead.metrics, "raw_", words))
            body.append(_truth(lead, words))
        head = [words("latents_of"), words("numbers"), words("knn"), words("linear")]
        table = Table(head, rows, words("probes.meaning"))
    caption = words("see.caption", examples=examples)
    if y is not None:
        # Beyond so many labels their points differ in shape as well.
        caption += " " + words("see.caption.shapes" if len(names) > len(plots.PALETTE) else "see.caption.labels")
    caption += " " + words("see.caption.rings") if n > cloud.tests else ""
    drawn = plots.ringed(
        plots.scatter(panels, y, names), panels, cloud.tests, (words("test_set"), words("training_set"))
    )
    return Section(
        "see",
        body,
        [picture("maps", drawn, words, caption)],
        table,
        commands=[f"gargalo map {place(lead)} --method tsne -o map.png"],
        python='points = run.map("tsne").points',
    )


def _truth(run: Run, words: Words) -> str:
    """What the nearest neighbours say of unsupervised latents, and whether it is more than chance."""
    raw, pca, own = (run.metrics[f"{key}knn_accuracy"] for key in ("raw_", "pca_", ""))
    n = own.n or run.recipe.data.counts["test"]  # runs of format 1 kept no n
    share, m = float(own), n
    if share in (0, 1):
        # Two more of each: where all are right, chance is not nothing (Agresti and Coull, Am. Stat. 52, 1998).
        share, m = (own * n + 2) / (n + 4), n + 4
    error = float(np.sqrt(share * (1 - share) / m))
    both = np.sqrt(2) * error
    shown = {"raw": raw, "pca": pca, "own": own, "error": error, "both": both}
    text = words("see.truth", name=name_of(run, words), **{key: words.number(v) for key, v in shown.items()})
    if (guess := run.metrics.get("commonest_accuracy")) is not None:  # runs of before have none
        text += " " + words("see.guess", share=words.number(guess))
    is_same = abs(own - max(raw, pca)) < 2 * both
    return text + (" " + words("see.same") if is_same else "")


def _probed(name: str, size: int, found: dict[str, Any], prefix: str, words: Words) -> list[str]:
    accuracies = (found.get(f"{prefix}{probe}_accuracy") for probe in ("knn", "linear"))
    return [name, str(size), *(words.number(a) for a in accuracies)]
