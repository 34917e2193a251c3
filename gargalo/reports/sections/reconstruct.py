"""Reconstruct: originals, PCA of the same size, the model; and the curves of its training."""

from __future__ import annotations

from ... import plots
from ...lang import Words
from ...runs import Run
from ...runs.again import data_argument
from ...runs.verdict import verdict_of
from ..roles import Roles, place
from ..section import Section, picture, strips
from ..wording import bits, lowered, name_of, told_with

__all__ = ["reconstruct"]


def reconstruct(roles: Roles, words: Words) -> Section | None:
    """Ten examples beside what PCA of the same size and the model make of them; errors, and curves of training.

    None where no run decodes.
    """
    run = roles.subject
    if run is None:
        return None
    rows, d = roles.varied(10), run.recipe.latent_dim
    x, name = run.examples.x[rows], name_of(run, words)
    examples = [
        (words("originals"), run.look(x)),
        (f"PCA-{d}", run.look(run.pca[1][rows])),
        (name, run.look(run.reconstruct(told_with(run, rows)))),
    ]
    epochs = [record["epoch"] for record in run.history]
    term = run.recipe.likelihood or ""
    panels = [("MSE", words("mse.axis"), _lines(run, "mse", words))]
    if term != "mse" and _lines(run, term, words):
        panels.append((words(f"loss.{term}"), words("nats.axis"), _lines(run, term, words)))
    elif term != "mse":
        panels.append((words("loss.other"), words("nats.axis"), _lines(run, "loss", words)))
    panels[0][2].append((words("test_set"), [run.facts.get("best_epoch", epochs[-1])], [run.metrics["test_mse"]]))
    if (pca := run.metrics.get("pca_mse")) is not None:
        panels[0][2].append((words("pca_on_test", d=d), [epochs[0], epochs[-1]], [pca, pca]))
    caption = words("reconstruct.caption", n=len(rows), d=d, name=name)
    curves = []
    if len(epochs) > 1:
        curves.append(picture("curves", plots.curves(panels, words("epoch")), words, _of_curves(run, words)))
    data = data_argument(run.recipe.data, to_share=True)
    verdict = verdict_of(run, to_share=True)
    return Section(
        "reconstruct",
        [
            words(
                "reconstruct.body.pairs" if run.recipe.data.paired else "reconstruct.body",
                n=run.metrics["test_mse"].n or run.recipe.data.counts["test"],
                d=d,
                name=name,
                mse=words.number(run.metrics["test_mse"], 4),
                pca=words.number(run.metrics.get("pca_mse"), 4),
            ),
            *([" ".join(verdict.told(run, words))] if verdict else []),
            lowered(run, words),
            *([bits(run, words)] if "codebook" in run.recipe.options else []),
        ],
        [strips("reconstruct", run, examples, words, caption), *curves],
        commands=[
            *([verdict.command] if verdict and verdict.command else []),
            *([f"gargalo reconstruct {place(run)} {data} -o reconstructions.png"] if data else []),
        ],
        python=f"back = run.reconstruct(run.{'kept_data' if run.recipe.data.conditions else 'examples.x'})",
    )


def _lines(run: Run, name: str, words: Words) -> list[tuple[str, list[float], list[float]]]:
    """The training and validation curves of one term or note."""
    parts = (("train", words("training_set")), ("validation", words("validation_set")))
    found = [(title, [r for r in run.history if name in r.get(part, {})], part) for part, title in parts]
    return [(title, [r["epoch"] for r in rs], [r[part][name] for r in rs]) for title, rs, part in found if rs]


def _of_curves(run: Run, words: Words) -> str:
    """The caption of the curves. Training draws from a posterior, where there is one; the test set has its mean."""
    draws = " " + words("curves.caption.draws") if run.fitted.can("posterior") else ""
    return words("curves.caption") + draws
