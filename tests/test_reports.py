"""The parts of a report by themselves: who is shown, what the live pad carries, how a run is trained again."""

from __future__ import annotations

import base64
import shlex
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.markers import CARETDOWN
from torch import nn

import gargalo
from gargalo import cli, plots
from gargalo.data import Reading, as_dataset
from gargalo.lang import words
from gargalo.recipes import make
from gargalo.reports.contact_sheet import contact_sheet
from gargalo.reports.pad import NAMES, packed_decoder
from gargalo.reports.roles import Roles
from gargalo.reports.sections.see import see
from gargalo.runs.again import training_call, training_command
from gargalo.runs.cloud import cloud_map
from gargalo.runs.rows import KEPT_EXAMPLES, kept_rows

ACTIVATIONS = {name: layer for layer, name in NAMES.items()}


@pytest.fixture(scope="module")
def trained(digits, tmp_path_factory):
    """Train in an instant; once for the same choices."""
    known: dict[str, gargalo.Run] = {}
    # Without labels nothing else is trained to measure by.
    few = as_dataset(digits.x[:200], split=np.repeat(np.array([0, 2], np.uint8), [150, 50]))

    def train(data=few, model="autoencoder", **choices: object) -> gargalo.Run:
        key = f"{data.fingerprint} {model} {choices}"
        if key not in known:
            folder = tmp_path_factory.mktemp("run") / "run"
            known[key] = gargalo.train(data, model, out=folder, progress=False, **{"epochs": 1, **choices})
        return known[key]

    return train


def decoded(packed: dict, z: np.ndarray) -> np.ndarray:
    """What `pad.js` computes from what it is given."""
    weights = torch.from_numpy(np.frombuffer(base64.b64decode(packed["weights"]), "<f2").astype(np.float32))
    out, at = torch.from_numpy(z), 0
    for number, (width, height) in enumerate(packed["layers"], 1):
        matrix = weights[at : at + width * height].reshape(height, width)
        out = out @ matrix.T + weights[at + width * height : at + (width + 1) * height]
        at += (width + 1) * height
        if number < len(packed["layers"]) and packed["activation"]:
            out = ACTIVATIONS[packed["activation"]]()(out)
    if packed["direct"]:
        direct = np.frombuffer(base64.b64decode(packed["direct"]), "<f2").astype(np.float32).reshape(-1, 2)
        out = out + torch.from_numpy(z @ direct.T)
    return (torch.sigmoid(out) if packed["output"] == "sigmoid" else out).numpy()


class Squared(nn.Module):
    """A layer that no page knows."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.square()


def network(*between: nn.Module, bias: bool = True) -> tuple[nn.Module, nn.Module]:
    """A pair whose decoder has these layers in its middle."""
    torch.manual_seed(0)
    decoder = nn.Sequential(nn.Linear(2, 16), *between, nn.Linear(16, 784, bias=bias), nn.Unflatten(1, (1, 28, 28)))
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 2)), decoder


@pytest.mark.parametrize(
    "choices",
    [
        {"model": "pca"},
        {"widths": (16,)},
        {"widths": ()},
        {"widths": (16,), "init": "pca"},
        {"likelihood": "mse", "widths": (16,)},
        {"net": network(nn.Tanh())},
        {"net": network(nn.GELU(), bias=False)},
    ],
)
def test_the_pad_decodes_as_the_run_does(trained, choices):
    """A linear model as well as a sigmoid's, and layers without a bias."""
    run = trained(latent_dim=2, **choices)
    packed = packed_decoder(run)
    assert packed is not None
    z = run.latents[:20]
    shown = np.clip(255 * decoded(packed, z), 0, 255).reshape(-1, 28, 28)
    assert np.abs(shown - run.decode(z).astype(float)).max() < 3


@pytest.mark.parametrize(
    "layers",
    [
        (Squared(),),
        (nn.Tanh(), nn.Linear(16, 16), nn.ReLU()),
        (nn.ReLU(), nn.BatchNorm1d(16)),
        (nn.Tanh(), nn.Tanh()),
    ],
)
def test_what_the_page_cannot_compute_has_no_pad(trained, layers):
    assert packed_decoder(trained(latent_dim=2, net=network(*layers))) is None


def test_the_subject_can_decode(trained):
    """A denoiser with skip connections gives no picture for a latent, so another one is shown."""
    skips = trained(model="denoising", net="conv", widths=(4, 8), skips=True)
    plain = trained(model="denoising", widths=(16,))
    assert not skips.fitted.can("decode")
    assert Roles([skips, plain]).subject is plain
    assert Roles([skips]).subject is None


@pytest.mark.parametrize("classes", [2, 3, 5, 7, 10])
def test_walks_go_from_one_label_to_another(digits, trained, classes):
    rows = np.flatnonzero(digits.y < classes)
    few = as_dataset(digits.x[rows], digits.y[rows], split=digits.split[rows])
    run = trained(few, widths=(16,))
    for start, end in Roles([run]).pairs():
        assert run.examples.y[start] != run.examples.y[end]


def test_a_command_trains_the_run_again(tmp_path):
    first = gargalo.train("mnist-10k", epochs=1, widths=(), out=tmp_path / "first", progress=False)
    command = training_command(first)
    typed = shlex.split(command)
    assert typed[:3] == ["gargalo", "train", "mnist-10k"]
    assert typed[typed.index("--widths") + 1] == ""
    assert make(first.recipe.data, "autoencoder", choices={"widths": ()}).net == first.recipe.net
    assert training_call(first) == "run = gargalo.train('mnist-10k', 'autoencoder', latent_dim=16, widths=(), epochs=1)"
    second = gargalo.train("mnist-10k", epochs=1, start=first, out=tmp_path / "second", progress=False)
    assert training_command(second) is None, "where the weights lie that it began with is not known"
    assert training_call(second).endswith(", start=other)")


def test_no_command_trains_what_was_in_memory(trained):
    run = trained(widths=(16,))
    assert training_command(run) is None
    assert training_call(run).startswith("run = gargalo.train(data, 'autoencoder'")


def test_kept_examples_are_of_all_labels():
    """Also where the data are sorted by label and there are more of them than are kept."""
    y = np.repeat(np.arange(4), 2000)
    rows = kept_rows(as_dataset(np.zeros((8000, 2), np.float32), y, split=np.full(8000, 2, np.uint8)))
    assert len(rows) == KEPT_EXAMPLES
    assert (np.diff(rows) > 0).all()
    assert (np.bincount(y[rows], minlength=4) > 200).all()


def test_chance_is_not_nothing_where_every_neighbour_is_right(trained):
    """18 of 18 are as well explained by one class that is missed in twenty."""
    rng = np.random.default_rng(0)
    y = np.arange(180) % 3
    x = rng.normal(size=(180, 4)) + 20 * np.eye(4)[y]
    data = as_dataset(x, y, reading=Reading(shares=(0.8, 0.1, 0.1)))
    section = see(Roles([trained(data, latent_dim=3, epochs=3)]), words("en"))
    told = " ".join(section.body)
    assert "on those of the autoencoder 1.000; the standard error of such a share is 0.061" in told
    assert "hardly more than chance" in told


def test_what_pca_makes_of_the_kept_examples_is_theirs(tmp_path):
    """Of 2,000 test examples some are kept: none is shown beside another one's components."""
    x = np.random.default_rng(0).normal(size=(2200, 6)).astype(np.float32)
    split = np.repeat(np.array([0, 2], np.uint8), [200, 2000])
    run = gargalo.train(as_dataset(x, split=split), latent_dim=5, epochs=1, out=tmp_path / "run", progress=False)
    z, back = run.pca
    assert len(z) == len(back) == KEPT_EXAMPLES
    assert np.corrcoef(back[:, 0], run.examples.x[:, 0])[0, 1] > 0.5
    assert np.square(back - run.examples.x).mean() < 0.5


# Windows as lines, and names of bars


def log_of(n: int = 400) -> pl.DataFrame:
    t = np.arange(n)
    state = np.where(t % 20 < 12, "on", "off")
    return pl.DataFrame({"t": t, "heat": 20 + np.sin(t / 5), "volts": 9e5 + 1e5 * np.cos(t / 9), "state": state})


def test_windows_are_drawn_as_a_line_for_each_channel():
    heat, volts = np.linspace(-1, 1, 7), np.linspace(2, -2, 7)
    one = np.stack([heat, volts], 1).reshape(1, -1)
    drawn = plots.strips([("a", one), ("b", np.repeat(one, 3, axis=0))], "lines", ["heat", "volts"])
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == ["heat", "volts"]
    lines = [line.get_ydata() for line in drawn.axes[0].lines]
    lines, scales = lines[:3] + lines[6:15], lines[3:6] + lines[15:]
    assert [len(line) for line in lines] == [2, 7, 7] * 4, "a line for zero, and two channels"
    assert [len(line) for line in scales] == [2] * 6, "beside each row a scale"
    # Both on one scale, which grows upwards: y of the axes does not.
    zero, first, second = lines[:3]
    np.testing.assert_allclose((zero[0] - second) / (zero[0] - first)[0], volts / heat[0], rtol=1e-6)
    colours = [line.get_color() for line in drawn.axes[0].lines]
    assert colours[1] != colours[2]
    # A gap in the numbers is a gap in the line.
    one[0, 4] = np.nan
    drawn = plots.strips([("", one)], "lines", ["heat", "volts"])
    assert np.isnan(drawn.axes[0].lines[1].get_ydata()).tolist() == [False, False, True] + [False] * 4
    many = plots.strips([("", np.zeros((2, 80)))], "lines", [f"c{i}" for i in range(40)])
    assert [text.get_text() for text in many.legends[0].get_texts()][-1] == "+10"
    unnamed = plots.strips([("", np.zeros((2, 80)))], "lines", [""])
    assert not unnamed.legends
    through = plots.passage(
        np.zeros((2, 14)), np.ones((2, 3)), np.ones((2, 14)), ("a", "b", "c"), "lines", ["$x$", "y"]
    )
    assert [text.get_text() for text in through.legends[0].get_texts()] == ["$x$", "y"]
    assert plots.png(through).startswith(b"\x89PNG")


def written(drawn) -> list[str]:
    """What stands in the axes, without the scales beside rows."""
    return [text.get_text() for text in drawn.axes[0].texts if text.get_fontsize() != 6 or text.get_ha() == "center"]


def test_bars_always_have_the_names_of_their_columns():
    """Below them where these fit; else numbers are there, and a key of the names."""
    names = [f"column {i}" for i in range(40)]
    drawn = plots.strips([("", np.zeros((2, 3)))] * 3, "bars", names[:3])
    assert written(drawn) == names[:3] * 2
    assert not drawn.legends
    drawn = plots.strips([("", np.zeros((2, 40)))] * 3, "bars", names)
    assert written(drawn) == ["1", "10", "20", "30", "40"] * 2
    told = [text.get_text().replace("\u2007", " ") for text in drawn.legends[0].get_texts()]
    assert told == [f"{i:2}  {n}" for i, n in enumerate(names, 1)]
    through = plots.passage(np.zeros((2, 40)), np.ones((2, 3)), np.ones((2, 40)), ("a", "b", "c"), "bars", names)
    assert len(through.legends[0].get_texts()) == 40
    drawn = plots.strips([("", np.zeros((1, 2)))], "bars", ["a\nb", "of very, very many letters"])
    assert written(drawn) == ["a b", "of very, very man…"]


def test_one_extreme_number_does_not_make_all_others_small():
    rows = np.tile(np.array([1.0, -1.0, 0.5, 0.0]), (5, 1))
    assert not plots.is_cut([rows], "bars")
    rows[2, 1] = -500.0
    assert plots.is_cut([rows], "bars")
    for drawn_as in ("bars", "lines"):
        drawn = plots.strips([("", rows)], drawn_as, note="so many units")
        marks = [line for line in drawn.axes[0].lines if line.get_marker() == CARETDOWN]
        assert len(marks) == 1, "the one that goes on beyond has a mark"
        if drawn_as == "bars":
            one, zero = drawn.axes[0].patches[0].get_data().values[:2]
        else:
            one, *_, zero = next(line.get_ydata() for line in drawn.axes[0].lines if len(line.get_ydata()) == 4)
        assert abs(one - zero) > 0.15, "a 1 is still seen beside -500"
        assert [text.get_text() for text in drawn.texts] == ["so many units"]


def test_test_points_are_told_from_training_points():
    points = np.random.default_rng(0).normal(size=(30, 2))
    drawn = plots.ringed(plots.scatter([("", points)]), [("", points)], 10, ("test set", "training set"))
    rings = drawn.axes[0].collections[-1]
    assert np.array_equal(rings.get_offsets(), points[:10])
    assert len(rings.get_facecolors()) == 0
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == ["test set", "training set"]
    alone = plots.ringed(plots.scatter([("", points)]), [("", points)], 30, ("test set", "training set"))
    assert not alone.legends


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> gargalo.data.Dataset:
    """Two numbers and a category of two names."""
    path = tmp_path_factory.mktemp("table") / "t.csv"
    log_of(120).drop("t").write_csv(path)
    return gargalo.load_data(path)


@pytest.mark.parametrize("lang", ["en", "pt"])
def test_a_report_of_rows_tells_what_its_bars_are(trained, table, tmp_path, monkeypatch, lang):
    """Its words count the bars, figures are its own and numbered as sections are, one error is told once."""
    run, shown, curves = trained(table, epochs=2), [], []
    passage, lines = plots.passage, plots.curves
    monkeypatch.setattr(plots, "passage", lambda *a: shown.append(a[3]) or passage(*a))
    monkeypatch.setattr(plots, "curves", lambda p, *a: curves.append([n for n, *_ in p[0][2]]) or lines(p, *a))
    page = gargalo.report([run], tmp_path / "one.html", lang)
    gargalo.report([run], tmp_path / "two.html", lang)
    files = sorted(path.name for path in (tmp_path / "one-figures").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "two-figures").iterdir())
    text, say = page.read_text(), words(lang).speaking_of("rows")
    assert "one-figures/" in text
    keys = [part.split('"')[0] for part in text.split('<section id="')[1:]]
    for key, file in (("columns", "columns"), ("see", "maps"), ("walk", "walk"), ("cures", "cures")):
        assert f"{keys.index(key) + 1}-{file}.png" in files
    cures = text.split('<section id="cures"')[1].split("</section>")[0]
    assert cures.count(words(lang).number(run.metrics["test_mse"], 4)) == 1
    assert "<table" not in cures
    assert say("bars").strip() in cures
    assert say("n_bars", n=3, bars=4) in shown[-1]
    assert say("pca_on_test", d=run.recipe.latent_dim) in curves[-1]
    assert say("see.caption.rings") in text
    assert say("see.caption.labels") not in text


def test_noisy_examples_and_their_clean_partners_have_names_on_a_contact_sheet(monkeypatch):
    seen = []
    monkeypatch.setattr("gargalo.plots.strips", lambda rows, *how, **more: seen.extend(rows))
    monkeypatch.setattr("gargalo.plots.png", lambda figure, comma: b"")
    x = np.arange(8, dtype=np.uint8)[:, None, None] * np.ones((1, 4, 4), np.uint8)
    contact_sheet(replace(as_dataset(x), clean=x + 100), words("pt"))
    assert [name for name, _ in seen] == ["com ruído", "limpos"]
    assert np.array_equal(seen[1][1], seen[0][1] + 100)


def test_a_run_on_windows_shows_channels(tmp_path, monkeypatch):
    log_of().write_csv(tmp_path / "log.csv")
    reading = {"time": "t", "window": 20, "step": 5}
    run = gargalo.train(tmp_path / "log.csv", reading=reading, epochs=1, out=tmp_path / "run", progress=False)
    assert run.drawn_as == "lines"
    assert run.drawn_names == ("heat", "volts", "state")
    raw = run.examples.x[:3]
    looked = run.look(raw).reshape(3, 20, 3)
    # Each channel on one scale of its own, so that windows keep their shape.
    for channel in (0, 1):
        shape = np.polyfit(raw.reshape(3, 20, 3)[:, :, channel].ravel(), looked[:, :, channel].ravel(), 1)
        fitted = np.polyval(shape, raw.reshape(3, 20, 3)[:, :, channel])
        np.testing.assert_allclose(looked[:, :, channel], fitted, atol=1e-3)
    whole = run.look(gargalo.load_data(tmp_path / "log.csv", like=run.recipe.data).x).reshape(-1, 20, 3)
    np.testing.assert_allclose(whole[:, :, :2].std(axis=(0, 1)), 1, atol=0.1)
    assert set(np.unique(looked[:, :, 2])) == {-1.0, 1.0}
    seen = []

    def strips(rows, *how, **more):
        seen.append(([len(examples) for _, examples in rows], *how))
        return really(rows, *how, **more)

    really = plots.strips
    monkeypatch.setattr("gargalo.plots.strips", strips)
    assert cli.run(["sample", str(run.folder), "-n", "15", "-o", str(tmp_path / "s.png")]) == 0
    assert seen[-1] == ([12, 3], "lines", ("heat", "volts", "state"))
    sheet = ["inspect", str(tmp_path / "log.csv"), "--time", "t", "--window", "20", "-o", str(tmp_path / "sheet.png")]
    assert cli.run(sheet) == 0
    assert seen[-1][1:] == ("lines", ["heat", "volts", "state"])
    gargalo.report(run, tmp_path / "report.html", lang="en")
    assert {how[1:] for how in seen[2:]} == {("lines", ("heat", "volts", "state"))}
    table = gargalo.train(log_of().drop("t"), epochs=1, out=tmp_path / "table", progress=False)
    assert (table.drawn_as, table.drawn_names) == ("bars", ("heat", "volts", "state=off", "state=on"))
    # Of a category of many names nobody could tell the bars apart: it has one, from -1 to 1.
    places = [f"place {i % 30:02d}" for i in range(len(log_of()))]
    many = log_of().drop("t").with_columns(place=pl.Series(places))
    table = gargalo.train(many, "pca", latent_dim=2, out=tmp_path / "many", progress=False)
    assert table.drawn_names == ("heat", "volts", "state=off", "state=on", "place")
    looked = table.look(gargalo.load_data(many, like=table.recipe.data).x)
    assert looked.shape[1] == 5 and np.allclose(looked[:3, 4], [-1, 2 / 29 - 1, 4 / 29 - 1])
    assert "A category of more than 12 names is one bar" in gargalo.report(
        table, tmp_path / "many.html", lang="en"
    ).read_text(encoding="utf-8")


def test_no_example_stands_twice_on_a_contact_sheet(monkeypatch):
    """Without labels either: each of 30 examples is a shade of its own."""
    seen = []
    monkeypatch.setattr("gargalo.plots.strips", lambda rows, *how, **more: seen.extend(rows))
    monkeypatch.setattr("gargalo.plots.png", lambda figure, comma: b"")
    contact_sheet(as_dataset(np.arange(30, dtype=np.uint8)[:, None, None] * np.ones((1, 4, 4), np.uint8)), words("en"))
    shades = [int(picture[0, 0]) for _, pictures in seen for picture in pictures]
    assert sorted(shades) == list(range(30))


def test_no_two_classes_look_alike():
    """Ten colours went round: the eleventh class was the first one's blue."""
    from gargalo.plots.scatter import _look

    assert len({_look(label) for label in range(100)}) == 100
    y = np.arange(300) % 26
    points = np.random.default_rng(0).normal(size=(300, 2))
    names = [f"a long name of class {label}" for label in range(26)]
    drawn = plots.scatter([("", points)], y, names)
    (key,) = drawn.legends
    assert len(key.get_texts()) == 19
    assert key.get_texts()[-1].get_text() == "+8"
    assert not drawn.axes[0].texts, "long names do not cover the points"
    assert sum(len(part.get_offsets()) for part in drawn.axes[0].collections) == 300
    assert plots.scatter([("", points)], y % 10, list("0123456789")).legends, "nor do names lie over each other"
    apart = points + 20 * np.stack([np.cos(y % 10), np.sin(y % 10)], axis=1)
    brief = plots.scatter([("", apart)], y % 10, list("0123456789"))
    assert not brief.legends
    assert [text.get_text() for text in brief.axes[0].texts] == [str(label) for label in range(10)]


def test_a_map_of_few_test_examples_shows_training_examples_as_well(small_runs, tmp_path):
    run = small_runs["autoencoder"]
    cloud = run.cloud
    assert (cloud.tests, len(cloud.z)) == (300, 1800)
    assert np.array_equal(cloud.z[:300], run.latents)
    assert cloud.y is not None and len(cloud.y) == 1800
    probe = np.linalg.lstsq(np.c_[cloud.z, np.ones(1800)], np.eye(10)[cloud.y], rcond=None)[0]
    assert ((np.c_[cloud.z, np.ones(1800)] @ probe).argmax(1) == cloud.y).mean() > 0.5, (
        "labels are those of their latents"
    )
    assert cloud_map(run, "pca").points.shape == (1800, 2)
    page = gargalo.report([run], tmp_path / "r.html", "en").read_text()
    assert "1800 examples: 300 of the test set, the others of the training set" in page
    (run.folder / "space" / "training.safetensors").rename(tmp_path / "aside")
    try:
        assert gargalo.open_run(run.folder).cloud.tests == len(gargalo.open_run(run.folder).cloud.z) == 300
    finally:
        (tmp_path / "aside").rename(run.folder / "space" / "training.safetensors")


def oklab(colour: str) -> np.ndarray:
    """A colour in OKLab (Ottosson, 2020), in which distances are as they are seen."""
    c = np.array(to_rgb(colour))
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    axes = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.cbrt(linear @ np.array(cones).T) @ np.array(axes).T


def test_colours_are_told_apart():
    seen = np.array([oklab(colour) for colour in plots.PALETTE])
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2)[np.triu_indices(len(seen), 1)]
    assert len(seen) == 30
    assert apart.min() > 0.09
    # On white paper and on the explorer's dark one.
    assert all(np.linalg.norm(seen - oklab(paper), axis=1).min() > 0.17 for paper in ("#ffffff", "#151a22"))
