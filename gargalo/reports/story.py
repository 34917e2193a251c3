"""The story, section by section: each is a function of the cast that tells it, or nothing without the runs for it.

The figures shown are the figures measured in these runs, whoever wins.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import latent, maps, metrics, plots
from ..lang import Words
from ..run import Run
from .again import training_call, training_command
from .cast import Cast, place
from .objective import bits, condition, denoised_by, lowered, name_of
from .pad import luggage
from .sections import Picture, Section, Table

__all__ = ["STORY"]


def bottleneck(cast: Cast, words: Words) -> Section | None:
    run = cast.subject
    if run is None:
        return None
    rows = cast.varied(5)
    x = run.examples.x[rows]
    size, d = run.recipe.data.size, run.latent_size
    body = words("bottleneck.body" + condition(run), size=size, d=d)
    drawn = plots.passage(
        run.look(x),
        run.latents[rows],
        run.look(run.reconstruct(x)),
        (words("n_numbers", n=size), words("n_numbers", n=d), words("n_numbers", n=size)),
    )
    return Section(
        "bottleneck",
        [body, *([words("bottleneck.display")] if _is_shown(run) else [])],
        [_picture("1-bottleneck", drawn, words, words("bottleneck.caption", d=d))],
        commands=[*filter(None, [training_command(run)])],
        python=training_call(run),
    )


def reconstruct(cast: Cast, words: Words) -> Section | None:
    run = cast.subject
    if run is None:
        return None
    rows, d = cast.varied(10), run.recipe.latent_dim
    x, name = run.examples.x[rows], name_of(run, words)
    drawn = plots.strips(
        [
            (words("originals"), run.look(x)),
            (f"PCA-{d}", run.look(run.pca[1][rows])),
            (name, run.look(run.reconstruct(x))),
        ],
    )
    epochs = [record["epoch"] for record in run.history]
    term = run.recipe.likelihood or ""
    panels = [("MSE", words("mse.axis"), _lines(run, "mse", words))]
    if term != "mse" and _lines(run, term, words):
        panels.append((words(f"loss.{term}"), words("nats.axis"), _lines(run, term, words)))
    elif term != "mse":
        panels.append((words("loss.other"), words("nats.axis"), _lines(run, "loss", words)))
    if (pca := run.metrics.get("pca_mse")) is not None:
        panels[0][2].append((f"PCA-{d}", [epochs[0], epochs[-1]], [pca, pca]))
    return Section(
        "reconstruct",
        [
            words(
                "reconstruct.body",
                n=run.recipe.data.counts["test"],
                d=d,
                name=name,
                mse=words.number(run.metrics["test_mse"], 4),
                pca=words.number(run.metrics.get("pca_mse"), 4),
            ),
            lowered(run, words),
            *([bits(run, words)] if "codebook" in run.recipe.options else []),
        ],
        [
            _picture("2-reconstruct", drawn, words, words("reconstruct.caption", d=d, name=name)),
            _picture("2-curves", plots.curves(panels, words("epoch")), words, words("curves.caption")),
        ],
        commands=[f"gargalo reconstruct {place(run)} {shlex.quote(run.recipe.data.name)} -o reconstructions.npy"],
        python="back = run.reconstruct(run.examples.x)",
    )


def see(cast: Cast, words: Words) -> Section | None:
    shown = [run for run in (cast.supervised, cast.subject) if run is not None]
    if not shown or len(shown[-1].examples.x) < 4:
        return None
    lead = shown[-1]
    names, y = lead.recipe.data.class_names or (), lead.examples.y
    panels = [(name_of(run, words), run.map("tsne").points) for run in shown]
    if cast.subject is not None:
        panels.append((f"PCA-{lead.recipe.latent_dim}", maps.project(lead.pca[0]).points))
    body = [words("see.body", n=len(lead.examples.x))]
    body[0] += " " + words("see.supervised") if cast.supervised else ""
    if cast.subject:
        body[0] += " " + words("see.unsupervised" + condition(lead), name=name_of(lead, words))
    body.append(words("see.warning"))
    table = None
    if y is not None and "knn_accuracy" in lead.metrics:
        runs = [run for run in (*shown, cast.variational) if run is not None]
        rows = [
            _probed(name_of(run, words), run.recipe.latent_dim, run.metrics, "", words)
            for run in dict.fromkeys(runs)
        ]
        if cast.subject is not None:
            d, size = lead.recipe.latent_dim, lead.recipe.data.size
            rows.append(_probed(f"PCA-{d}", d, lead.metrics, "pca_", words))
            rows.append(_probed(words("raw"), size, lead.metrics, "raw_", words))
            body.append(_truth(lead, words))
        head = [words("latents_of"), words("numbers"), words("knn"), words("linear")]
        table = Table(head, rows, words("probes.meaning"))
    caption = words("see.caption", n=len(lead.examples.x))
    caption += "" if y is None else " " + words("see.caption.labels")
    return Section(
        "see",
        body,
        [_picture("3-maps", plots.scatter(panels, y, names), words, caption)],
        table,
        commands=[f"gargalo map {place(lead)} --method tsne -o map.png"],
        python='points = run.map("tsne").points',
    )


def _truth(run: Run, words: Words) -> str:
    """What the nearest neighbours say of unsupervised latents, and whether it is more than chance."""
    raw, pca, own = (run.metrics[f"{key}knn_accuracy"] for key in ("raw_", "pca_", ""))
    error = float(np.sqrt(own * (1 - own) / run.recipe.data.counts["test"]))
    shown = {"raw": raw, "pca": pca, "own": own, "error": error}
    text = words("see.truth", name=name_of(run, words), **{key: words.number(v) for key, v in shown.items()})
    # Two standard errors of the difference of two such shares.
    return text + (" " + words("see.same") if abs(own - max(raw, pca)) < 2 * np.sqrt(2) * error else "")


def walk(cast: Cast, words: Words) -> Section | None:
    run = cast.subject
    if run is None or len(run.examples.x) < 2:
        return None
    rows, x = [], run.examples.x
    for a, b in cast.pairs():
        rows.append(
            (
                words("walk.blend" if run.recipe.data.is_image else "walk.blend.rows"),
                run.look(latent.blend(x[a], x[b])),
            )
        )
        rows.append((words("walk.path"), run.look(run.interpolate(a, b))))
    a, b = cast.pairs()[0]
    return Section(
        "walk",
        [words("walk.body")],
        [_picture("4-walk", plots.strips(rows), words, words("walk.caption"))],
        commands=[f"gargalo interpolate {place(run)} --from {a} --to {b} --steps 12 -o film.png"],
        python=f"film = run.interpolate({a}, {b}, steps=12)",
    )


def fail(cast: Cast, words: Words) -> Section | None:
    run = cast.subject
    if run is None or run.model.fits_normal:
        return None
    draws = run.prior("normal").sample(len(run.latents))
    directions, _ = latent.directions(run.latents)
    names, y = run.recipe.data.class_names or (), run.examples.y
    plane = directions[:2].T if run.latent_size > 1 else np.array([[1.0, 0.0]])
    cloud = plots.scatter(
        [(words("fail.cloud"), run.latents @ plane)],
        y,
        names,
        others=[(words("draws"), draws[:200] @ plane)],
        axes_names=("PCA 1", "PCA 2"),
        size=5,
    )
    norms = [np.linalg.norm(z, axis=1) for z in (run.latents, draws)]
    histogram = plots.histograms(
        [(words("data"), norms[0]), (words("draws"), norms[1])], words("norm.axis"), words("density")
    )
    own, drawn = (float(norm.mean()) for norm in norms)
    where = words("fail.inside" if drawn < own else "fail.outside")
    own, drawn = words.number(own, 1), words.number(drawn, 1)
    body = [words("fail.body", own=own, drawn=drawn, name=name_of(run, words), where=where)]
    if (covered := run.metrics.get("coverage")) is not None and covered < 0.5:
        body.append(words("fail.coverage", coverage=words.number(covered, 2)))
    return Section(
        "fail",
        [*body, words("fail.map")],
        [
            _picture(
                "5-draws",
                plots.strips([("N(0, I)", run.look(run.sample(12, "normal")))]),
                words,
                words("fail.caption.draws"),
            ),
            _picture("5-cloud", cloud, words, words("fail.caption.cloud")),
            _picture("5-norms", histogram, words, words("fail.caption.norms")),
        ],
        commands=[f"gargalo sample {place(run)} -n 12 --prior normal -o samples.png"],
        python='samples = run.sample(12, prior="normal", seed=0)',
    )


def cures(cast: Cast, words: Words) -> Section | None:
    players = [run for run in dict.fromkeys((cast.subject, cast.variational)) if run is not None]
    if not players:
        return None
    strips, rows = [], []
    for run in players:
        for prior, key, short in (("normal", "coverage", "N(0, I)"), ("gmm", "coverage_gmm", words("mixture"))):
            name = f"{name_of(run, words)}, {short}"
            strips.append((name.replace(", ", ",\n", 1), run.look(run.sample(12, prior))))
            covered = run.metrics.get(key)
            rows.append((name, covered, run.metrics["test_mse"]))
    body = [words("cures.body"), words("cures.coverage")]
    measured = [row for row in rows if row[1] is not None]
    if measured:
        name, covered, _ = max(measured, key=lambda row: row[1])
        body.append(words("cures.best", name=name, coverage=words.number(covered, 2)))
    table = Table(
        [words("drawn_from"), words("coverage"), words("test_mse")],
        [[name, words.number(covered, 2), words.number(mse, 4)] for name, covered, mse in rows],
        words("cures.meaning"),
    )
    run = players[0]
    return Section(
        "cures",
        body,
        [_picture("6-cures", plots.strips(strips), words, words("cures.caption"))],
        table,
        commands=[
            f"gargalo sample {place(run)} -n 12 --prior gmm -o samples.png",
            *filter(None, [training_command(players[-1])]),
        ],
        python='samples = run.sample(12, prior="gmm", seed=0)',
    )


def plane(cast: Cast, words: Words) -> Section | None:
    if not cast.pads:
        return None
    pads = [(name_of(run, words), packed) for run in cast.pads if (packed := luggage(run))]
    pictures = []
    for number, run in enumerate(cast.pads, 1):
        low, high = np.percentile(run.latents, [1, 99], axis=0)
        axes = np.linspace(low, high, 16).T
        z = np.stack(np.meshgrid(axes[0], axes[1][::-1]), axis=-1).reshape(-1, 2)
        drawn = plots.grid(run.decode(z.astype(np.float32)), 16, xlabel="z0", ylabel="z1")
        name = name_of(run, words)
        pictures.append(_picture(f"7-grid-{number}", drawn, words, words("plane.caption", name=name)))
    found = ", ".join(f"{name_of(run, words)} {words.number(run.metrics['test_mse'], 4)}" for run in cast.pads)
    body = words("plane.body")
    if {"autoencoder", "vae"} <= {run.recipe.model for run in cast.pads}:
        body += " " + words("plane.compare")
    run = cast.pads[-1]
    return Section(
        "plane",
        [body, words("plane.price", found=found)],
        pictures,
        pads=pads,
        commands=[*filter(None, [training_command(run)])],
        python="pictures = run.decode(z)  # z: (n, 2)",
    )


def denoise(cast: Cast, words: Words) -> Section | None:
    if not cast.denoisers:
        return None
    run, *others = cast.denoisers
    rows = cast.varied(10)
    x = run.examples.x
    spoiled = run.corrupt(x)
    drawn = plots.strips(
        [
            (words("clean"), run.look(x[rows])),
            (words("noisy"), run.look(spoiled[rows])),
            (words("denoised"), run.look(run.denoise(spoiled[rows]))),
        ]
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
            _picture("8-denoise", drawn, words, words("denoise.caption")),
            *([_psnr_curves(cast.denoisers, words)] if run.recipe.data.is_image else []),
        ],
        commands=[f"gargalo denoise {place(run)} {data} --add-noise {strength:g} -o denoised.npy"],
        python="clean = run.denoise(run.corrupt(run.examples.x))",
    )


def _psnr_curves(runs: list[Run], words: Words) -> Picture:
    """PSNR of noisy and denoised test images against the strength of the noise."""
    x, strengths = runs[0].examples.x, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0]
    series: dict[str, list[float]] = {words("noisy"): []}
    for strength in strengths:
        noisy = runs[0].corrupt(x, strength)
        series[words("noisy")].append(_psnr(x, noisy))
        for run in runs:
            series.setdefault(denoised_by(run, words), []).append(_psnr(x, run.denoise(noisy)))
    panel = ("", words("psnr.axis"), [(name, strengths, values) for name, values in series.items()])
    return _picture("8-psnr", plots.curves([panel], words("strength"), width=6.4), words, words("psnr.caption"))


COLUMNS = (
    ("test_mse", 4),
    ("pca_mse", 4),
    ("test_accuracy", 3),
    ("knn_accuracy", 3),
    ("psnr_denoised", 1),
    ("coverage", 2),
    ("coverage_gmm", 2),
)


def onward(cast: Cast, words: Words) -> Section | None:
    columns = [(key, digits) for key, digits in COLUMNS if any(key in run.metrics for run in cast.runs)]
    rows = [
        [
            run.folder.name,
            str(run.recipe.latent_dim),
            words.number(run.metrics["seconds"], 1),
            *(words.number(run.metrics.get(key), digits) for key, digits in columns),
        ]
        for run in cast.runs
    ]
    head = [words("run"), words("numbers"), words("seconds"), *(words(key) for key, _ in columns)]
    meaning = " ".join(words(f"{key}.meaning") for key, _ in columns)
    return Section(
        "onward",
        [words("onward.body")],
        table=Table(head, rows, words("seconds.meaning") + " " + meaning),
        commands=[
            "gargalo inspect photos/",
            "gargalo train photos/ --model vae",
            "gargalo info last",
            "gargalo report last -o report.html",
        ],
        python='run = gargalo.train("photos/", "vae"); run.sample(12)',
    )


STORY: tuple[Callable[[Cast, Words], Section | None], ...] = (
    bottleneck,
    reconstruct,
    see,
    walk,
    fail,
    cures,
    plane,
    denoise,
    onward,
)


def _picture(name: str, drawn: Any, words: Words, caption: str) -> Picture:
    return Picture(name, plots.png(drawn, "," if words.lang == "pt" else "."), caption)


def _is_shown(run: Run) -> bool:
    """Do pictures stand for its examples?"""
    return run.examples.display is not None


def _lines(run: Run, name: str, words: Words) -> list[tuple[str, list[float], list[float]]]:
    """The training and held-out curves of one term or note."""
    parts = (("train", words("training_set")), ("held", words("validation_set")))
    found = [(title, [r for r in run.history if name in r.get(part, {})], part) for part, title in parts]
    return [(title, [r["epoch"] for r in rs], [r[part][name] for r in rs]) for title, rs, part in found if rs]


def _probed(name: str, size: int, found: dict[str, Any], prefix: str, words: Words) -> list[str]:
    accuracies = (found.get(f"{prefix}{probe}_accuracy") for probe in ("knn", "linear"))
    return [name, str(size), *(words.number(a) for a in accuracies)]


def _psnr(x: np.ndarray, y: np.ndarray) -> float:
    """PSNR of raw images, uint8 or [0, 1]."""
    top = np.float32(255 if x.dtype == np.uint8 else 1)
    return metrics.psnr(x / top, y / top)
