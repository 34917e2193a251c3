"""The explorer in a real browser: the five things to do, by clicks, drags and keys; and what goes wrong, told."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

import chromium
import numpy as np
import pytest
import torch
import zxingcpp
from PIL import Image
from visits import POINTS, SEVEN, VIEWS, Visit

import gargalo
from gargalo.explorer import served
from gargalo.latent import Neighbours, path

ROOT = Path(__file__).parents[1]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
RUNS = ("autoencoder", "vae", "classifier", "denoising", "autoencoder-2d", "vae-2d")


@pytest.fixture(scope="module")
def site(demo, browser, tmp_path_factory) -> Path:
    """The demo's runs, published."""
    out = tmp_path_factory.mktemp("explorer") / "site"
    return gargalo.publish([demo[0] / name for name in RUNS], out, points=POINTS, progress=False).folder


@pytest.fixture(scope="module")
def address(site):
    with served(site) as url:
        yield url


@pytest.fixture
def visit(browser, address):
    """Open views of the site; at the end nothing may have gone wrong, and nothing been asked of anybody else."""
    opened: list[Visit] = []

    def go(view: str = "", **context: object) -> Visit:
        opened.append(Visit(browser, address, view, **context))
        return opened[-1]

    yield go
    for one in opened:
        assert one.complaints == []
        assert [url for url in one.asked if not url.startswith((address, "blob:", "data:"))] == []
        one.context.close()


def labels(site: Path) -> np.ndarray:
    return np.frombuffer((site / "data" / "labels.bin").read_bytes(), "<u2")


# 1. Map


def test_the_map_comes_before_the_model(visit):
    tab = visit().drawn()
    assert not [url for url in tab.asked if url.endswith((".wasm", ".onnx"))]
    tab.said("1,000 for training, 1,000 for testing.")
    sheets = {url for url in tab.asked if "pictures-" in url}
    assert sheets == set(), "pictures come when they are wanted"


def test_hover_and_pin(visit, site):
    tab = visit().drawn()
    tab.page.mouse.move(*tab.at(0, 5))
    shown = tab.page.locator(".hovering")
    shown.wait_for()
    row = int(shown.get_attribute("data-example"))
    assert shown.inner_text().startswith(str(labels(site)[row]))
    tab.painted(".hovering canvas")
    tab.page.mouse.click(*tab.at(0, 5))
    card = tab.page.locator(".pinned")
    card.wait_for()
    tab.has(f"pin={row}")
    original, back = tab.painted(".pinned .captioned:nth-child(1) canvas"), tab.painted(".pinned .output")
    error = np.square(original[..., 0] / 255.0 - back[..., 0] / 255.0).mean()
    assert 0 < error < 0.05, "the reconstruction is like the original, and not the same"
    assert card.locator(".sheet button").count() == 10
    card.locator(".sheet button").first.click()
    tab.page.wait_for_url(lambda url: f"pin={row}" not in url)
    tab.painted(".pinned .output", but=back)


def test_the_neighbours_are_the_true_ones(visit, site, demo):
    tab = visit("pin=9&lines=1").drawn()
    run = gargalo.open_run(demo[0] / "autoencoder")
    content = json.loads((site / "data" / "site.json").read_text())
    z = np.fromfile(site / content["runs"][0]["latents"]["file"], "<f4").reshape(POINTS, -1)
    assert run.latent_size == z.shape[1]
    near = np.argsort(np.linalg.norm(z - z[9], axis=1))[1:11]
    ids = json.loads((site / "data" / "ids.json").read_text())
    expected = [f"{labels(site)[i]} · {ids[i]}" for i in near]
    tab.page.locator(".pinned .sheet button").nth(9).wait_for()
    assert [b.get_attribute("title") for b in tab.page.locator(".pinned .sheet button").all()] == expected
    tab.said("nearest in the latent space,")
    # The lines are there: more ink above the map than a ring takes.
    with_lines = (tab.pixels("canvas.above")[..., 3] > 0).sum()
    tab.page.get_by_role("button", name="Does the map lie?").click()
    tab.page.wait_for_timeout(100)
    assert (tab.pixels("canvas.above")[..., 3] > 0).sum() < with_lines


def test_lasso_legend_and_colour(visit, site):
    tab = visit().drawn()
    box = tab.page.locator(".scatter").bounding_box()
    tab.page.get_by_role("button", name="Lasso").click()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.page.mouse.move(x - 100, y - 100)
    tab.page.mouse.down()
    for dx, dy in ((100, -100), (100, 100), (-100, 100), (-100, -100)):
        for share in (0.25, 0.5, 0.75, 1):
            # From the corner before, which is this one turned back by a quarter.
            tab.page.mouse.move(x + share * dx + (1 - share) * dy, y + share * dy - (1 - share) * dx)
            tab.page.wait_for_timeout(15)  # a hand is not quicker
    tab.page.mouse.up()
    card = tab.page.locator(".fenced")
    card.wait_for()
    n = int(re.sub(r"\D", "", card.locator("h2").inner_text()))
    counts = [int(b.inner_text().replace(",", "")) for b in card.locator(".counts b").all()]
    assert 20 < n < POINTS
    assert sum(counts) == n
    assert card.locator(".sheet button").count() == min(60, n)
    # The lasso is in the address: whoever has it sees the same examples, on any map.
    tab.has("lasso=tsne,")
    sheet = [b.get_attribute("title") for b in card.locator(".sheet button").all()]
    again = visit(tab.page.url.partition("#")[2] + "&map=pca").drawn()
    again.page.locator(".fenced .sheet button").nth(len(sheet) - 1).wait_for()
    assert [b.get_attribute("title") for b in again.page.locator(".fenced .sheet button").all()] == sheet
    # Of the lasso, and of a latent taken apart, another run knows nothing.
    again.page.get_by_label("Run").select_option("1")
    again.page.locator(".fenced").wait_for(state="detached")
    assert "lasso" not in again.page.url
    card.locator(".close").click()
    card.wait_for(state="detached")
    # Classes by the legend: with all but one away, the map has one colour.
    for digit in range(1, 10):
        tab.page.locator(".classes button").nth(digit).click()
    tab.has("off=1")
    tab.page.wait_for_timeout(800)
    seen = tab.pixels(".scatter canvas")
    painted = seen[seen[..., 3] > 0][:, :3].astype(int)
    blue = painted[np.abs(painted - np.array([255, 255, 255])).sum(1) > 60]
    assert len(blue) > 100
    assert (blue[:, 2] >= blue[:, 0]).mean() > 0.95
    tab.page.get_by_role("button", name="Show all").click()
    tab.page.get_by_label("Colour").select_option("error")
    tab.page.locator(".scale").wait_for()
    tab.page.get_by_label("Colour").select_option("part")
    assert tab.page.locator(".classes").inner_text().split() == ["training", "1000", "test", "1000"]


def test_search_by_label_and_by_id(visit, site):
    tab = visit().drawn()
    ids = json.loads((site / "data" / "ids.json").read_text())
    field = tab.page.get_by_role("searchbox")
    field.fill("7")
    tab.said(f"Found: {(labels(site) == 7).sum()}")
    titles = [b.get_attribute("title") for b in tab.page.locator(".search .sheet button").all()]
    assert len(titles) == 24
    assert {title[:4] for title in titles} == {"7 · "}
    field.fill(f"#{ids[123]}")
    tab.page.locator(".search .sheet button").first.click()
    tab.has("pin=123")


def test_predict_then_reveal(visit):
    tab = visit().drawn()
    coloured = tab.pixels(".scatter canvas")
    tab.page.get_by_role("button", name="Predict first").click()
    assert tab.page.locator(".classes").count() == 0
    tab.page.wait_for_timeout(800)
    grey = tab.pixels(".scatter canvas")
    inked, before = (seen[seen[..., 3] > 200][:, :3].astype(int) for seen in (grey, coloured))
    assert np.ptp(inked, axis=1).max() < 60 < np.ptp(before, axis=1).max()
    tab.page.mouse.move(*tab.at(0, 5))
    tab.page.locator(".hovering").wait_for()
    assert tab.page.locator(".hovering").inner_text() == "?"
    tab.page.get_by_role("button", name="Reveal").click()
    tab.page.locator(".classes").wait_for()


def test_fingers(browser, address):
    """Two fingers enlarge the map, one fences points in, a tap pins; by what Chromium makes of real touches."""
    tab = Visit(browser, address, has_touch=True, viewport={"width": 390, "height": 844}).drawn()
    tab.settled(".scatter canvas")
    touch = tab.context.new_cdp_session(tab.page)

    def send(kind: str, *fingers: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(fingers)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        tab.page.wait_for_timeout(20)

    box = tab.page.locator(".scatter").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    send("touchStart", (x - 20, y), (x + 20, y))
    for step in range(1, 9):
        send("touchMove", (x - 20 - 8 * step, y), (x + 20 + 8 * step, y))
    send("touchEnd")
    tab.settled(".scatter canvas")
    tab.page.get_by_role("button", name="Lasso").tap()
    send("touchStart", (x - 60, y - 60))
    for dx, dy in ((0, -70), (60, -60), (70, 0), (60, 60), (0, 70), (-60, 60), (-70, 0), (-60, -50)):
        send("touchMove", (x + dx, y + dy))
    send("touchEnd")
    tab.page.locator(".fenced").wait_for()
    # The lasso, 140 pixels wide, is less than half of what it would be on the whole map.
    tab.has("lasso=tsne,")
    corners = np.array(re.search(r"lasso=tsne,([^&]+)", tab.page.url)[1].split(","), float).reshape(-1, 2)
    points = np.array(tab.page.evaluate("gargalo.map(0, 'tsne')"))
    whole = np.ptp(points, axis=0).max() * 140 / min(box["width"], box["height"])
    assert 0.05 * whole < np.ptp(corners[:, 0]) < 0.5 * whole
    assert tab.complaints == []
    tab.context.close()


# 2. Walk


def test_walk(visit, demo, site):
    tab = visit("view=walk&from=3&to=44").drawn()
    strip = tab.painted("canvas.codes")
    blended = tab.painted("canvas.film:not(.codes)")
    middle = slice(6 * strip.shape[1] // 12, 7 * strip.shape[1] // 12)
    assert np.abs(strip[:, middle, 0].astype(int) - blended[:, middle, 0]).mean() > 3, "codes are not pixels"
    now = tab.painted(".now .output")
    slider = tab.page.get_by_label("Where on the way")
    slider.fill("0.05")
    start = tab.painted(".now .output", but=now)
    tab.has("t=0.050")
    tab.page.get_by_role("button", name="spherical").click()
    tab.painted("canvas.codes", but=strip)
    tab.has("way=slerp")
    slider.fill("1")
    tab.painted(".now .output", but=start)
    end = tab.settled(".now .output")
    # The end of the way is the reconstruction of its example.
    run = gargalo.open_run(demo[0] / "autoencoder")
    z = np.fromfile(site / "data/0/latents.bin", "<f4").reshape(POINTS, -1)
    assert np.abs(end[::2, ::2, 0].astype(int) - run.decode(z[44:45])[0]).max() <= 1
    # A click on the map chooses the next end.
    tab.page.locator(".end").first.click()
    place = tab.at(0, 100, "pca")
    tab.page.mouse.move(*place)
    tab.page.locator(".hovering").wait_for()
    tab.page.mouse.click(*place)
    tab.page.wait_for_url(lambda url: "from=3&" not in url)


def test_a_way_off_the_data_is_red(visit, site):
    """Between two examples of the plain autoencoder in two dimensions, whose space has holes."""
    z = np.fromfile(site / "data/4/latents.bin", "<f4").reshape(POINTS, -1)
    near = Neighbours(z)
    a, b = np.random.default_rng(0).integers(POINTS, size=(2, 2000))
    worst = int(near.distance((z[a] + z[b]) / 2).argmax())
    assert near.out_of_distribution((z[a[worst]] + z[b[worst]])[None] / 2)[0]
    tab = visit(f"view=walk&run=4&from={a[worst]}&to={b[worst]}").drawn()
    tab.said("steps are out of distribution (red)")
    t = np.linspace(0, 1, 12)[:, None]
    off = int(near.out_of_distribution(((1 - t) * z[a[worst]] + t * z[b[worst]]).astype(np.float32)).sum())
    tab.said(f"{off} of 12 steps")
    inked = tab.pixels("canvas.above")
    red = (inked[..., 0] > 180) & (inked[..., 1] < 80) & (inked[..., 2] < 80) & (inked[..., 3] > 200)
    assert red.sum() > 20


# 3. Generate


def bars(tab: Visit) -> np.ndarray:
    tab.page.locator(".coverage[data-ready='true']").wait_for()
    # A meter at 0, as of a class that is never drawn, has no attribute for it.
    return np.array([m.evaluate("meter => meter.value") for m in tab.page.locator(".coverage meter").all()])


def test_draws_of_a_plain_autoencoder_miss_digits(visit, demo):
    tab = visit("view=generate").drawn()
    first = tab.painted(".draws canvas")
    found = bars(tab)
    assert found.mean() < 0.25
    assert tab.page.locator(".coverage .missing").count() >= 1
    tab.said("Hardly ever:")
    metrics = json.loads((demo[0] / "autoencoder" / "metrics.json").read_text())
    assert found.mean() == pytest.approx(metrics["metrics"]["coverage"]["value"], abs=0.05), "as the run's own figure"
    norms = tab.page.locator(".norms svg").get_attribute("aria-label")
    data, draws = (float(text) for text in re.findall(r"[\d.]+", norms))
    assert draws < 0.6 * data, "a tiny ball beside the cloud"
    tab.page.keyboard.press("Space")
    tab.painted(".draws canvas", but=first)
    tab.has("seed=1")
    tab.page.get_by_role("button", name="Gaussian mixture").click()
    tab.page.locator(".coverage[data-ready='false']").wait_for()
    assert bars(tab).mean() > 0.7, "the cure"
    assert tab.page.locator(".coverage .missing").count() == 0


def test_draws_of_a_vae_reach_every_digit(visit):
    tab = visit("view=generate&run=1").drawn()
    assert bars(tab).mean() > 0.6
    assert tab.page.locator(".coverage .missing").count() == 0


def test_sliders_and_a_broken_code(visit):
    tab = visit("view=generate").drawn()
    before = tab.painted(".sliders .captioned:nth-child(1) canvas")
    tab.page.get_by_label("PCA 1").fill(tab.page.get_by_label("PCA 1").get_attribute("max"))
    moved = tab.painted(".sliders .captioned:nth-child(1) canvas", but=before)
    tab.page.get_by_role("button", name="raw axes").click()
    assert tab.page.locator(".strings .slider").count() == 16
    tab.page.get_by_label("Set to zero").select_option("3")
    tab.painted(".sliders .captioned:nth-child(2) canvas", but=moved)
    tab.page.get_by_label("Noise on z").fill("3")
    spoiled = tab.settled(".sliders .captioned:nth-child(2) canvas")
    assert np.abs(spoiled.astype(int) - moved).mean() > 3
    # All of it is in the address.
    tab.has("zero=3&jitter=3")
    again = visit(tab.page.url.partition("#")[2]).drawn()
    again.page.locator(".sliders").scroll_into_view_if_needed()
    for child, expected in ((1, moved), (2, spoiled)):
        seen = again.settled(f".sliders .captioned:nth-child({child}) canvas")
        assert np.abs(seen.astype(int) - expected).max() <= 2, "but for rounding in the address"
    tab.page.get_by_role("button", name="Reset").click()
    tab.painted(".sliders .captioned:nth-child(1) canvas", but=moved)
    tab.page.wait_for_url(lambda url: not re.search("pca|zero|jitter", url))


# 4. Draw


def test_a_drawn_seven_is_placed_among_sevens(visit, site):
    tab = visit("view=draw&run=2").drawn()
    tab.stroke(*SEVEN)
    tab.page.locator(".near .sheet button").nth(9).wait_for()
    near = [b.get_attribute("title")[0] for b in tab.page.locator(".near .sheet button").all()]
    assert near.count("7") >= 8
    assert tab.page.locator(".answers .best span").inner_text() == "7"
    # Its dot lies where sevens are.
    inked = tab.pixels("canvas.above")
    rows, columns = np.nonzero(inked[..., 3] > 200)
    box = tab.page.locator(".scatter").bounding_box()
    dot = np.array([box["x"] + columns.mean(), box["y"] + rows.mean()])
    sevens = np.flatnonzero(labels(site) == 7)[:200]
    places = np.array([tab.at(2, int(i)) for i in sevens[:20]])
    others = np.array([tab.at(2, int(np.flatnonzero(labels(site) == digit)[0])) for digit in (0, 1, 2, 5, 6)])
    middle = np.median(places, axis=0)
    assert np.linalg.norm(dot - middle) < np.linalg.norm(others - middle, axis=1).min()


def test_the_dot_slides_while_it_is_drawn(visit):
    tab = visit("view=draw").drawn()
    box = tab.page.locator(".sketch canvas").bounding_box()
    tab.page.mouse.move(box["x"] + 60, box["y"] + 60)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] + 200, box["y"] + 60, steps=6)
    bar = tab.painted("canvas.above")
    tab.page.mouse.move(box["x"] + 120, box["y"] + 230, steps=6)
    tab.painted("canvas.above", but=bar)
    tab.page.mouse.up()
    back = tab.painted(".answers .captioned:nth-child(2) canvas")
    assert back[..., 0].max() > 150


def test_noise_slides_and_is_removed(visit):
    tab = visit("view=draw&run=3").drawn()
    tab.stroke(*SEVEN)
    seen, noisy, clean = (tab.settled(f".answers .captioned:nth-child({i}) canvas")[..., 0] / 255.0 for i in (1, 2, 3))
    assert np.square(noisy - seen).mean() > 4 * np.square(clean - seen).mean()
    tab.page.get_by_label("Noise").fill("0")
    tab.has("noise=0")
    quiet = tab.settled(".answers .captioned:nth-child(2) canvas")
    assert np.abs(quiet[..., 0] / 255.0 - seen).max() < 0.01
    # What was drawn stays for another run to answer, which knows no noise.
    tab.page.get_by_label("Run").select_option("2")
    tab.page.locator(".answers .best span").wait_for()
    assert tab.page.locator(".answers .best span").inner_text() == "7"
    assert "noise" not in tab.page.url
    assert np.array_equal(tab.settled(".answers .captioned:nth-child(1) canvas")[..., 0] / 255.0, seen)


def test_a_picture_that_is_opened_and_one_that_is_none(visit, tmp_path, digits):
    paper = 255 - np.kron(digits.x[7], np.ones((8, 8), np.uint8))  # dark on light, as a scan is
    Image.fromarray(paper).save(tmp_path / "scan.png")
    (tmp_path / "none.png").write_bytes(b"not a picture")
    tab = visit("view=draw&run=2").drawn()
    tab.page.locator("input[type=file]").set_input_files(tmp_path / "scan.png")
    tab.page.locator(".answers .best span").wait_for()
    assert tab.page.locator(".answers .best span").inner_text() == str(digits.y[7])
    tab.page.locator("input[type=file]").set_input_files(tmp_path / "none.png")
    tab.said("This file is no picture that the browser can read.")


# 5. Compare


def test_two_runs_on_the_same_example_walk_and_draws(visit, demo, site):
    tab = visit("view=compare&run=0&with=1&pin=11&from=3&to=44").drawn()
    pairs = tab.page.locator(".twin")
    assert pairs.count() == 2
    # What each side shows is what its run makes of the same example, and of the same way.
    runs = [gargalo.open_run(demo[0] / name) for name in RUNS[:2]]
    codes = [np.fromfile(site / f"data/{i}/latents.bin", "<f4").reshape(POINTS, -1) for i in (0, 1)]
    for i, (run, z) in enumerate(zip(runs, codes, strict=True)):
        seen = tab.settled(f".twin:nth-child({i + 1}) .output")
        assert np.abs(seen[::2, ::2, 0].astype(int) - run.decode(z[11:12])[0]).max() <= 1
    tab.page.get_by_role("button", name="walk", exact=True).click()
    for i, (run, z) in enumerate(zip(runs, codes, strict=True)):
        film = tab.settled(f".twin:nth-child({i + 1}) .tiles:not(.picture)")
        for step, expected in enumerate(run.decode(path(z[3], z[44], 12))):
            top, left = step // 6 * 57, step % 6 * 57  # each pixel twice, and one between two frames
            found = film[top : top + 56 : 2, left : left + 56 : 2, 0].astype(int)
            inner = slice(3, -3)  # around it is a frame, where the way is off the data
            off, other = (np.abs(found - one)[inner, inner].mean() for one in (expected, np.roll(expected, 3, axis=1)))
            assert off < min(3, other), (i, step)
    left = tab.pixels(".twin:nth-child(1) .tiles:not(.picture)")
    tab.page.get_by_role("button", name="draws", exact=True).click()
    drawn = tab.painted(".twin:nth-child(1) .tiles:not(.picture)", but=left)
    tab.said("Draw from N(0, I)")
    tab.page.get_by_role("button", name="Draw again").click()
    tab.painted(".twin:nth-child(1) .tiles:not(.picture)", but=drawn)
    assert "reconstruction error" in pairs.first.inner_text()


def test_twin_pads_decode_where_the_pointer_is(visit, demo):
    tab = visit("view=compare&same=pads&run=4&with=5").drawn()
    for i, name in ((1, "autoencoder-2d"), (2, "vae-2d")):
        place = f".twin:nth-child({i})"
        before = tab.painted(f"{place} .output")
        box = tab.page.locator(f"{place} .scatter").bounding_box()
        tab.page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.35 * box["height"])
        after = tab.painted(f"{place} .output", but=before)
        tab.page.wait_for_timeout(200)
        after = tab.pixels(f"{place} .output")
        text = tab.page.locator(f"{place} .pad figcaption").inner_text()
        z = np.array([[float(value) for value in re.findall(r"-?[\d.]+", text)]], np.float32)
        run = gargalo.open_run(demo[0] / name)
        # The words round z to two decimals.
        assert np.abs(after[::2, ::2, 0].astype(int) - run.decode(z)[0]).mean() < 2
        # By keys as well.
        tab.page.mouse.move(5, 5)
        tab.page.locator(f"{place} .scatter").focus()
        tab.page.keyboard.press("ArrowRight")
        tab.page.keyboard.press("ArrowDown")
        tab.painted(f"{place} .output", but=after)
        moved = [
            float(value) for value in re.findall(r"-?[\d.]+", tab.page.locator(f"{place} figcaption").inner_text())
        ]
        assert moved[0] > z[0, 0]
        assert moved[1] < z[0, 1]


# The same numbers as in Python


def test_decodes_as_torch_does(visit, demo):
    run = gargalo.open_run(demo[0] / "vae")
    z = np.random.default_rng(0).standard_normal((100, 16)).astype(np.float32)
    tab = visit().drawn()
    found = np.array(tab.page.evaluate("z => gargalo.decode(1, z, 'x')", z.tolist()))
    with torch.inference_mode():
        expected = run.model.decode(torch.from_numpy(z)).flatten(1).numpy()
    assert np.abs(found - expected).max() < 1e-4
    raw = np.array(tab.page.evaluate("z => gargalo.decode(1, z)", z.tolist()))
    assert np.abs(raw - run.decode(z).reshape(100, -1)).max() <= 1


def test_encodes_and_places_as_python_does(visit, demo, site):
    run = gargalo.open_run(demo[0] / "autoencoder")
    raw = run.examples.x[:3]
    tab = visit().drawn()
    z = np.array(tab.page.evaluate("raw => gargalo.encode(0, raw)", raw.ravel().tolist()))
    assert np.abs(z - run.encode(raw)).max() < 1e-4
    latents = np.fromfile(site / "data/0/latents.bin", "<f4").reshape(POINTS, -1)
    points = np.fromfile(site / "data/0/tsne.bin", "<f4").reshape(POINTS, 2)
    near = Neighbours(latents)
    drawn = np.random.default_rng(1).standard_normal((20, 16)).astype(np.float32)
    for one in drawn:
        found = tab.page.evaluate("z => gargalo.place(0, z)", one.tolist())
        assert found["distance"] == pytest.approx(near.distance(one[None])[0], rel=1e-4)
        assert found["at"] == pytest.approx(near.place(one[None], points)[0], abs=1e-2)
        assert found["outOfDistribution"] == near.out_of_distribution(one[None])[0]


# Language, address, keys, screens


def test_both_languages(visit):
    tab = visit(locale="pt-BR").drawn()
    assert tab.page.locator("html").get_attribute("lang") == "pt-BR"
    tab.said("Cada ponto é um exemplo.")
    tab.page.get_by_role("button", name="Switch to English").click()
    tab.said("Each point is one example.")
    tab.has("lang=en")
    assert visit("lang=pt").drawn().page.title().startswith("mnist-10k · gargalo: um espaço latente")


def test_a_view_can_be_sent(visit):
    tab = visit("view=map&map=pca&colour=error&pin=17&lang=pt").drawn()
    assert tab.page.get_by_label("Cor").input_value() == "error"
    assert tab.page.get_by_role("button", name="PCA").get_attribute("aria-pressed") == "true"
    tab.page.locator(".pinned").wait_for()
    # What is no example, no run and no view is as if it were not there.
    odd = visit("view=nothing&run=99&pin=123456&from=-1&t=x&off=a&colour=<b>").drawn()
    assert not re.search("nothing|99|123456|from|t=|off=", odd.page.url.partition("#")[2])
    broken = visit("zero=999&pca=1:x&axes=a&jitter=&noise=1e&lasso=tsne,1,2,3").drawn()
    assert not re.search("zero|pca|axes|jitter|noise|lasso", broken.page.url.partition("#")[2])
    odd.page.evaluate("location.hash = 'run=99&pin=999999&label=99&t=.&view=generate'")
    odd.said("A decoder knows only the places where data have been.")
    odd.painted(".draws canvas")
    tab.page.evaluate("location.hash = 'view=walk&lang=en'")
    tab.said("Blending codes is not blending pixels.")


def test_keys(visit):
    tab = visit("pin=4").drawn()
    tab.page.locator(".scatter").focus()
    tab.page.keyboard.press("ArrowRight")
    assert tab.page.locator(".hovering").get_attribute("data-example") == "5"
    tab.page.keyboard.press("Enter")
    tab.has("pin=5")
    tab.page.locator("h1").click()
    tab.page.keyboard.press("ArrowRight")
    tab.has("pin=6")
    tab.page.keyboard.press("2")
    tab.said("Blending codes is not blending pixels.")
    tab.painted(".now .output")
    tab.page.keyboard.press("ArrowRight")
    tab.has("t=0.542")
    tab.page.get_by_role("button", name="Projector").click()
    assert tab.page.evaluate("getComputedStyle(document.documentElement).fontSize") == "21px"
    tab.page.keyboard.press("Escape")
    assert tab.page.evaluate("getComputedStyle(document.documentElement).fontSize") == "16px"


def test_the_code_of_a_published_view(browser, site):
    """On a name that others can reach, projector mode shows a QR code; here that name leads to this machine."""
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    class Quiet(SimpleHTTPRequestHandler):
        def __init__(self, *given):
            super().__init__(*given, directory=str(site))

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        launched = browser.browser_type.launch(
            executable_path=chromium.path(),
            args=[*chromium.FLAGS, "--host-resolver-rules=MAP class.example 127.0.0.1"],
        )
        tab = Visit(launched, f"http://class.example:{server.server_port}/", "projector=1")
        tab.drawn()
        code = np.kron(tab.painted(".qr canvas")[..., 0], np.ones((4, 4), np.uint8))
        (read,) = zxingcpp.read_barcodes(code)
        assert read.text == tab.page.url.replace("&projector=1", "")
        assert tab.complaints == []
        launched.close()
        server.shutdown()


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_cut_off(visit, width):
    tab = visit("lang=pt&pin=3&lines=1", viewport={"width": width, "height": 844}).drawn()
    for i in range(len(VIEWS)):
        tab.page.keyboard.press(str(i + 1))
        tab.page.locator(f".view-{VIEWS[i]} canvas[data-drawn]").first.wait_for()
        tab.page.wait_for_timeout(300)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width, VIEWS[i]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit, scheme):
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: npm ci in web/")
    tab = visit("pin=3&lines=1", color_scheme=scheme).drawn()
    tab.page.evaluate(AXE.read_text(encoding="utf-8"))
    for i in range(len(VIEWS)):
        tab.page.keyboard.press(str(i + 1))
        tab.page.locator(f".view-{VIEWS[i]} canvas[data-drawn]").first.wait_for()
        tab.page.wait_for_timeout(500)
        found = tab.page.evaluate("axe.run()")["violations"]
        serious = [v for v in found if v["impact"] in ("serious", "critical")]
        assert [(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in serious] == [], VIEWS[i]


# What cannot be, and what goes wrong


def test_a_run_without_decoder_says_so(visit):
    for view in ("walk", "generate"):
        tab = visit(f"view={view}&run=2")
        tab.said("supervised encoder has no decoder")
