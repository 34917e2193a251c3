"""Remove the noise: clean, noisy, denoised, and PSNR against the strength of the noise."""

from __future__ import annotations

import shlex

from ... import plots
from ...lang import Words
from ...metrics.reconstruction import psnr
from ...runs import Run
from ..roles import Roles, place
from ..section import Picture, Section, picture
from ..wording import denoised_by

__all__ = ["denoise"]


def denoise(roles: Roles, words: Words) -> Section | None:
    """Ten examples clean, noisy and denoised; for images also the PSNR at eight strengths of the noise.

    None where no run denoises.
    """
    if not roles.denoisers:
        return None
    run, *others = roles.denoisers
    rows = roles.varied(10)
    x = run.examples.x
    corrupted = run.corrupt(x)
    drawn = plots.strips(
        [
            (words("clean"), run.look(x[rows])),
            (words("noisy"), run.look(corrupted[rows])),
            (words("denoised"), run.look(run.denoise(corrupted[rows]))),
        ],
        run.drawn_as,
    )
    body = [words("denoise.intro", noise=words(f"noise.{run.recipe.options['noise']}"))]
    if (denoised := run.metrics.get("psnr_denoised")) is not None:
        body[0] += " " + words(
            "denoise.body",
            strength=words.number(run.recipe.options["strength"], 2),
            noisy=words.number(run.metrics["psnr_noisy"], 1),
            denoised=words.number(denoised, 1),
        )
        for one in others:
            psnr = words.number(one.metrics["psnr_denoised"], 1)
            body.append(words("denoise.other", name=denoised_by(one, words), psnr=psnr))
        body.append(words("denoise.meaning"))
    strength, data = run.recipe.options["strength"], shlex.quote(run.recipe.data.name)
    return Section(
        "denoise",
        body,
        [
            picture("8-denoise", drawn, words, words("denoise.caption")),
            *([_psnr_curves(roles.denoisers, words)] if run.recipe.data.modality.bounded else []),
        ],
        commands=[f"gargalo denoise {place(run)} {data} --add-noise {strength:g} -o denoised.npy"],
        python="clean = run.denoise(run.corrupt(run.examples.x))",
    )


def _psnr_curves(runs: list[Run], words: Words) -> Picture:
    """PSNR of noisy and denoised test images against the strength of the noise."""
    x, strengths = runs[0].examples.x, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0]
    clean = runs[0].fitted.to_model_space(x)
    series: dict[str, list[float]] = {words("noisy"): []}
    for strength in strengths:
        noisy = runs[0].corrupt(x, strength)
        series[words("noisy")].append(psnr(clean, runs[0].fitted.to_model_space(noisy)))
        for run in runs:
            series.setdefault(denoised_by(run, words), []).append(
                psnr(clean, run.fitted.to_model_space(run.denoise(noisy)))
            )
    panel = ("", words("psnr.axis"), [(name, strengths, values) for name, values in series.items()])
    return picture("8-psnr", plots.curves([panel], words("strength"), width=6.4), words, words("psnr.caption"))
