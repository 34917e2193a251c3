"""Remove the noise: clean, noisy, denoised, and PSNR against the strength of the noise."""

from __future__ import annotations

from ... import plots
from ...lang import Words
from ...metrics.reconstruction import psnr
from ...runs import Run
from ...runs.again import data_argument
from ..roles import Roles, place
from ..section import Picture, Section, picture, strips
from ..wording import denoised_by

__all__ = ["denoise"]


def denoise(roles: Roles, words: Words) -> Section | None:
    """Ten examples clean, noisy and denoised; for images also the PSNR at eight strengths of added noise.

    None where no run denoises.
    """
    if not roles.denoisers:
        return None
    run, *others = roles.denoisers
    rows, examples = roles.varied(10), run.examples
    clean = examples.x if examples.clean is None else examples.clean
    noisy = run.corrupt(clean) if examples.clean is None else examples.x
    shown = [
        (words("clean"), run.look(clean[rows])),
        (words("noisy"), run.look(noisy[rows])),
        (words("denoised"), run.look(run.denoise(noisy[rows]))),
    ]
    strength, data = run.recipe.options["strength"], data_argument(run.recipe.data, to_share=True)
    if examples.clean is not None:
        command, python = f"gargalo denoise {place(run)} {data} -o denoised.png", "clean = run.denoise(run.examples.x)"
    else:
        command = f"gargalo denoise {place(run)} {data} --add-noise {strength:g} -o denoised.png"
        python = "clean = run.denoise(run.corrupt(run.examples.x))"
    has_curves = examples.clean is None and run.recipe.data.modality.bounded
    return Section(
        "denoise",
        [*_measured(run, words), *_compared(run, others, words)],
        [
            strips("denoise", run, shown, words, words("denoise.caption")),
            *([_psnr_curves(roles.denoisers, words)] if has_curves else []),
        ],
        commands=[command] if data else [],
        python=python,
    )


def _measured(run: Run, words: Words) -> list[str]:
    """What the run was trained on, and by how much it cleans."""
    options, metrics = run.recipe.options, run.metrics
    if run.recipe.data.paired:
        body = words("denoise.pairs")
        if "mse_noisy" in metrics:
            mse = {"noisy": metrics["mse_noisy"], "denoised": metrics["test_mse"]}
            body += " " + words("denoise.pairs.mse", **{name: words.number(value, 4) for name, value in mse.items()})
        if "psnr_denoised" in metrics:
            psnr = {"noisy": metrics["psnr_noisy"], "denoised": metrics["psnr_denoised"]}
            body += " " + words("denoise.pairs.psnr", **{name: words.number(value, 1) for name, value in psnr.items()})
        return [body]
    body = words("denoise.intro", noise=words(f"noise.{options['noise']}"))
    if "psnr_denoised" in metrics:
        body += " " + words(
            "denoise.body",
            strength=words.number(options["strength"], 2),
            noisy=words.number(metrics["psnr_noisy"], 1),
            denoised=words.number(metrics["psnr_denoised"], 1),
        )
    return [body]


def _compared(run: Run, others: list[Run], words: Words) -> list[str]:
    """What other runs leave, and what the figure means; nothing where it has none."""
    if "psnr_denoised" not in run.metrics:
        return []
    found = []
    for one in others:
        psnr = words.number(one.metrics["psnr_denoised"], 1)
        found.append(words("denoise.other", name=denoised_by(one, words), psnr=psnr))
    return [*found, words("denoise.pairs.meaning" if run.recipe.data.paired else "denoise.meaning")]


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
    return picture("psnr", plots.curves([panel], words("strength"), width=6.4), words, words("psnr.caption"))
