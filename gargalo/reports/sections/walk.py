"""Walk: blending pixels above interpolating latents."""

from __future__ import annotations

from ... import latent, plots
from ...lang import Words
from ..roles import Roles, place
from ..section import Section, picture

__all__ = ["walk"]


def walk(roles: Roles, words: Words) -> Section | None:
    """Two pairs of examples, blended, and interpolated between their latents.

    None where no run decodes, and for fewer than 2 examples.
    """
    run = roles.subject
    if run is None or len(run.examples.x) < 2:
        return None
    rows, x = [], run.examples.x
    for a, b in roles.pairs():
        rows.append(
            (
                words("walk.blend" if run.recipe.data.modality.drawn_as == "pixels" else "walk.blend.rows"),
                run.look(latent.blend(x[a], x[b])),
            )
        )
        rows.append((words("walk.path"), run.look(run.interpolate(a, b))))
    a, b = roles.pairs()[0]
    return Section(
        "walk",
        [words("walk.body")],
        [picture("4-walk", plots.strips(rows, run.drawn_as, run.drawn_names), words, words("walk.caption"))],
        commands=[f"gargalo interpolate {place(run)} --from {a} --to {b} --steps 12 -o film.png"],
        python=f"film = run.interpolate({a}, {b}, steps=12)",
    )
