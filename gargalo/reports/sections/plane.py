"""Two dimensions: a pad to move over, and the decoded grid."""

from __future__ import annotations

import numpy as np

from ... import plots
from ...lang import Words
from ...runs.again import training_command
from ..pad import packed_decoder
from ..roles import Roles
from ..section import Section, picture
from ..wording import name_of

__all__ = ["plane"]


def plane(roles: Roles, words: Words) -> Section | None:
    """Every plane of two latent numbers, to move over and decoded on a grid of 16 by 16 points.

    None where no run on images has two latent numbers and decodes without a label.
    """
    if not roles.pads:
        return None
    pads = [(name_of(run, words), packed) for run in roles.pads if (packed := packed_decoder(run))]
    pictures = []
    for number, run in enumerate(roles.pads, 1):
        low, high = np.percentile(run.latents, [1, 99], axis=0)
        axes = np.linspace(low, high, 16).T
        z = np.stack(np.meshgrid(axes[0], axes[1][::-1]), axis=-1).reshape(-1, 2)
        drawn = plots.grid(run.look(run.decode(z.astype(np.float32))), 16, xlabel="z0", ylabel="z1")
        name = name_of(run, words)
        pictures.append(picture(f"grid-{number}", drawn, words, words("plane.caption", name=name)))
    found = ", ".join(f"{name_of(run, words)} {words.number(run.metrics['test_mse'], 4)}" for run in roles.pads)
    body = words("plane.body") + (" " + words("plane.move") if pads else "")
    if {"autoencoder", "vae"} <= {run.recipe.model for run in roles.pads}:
        body += " " + words("plane.compare")
    run = roles.pads[-1]
    return Section(
        "plane",
        [body, words("plane.price", found=found)],
        pictures,
        pads=pads,
        commands=[*filter(None, [training_command(run, to_share=True)])],
        python="decoded = run.decode(z)  # z: (n, 2)",
        lesson="" if pads else "plane.lesson.still",
    )
