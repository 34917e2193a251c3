"""What people read fits what the data are: rows are not called pictures, one is not called many."""

from __future__ import annotations

import html
import re

import numpy as np
import pytest

import gargalo
from gargalo import cli, plots
from gargalo.cli.figures import figure_meaning
from gargalo.data import as_dataset
from gargalo.lang import LANGUAGES, words
from gargalo.metrics import METRICS
from gargalo.models.likelihoods import LIKELIHOODS
from gargalo.reports import write_report
from gargalo.reports.roles import Roles
from gargalo.reports.sections.see import see
from gargalo.reports.wording import seen, thing

OF_PICTURES = re.compile(r"pixel|picture|image(?!/)|digit|imagem|imagens|píxel|dígito", re.IGNORECASE)
"""Words that a page about rows has no use for."""
ONLY_PICTURES = {
    "bottleneck.display",  # told where pictures stand for rows
    "reconstruct.loss.bernoulli",  # a likelihood of values from 0 to 1
    "denoise.body",  # PSNR takes a peak
}
THINGS = {"series": ("windows", "rows"), "counts": ("counts", "rows"), "table": ("rows",), "volume": ("volumes",)}
SECTIONS = re.compile("(bottleneck|reconstruct|columns|see|walk|fail|cures|fidelity|denoise|onward|bars|verdict)[.]?")


def rows(n=60, p=6):
    """Rows that two numbers nearly tell."""
    rng = np.random.default_rng(0)
    return (rng.normal(size=(n, 2)) @ rng.normal(size=(2, p)) + 0.1 * rng.normal(size=(n, p))).astype(np.float32)


def dataset(kind):
    if kind == "volume":
        return as_dataset((255 * np.random.default_rng(0).random((40, 4, 8, 8))).astype(np.uint8), kind="volume")
    if kind == "counts":
        return as_dataset(np.random.default_rng(0).poisson(np.exp(rows())), kind="counts")
    return as_dataset(rows(), kind=kind, y=np.arange(60) % 2 if kind == "table" else None)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train on a kind of data in an instant, once."""
    known: dict[str, gargalo.Run] = {}

    def train(kind: str) -> gargalo.Run:
        if kind not in known:
            out = tmp_path_factory.mktemp("run") / kind
            known[kind] = gargalo.train(dataset(kind), latent_dim=2, epochs=1, out=out, progress=False)
        return known[kind]

    return train


def read(page):
    """The text of a page, as a reader sees it."""
    text = re.sub(r"<(style|script|pre)\b.*?</\1>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", text))


@pytest.mark.parametrize(("kind", "lang"), [("table", "en"), ("volume", "pt")])
def test_a_report_speaks_of_what_its_data_are(kind, lang, trained, tmp_path):
    text = read(write_report([trained(kind)], tmp_path / "report.html", lang))
    assert not OF_PICTURES.search(text)
    assert "{" not in text


@pytest.mark.parametrize("kind", THINGS)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_text_of_a_section_calls_others_pictures(lang, kind):
    say, others = words(lang).speaking_of(*THINGS[kind]), {"rows", "windows", "counts", "volumes"} - {*THINGS[kind]}
    kept = set() if kind == "volume" else ONLY_PICTURES
    for key in say.texts:
        if SECTIONS.match(key) and key.split(".")[-1] not in others and key not in kept | {"bottleneck.display"}:
            assert not OF_PICTURES.search(say.get(key, "")), key


def test_what_is_said_of_pictures_is_said_of_pictures():
    assert (
        words("en").speaking_of()("walk.lesson")
        == words("en")("walk.lesson")
        != words("en").speaking_of("rows")("walk.lesson")
    )
    assert "windows" in words("en").speaking_of("windows", "rows")("fail.ask")
    assert words("en").speaking_of("counts", "rows")("walk.blend") == "values"


def test_one_is_not_many():
    assert words("en")("n_numbers", n=1) == "1 number"
    assert words("pt")("n_numbers", n=2) == "2 números"
    assert words("pt")("question.any", d=1) == "O que cabe em 1 número?"


@pytest.mark.parametrize("kind", ["table", "series"])
def test_nothing_is_said_of_labels_or_tables_that_are_not_there(kind, trained):
    run = trained(kind)
    section = see(Roles([run]), words("en").speaking_of(*thing(run)))
    has_labels = run.recipe.data.class_names is not None
    text = " ".join(section.body) + section.pictures[0].caption
    assert ("label" in text) == ("believe the table" in text) == (section.table is not None) == has_labels


@pytest.mark.parametrize("kind", THINGS)
def test_captions_say_what_is_drawn_of_rows(kind, trained):
    run = trained(kind)
    assert thing(run) == THINGS[kind]
    caption = seen(run, words("en").speaking_of(*thing(run)))
    expected = {"table": "in standard deviations", "series": "line", "counts": "logarithm", "volume": ""}
    assert expected[kind] in caption
    assert bool(caption) == (kind != "volume")


def test_maps_have_titles_in_the_language_that_was_asked_for(trained, tmp_path, monkeypatch):
    run = trained("table")
    titles = []
    scatter = plots.scatter
    monkeypatch.setattr(
        plots,
        "scatter",
        lambda panels, *args, **more: titles.append((panels[0][0], more)) or scatter(panels, *args, **more),
    )
    assert cli.run(["map", str(run.folder), "--method", "pca", "--lang", "pt", "-o", str(tmp_path / "map.png")]) == 0
    title, more = titles[0]
    assert title.startswith("PCA: representações latentes de") and more["axes_names"] == ("PCA 1", "PCA 2")


def test_what_is_drawn_beside_points_is_named_outside_of_them():
    drawn = plots.scatter([("", rows()[:, :2])], others=[("draws", rows()[:, 2:4])], axes_names=("a", "b"))
    assert drawn.axes[0].get_legend() is None
    assert [text.get_text() for legend in drawn.legends for text in legend.get_texts()] == ["draws"]


def test_inspect_has_the_decimal_mark_of_its_language(tmp_path, capsys):
    table = tmp_path / "table.csv"
    np.savetxt(table, rows(40, 3), delimiter=",", header="a,b,c", comments="", fmt="%.5f")
    assert cli.run(["inspect", str(table), "--lang", "pt"]) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if "média" in line]
    assert len(said) == 3
    assert not any(re.search(r"\d\.\d", line) for line in said)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_figure_is_explained(lang, small_runs, trained):
    """What a term of a loss or a metric is called is a word of the field; what it is stands beside it."""
    say = words(lang)
    measured = {name for run in [*small_runs.values(), *map(trained, THINGS)] for name in run.metrics}
    assert {"test_loss", "test_kl", "pca_mse", "coverage_gmm"} < measured
    for name in {
        *measured,
        *METRICS.names(),
        *(f"test_{name}" for name in {*LIKELIHOODS} - {"mixed"}),
    }:  # two terms make that
        assert figure_meaning(name, say), name
    assert figure_meaning("pca_knn_accuracy", words("en")) == "knn_accuracy of PCA with as many numbers"
    assert figure_meaning("coverage_gmm", words("en")).startswith("coverage, drawn from a mixture of Gaussians")
    assert figure_meaning("of_another_package", say) == figure_meaning("test_own", say) == ""
