"""The demo, whole: its figures, its report in both languages, and the live pad in a real browser."""

from __future__ import annotations

import re
import resource
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch

import gargalo
from gargalo.lang import words
from gargalo.reports.story import STORY

SECTIONS = [tell.__name__ for tell in STORY if tell.__name__ not in ("columns", "fidelity")]
"""Those of pictures: columns are told of rows of numbers."""


@pytest.fixture(scope="module")
def figures(demo) -> dict[str, dict]:
    """What was measured, by the name of the run."""
    return {Path(run["run"]).name: run for run in demo[1]["runs"]}


# Measured figures


def test_reconstruction(figures):
    ae = figures["autoencoder"]
    assert ae["test_mse"] <= 0.0130
    assert ae["test_mse"] < 0.55 * ae["pca_mse"]
    assert figures["autoencoder-2d"]["test_mse"] < figures["autoencoder-2d"]["pca_mse"]


def test_latents_know_the_labels(figures):
    # The target, 0.965, is for the mean of three seeds; one seed may be a little below.
    assert figures["classifier"]["test_accuracy"] >= 0.96
    assert figures["classifier"]["knn_accuracy"] >= 0.96
    assert figures["autoencoder"]["knn_accuracy"] >= 0.93


def test_generation_fails_and_is_cured(figures):
    ae, vae = figures["autoencoder"], figures["vae"]
    assert ae["coverage"] < 0.25
    assert ae["coverage_gmm"] >= 0.7
    assert vae["coverage"] >= 0.7
    assert vae["active_units"] >= 8, "no posterior collapse"


def test_denoising(figures):
    assert figures["denoising"]["psnr_noisy"] == pytest.approx(9.4, abs=0.1)
    assert figures["denoising"]["psnr_denoised"] >= 18
    assert figures["denoising"]["psnr_denoised"] > figures["denoising-narrow"]["psnr_denoised"]


def test_memory_stays_below_2_gb(demo):
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    assert kilobytes < 2 * 1024**2


# The report


class Page(HTMLParser):
    """What a page holds: its tags with attributes, and its text."""

    def __init__(self, path: Path):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        # The pad's packed_decoder and the page's own code are not what people read.
        if self.tags and self.tags[-1][0] not in ("script", "style"):
            self.text.append(data)

    def all(self, tag: str) -> list[dict]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module", params=["pt", "en"])
def page(request, demo, tmp_path_factory) -> tuple[str, Path, Page]:
    """The demo's report in each language."""
    made = demo[1]
    if request.param == "pt":
        report = Path(made["report"])
    else:
        runs = [run["run"] for run in made["runs"]]
        report = gargalo.report(runs, tmp_path_factory.mktemp("en") / "report.html", "en")
    return request.param, report, Page(report)


def test_nine_sections_each_with_figure_lesson_and_command(page):
    lang, report, parsed = page
    say = words(lang)
    assert [attrs["id"] for attrs in parsed.all("section")] == SECTIONS
    text = "".join(parsed.text)
    for key in SECTIONS:
        assert say(f"{key}.title") in text
        assert say(f"{key}.lesson") in text
    assert parsed.all("html")[0]["lang"] == {"pt": "pt-BR", "en": "en"}[lang]
    assert len(parsed.all("pre")) == 9
    assert len(parsed.all("figcaption")) == len(parsed.all("img")), "every figure says what it shows"
    numbers = {p.name[0] for p in (report.parent / "report-figures").glob("*.png")}
    assert numbers == set("12345678"), "every section but the last, which is a table, has its PNG"


def test_the_page_needs_nothing_from_outside(page):
    _, report, parsed = page
    for attrs in (a for _, a in parsed.tags):
        for name in ("src", "href"):
            assert attrs.get(name, "#").startswith(("#", "data:"))
    assert "default-src 'none'" in parsed.all("meta")[2]["content"]
    assert report.stat().st_size < 5e6


def test_numbers_shown_are_the_numbers_measured(page, figures):
    lang, _, parsed = page
    say, text = words(lang), "".join(parsed.text)
    for run, key, digits in (
        ("autoencoder", "test_mse", 4),
        ("autoencoder", "coverage_gmm", 2),
        ("vae", "coverage", 2),
        ("denoising", "psnr_denoised", 1),
        ("denoising-narrow", "psnr_denoised", 1),
        ("classifier", "knn_accuracy", 3),
    ):
        assert say.number(figures[run][key], digits) in text


def test_decimal_marks(page):
    lang, _, parsed = page
    cells = re.findall(r"\b0[.,]\d{2,4}\b", "".join(t for t in parsed.text if "weights" not in t and "{" not in t))
    other = "." if lang == "pt" else ","
    assert len(cells) > 20
    assert not [cell for cell in cells if other in cell]


def test_no_path_of_the_machine(page, demo):
    text = page[1].read_text(encoding="utf-8")
    assert str(demo[0].parent) not in text


@pytest.mark.parametrize("name", ["classifier", "autoencoder", "denoising", "vae"])
def test_a_report_of_one_run(small_runs, name, tmp_path):
    report = gargalo.report([small_runs[name]], tmp_path / "report.html", "en")
    shown = [attrs["id"] for attrs in Page(report).all("section")]
    assert shown == [key for key in SECTIONS if key in shown], "in the story's order"
    expected = {
        "classifier": {"see", "onward"},
        "autoencoder": {"bottleneck", "reconstruct", "see", "walk", "fail", "cures", "onward"},
        "denoising": {"bottleneck", "denoise", "onward"},
        "vae": {"cures", "plane", "onward"},
    }[name]
    assert expected <= set(shown)


def test_runs_on_other_data_are_not_shown_beside(small_runs, digits, tmp_path):
    """Their latents have other labels, and their figures do not compare."""
    other = gargalo.train(digits.x[:200, :20, :20], "denoising", epochs=1, out=tmp_path / "run", progress=False)
    both = [small_runs["autoencoder"], small_runs["classifier"], other]
    parsed = Page(gargalo.report(both, tmp_path / "report.html", "en"))
    assert "denoise" not in {attrs["id"] for attrs in parsed.all("section")}
    assert other.folder.name in "".join(parsed.text), "the last table has every run"


def test_a_report_is_a_page(small_runs, tmp_path):
    with pytest.raises(gargalo.ParameterError, match=r"must be a path ending in \.html"):
        gargalo.report([small_runs["vae"]], tmp_path / "report.pdf")


def test_rows_of_numbers_have_a_report_too(tmp_path):
    from sklearn.datasets import load_wine

    x, y = load_wine(return_X_y=True)
    runs = [
        gargalo.train(x, model, y=y, latent_dim=2, epochs=3, out=tmp_path / model, progress=False)
        for model in ("autoencoder", "denoising")
    ]
    assert "reconstruct" in {attrs["id"] for attrs in Page(gargalo.report(runs, tmp_path / "r.html")).all("section")}


# In a browser


@pytest.fixture
def opened(browser, page):
    """The report as it is after a double click, and everything that it complained of."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    complaints: list[str] = []
    tab.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(page[1].as_uri())
    yield tab, complaints
    tab.close()


def test_the_live_pad_decodes_as_torch_does(opened, demo):
    tab, complaints = opened
    pads = tab.locator(".pad")
    assert pads.count() == 2
    for i, name in enumerate(("autoencoder-2d", "vae-2d")):
        run = gargalo.open_run(demo[0] / name)
        figure, map_ = pads.nth(i), pads.nth(i).locator(".pad-map")
        map_.scroll_into_view_if_needed()
        box = map_.bounding_box()
        seen = []
        for across, down in ((0.5, 0.5), (0.1, 0.2), (0.9, 0.85), (0.35, 0.7)):
            tab.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
            z, decoded = figure.evaluate("f => [f.z, Array.from(f.decoded)]")
            with torch.inference_mode():
                expected = run.model.decode(torch.tensor([z], dtype=torch.float32)).flatten().numpy()
            assert np.abs(np.array(decoded) - expected).max() < 1e-2
            painted = figure.locator(".pad-picture").evaluate(
                "c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)"
            )
            assert np.abs(np.array(painted).reshape(-1, 4)[:, 0] / 255 - expected).max() < 1e-2
            seen.append(z)
        assert len({tuple(z) for z in seen}) == 4
        assert np.ptp(np.array(seen), axis=0).min() > 0.5, "the pointer moves through the latent space"
    assert complaints == []


def test_the_pad_by_keyboard(opened):
    tab, _ = opened
    figure = tab.locator(".pad").first
    figure.locator(".pad-map").focus()
    before = figure.evaluate("f => f.z.slice()")
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowUp")
    after = figure.evaluate("f => f.z")
    assert after[0] > before[0]
    assert after[1] > before[1]


def test_nothing_is_cut_off(opened):
    tab, _ = opened
    for width in (1280, 390):
        tab.set_viewport_size({"width": width, "height": 800})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_a_hostile_label_is_only_text(browser, tmp_path, digits):
    from gargalo.data import as_dataset

    hostile = np.array(
        ["</script><script>document.title='broken'</script>", "<img src=x onerror=alert(1)>", r"$\frac$"]
    )
    keep = digits.y < 3
    source = as_dataset(digits.x[keep], hostile[digits.y[keep]], name="<b>data</b>")
    run = gargalo.train(source, "vae", latent_dim=2, epochs=1, out=tmp_path / "run", progress=False)
    report = gargalo.report([run], tmp_path / "report.html", "en")
    tab = browser.new_page()
    dialogs: list[str] = []
    tab.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    tab.goto(report.as_uri())
    assert tab.title() != "broken"
    assert tab.locator("img[src=x]").count() == 0
    assert tab.locator("b").count() == 0
    assert dialogs == []
    tab.close()
