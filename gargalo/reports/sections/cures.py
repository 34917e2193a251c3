"""The cures: every prior of an autoencoder and of a variational one, each with its coverage and its price."""

from __future__ import annotations

from ...lang import Words
from ...latent import PRIORS
from ...metrics import Estimate
from ...metrics.generation import LEAST_REAL
from ...runs.again import training_command
from ..roles import Roles, place
from ..section import Section, Table, strips
from ..wording import name_of

__all__ = ["cures"]


def cures(roles: Roles, words: Words) -> Section | None:
    """Samples from every prior of the run shown and of a VAE of its size, with their coverage and the test error.

    None where no run decodes.
    """
    players = [run for run in dict.fromkeys((roles.subject, roles.variational)) if run is not None]
    if not players:
        return None
    samples, rows = [], []
    for run in players:
        for prior, _ in PRIORS.usable():
            name = f"{name_of(run, words)}, {words.get(f'prior.{prior}', prior)}"
            with PRIORS.guarded(prior):
                samples.append((name.replace(", ", ",\n", 1), run.look(run.sample(12, prior))))
                covered = run.metrics.get("coverage" if prior == "normal" else f"coverage_{prior.replace('-', '_')}")
                rows.append((name, covered, run.metrics["test_mse"]))
    measured = [row for row in rows if row[1] is not None]
    run = players[0]
    # Where a VAE stands alone it is one cure already, and was not trained in vain.
    is_alone = len(players) == 1 and run is roles.variational
    unmeasured = "cures.few" if run.examples.y is not None and len(run.examples.x) < LEAST_REAL else "cures.unmeasured"
    body = [
        words("cures.body.alone" if is_alone else "cures.body"),
        words("cures.coverage") if measured else words(unmeasured, n=len(run.examples.x)),
    ]
    if measured:
        name, covered, _ = max(measured, key=lambda row: row[1])
        body.append(words("cures.best", name=name, coverage=_with_interval(covered, words)))
    if len(players) == 1:
        mse = words.number(run.metrics["test_mse"], 4)
        body.append(words("cures.alone", name=name_of(run, words), mse=mse))
    # The second cure is a VAE: the one shown, or one of the size of the run shown.
    vae = roles.variational
    cure = None if is_alone else training_command(vae or run, None if vae else "vae", to_share=True)
    return Section(
        "cures",
        body,
        [strips("cures", run, samples, words, words("cures.caption"))],
        _table(rows, bool(measured), len(players) > 1, words),
        commands=[
            f"gargalo sample {place(run)} -n 12 --prior gmm -o samples.png",
            *filter(None, [cure]),
        ],
        python='samples = run.sample(12, prior="gmm", seed=0)',
    )


def _with_interval(covered: Estimate | None, words: Words) -> str:
    """A coverage and its interval, where it has one."""
    if covered is None or covered.low is None:
        return words.number(covered, 2)
    return f"{words.number(covered, 2)} ({words.number(covered.low, 2)}–{words.number(covered.high, 2)})"


def _table(
    rows: list[tuple[str, Estimate | None, float]], has_coverage: bool, has_error: bool, words: Words
) -> Table | None:
    """Coverage and test error of what samples were drawn from; None where no column is left.

    The error is the model's, wherever samples are drawn from: of one model it is told once, in a sentence.
    """
    head, shown, meaning = [words("drawn_from")], [[name] for name, _, _ in rows], []
    if has_coverage:
        head.append(words("coverage"))
        shown = [[*cells, _with_interval(row[1], words)] for cells, row in zip(shown, rows, strict=True)]
        meaning.append(words("cures.meaning.coverage"))
    if has_error:
        head.append(words("test_mse"))
        shown = [[*cells, words.number(row[2], 4)] for cells, row in zip(shown, rows, strict=True)]
        meaning.append(words("cures.meaning"))
    return Table(head, shown, " ".join(meaning)) if len(head) > 1 else None
