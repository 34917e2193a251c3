"""The bottleneck: examples going through a few numbers and coming back."""

from __future__ import annotations

from ... import plots
from ...lang import Words
from ...runs import Run
from ...runs.again import training_call, training_command
from ..roles import Roles
from ..section import Section, picture
from ..wording import condition, seen, told_with

__all__ = ["bottleneck"]


def bottleneck(roles: Roles, words: Words) -> Section | None:
    """Five examples, their latents and what the decoder makes of these; and how to train such a run.

    None where no run decodes.
    """
    run = roles.subject
    if run is None:
        return None
    rows = roles.varied(5)
    x = run.examples.x[rows]
    size, d = run.recipe.data.size, run.latent_size
    body = words("bottleneck.size", size=size) + " " + words("bottleneck.body" + condition(run), d=d)
    before, after = run.look(x), run.look(run.reconstruct(told_with(run, rows)))
    # A category has a bar for each of its names.
    bars = before.shape[1] if run.drawn_as == "bars" else size
    inputs = words("n_inputs", n=size) if bars == size else words("n_bars", n=size, bars=bars)
    drawn = plots.passage(
        before,
        run.latents[rows],
        after,
        (inputs, words("n_numbers", n=d), inputs),
        run.drawn_as,
        run.drawn_names,
    )
    return Section(
        "bottleneck",
        [body, *([words("bottleneck.display")] if _is_shown(run) else [])],
        [picture("bottleneck", drawn, words, words("bottleneck.caption", d=d) + seen(run, words, before, after))],
        commands=[*filter(None, [training_command(run, to_share=True)])],
        python=training_call(run),
    )


def _is_shown(run: Run) -> bool:
    """Do pictures stand for its examples?"""
    return run.examples.display is not None
