"""Generate and fail: draws from N(0, I) of a model that was never trained for them."""

from __future__ import annotations

import numpy as np

from ... import latent, plots
from ...lang import Words
from ..roles import Roles, place
from ..section import Section, picture, strips
from ..wording import name_of

__all__ = ["fail"]

MOST_DRAWN = 200
"""Crosses on the cloud."""
ALIKE = 0.8
"""Share of the one mean norm from which on the other is about as large."""


def fail(roles: Roles, words: Words) -> Section | None:
    """What draws from N(0, I) give where training never asked for that prior, and where they lie beside the data.

    None where no run decodes, or where the one shown was trained to fit N(0, I).
    """
    run = roles.subject
    if run is None or run.model.fits_normal:
        return None
    draws = run.prior("normal").sample(len(run.latents), np.random.default_rng(0))
    directions, _ = latent.principal_axes(run.latents)
    names, y = run.recipe.data.class_names or (), run.examples.y
    plane = directions[:2].T if run.latent_size > 1 else np.array([[1.0, 0.0]])
    cloud = plots.scatter(
        [(words("fail.cloud"), run.latents @ plane)],
        y,
        names,
        others=[(words("draws"), draws[:MOST_DRAWN] @ plane)],
        axes_names=("PCA 1", "PCA 2"),
        size=5,
    )
    norms = [np.linalg.norm(z, axis=1) for z in (run.latents, draws)]
    histogram = plots.histograms(
        [(words("data"), norms[0]), (words("draws"), norms[1])], words("norm.axis"), words("density")
    )
    own, drawn = (float(norm.mean()) for norm in norms)
    alike = ALIKE * own < drawn < own / ALIKE
    where = words("fail.alike" if alike else "fail.inside" if drawn < own else "fail.outside")
    own, drawn = words.number(own, 1), words.number(drawn, 1)
    body = [words("fail.ask") + " " + words("fail.body", own=own, drawn=drawn, name=name_of(run, words), where=where)]
    if (covered := run.metrics.get("coverage")) is not None:
        told = "fail.coverage" if covered < 0.5 else "fail.covers"
        body.append(words(told, coverage=words.number(covered, 2)))
    return Section(
        "fail",
        [*body, words("fail.map")],
        [
            strips("draws", run, [("N(0, I)", run.look(run.sample(12, "normal")))], words, words("fail.caption.draws")),
            picture("cloud", cloud, words, words("fail.caption.cloud", n=min(MOST_DRAWN, len(draws)))),
            picture("norms", histogram, words, words("fail.caption.norms")),
        ],
        commands=[f"gargalo sample {place(run)} -n 12 --prior normal -o samples.png"],
        python='samples = run.sample(12, prior="normal", seed=0)',
    )
