"""The parts of a report by themselves: who is shown, what the live pad carries, how a run is trained again."""

from __future__ import annotations

import base64
import shlex

import numpy as np
import pytest
import torch
from torch import nn

import gargalo
from gargalo.data import Reading, as_dataset
from gargalo.lang import words
from gargalo.recipes import make
from gargalo.reports.contact_sheet import contact_sheet
from gargalo.reports.pad import NAMES, packed_decoder
from gargalo.reports.roles import Roles
from gargalo.reports.sections.see import see
from gargalo.runs.again import training_call, training_command
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


def test_no_example_stands_twice_on_a_contact_sheet(monkeypatch):
    """Without labels either: each of 30 examples is a shade of its own."""
    seen = []
    monkeypatch.setattr("gargalo.plots.strips", lambda rows, drawn_as: seen.extend(rows))
    monkeypatch.setattr("gargalo.plots.png", lambda figure, comma: b"")
    contact_sheet(as_dataset(np.arange(30, dtype=np.uint8)[:, None, None] * np.ones((1, 4, 4), np.uint8)), words("en"))
    shades = [int(picture[0, 0]) for _, pictures in seen for picture in pictures]
    assert sorted(shades) == list(range(30))
