"""A run: what it can do once it is trained, and what it says when it cannot."""

from __future__ import annotations

import shutil
import struct

import numpy as np
import pytest

import gargalo
from gargalo.errors import DataError, GargaloError, ParameterError, RunError
from gargalo.runs.folder import find_last


@pytest.fixture
def copy(small_runs, tmp_path):
    """A run that may be spoiled."""
    shutil.copytree(small_runs["autoencoder"].folder, tmp_path / "run")
    return tmp_path / "run"


def test_deterministic_everywhere_unless_it_takes_a_seed(small_runs, digits):
    for name, run in small_runs.items():
        x = digits.x[:20]
        assert np.array_equal(run.encode(x), run.encode(x)), name
        assert np.allclose(run.encode(x)[:3], run.encode(x[:3]), atol=1e-5), "a row does not depend on its neighbours"
    run = small_runs["vae"]
    assert np.array_equal(run.sample(5, seed=1), run.sample(5, seed=1))
    assert not np.array_equal(run.sample(5, seed=1), run.sample(5, seed=2))


def test_raw_in_raw_out(small_runs, digits):
    run = small_runs["autoencoder"]
    back = run.reconstruct(digits.x[:7])
    assert back.dtype == np.uint8
    assert back.shape == (7, 28, 28)
    assert np.array_equal(back, run.decode(run.encode(digits.x[:7])))


def test_a_walk_starts_and_ends_at_the_reconstructions(small_runs):
    run = small_runs["autoencoder"]
    a, b = run.find(3), run.find("label:7")
    assert run.examples.y[b] == 7
    for method in ("linear", "slerp"):
        film = run.interpolate(3, "label:7", steps=5, method=method)
        assert film.shape == (5, 28, 28)
        ends = run.reconstruct(run.examples.x[[a, b]])
        assert np.abs(film[[0, -1]].astype(int) - ends).max() <= 1


def test_traverse_changes_the_picture(small_runs):
    film = small_runs["vae"].traverse("pca:0", steps=6)
    assert film.shape == (6, 28, 28)
    assert np.abs(film[0].astype(int) - film[-1]).mean() > 5


def test_denoise_and_corrupt(small_runs, digits):
    run = small_runs["denoising"]
    x = digits.x[:50]
    spoiled = run.corrupt(x)
    assert np.array_equal(spoiled, run.corrupt(x))
    assert not np.array_equal(spoiled, run.corrupt(x, seed=1))
    error = [np.square(a.astype(float) - x).mean() for a in (spoiled, run.denoise(spoiled))]
    assert error[1] < error[0]


def test_the_mixture_draws_where_the_latents_are(small_runs):
    run = small_runs["autoencoder"]
    drawn = run.prior("gmm").sample(2000, np.random.default_rng(0))
    spread = run.latents.std(axis=0)
    assert np.abs(drawn.mean(axis=0) - run.latents.mean(axis=0)).max() < 0.3 * spread.max()


def test_maps_are_kept_and_keyed_by_the_weights(copy):
    run = gargalo.open_run(copy)
    first = run.map("tsne")
    kept = copy / "space" / "map-tsne-30-0.safetensors"
    assert kept.is_file()
    again = gargalo.open_run(copy).map("tsne")
    assert np.array_equal(first.points, again.points)
    assert again.engine == first.engine
    weights = copy / "weights.safetensors"
    bits = bytearray(weights.read_bytes())
    bits[-1] ^= 1  # the last bit of exponent or sign of one weight: still a number
    weights.write_bytes(bytes(bits))
    stamp = kept.stat().st_mtime_ns
    gargalo.open_run(copy).map("tsne")
    assert kept.stat().st_mtime_ns != stamp, "a map of other weights is made anew"


def test_open_run_last(small_runs, tmp_path):
    root = small_runs["vae"].folder.parent
    newest = max(small_runs.values(), key=lambda run: (run.folder / "metrics.json").stat().st_mtime_ns)
    assert find_last(root) == newest.folder
    with pytest.raises(RunError, match="expected a finished run in this folder"):
        gargalo.open_run("last", root=tmp_path)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda run: run.encode(np.zeros((3, 14, 14), np.uint8)), r"expected shape (n, 28, 28)"),
        (lambda run: run.encode(np.zeros((3, 28, 28), np.float32)), "expected dtype uint8"),
        (lambda run: run.encode(np.zeros((0, 28, 28), np.uint8)), "expected at least one example"),
        (lambda run: run.decode(np.zeros((3, 5))), "expected latents of shape (n, 16). Found (3, 5)"),
        (lambda run: run.decode(np.full((3, 16), np.nan)), "expected finite latents"),
        (lambda run: run.interpolate(300, 1), "must be an index from 0 to 299, label:NAME, or id:ID. Got 300"),
        (lambda run: run.interpolate(-1, 1), "must be an index from 0 to 299, label:NAME, or id:ID. Got -1"),
        (lambda run: run.interpolate("label:x", 1), "start must be one of label:0, label:1"),
        (
            lambda run: run.interpolate(0, 1, steps=1),
            "steps must be an int >= 2. Got 1",
        ),
        (lambda run: run.interpolate(0, 1, method="cubic"), "must be one of linear, slerp"),
        (lambda run: run.traverse("16"), "must be 0 to 15, or pca:0 to pca:15. Got '16'"),
        (lambda run: run.sample(0), "n must be an int >= 1"),
        (lambda run: run.sample(3, "gnm"), "Did you mean 'gmm'?"),
        (lambda run: run.map("tsn"), "Did you mean 'tsne'?"),
        (
            lambda run: run.denoise(np.zeros((1, 28, 28), np.uint8)),
            "model autoencoder cannot denoise. It can decode",
        ),
        (lambda run: run.classify(np.zeros((1, 28, 28), np.uint8)), "model autoencoder cannot classify"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(small_runs, act, message):
    with pytest.raises((DataError, ParameterError)) as error:
        act(small_runs["autoencoder"])
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_folders_that_are_no_runs(copy, tmp_path):
    with pytest.raises(RunError, match="Found no folder of this name"):
        gargalo.open_run(tmp_path / "nothing")
    with pytest.raises(RunError, match=r"Found no recipe\.json in it"):
        gargalo.open_run(tmp_path)
    (copy / "metrics.json").unlink()
    with pytest.raises(RunError, match="Found one whose training did not end; go on with"):
        gargalo.open_run(copy)


def test_weights_that_are_not_whole(copy):
    weights = copy / "weights.safetensors"
    whole = weights.read_bytes()
    for broken in (whole[:-10], whole[:100], b"", struct.pack("<Q", 2**60) + whole[8:]):
        weights.write_bytes(broken)
        with pytest.raises(GargaloError, match="safetensors"):
            gargalo.open_run(copy).encode(np.zeros((1, 28, 28), np.uint8))
    weights.write_bytes(whole[:-4] + struct.pack("<f", np.inf))
    with pytest.raises(RunError, match="expected finite weights"):
        gargalo.open_run(copy).encode(np.zeros((1, 28, 28), np.uint8))
    weights.unlink()
    with pytest.raises(RunError, match="The file is missing"):
        gargalo.open_run(copy).encode(np.zeros((1, 28, 28), np.uint8))


@pytest.mark.parametrize("name", ["metrics.json", "history.jsonl", "space/examples.safetensors"])
def test_files_of_a_run_that_are_not_whole(copy, name):
    whole = (copy / name).read_bytes()
    for broken in (whole[: len(whole) // 2], b"[1, 2]", b"\xff\xfe"):
        (copy / name).write_bytes(broken)
        run = gargalo.open_run(copy)
        with pytest.raises(RunError, match="cannot be read"):
            _ = run.metrics, run.history, run.examples


@pytest.mark.parametrize("content", ['{"format": 2, "facts": {}}', '{"format": 99, "facts": {}, "metrics": {}}'])
def test_metrics_that_lack_something_or_are_newer(copy, content):
    (copy / "metrics.json").write_text(content)
    with pytest.raises(RunError, match=r"metrics\.json: expected JSON as a run writes it"):
        _ = gargalo.open_run(copy).metrics


def test_one_class_and_no_labels_never_crash(digits, tmp_path):
    one = digits.x[digits.y == 1][:60]
    for name, y in (("one", np.ones(len(one), int)), ("none", None)):
        run = gargalo.train(one, "vae", y=y, epochs=2, out=tmp_path / name, progress=False)
        assert "knn_accuracy" not in run.metrics
        assert "coverage" not in run.metrics
        assert gargalo.report([run], tmp_path / f"{name}.html", "en").is_file()


def test_a_map_is_of_the_choices_that_were_made(copy, monkeypatch):
    """Each projection has its own choices; a map of others is never shown for it."""
    from dataclasses import dataclass

    from gargalo.latent import PROJECTIONS, Map, Projection

    @dataclass
    class Shifted(Projection):
        right: float = 0.0
        up: float = 0.0

        def fit(self, z):
            return Map(np.float32([self.right, self.up]) + np.zeros((len(z), 2), np.float32), "shifted", "numpy")

    monkeypatch.setitem(PROJECTIONS._loaded, "shifted", Shifted)
    run = gargalo.open_run(copy)
    assert run.map("shifted", right=5).points[0].tolist() == [5, 0]
    assert run.map("shifted", up=5).points[0].tolist() == [0, 5]
    assert run.map("shifted", up=5.0).points[0].tolist() == [0, 5]
    assert run.map("pca").method == "pca"
    for method, wrong, message in (
        (
            "tsne",
            {"perplexty": 5},
            "perplexty must be left out for method tsne. Got 5 instead. Did you mean 'perplexity'",
        ),
        ("pca", {"perplexity": 5}, "perplexity must be left out for method pca. Got 5"),
    ):
        with pytest.raises(ParameterError) as told:
            run.map(method, **wrong)
        assert str(told.value).startswith(message), str(told.value)
