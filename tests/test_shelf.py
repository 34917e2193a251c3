"""The shelf: what nobody chose trains well, what cannot be is refused first, labels go where they are wanted."""

from __future__ import annotations

import json

import numpy as np
import pytest

import gargalo
from gargalo import nets, recipes
from gargalo.data import as_dataset
from gargalo.errors import ParameterError
from gargalo.models import MODELS, SHORT


@pytest.mark.parametrize("name", MODELS)
def test_defaults_train_without_collapse(name, default_runs):
    """On 1,500 digits, a seventh of the embedded ones."""
    must_not_have_collapsed(name, default_runs[name])


@pytest.mark.long
@pytest.mark.parametrize("name", MODELS)
def test_defaults_train_without_collapse_on_all_of_them(name, tmp_path):
    run = gargalo.train("mnist-10k", name, out=tmp_path / "run", progress=False)
    must_not_have_collapsed(name, run)
    assert name == "cvae" or run.metrics["knn_accuracy"] > 0.85


def must_not_have_collapsed(name: str, run: gargalo.Run) -> None:
    """Latents tell digits apart (by chance: 0.1), and nothing that the objective could waste is wasted."""
    found, can = run.metrics, MODELS[name].can
    assert found["knn_accuracy"] > (0.25 if name == "cvae" else 0.75)
    if "posterior" in can:
        assert found["active_units"] >= 4
    if "codes" in can:
        assert found["test_perplexity"] > 0.25 * run.recipe.options["codebook"]
    if name == "sparse":
        assert 0.05 < found["test_active_share"] < 0.5
        used = (run.latents != 0).mean(0)
        assert (used > 0).mean() > 0.5, "most latent numbers speak for some example"
    if "decode" in can:
        # The mean digit leaves 0.067.
        assert found["test_mse"] < 0.045
        assert len(np.unique(run.sample(5), axis=0)) == 5
    if "classify" in can:
        assert found["test_accuracy"] > 0.85


@pytest.mark.parametrize(
    ("model", "choices", "told"),
    [
        (
            "vq-vae",
            {"codebook": 2000},
            "codebook must be at most 1500, the number of training",
        ),
        ("vq-vae", {"net": "mlp"}, "net must be conv or custom for model vq-vae. Got 'mlp'"),
        ("contractive", {"net": "conv"}, "net must be mlp for model contractive. Got 'conv'"),
        ("pca", {"widths": (8,)}, "widths must be left out for model pca, which is linear"),
        ("pca", {"minutes": 1}, "minutes must be left out for model pca, which is solved"),
        ("beta-vae", {"beta": -1.0}, "beta must be greater than or equal to 0. Got -1.0"),
        ("iwae", {"k": 0}, "k must be greater than or equal to 1. Got 0"),
        ("sparse", {"k": 0}, "k must be greater than or equal to 1. Got 0"),
        ("sparse", {"sparsity": "l2"}, "sparsity must be 'l1' or 'k-sparse'. Got 'l2'"),
        ("vae", {"beta": 2.0}, "beta does not go with model vae"),
        (
            "vae",
            {"likelihood": "mse"},
            "likelihood must be one of bernoulli, gaussian, mixed, poisson, negative-binomial, clipped for model",
        ),
        (
            "sparse",
            {"sparsity": "k-sparse", "k": 100},
            "k must be at most latent_dim, 64",
        ),
        ("denoising", {"skips": True}, "skips must be left out, or with net conv"),
        ("autoencoder", {"net": "conv", "widths": ()}, "widths must be at least one level's"),
        ("beta-vea", {}, "Did you mean 'beta-vae'?"),
    ],
)
def test_what_cannot_be_is_refused_before_training(model, choices, told, digits, tmp_path):
    with pytest.raises(ParameterError) as error:
        gargalo.train(digits, model, out=tmp_path / "run", progress=False, **choices)
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("model", "choices", "told"),
    [
        ("cvae", {}, "model must be one that needs no labels, for data without two classes"),
        (
            "autoencoder",
            {"net": "conv"},
            "net must be mlp, for rows of numbers: conv is for images",
        ),
        ("vq-vae", {}, "model must be one that takes rows of numbers: this one needs images"),
        ("autoencoder", {"likelihood": "bernoulli"}, "gaussian or mse for numbers outside [0, 1]"),
    ],
)
def test_what_does_not_go_with_a_table_without_labels(model, choices, told, tmp_path):
    x = np.random.default_rng(0).standard_normal((300, 6))
    with pytest.raises(ParameterError) as error:
        gargalo.train(x, model, out=tmp_path / "run", progress=False, **choices)
    assert told in str(error.value)
    assert not (tmp_path / "run").exists()


def test_the_network_suits_the_data_and_says_so(tmp_path, capsys):
    rng = np.random.default_rng(0)
    shapes = {(28, 28): "mlp", (32, 32, 1): "mlp", (33, 32): "conv", (28, 28, 3): "conv", (50,): "mlp"}
    for shape, net in shapes.items():
        few = as_dataset(rng.integers(0, 255, (20, *shape)).astype(np.uint8)).spec
        assert recipes.make(few, "vae").net.net == "mlp", "few of them teach it most"
        spec = few.model_copy(update={"counts": {"train": 5000, "validation": 100, "test": 100}})
        assert recipes.make(spec, "vae").net.net == net, shape
        assert recipes.make(spec, "contractive").net.net == "mlp"
    colour = rng.integers(0, 255, (20, 9, 8, 3)).astype(np.uint8)
    gargalo.train(colour, "vae", epochs=1, out=tmp_path / "run")
    assert "vae: network mlp 256-128 silu (net auto, for few pictures)" in capsys.readouterr().err
    gargalo.train(colour, "denoising", epochs=1, out=tmp_path / "noisy")
    assert "denoising: network conv 16-48 silu (net auto, for colour images)" in capsys.readouterr().err
    gargalo.train(colour, "contractive", epochs=1, out=tmp_path / "flat")
    assert "network mlp 128-64 silu (net auto, for few pictures)" in capsys.readouterr().err
    assert nets.default_widths("conv", (64, 64)) == (16, 48, 96)
    assert nets.default_widths("conv", (8, 8)) == (16, 48)


@pytest.mark.parametrize("shape", [(8, 8), (9, 31), (13, 8, 3), (8, 8, 4), (40, 33)])
def test_images_of_any_size_go_through_convolutions(shape, tmp_path):
    x = np.random.default_rng(0).integers(0, 255, (60, *shape)).astype(np.uint8)
    for model in ("autoencoder", "vq-vae", "denoising"):
        more = {"codebook": 16} if model == "vq-vae" else {"skips": True} if model == "denoising" else {}
        run = gargalo.train(x, model, net="conv", widths=(4, 6), epochs=1, out=tmp_path / model, progress=False, **more)
        assert run.reconstruct(x[:3]).shape == x[:3].shape


def test_options_that_need_a_larger_default_fit_small_data():
    spec = as_dataset(np.random.default_rng(0).standard_normal((40, 6))).spec
    for name in MODELS:
        if name not in ("vq-vae", "classifier", "cvae"):
            assert recipes.make(spec, name).latent_dim <= 6


def test_labels_are_a_condition(default_runs, digits, tmp_path, say, monkeypatch):
    run = default_runs["cvae"]
    reference = default_runs["classifier"]
    for label in (1, 7):
        asked = reference.classify(run.sample(60, label=label)).argmax(1)
        assert (asked == label).mean() > 0.6
    mixed = run.sample(10, label=[str(d) for d in range(10)])
    assert (reference.classify(mixed).argmax(1) == np.arange(10)).sum() >= 4
    assert len(set(reference.classify(run.sample(200)).argmax(1))) >= 8, "without a label, labels are drawn"
    film = run.interpolate("label:1", "label:7", steps=5)
    assert list(reference.classify(film[[0, -1]]).argmax(1)) == [1, 7]
    assert run.traverse("pca:0", 4).shape == (4, 28, 28)
    with pytest.raises(ParameterError, match="decodes with a label: one of 0, 1, 2"):
        run.decode(np.zeros((1, 16)))
    with pytest.raises(ParameterError, match="must be one of 0, 1"):
        run.sample(3, label="seven")
    with pytest.raises(ParameterError, match=r"one name, or 3\. Got \['"):
        run.sample(3, label=[1, 2])
    with pytest.raises(ParameterError, match="left out: model vae knows no labels"):
        default_runs["vae"].sample(3, label=1)
    monkeypatch.chdir(tmp_path)
    np.save("z.npy", np.zeros((2, 16), np.float32))
    assert say("decode", run.folder, "z.npy", "--label", 3, "-o", "three.npy")[0] == 0
    assert say("sample", run.folder, "-n", 4, "--label", 3, "-o", "threes.npy")[0] == 0
    assert np.load("threes.npy").shape == (4, 28, 28)


def test_with_labels_reconstruction_is_no_worse(default_runs, digits):
    run = default_runs["cvae"]
    few = as_dataset(digits.x[-100:], digits.y[-100:])
    x = few.x / 255.0
    told, guessed = (np.square(run.reconstruct(given) / 255.0 - x).mean() for given in (few, few.x))
    assert told == pytest.approx(guessed, rel=0.15)


def test_likelihoods_by_importance(default_runs, digits):
    vae, x = default_runs["vae"], digits.x[-40:]
    few, many = vae.log_likelihood(x, k=1), vae.log_likelihood(x, k=200)
    assert few.shape == (40,)
    assert many.mean() > few.mean() + 1
    assert np.array_equal(many, vae.log_likelihood(x, k=200))
    cvae = default_runs["cvae"]
    assert cvae.log_likelihood(as_dataset(x, digits.y[-40:]), k=20).shape == (40,)
    with pytest.raises(ParameterError, match="a Dataset with labels, for cvae"):
        cvae.log_likelihood(x)
    with pytest.raises(ParameterError, match="cannot give a posterior"):
        default_runs["autoencoder"].log_likelihood(x)
    with pytest.raises(ParameterError, match="must be an int >= 1"):
        vae.log_likelihood(x, k=0)


def test_draws_come_from_where_the_model_says(default_runs):
    rae, vae = default_runs["rae"], default_runs["vae"]
    assert np.array_equal(rae.sample(3), rae.sample(3, "gmm"))
    assert np.array_equal(vae.sample(3), vae.sample(3, "normal"))
    codes = default_runs["vq-vae"]
    assert codes.latents.shape == (300, 16 * 49)
    assert codes.prior("gmm").sample(2, np.random.default_rng(0)).shape == (2, 16 * 49)


def test_codes_are_whole_numbers(default_runs, digits, tmp_path, say):
    run = default_runs["vq-vae"]
    np.save(tmp_path / "few.npy", digits.x[:5])
    out = tmp_path / "codes.npy"
    assert say("encode", run.folder, tmp_path / "few.npy", "--codes", "-o", out)[0] == 0
    codes = np.load(out)
    assert codes.shape == (5, 7, 7)
    assert codes.dtype == np.int64
    vectors = run.model.codebook.vectors.numpy()
    assert np.allclose(vectors[codes].transpose(0, 3, 1, 2).reshape(5, -1), run.encode(digits.x[:5]), atol=1e-6)
    status, _, told = say("encode", default_runs["vae"].folder, tmp_path / "few.npy", "--codes", "-o", out)
    assert status == 2
    assert "model vae cannot give codes" in told


def test_reports_say_what_each_objective_lowers(default_runs, tmp_path):
    from gargalo import report

    told = {
        "cvae": [
            "has these and the label",
            "is told the label where it decodes",
            "other terms of the objective (kl)",
        ],
        "iwae": ["the objective as a whole (iwae)"],
        "vq-vae": ["49 codes, each one of 256: 392 bits"],
        "autoencoder": ["nothing else to make the example again"],
    }
    for name, texts in told.items():
        page = report([default_runs[name]], tmp_path / f"{name}.html", "en").read_text(encoding="utf-8")
        for text in texts:
            assert text in page, (name, text)


def test_reports_of_every_model(default_runs, tmp_path):
    """One of all; and of those that differ from the lesson's in what they can show."""
    for name in ("cvae", "vq-vae"):
        gargalo.report([default_runs[name]], tmp_path / f"{name}.html", lang="pt")
    gargalo.report([default_runs["iwae"], *default_runs.values()], tmp_path / "all.html", lang="en")


@pytest.mark.parametrize("lang", ["en", "pt"])
def test_the_shelf_is_told(say, lang):
    status, out, _ = say("models", "--json", "--lang", lang)
    assert status == 0
    shelf = json.loads(out)["models"]
    assert [m["name"] for m in shelf] == list(MODELS)
    assert {short for m in shelf for short in m["short"]} == set(SHORT)
    for m in shelf:
        assert all(m[key] for key in ("about", "latent", "good", "reference", "can", "networks"))
    text = say("models", "--lang", lang)[1]
    assert all(m["about"] in text and m["latent"] in text and m["good"] in text for m in shelf)
