"""The cures: every prior of an autoencoder and of a variational one, each with its coverage and its price."""

from __future__ import annotations

from ... import plots
from ...lang import Words
from ...latent import PRIORS
from ...runs.again import training_command
from ..roles import Roles, place
from ..section import Section, Table, picture
from ..wording import name_of

__all__ = ["cures"]


def cures(roles: Roles, words: Words) -> Section | None:
    """Samples from every prior of the run shown and of a VAE of its size, with their coverage and the test error.

    None where no run decodes.
    """
    players = [run for run in dict.fromkeys((roles.subject, roles.variational)) if run is not None]
    if not players:
        return None
    strips, rows = [], []
    for run in players:
        for prior, _ in PRIORS.usable():
            name = f"{name_of(run, words)}, {words.get(f'prior.{prior}', prior)}"
            with PRIORS.guarded(prior):
                strips.append((name.replace(", ", ",\n", 1), run.look(run.sample(12, prior))))
                covered = run.metrics.get("coverage" if prior == "normal" else f"coverage_{prior.replace('-', '_')}")
                rows.append((name, covered, run.metrics["test_mse"]))
    measured = [row for row in rows if row[1] is not None]
    body = [words("cures.body"), words("cures.coverage" if measured else "cures.unmeasured")]
    if measured:
        name, covered, _ = max(measured, key=lambda row: row[1])
        body.append(words("cures.best", name=name, coverage=words.number(covered, 2)))
    shown = [[name, words.number(covered, 2), words.number(mse, 4)] for name, covered, mse in rows]
    table = Table(
        [words("drawn_from"), words("coverage"), words("test_mse")],
        shown,
        words("cures.meaning.coverage") + " " + words("cures.meaning"),
    )
    if not measured:
        table = Table([table.head[0], table.head[2]], [[row[0], row[2]] for row in shown], words("cures.meaning"))
    run = players[0]
    # The second cure is a VAE: the one shown, or one of the size of the run shown.
    vae = roles.variational
    cure = training_command(vae or run, None if vae else "vae", to_share=True)
    return Section(
        "cures",
        body,
        [picture("6-cures", plots.strips(strips, run.drawn_as, run.drawn_names), words, words("cures.caption"))],
        table,
        commands=[
            f"gargalo sample {place(run)} -n 12 --prior gmm -o samples.png",
            *filter(None, [cure]),
        ],
        python='samples = run.sample(12, prior="gmm", seed=0)',
    )
