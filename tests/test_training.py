"""The loop, recipes and runs: deterministic, as the recipe says, and clear when something cannot be."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys

import numpy as np
import pytest
import torch

import gargalo
from gargalo import recipes, training
from gargalo.data import as_dataset
from gargalo.errors import GargaloError, ParameterError, RunError
from gargalo.recipes import build
from gargalo.training import products
from gargalo.training.draws import generator_at, order_of, stochastic_layers
from gargalo.training.optimizers import optimizer_for
from gargalo.training.threads import worthwhile_threads


def trained(digits, **choices):
    """Weights and history of a short training."""
    plan = recipes.make(digits.spec, choices.pop("model", "vae"), choices.pop("preset", None), choices)
    rows = digits.rows("train")[:640]
    codec, model = build(plan, digits.x[rows])
    data = training.Data(torch.from_numpy(digits.x[rows]))
    held = training.Data(torch.from_numpy(digits.x[digits.rows("test")]))
    return training.fit(model, codec, data, held, plan.training), model, codec, data


def test_same_seed_same_run(digits):
    first, second, other = (trained(digits, epochs=2, seed=seed)[0] for seed in (0, 0, 1))
    assert all(torch.equal(first.weights[name], second.weights[name]) for name in first.weights)
    assert any(not torch.equal(first.weights[name], other.weights[name]) for name in first.weights)
    for a, b in zip(first.history, second.history, strict=True):
        assert {**a, "seconds": 0} == {**b, "seconds": 0}


def test_draws_are_a_function_of_their_place():
    a, b = (torch.randn(4, generator=generator_at(0, 3, 5)) for _ in range(2))
    assert torch.equal(a, b)
    assert not torch.equal(a, torch.randn(4, generator=generator_at(0, 5, 3)))
    places = [(), (0,), (1,), (0, 0), (0, 1), (1, 0), (2**31, 0, 0), (0, 0, 1), (0, 0, 2)]
    firsts = {torch.rand(1, generator=generator_at(0, *place)).item() for place in places}
    assert len(firsts) == len(places), "no two places share their draws"
    assert sorted(order_of(100, 0, 1).tolist()) == list(range(100))
    assert not torch.equal(order_of(100, 0, 1), order_of(100, 0, 2))


def test_the_lesson_is_the_notebooks_own_loop(digits):
    """Adam 1e-3 with weight decay 1e-8, batch 64, mean squared error, PyTorch's own first weights."""
    result, _, codec, data = trained(digits, model="autoencoder", preset="lesson", epochs=2)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        sizes = [784, 128, 64, 16, 64, 128, 784]
        linears = [torch.nn.Linear(a, b) for a, b in itertools.pairwise(sizes)]
    optimizer = torch.optim.Adam([p for layer in linears for p in layer.parameters()], lr=1e-3, weight_decay=1e-8)
    x = codec(data.raw).flatten(1)
    for epoch in range(2):
        for rows in order_of(len(x), 0, epoch).split(64):
            h = x[rows]
            for i, layer in enumerate(linears):
                h = layer(h)
                h = torch.sigmoid(h) if i == 5 else h if i == 2 else torch.relu(h)
            loss = torch.nn.functional.mse_loss(h, x[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    ours = [w for name, w in result.weights.items() if name.endswith("weight")]
    for mine, theirs in zip(ours, linears, strict=True):
        assert torch.allclose(mine, theirs.weight, atol=1e-5)


def test_large_products_are_the_same_by_either_library():
    """To rounding: forward, and backward to input, weights and biases."""
    torch.manual_seed(0)
    layers = torch.nn.Sequential(torch.nn.Linear(300, 200), torch.nn.ReLU(), torch.nn.Linear(200, 7))
    x = torch.randn(512, 300, requires_grad=True)

    def everything() -> list[torch.Tensor]:
        y = layers(x)
        return [y, *torch.autograd.grad(y.square().sum(), [x, *layers.parameters()])]

    plain = everything()
    with products.fast_products(layers, 512, torch.device("cpu"), onednn=True):
        assert "forward" in vars(layers[0])
        assert "forward" not in vars(layers[2]), "too small to gain"
        fast = everything()
        three = layers[0](torch.randn(2, 3, 300))
    assert "forward" not in vars(layers[0])
    assert three.shape == (2, 3, 200)
    for a, b in zip(plain, fast, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-3)
        assert a.stride() == b.stride()
    with pytest.raises(KeyError), products.fast_products(layers, 512, torch.device("cpu"), onednn=True):
        raise KeyError
    assert "forward" not in vars(layers[0]), "put back whatever happens"


@pytest.mark.parametrize(
    ("layer", "threads"),
    [
        (torch.nn.Linear(64, 128), 1),  # two took up to 1.6 times as long
        (torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.LayerNorm(8), torch.nn.Linear(8, 2)), 1),
        (torch.nn.Linear(784, 128), 3),
        (torch.nn.Conv2d(1, 8, 3), 3),
    ],
)
def test_small_products_are_worth_one_thread(layer, threads, monkeypatch):
    have = [3]
    monkeypatch.setattr(torch, "get_num_threads", lambda: have[-1])
    monkeypatch.setattr(torch, "set_num_threads", have.append)
    with pytest.raises(KeyError), worthwhile_threads(layer, 64, torch.device("cpu")):
        assert have[-1] == threads
        raise KeyError
    assert have[-1] == 3, "put back whatever happens"


def test_layers_that_draw_seed_only_the_processor_that_they_are_on(monkeypatch):
    """Seeding every kind of device took 0.2 ms a step; the draws are the same."""
    dropout, x = torch.nn.Dropout(0.5), torch.ones(64)
    with torch.random.fork_rng():
        torch.manual_seed(int(np.random.SeedSequence(1, spawn_key=(2, 3)).generate_state(1, np.uint64)[0]) >> 1)
        expected = dropout(x)
    monkeypatch.setattr(torch, "manual_seed", lambda _: pytest.fail("every device was seeded"))
    with stochastic_layers(dropout) as seed_at:
        seed_at(1, 2, 3)
        assert torch.equal(dropout(x), expected)


@pytest.mark.parametrize(
    ("processor", "is_faster"),
    [
        ("vendor_id : AuthenticAMD\nflags : fma avx avx2 avx512f avx512bw\n", True),
        # Two threads took three times as long there by oneDNN as by MKL, and longer than one.
        ("vendor_id : AuthenticAMD\nflags : fma avx avx2\n", False),
        ("vendor_id : GenuineIntel\nflags : fma avx avx2 avx512f\n", False),
        ("", False),
    ],
)
def test_only_where_half_of_the_vectors_lies_idle_is_the_other_library_asked(processor, is_faster, monkeypatch):
    monkeypatch.setattr(products, "processor", lambda: processor)
    layer = torch.nn.Linear(4096, 4096)
    with products.fast_products(layer, 512, torch.device("cpu")):
        assert ("forward" in vars(layer)) is is_faster


def test_other_processors_keep_their_library():
    layer = torch.nn.Linear(4096, 4096)
    with products.fast_products(layer, 512, torch.device("cpu"), onednn=False):
        assert "forward" not in vars(layer)


def test_best_weights_are_those_of_the_lowest_held_out_loss(digits):
    result, model, codec, _ = trained(digits, model="autoencoder", epochs=4, lr=0.03, keep="best")
    losses = [record["validation"]["loss"] for record in result.history]
    assert result.best_epoch == 1 + int(np.argmin(losses))
    held = training.Data(torch.from_numpy(digits.x[digits.rows("test")]))
    assert training.evaluate(model, codec, held)["loss"] == pytest.approx(min(losses), rel=1e-6)


def test_a_loss_that_is_no_number_stops_with_a_clear_line(digits):
    # Standardised numbers have no sigmoid to save them: the squared error overflows.
    x = digits.x[:, 10:12].reshape(len(digits), -1).astype(np.float32)
    source = as_dataset(x, name="numbers", split=digits.split)
    plan = recipes.make(source.spec, "autoencoder", None, {"lr": 10.0, "likelihood": "mse", "schedule": "constant"})
    codec, model = build(plan, x)
    for p in model.parameters():
        p.data.mul_(1e15)
    with pytest.raises(GargaloError, match=r"expected a finite loss. Found .* in epoch 1, .* Try lr=1\."):
        training.fit(model, codec, training.Data(torch.from_numpy(x)), None, plan.training)


def test_training_learns(small_runs):
    assert small_runs["autoencoder"].metrics["test_mse"] < 0.05
    assert small_runs["classifier"].metrics["test_accuracy"] > 0.8
    assert small_runs["denoising"].metrics["psnr_denoised"] > small_runs["denoising"].metrics["psnr_noisy"] + 3


def test_rows_of_numbers_train_too(tmp_path):
    from sklearn.datasets import load_breast_cancer

    x, y = load_breast_cancer(return_X_y=True)
    run = gargalo.train(x, "vae", y=y, latent_dim=4, epochs=15, out=tmp_path / "run", progress=False)
    assert run.recipe.likelihood == "gaussian"
    assert run.metrics["knn_accuracy"] > 0.85
    assert run.metrics["test_mse"] < 0.6, "standardised, so 1 is what the mean alone leaves"
    back = run.reconstruct(x)
    correlation = [np.corrcoef(x[:, j], back[:, j])[0, 1] for j in (0, 2, 3)]
    assert min(correlation) > 0.9, "decoded numbers are in the columns' own units"


# What cannot be


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"latent_dim": 0}, "latent_dim must be greater than or equal to 1. Got 0 instead."),
        ({"latent_dim": 785}, "latent_dim must be at most 784, the numbers in one example."),
        ({"epochs": 0}, "epochs must be greater than or equal to 1. Got 0 instead."),
        ({"epochs": "many"}, "epochs must be a whole number"),
        ({"widths": (0,)}, "widths must be greater than or equal to 1. Got 0 instead."),
        ({"epoch": 3}, "Did you mean 'epochs'?"),
        ({"strength": 0.5}, "strength does not go with model vae. Leave it out."),
        (
            {"likelihood": "mse"},
            "likelihood must be one of bernoulli, gaussian, mixed, poisson, negative-binomial, clipped for model vae.",
        ),
        ({"model": "vea"}, "Did you mean 'vae'?"),
        ({"preset": "leson"}, "Did you mean 'lesson'?"),
        (
            {"model": "denoising", "noise": "salt"},
            "noise must be 'gaussian', 'salt-and-pepper'",
        ),
        ({"model": "denoising", "noise": "masking", "strength": 2}, "must be at most 1 for masking noise"),
        ({"model": "denoising", "strength": -1}, "strength must be greater than 0. Got -1"),
    ],
)
def test_wrong_choices(digits, choices, message, tmp_path):
    choices = {"model": "vae", **choices}
    with pytest.raises(ParameterError) as error:
        gargalo.train(digits, out=tmp_path / "run", progress=False, **choices)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists(), "nothing half-written"


def test_a_classifier_needs_labels(digits, tmp_path):
    with pytest.raises(ParameterError, match="one that needs no labels, for data without two classes"):
        gargalo.train(digits.x, "classifier", out=tmp_path / "run", progress=False)


def test_bernoulli_is_for_images_only(tmp_path):
    x = np.random.default_rng(0).normal(size=(100, 5))
    with pytest.raises(ParameterError, match="gaussian or mse for numbers"):
        gargalo.train(x, out=tmp_path / "run", likelihood="bernoulli", progress=False)


def test_a_full_folder_is_left_alone(digits, tmp_path):
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(RunError, match="expected a new run folder"):
        gargalo.train(digits, out=tmp_path, progress=False)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_recipe_survives_json(small_runs):
    for run in small_runs.values():
        text = (run.folder / "recipe.json").read_text()
        assert recipes.from_json(json.loads(text), "recipe.json") == run.recipe


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c | {"format": 99}, "expected format 2 or older. Found 99"),
        (lambda c: c | {"surprise": 1}, "surprise is not a choice here"),
        (lambda c: c | {"model": "os.system"}, "expected model to be one of classifier"),
        (lambda c: c | {"latent_dim": 7}, "expected"),
        (lambda c: c | {"net": c["net"] | {"widths": [60000, 60000]}}, "expected"),
        (lambda c: [c], "expected format 2 or older. Found None"),
    ],
)
def test_a_changed_recipe_is_refused(small_runs, tmp_path, change, message):
    import shutil

    shutil.copytree(small_runs["autoencoder"].folder, tmp_path / "run")
    file = tmp_path / "run" / "recipe.json"
    file.write_text(json.dumps(change(json.loads(file.read_text()))))
    with pytest.raises(GargaloError) as error:
        gargalo.open_run(tmp_path / "run").encode(np.zeros((1, 28, 28), np.uint8))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_one_process_starts_without_what_only_others_need():
    """PyTorch's compiler and Lightning Fabric take a second each to import, and nobody asked for them."""
    program = """
import sys
import numpy as np
import gargalo
pictures = np.random.default_rng(0).integers(0, 255, (60, 12, 12), np.uint8)
for model, choices in (("vae", {"net": "conv"}), ("vq-vae", {"codebook": 8}), ("contractive", {"optimizer": "adamw"})):
    fitted = gargalo.train(pictures, model, epochs=1, in_memory=True, progress=False, **choices)
    fitted.sample(2)
print([name for name in ("torch._dynamo", "lightning_fabric") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_an_optimizer_steps_as_pytorch_does(name):
    """To the last bit, also after its state was saved and restored."""
    theirs_of = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
    settings = training.TrainingSettings(optimizer=name, lr=0.1, weight_decay=0.1)
    models = [torch.nn.Linear(3, 2) for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    ours = optimizer_for(models[0], settings)
    theirs = theirs_of(models[1].parameters(), lr=0.1, weight_decay=0.1, fused=True)
    for step in range(6):
        if step == 3:
            ours.load_state_dict(ours.state_dict())
        for model, optimizer in zip(models, (ours, theirs), strict=True):
            optimizer.zero_grad()
            model(torch.eye(3)).square().sum().backward()
            optimizer.step()
    assert ours.param_groups[0]["lr"] == 0.1
    assert all(torch.equal(a, b) for a, b in zip(*(m.parameters() for m in models), strict=True))
