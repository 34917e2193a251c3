"""What is known of a training and what was measured of it, a line each: for `train`, `resume` and `info`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..lang import Words
    from ..metrics import Estimate
    from ..runs import Run

__all__ = ["figure_meaning", "figure_name", "figures"]


def figures(run: Run, lang: str | None) -> list[str]:
    """What is known of a training, and its figures with their 95 % intervals and what they mean, a line each.

    Parameters
    ----------
    run : Run
    lang : "en", "pt" or None
        None is the locale's.

    Returns
    -------
    list of str
        Without model, data, latent_dim and priors.

    Raises
    ------
    RunError
        For a run whose metrics.json cannot be read.
    """
    from ..lang import words

    say = words(lang)
    told = [
        (say.get(f"fact.{name}", name), _fact(value, say))
        for name, value in run.facts.items()
        if name not in ("model", "data", "latent_dim", "priors") and value is not None
    ]
    lines = [(name, value, "") for name, value in told]
    for name, figure in run.metrics.items():
        value = say.general(figure, 4) + _interval(figure, say)
        lines.append((figure_name(name, say), value, figure_meaning(name, say)))
    width = max(22, *(len(name) for name, _, _ in lines))
    wide = max((len(value) for _, value, meaning in lines if meaning), default=0)
    return [f"{name.ljust(width)} {value.ljust(wide)}  {meaning}".rstrip() for name, value, meaning in lines]


def figure_name(name: str, say: Words) -> str:
    """What people call a figure.

    Parameters
    ----------
    name : str
        As `metrics.json` has it, such as "pca_knn_accuracy".
    say : Words

    Returns
    -------
    str
        `name` itself, or those of its parts that have no words: a term of a loss, what another package measures.
    """
    if known := say.get(f"figure.{name}", ""):
        return known
    of, rest, what = name.partition("_")
    if rest and of in ("test", "pca", "raw"):
        return say(f"figure.{of}", of=figure_name(what, say))
    of, rest, prior = name.rpartition("_")
    if rest and (known := say.get(f"figure.{of}", "")) and (called := say.get(f"figure.prior.{prior}", "")):
        return say("figure.drawn", of=known, prior=called)
    return name


def figure_meaning(name: str, say: Words) -> str:
    """What a figure is, for who meets it for the first time.

    Parameters
    ----------
    name : str
        As `metrics.json` has it.
    say : Words

    Returns
    -------
    str
        "" for what another package measures.
    """
    if known := say.get(f"figure.told.{name}", ""):
        return known
    of, rest, what = name.partition("_")
    if rest and of in ("pca", "raw"):
        return say(f"figure.told.{of}", of=figure_name(what, say))
    drawn, rest, prior = name.rpartition("_")
    if rest and say.get(f"figure.told.{drawn}", "") and (called := say.get(f"figure.prior.told.{prior}", "")):
        return say("figure.told.drawn", of=figure_name(drawn, say), prior=called)
    return say.get(f"figure.told.{what}", "") if of == "test" else ""


def _fact(value: object, say: Words) -> str:
    """What is known of a training, as people read it."""
    if isinstance(value, float):
        return say.general(value)
    if isinstance(value, str):
        from ..training import stopped_told

        return stopped_told(value, say)
    return str(value)


def _interval(figure: Estimate, say: Words) -> str:
    """The interval that holds the true figure in 95 of 100 cases, where it was measured."""
    if figure.low is None or figure.high is None:
        return ""
    return "  " + say("info.interval", low=say.general(figure.low, 4), high=say.general(figure.high, 4))
