"""The explorer on other sites than the demo's: hostile names, damaged files, other priors, maps and kinds of data."""

from __future__ import annotations

import json
import re
import shutil
import zlib
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from visits import SEVEN, VIEWS, Visit

import gargalo
from gargalo.data import as_dataset
from gargalo.explorer import served
from gargalo.latent import Neighbours
from gargalo.plots import PALETTE

HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


@pytest.fixture(scope="module")
def odd_site(browser, digits, tmp_path_factory) -> Path:
    """A small site whose labels and ids are hostile."""
    place = tmp_path_factory.mktemp("odd")
    names = np.array([f"{HOSTILE} {digit}" for digit in digits.y[:400]])
    source = as_dataset(digits.x[:400], names, name=HOSTILE)
    object.__setattr__(source, "ids", [f"{HOSTILE}{i}" for i in range(400)])
    run = gargalo.train(source, "autoencoder", out=place / "run", epochs=2, progress=False)
    return gargalo.publish([run], place / "site", source, progress=False).folder


def test_ids_tell_nothing_while_one_predicts(browser, odd_site):
    """Those of a folder of pictures begin with the label."""
    with served(odd_site) as url:
        for view in ("walk", "map&lasso=pca,-1e-9,-99,99,0,-99,99"):
            tab = Visit(browser, url, f"guess=1&pin=3&from=3&to=5&view={view}").drawn(400)
            tab.page.get_by_text("#3" if "map" not in view else "Inside the lasso").first.wait_for()
            assert HOSTILE not in tab.page.locator("main").evaluate("e => e.outerHTML.replaceAll('&lt;', '<')")
            tab.context.close()


def test_hostile_labels_and_names_are_text(browser, odd_site):
    with served(odd_site) as url:
        tab = Visit(browser, url, "pin=3").drawn(400)
        tab.painted(".pinned .output")
        for view in VIEWS:
            tab.page.evaluate(f"location.hash = 'view={view}&pin=3'")
            tab.page.wait_for_timeout(300)
        tab.page.evaluate("location.hash = 'view=map&pin=3'")
        assert HOSTILE in tab.page.locator(".pinned h2").inner_text()
        assert tab.page.locator("img[src='x']").count() == 0
        assert tab.complaints == []
        tab.context.close()


def damaged(folder: Path, odd_site: Path, file: str, how: str) -> Path:
    """A copy of the site in which one file is missing, cut or has one byte flipped."""
    shutil.copytree(odd_site, folder)
    path = folder / file
    content = bytearray(path.read_bytes())
    if how == "missing":
        path.unlink()
    else:
        content[len(content) // 2] ^= 1
        path.write_bytes(content[: len(content) // 2] if how == "cut" else content)
    return folder


@pytest.mark.parametrize("how", ["missing", "cut", "flipped"])
@pytest.mark.parametrize(
    "file",
    ["data/site.json", "data/0/latents.bin", "data/0/decode.onnx", "data/labels.bin", "data/pictures-0000.png"],
)
def test_a_damaged_file_is_named(browser, odd_site, tmp_path, file, how):
    if (file, how) == ("data/site.json", "flipped"):
        pytest.skip("one other letter in a text may be a text as well")
    with served(damaged(tmp_path / "site", odd_site, file, how)) as url:
        tab = Visit(browser, url, "pin=3")
        trouble = tab.page.locator(".trouble")
        trouble.wait_for()
        assert file in trouble.inner_text()
        assert ("missing" if how == "missing" else "damaged") in trouble.inner_text()
        if file in ("data/site.json", "data/0/latents.bin"):  # without them there is nothing else to see
            trouble.get_by_role("button", name="Try again").click()
            tab.page.wait_for_timeout(300)
            trouble.wait_for()
            shutil.copy(odd_site / file, tmp_path / "site" / file)
            trouble.get_by_role("button", name="Try again").click()
            tab.drawn(400)
        tab.context.close()


@pytest.fixture
def extended_site(odd_site, tmp_path) -> Path:
    """A site with two priors and a map that the page has no words for, and a prior of which nothing was published."""
    folder = shutil.copytree(odd_site, tmp_path / "site")
    file = folder / "data" / "site.json"
    content = json.loads(file.read_text())
    (run,) = content["runs"]

    def array(name: str, values: np.ndarray) -> dict[str, object]:
        found = np.ascontiguousarray(values, "<f4").tobytes()
        (folder / "data" / f"{name}.bin").write_bytes(found)
        ref = {"file": f"data/{name}.bin", "bytes": len(found), "crc32": zlib.crc32(found)}
        return ref | {"dtype": "float32", "shape": values.shape}

    z = np.fromfile(folder / run["latents"]["file"], "<f4").reshape(run["latents"]["shape"])
    run["priors"]["flow"] = {"draws": array("draws-flow", z)}
    run["priors"][HOSTILE] = {"draws": array("draws-one", z[:1])}
    run["priors"]["sphere"] = {}
    run["maps"]["umap"] = array("umap", z[:, :2] @ np.array([[0, 1], [-2, 0]], "<f4"))
    file.write_text(json.dumps(content))
    return folder


def test_any_prior_that_the_site_names_is_drawn_from(browser, extended_site):
    with served(extended_site) as url:
        tab = Visit(browser, url, "view=generate").drawn(400)
        choice = tab.page.get_by_role("group", name="Draw from")
        names = ["N(0, I)", "Gaussian mixture fitted to the latents", "flow", HOSTILE]
        assert choice.get_by_role("button").all_inner_texts() == names
        normal = tab.settled(".draws canvas")
        choice.get_by_role("button", name="flow").click()
        tab.has("prior=flow")
        first = tab.painted(".draws canvas", but=normal)
        outside = tab.page.get_by_text("of these draws are out of distribution").inner_text()
        assert int(re.search(r"(\d+)%", outside)[1]) <= 5, "the draws are latents of the data"
        norms = tab.page.locator(".norms svg").get_attribute("aria-label")
        data, draws = (float(text) for text in re.findall(r"[\d.]+", norms))
        assert draws == pytest.approx(data, rel=0.1)
        tab.page.get_by_role("button", name="Draw again").click()
        tab.has("seed=1")
        tab.painted(".draws canvas", but=first)
        # Whoever has the address sees the same draws.
        second = tab.settled(".draws canvas")
        again = Visit(browser, url, tab.page.url.partition("#")[2]).drawn(400)
        assert (again.settled(".draws canvas") == second).all()
        # Of a prior with a single draw there are 64 times this one.
        choice.get_by_role("button", name=HOSTILE).click()
        tab.painted(".draws canvas", but=second)
        alike = tab.settled(".draws canvas")
        side = (alike.shape[0] + 1) // 4
        assert (alike[: side - 1] == alike[side : 2 * side - 1]).all()
        assert alike[..., :3].any()
        other = Visit(browser, url, tab.page.url.partition("#")[2]).drawn(400)
        assert (other.settled(".draws canvas") == alike).all()
        odd = Visit(browser, url, "view=generate&prior=sphere&map=nothing&lasso=nothing,0,0,1,0,1,1").drawn(400)
        odd.page.wait_for_url(lambda url: not re.search("prior|map=|lasso", url.partition("#")[2]))
        assert (odd.settled(".draws canvas") == normal).all()
        for one in (tab, again, other, odd):
            assert one.complaints == []
            one.context.close()


def test_any_map_that_the_site_names_is_shown(browser, extended_site):
    with served(extended_site) as url:
        tab = Visit(browser, url).drawn(400)
        choice = tab.page.get_by_role("group", name="Map", exact=True)
        assert choice.get_by_role("button").all_inner_texts() == ["t-SNE", "umap", "PCA"]
        before = tab.settled(".scatter canvas")
        choice.get_by_role("button", name="umap").click()
        tab.has("map=umap")
        tab.painted(".scatter canvas", but=before)
        tab.settled(".scatter canvas")
        tab.said("umap shows each latent as two numbers")
        points = np.fromfile(extended_site / "data" / "umap.bin", "<f4").reshape(400, 2)
        alone = int(np.abs(points - points.mean(0)).sum(1).argmax())
        tab.page.mouse.move(*tab.at(0, alone, "umap"))
        tab.page.locator(f".hovering[data-example='{alone}']").wait_for()
        # A lasso is drawn on one map, and holds the same examples on any other.
        middle = np.median(points[:, 0])  # between two examples, of which one half is on its left
        corners = f"{middle:.6f},-999,{middle:.6f},999,-999,999,-999,-999"
        fenced = Visit(browser, url, f"map=pca&lasso=umap,{corners}").drawn(400)
        fenced.said("Inside the lasso")
        n = int(re.sub(r"\D", "", fenced.page.locator(".fenced h2").inner_text()))
        assert n == pytest.approx(200, abs=1)
        # What is drawn is placed among its neighbours, as on t-SNE.
        latents = np.fromfile(extended_site / "data" / "0" / "latents.bin", "<f4").reshape(400, -1)
        one = latents[:2].mean(0)
        found = tab.page.evaluate("z => gargalo.place(0, z, 'umap')", one.tolist())
        assert found["at"] == pytest.approx(Neighbours(latents).place(one[None], points)[0], abs=1e-2)
        tab.page.get_by_role("button", name="Draw", exact=True).click()
        tab.page.locator(".sketch canvas").wait_for()
        tab.stroke(*SEVEN)
        tab.painted("canvas.above")
        tab.said("On umap it is placed among its nearest examples.")
        for name in VIEWS:
            tab.page.evaluate(f"location.hash = 'view={name}&map=umap&prior=flow&pin=3'")
            tab.page.wait_for_timeout(300)
        for one in (tab, fenced):
            assert one.complaints == []
            one.context.close()


def test_a_missing_runtime_is_named(browser, odd_site, tmp_path):
    folder = shutil.copytree(odd_site, tmp_path / "site")
    (wasm,) = folder.rglob("*.wasm")
    wasm.unlink()
    with served(folder) as url:
        tab = Visit(browser, url, "pin=3").drawn(400)
        tab.said(f"{wasm.name} is missing")
        tab.context.close()


def test_a_newer_format_is_refused(browser, odd_site, tmp_path):
    folder = shutil.copytree(odd_site, tmp_path / "site")
    file = folder / "data" / "site.json"
    file.write_text(file.read_text().replace('"format": 1', '"format": 99'))
    with served(folder) as url:
        tab = Visit(browser, url)
        tab.said("expected format 1. Found 99")
        tab.context.close()


def test_without_webgl_or_wasm_it_says_so(browser, odd_site):
    with served(odd_site) as url:
        context = browser.new_context(locale="en-US")
        context.add_init_script("HTMLCanvasElement.prototype.getContext = (get => function (kind, ...more) {"
                                " return /webgl/.test(kind) ? null : get.call(this, kind, ...more) })"
                                "(HTMLCanvasElement.prototype.getContext)")  # fmt: skip
        page = context.new_page()
        page.goto(url)
        page.get_by_text("This browser draws no WebGL").wait_for()
        context.close()
        context = browser.new_context(locale="en-US")
        context.add_init_script("delete globalThis.WebAssembly")
        page = context.new_page()
        page.goto(f"{url}#pin=3")
        page.get_by_text("This browser does not run WebAssembly").wait_for()
        page.wait_for_selector("canvas[data-drawn='400']")
        context.close()


def test_opened_as_a_file_it_shows_the_command(browser, odd_site):
    page = browser.new_page()
    page.goto((odd_site / "index.html").as_uri())
    page.get_by_text("gargalo explore .").first.wait_for(timeout=5000)
    page.close()


def test_without_examples_it_still_generates(browser, odd_site, digits, tmp_path):
    runs = [odd_site.parent / "run", shutil.copytree(odd_site.parent / "run", tmp_path / "twin")]
    folder = gargalo.publish(runs, tmp_path / "site", examples=False, progress=False).folder
    with served(folder) as url:
        tab = Visit(browser, url)
        tab.said("This site was published without examples.")
        tab.page.get_by_role("button", name="Generate").click()
        tab.painted(".draws canvas")
        tab.said("It was published without the examples that this is measured on.")
        tab.page.get_by_role("button", name="Compare").click()
        tab.painted(".twin:nth-child(2) .tiles")
        tab.page.get_by_role("button", name="Draw", exact=True).click()
        tab.stroke(*SEVEN)
        tab.painted(".answers .captioned:nth-child(2) canvas")
        assert tab.complaints == []
        tab.context.close()


def test_a_log_is_seen_as_lines(browser, tmp_path):
    t = np.arange(600)
    frame = pl.DataFrame({"t": t, "heat": 50 + np.sin(t / 5), "volts": 1e5 * np.cos(t / 9)})
    reading = {"time": "t", "window": 30, "step": 5}
    run = gargalo.train(frame, "vae", reading=reading, latent_dim=2, epochs=5, out=tmp_path / "run", progress=False)
    folder = gargalo.publish([run], tmp_path / "site", frame, progress=False).folder
    data = json.loads((folder / "data/site.json").read_text())["data"]
    assert data["channels"] == ["heat", "volts"]
    # A window keeps its shape: all numbers of a channel have one scale.
    assert len(set(data["center"][::2])) == len(set(data["deviation"][1::2])) == 1
    with served(folder) as url:
        tab = Visit(browser, url, "pin=3")
        names = tab.page.locator(".channels li")
        names.first.wait_for()
        assert [text.strip() for text in names.all_inner_texts()] == ["heat", "volts"]
        painted = tab.painted(".pinned .picture")[..., :3].astype(int)
        for colour in (PALETTE[0], PALETTE[1]):
            wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
            assert (np.abs(painted - wanted).sum(axis=2) < 40).sum() > 20, colour
        assert tab.complaints == []
        tab.context.close()


def test_a_table_is_seen_as_bars(browser, tmp_path):
    from sklearn.datasets import load_wine

    wine = load_wine()
    run = gargalo.train(wine.data, "vae", y=np.array(wine.target_names)[wine.target], latent_dim=2, epochs=10,
                        out=tmp_path / "wine", progress=False)  # fmt: skip
    source = as_dataset(wine.data, np.array(wine.target_names)[wine.target])
    folder = gargalo.publish([run], tmp_path / "site", source, progress=False).folder
    with served(folder) as url:
        tab = Visit(browser, url, "pin=3").drawn(178)
        assert tab.page.locator(".columns tbody tr").count() == 13
        tab.painted(".pinned .output")
        tab.page.get_by_role("button", name="Set values", exact=True).click()
        slider = tab.page.locator(".strings .slider input").first
        slider.wait_for()
        before = tab.painted("canvas.above")
        slider.fill(slider.get_attribute("max"))
        tab.painted("canvas.above", but=before)
        # The pinned example, as often as one likes.
        for _ in range(2):
            tab.page.get_by_role("button", name="Take the pinned example").click()
            tab.has("take=3")
            assert tab.page.locator("h1").inner_text() == "Choose numbers, and see where the model puts them."
            for _ in range(100):  # it moves with the next frame
                if abs(float(slider.input_value()) - wine.data[3, 0]) <= 0.02:
                    break
                tab.page.wait_for_timeout(50)
            assert float(slider.input_value()) == pytest.approx(wine.data[3, 0], abs=0.02)
            slider.fill(slider.get_attribute("min"))
            tab.page.wait_for_url(lambda url: "take" not in url)
        assert tab.complaints == []
        tab.context.close()


@pytest.mark.parametrize(("shape", "dtype"), [((20, 30, 3), np.uint8), ((17, 11), np.float32), ((90, 70), np.uint8)])
def test_pictures_of_any_size_and_colour(browser, tmp_path, shape, dtype):
    draws = np.random.default_rng(0)
    x = draws.random((60, *shape)).astype(np.float32) * np.linspace(0, 1, 60).reshape(-1, *[1] * len(shape))
    x = (x * 255).astype(np.uint8) if dtype == np.uint8 else x.astype(np.float32)
    run = gargalo.train(x, "autoencoder", latent_dim=3, epochs=1, out=tmp_path / "run", progress=False)
    folder = gargalo.publish([run], tmp_path / "site", as_dataset(x), progress=False).folder
    with served(folder) as url:
        tab = Visit(browser, url, "pin=50").drawn(60)
        tab.painted(".pinned .captioned:nth-child(1) canvas")
        back = tab.painted(".pinned .output")
        assert back.shape[:2] == (2 * shape[0], 2 * shape[1])
        tab.page.evaluate("location.hash = 'view=draw'")
        tab.page.locator(".sketch canvas").wait_for()
        tab.stroke((0.2, 0.2), (0.8, 0.8))
        tab.painted(".answers .captioned:nth-child(2) canvas")
        # On new paper nothing is drawn, and nothing answered.
        tab.page.get_by_label("Paper").fill("#203040")
        tab.said("Draw something")
        assert tab.complaints == []
        tab.context.close()


def test_volumes_are_seen_by_the_slice_in_their_middle(browser, tmp_path):
    raw = np.zeros((60, 5, 8, 8), np.uint8)
    raw[:, 2, :, :4] = np.random.default_rng(0).integers(100, 255, 60)[:, None, None]
    run = gargalo.train(raw, "vae", kind="volume", latent_dim=2, epochs=30, out=tmp_path / "run", progress=False)
    folder = gargalo.publish([run], tmp_path / "site", progress=False).folder
    kept = len(run.examples.x)
    with served(folder) as url:
        tab = Visit(browser, url, "pin=3").drawn(kept)
        # The left half of the middle slice alone is light, of the example and of what the model makes of it.
        for which in (".pinned .picture:not(.output)", ".pinned .output"):
            seen = tab.settled(which)[..., 0].astype(float)
            assert seen[:, : seen.shape[1] // 2].mean() > 60 + seen[:, seen.shape[1] // 2 :].mean()
        tab.page.get_by_role("button", name="Walk", exact=True).click()
        tab.painted(".film.codes")
        tab.page.get_by_role("button", name="Draw", exact=True).click()
        tab.said("A volume cannot be drawn here.")
        assert tab.complaints == []
