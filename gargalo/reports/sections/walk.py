"""Walk: blending examples themselves above interpolating latents."""

from __future__ import annotations

import numpy as np

from ... import latent
from ...lang import Words
from ...runs import Run
from ...runs.verdict import is_linear
from ..roles import Roles, place
from ..section import Section, strips

__all__ = ["walk"]


def walk(roles: Roles, words: Words) -> Section | None:
    """Two pairs of examples, blended, and interpolated between their latents.

    None where no run decodes, and for fewer than 2 examples.
    """
    run = roles.subject
    if run is None or len(run.examples.x) < 2:
        return None
    rows, x = [], run.examples.x
    pairs = roles.pairs()
    for a, b in pairs:
        rows.append((words("walk.blend"), _blended(run, x[a], x[b])))
        rows.append((words("walk.path"), run.look(run.interpolate(a, b))))
    a, b = pairs[0]
    body, lesson = ("walk.body.linear", "walk.lesson.linear") if is_linear(run) else ("walk.body", "")
    has_names = run.recipe.likelihood == "mixed" and lesson
    return Section(
        "walk",
        [words(body) + (words("walk.names") if has_names else "")],
        [strips("walk", run, rows, words, words("walk.caption", pairs=len(pairs)))],
        commands=[f"gargalo interpolate {place(run)} --from {a} --to {b} --steps 12 -o film.png"],
        python=f"film = run.interpolate({a}, {b}, steps=12)",
        lesson=lesson,
    )


def _blended(run: Run, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Two examples mixed in twelve steps, as they are drawn; a mixture of two names has a bar for each."""
    if any(column.kind == "category" for column in run.recipe.data.columns or ()) and run.drawn_as == "bars":
        return latent.blend(*run.look(np.stack([start, end])))
    return run.look(latent.blend(start, end))
