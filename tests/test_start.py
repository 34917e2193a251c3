"""Networks that begin as principal component analysis: what they are before the first step, and that they stay."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import gargalo
from gargalo import recipes, training
from gargalo.core import Loss
from gargalo.data import as_dataset
from gargalo.data.splits import SPLITS
from gargalo.errors import ParameterError
from gargalo.latent import principal_components
from gargalo.models import LIKELIHOODS, MODELS
from gargalo.recipes import build
from gargalo.recipes.start import can_be_pca
from gargalo.runs.baseline import pca_baseline

DECODING = [name for name, model in MODELS.items() if can_be_pca(model, "mlp")]
KINDS = {
    "numbers": {},
    "pictures": {"likelihood": "bernoulli"},
    "pictures by mse": {"likelihood": "mse"},
    "pictures, clipped": {"likelihood": "clipped"},
    "pictures-conv": {"net": "conv", "widths": (8, 12)},
}


def some(kind: str, digits):
    """200 training examples of a kind, and 50 more; pictures of half the size."""
    x = digits.x[:250]
    if kind == "numbers":
        x = x[:, 8:16, 8:16].reshape(250, -1).astype(np.float32) + np.random.default_rng(0).normal(0, 9, (250, 64))
    else:
        x = x.reshape(250, 14, 2, 14, 2).mean((2, 4)).astype(np.uint8)
    split = np.repeat([SPLITS["train"], SPLITS["test"]], [200, 50])
    return as_dataset(x.astype(np.float32) if kind == "numbers" else x, digits.y[:250] % 3, split=split)


def begun(name: str, data, **choices):
    """An untrained model that begins as PCA, on training examples in model space."""
    few = {"iwae": {"k": 2}}.get(name, {})
    plan = recipes.make(data.spec, name, None, {"init": "pca", "latent_dim": 6, "widths": (32, 16)} | few | choices)
    rows = data.rows("train")
    codec, model = build(plan, data.x, rows)
    return model.eval(), codec(torch.from_numpy(data.x[rows])), torch.eye(3)[torch.from_numpy(data.y[rows])]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", DECODING)
@torch.no_grad()
def test_before_the_first_step_a_model_is_pca(name, kind, digits):
    choices = KINDS[kind]
    if choices.get("likelihood", "mse") not in MODELS[name].likelihoods or (
        choices.get("net", "mlp") not in MODELS[name].networks
    ):
        pytest.skip("this objective does not go with it")
    model, x, y = begun(name, some(kind, digits), **choices)
    back = model.reconstruct(x, y if model.is_conditional else None)
    pca = pca_baseline(x.numpy(), x.numpy(), 6).back
    error, linear = (back - x).square().mean().item(), float(np.square(pca - x.numpy()).mean())
    # Exactly where the mean of x is what the decoder puts out; through a sigmoid, to first order.
    assert error == pytest.approx(linear, rel=1e-4 if kind == "numbers" else 0.15)
    assert torch.allclose(model.encode(x).std(0), torch.ones(6), atol=0.02)


@torch.no_grad()
def test_it_needs_no_more_examples_than_there_are(digits):
    """Four examples vary in three directions: the other latents begin at zero."""
    data = as_dataset(digits.x[:4].astype(np.float32).reshape(4, -1), split=np.repeat(SPLITS["train"], 4))
    plan = recipes.make(data.spec, "autoencoder", None, {"init": "pca", "latent_dim": 6})
    codec, model = build(plan, data.x)
    x = codec(torch.from_numpy(data.x))
    assert torch.allclose(model.reconstruct(x), x, atol=1e-3)
    assert (model.encode(x).abs().amax(0) > 1e-3).tolist() == [True] * 3 + [False] * 3


@pytest.mark.parametrize("shape", [(50, 8), (8, 50), (1700, 1600)])
def test_principal_components_are_those_of_the_singular_values(shape):
    """Few examples, few numbers, and many of both, where they are estimated."""
    g = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=g) * 0.05
    x += (
        torch.randn(shape[0], 3, generator=g)
        @ torch.diag(torch.tensor([9.0, 6, 3]))
        @ torch.randn(3, shape[1], generator=g)
    )
    x -= x.mean(0)
    axes, variances = principal_components(x, 3)
    _, singular, rows = torch.linalg.svd(x, full_matrices=False)
    assert torch.allclose(variances, singular[:3].square() / len(x), rtol=1e-3)
    assert torch.allclose((axes * rows[:3]).sum(1).abs(), torch.ones(3), atol=1e-3)


@torch.no_grad()
def test_a_posterior_begins_as_that_of_a_linear_decoder(digits):
    """Of probabilistic PCA: variance sigma^2 / (sigma^2 + lambda), lambda what a component carries."""
    model, x, _ = begun("vae", some("numbers", digits))
    flat = x - x.mean(0)
    variances = torch.linalg.eigvalsh(flat.T @ flat / len(x)).flip(0)[:6]
    noise = math.exp(2 * model.likelihood.log_sigma.item())
    error = (model.reconstruct(x) - x).square().mean().item()
    assert error < noise < 1.3 * error, "what components leave of other examples than their own"
    assert torch.allclose(model.posterior(x).stddev[0].square(), noise / (noise + variances), rtol=1e-3)


def test_a_slope_says_how_far_a_mean_moves():
    mean = torch.tensor([0.3, -1.0, 0.2, 0.5, 0.3])
    mixed = LIKELIHOODS["mixed"]((5,), (3,))
    small = torch.tensor([0.01, 0.02, 0.003, -0.002, -0.001])  # within a block it sums to zero
    moved = mixed.mean((mixed.bias_for(mean) + small / mixed.slope_for(mean))[None])[0]
    assert torch.allclose(moved, mean + small, atol=1e-4)
    bernoulli, shares = LIKELIHOODS["bernoulli"]((2,)), torch.tensor([0.2, 0.5])
    assert torch.allclose(bernoulli.slope_for(shares), shares * (1 - shares), atol=1e-6)


@pytest.mark.parametrize("kind", ["numbers", "pictures"])
def test_training_never_leaves_it_worse_than_it_began(kind, digits):
    """With a rate that ruins every epoch, the weights of none of them are kept."""
    data = some(kind, digits)
    ruin = {"epochs": 2, "lr": 5.0, "schedule": "constant", "weight_decay": 0.0}
    plan = recipes.make(data.spec, "autoencoder", None, {"init": "pca", **ruin})
    rows = data.rows("train")
    codec, model = build(plan, data.x, rows[:150])
    fitted, held = (training.Data(torch.from_numpy(data.x[part])) for part in (rows[:150], rows[150:]))
    before = training.evaluate(model, codec, held, plan.training.seed)["loss"]
    result = training.fit(model, codec, fitted, held, plan.training)
    assert result.best_epoch == 0
    assert min(record["validation"]["loss"] for record in result.history) > before
    assert training.evaluate(model, codec, held, plan.training.seed)["loss"] == before


def test_rows_of_numbers_begin_as_pca(digits):
    rows = some("numbers", digits).spec
    assert recipes.make(rows, "vae").net.init == "pca"
    assert recipes.make(rows, "classifier").net.init == "kaiming"
    assert recipes.make(rows, "beta-vae").net.init == "kaiming", "where it is worse"
    assert recipes.make(rows, "vae", "lesson").net.init == "pytorch"
    assert recipes.make(rows, "cvae").net.init == "kaiming", "what a latent is not to tell"


@pytest.mark.parametrize(
    ("name", "choices"), [("classifier", {}), ("vq-vae", {"net": "conv"}), ("pca", {}), ("sparse", {})]
)
def test_what_has_no_linear_twin_cannot_begin_as_pca(name, choices, digits):
    with pytest.raises(ParameterError, match=f"init must be kaiming or pytorch for model {name} on"):
        recipes.make(some("pictures", digits).spec, name, None, {"init": "pca"} | choices)


@pytest.mark.parametrize("net", ["mlp", "conv"])
def test_such_a_run_comes_back_to_the_last_bit(net, digits, tmp_path):
    data = some("pictures", digits)
    run = gargalo.train(data, "vae", out=tmp_path / "run", init="pca", net=net, epochs=1, progress=False)
    again = gargalo.open_run(tmp_path / "run")
    assert np.array_equal(run.encode(data), again.encode(data))
    assert again.recipe.net.init == "pca"
    warm = gargalo.train(data, start=again, out=tmp_path / "warm", epochs=1, progress=False)
    assert warm.recipe.net.init == "pca"


@pytest.mark.parametrize("name", ["autoencoder", "vae", "iwae", "rae", "wae-mmd"])
def test_few_pictures_begin_as_pca_on_a_regularised_network(name, digits):
    few = some("pictures", digits).spec
    plan = recipes.make(few, name)
    assert (plan.net.net, plan.net.init, plan.net.dropout, plan.net.widths) == ("mlp", "pca", 0.4, (256, 128))
    more = few.model_copy(update={"counts": {"train": 1500, "validation": 10, "test": 10}})
    assert recipes.make(more, name).net.dropout == 0.2
    assert (plan.training.optimizer, plan.training.weight_decay, plan.training.lr) == ("adamw", 0.1, 2e-3)
    lesson = recipes.make(few, name, "lesson")
    assert (lesson.net.init, lesson.net.dropout, lesson.net.widths) == ("pytorch", 0.0, (128, 64))
    many = few.model_copy(update={"counts": {"train": 3000, "validation": 10, "test": 10}})
    assert (recipes.make(many, name).net.init, recipes.make(many, name).net.dropout) == ("kaiming", 0.0)
    large = few.model_copy(update={"raw_shape": (200, 200)})
    assert recipes.make(large, name).net.net == "conv"
    assert recipes.make(large, "contractive").net.init == "kaiming"


def test_decay_pulls_a_network_back_to_pca(digits):
    """The linear path stays where it is, also under a decay that takes everything else."""
    data = some("numbers", digits)
    strong = {"weight_decay": 9.0, "lr": 1e-2, "schedule": "constant", "keep": "last", "epochs": 60}
    fitted = gargalo.train(data, "autoencoder", in_memory=True, progress=False, **strong)
    assert fitted.recipe.training.optimizer == "adamw"
    _, start = build(fitted.recipe, data.x, data.rows("train"))
    matrices = [model.decoder.matrix for model in (fitted.model, start)]
    assert torch.norm(matrices[0]) > 0.5 * torch.norm(matrices[1])
    last = fitted.model.decoder.network[-2].weight
    assert last.abs().max() < 0.1


def test_weight_decay_goes_with_the_optimizer_it_was_chosen_for(digits):
    spec = some("numbers", digits).spec
    assert recipes.make(spec, "vae").training.weight_decay == 1.0
    assert recipes.make(spec, "vae", None, {"optimizer": "adam"}).training.weight_decay == 0.0
    chosen = recipes.make(spec, "vae", None, {"optimizer": "adam", "weight_decay": 0.5})
    assert chosen.training.weight_decay == 0.5
    assert recipes.make(spec, "vae", None, {"init": "kaiming"}).training.weight_decay == 0.0, "it pulls back to PCA"
    for name in ("beta-vae", "cvae", "sparse"):
        assert recipes.make(spec, name).training.weight_decay == 0.0
    classifier = recipes.make(spec, "classifier").training
    assert (classifier.optimizer, classifier.weight_decay) == ("adamw", 0.2)


def test_a_few_examples_do_not_unseat_pca_by_chance(digits):
    """Gaussian noise has no curves to learn: whatever the best epoch looks like, the start is kept."""
    x = np.random.default_rng(0).normal(size=(80, 12)).astype(np.float32) * np.linspace(3, 0.5, 12, dtype=np.float32)
    kept = 0
    for seed in range(5):
        data = as_dataset(x, split_seed=seed)
        fitted = gargalo.train(data, "autoencoder", in_memory=True, progress=False, seed=seed, epochs=50)
        _, start = build(fitted.recipe, data.x, data.rows("train"))
        same = all(torch.equal(a, b) for a, b in zip(fitted.model.parameters(), start.parameters(), strict=True))
        kept += same
    assert kept >= 4


def test_it_is_kept_only_where_it_is_not_clearly_beaten():
    class Constant(torch.nn.Module):
        def __init__(self, losses):
            super().__init__()
            self.losses = torch.tensor(losses)

        def loss(self, batch):
            return Loss({"loss": self.losses[batch.x[:, 0].long()].mean()})

    class Plain(torch.nn.Module):
        def forward(self, raw):
            return raw

        def mask(self, raw):
            return None

    data = training.Data(torch.arange(8.0)[:, None])
    start = Constant([5.0, 1, 9, 3, 7, 2, 8, 4])
    clearly = Constant([4.9, 0.9, 8.8, 2.9, 6.9, 1.8, 7.9, 3.9])
    perhaps = Constant([1.0, 1.5, 13, 0, 7, 4, 8, 4.4])
    assert training.is_clearly_better(clearly, start, Plain(), data)
    assert not training.is_clearly_better(perhaps, start, Plain(), data)
    assert not training.is_clearly_better(start, start, Plain(), data)
    assert not training.is_clearly_better(clearly, start, Plain(), training.Data(torch.zeros(1, 1)))


def test_very_few_pictures_are_never_worse_than_pca_before_the_first_step(digits):
    """A sigmoid bends what PCA leaves straight; clipped to where pixels are, it can only come nearer."""
    x = digits.x[:120]
    data = as_dataset(x)
    errors = {}
    for likelihood in ("bernoulli", None):
        choices = {"likelihood": likelihood} if likelihood else {}
        plan = recipes.make(data.spec, "autoencoder", None, choices)
        rows = data.rows("train")
        codec, model = build(plan, data.x, rows)
        tested, trained = (codec(torch.from_numpy(data.x[data.rows(name)])) for name in ("test", "train"))
        with torch.no_grad():
            errors[plan.likelihood] = float((model.eval().reconstruct(tested) - tested).square().mean())
    back = pca_baseline(trained.numpy(), tested.numpy(), plan.latent_dim).back
    pca = float(np.square(back - tested.numpy()).mean())
    assert errors["clipped"] < pca < errors["bernoulli"]


def test_few_or_small_pictures_weigh_beside_the_cost_of_a_latent():
    """A cross-entropy of few pixels is little beside a KL: of 8 x 8 digits a VAE would keep next to nothing."""
    from sklearn.datasets import load_digits

    small = gargalo.load_data((load_digits().images / 16).astype(np.float32))
    made = {model: recipes.make(small.spec, model) for model in ("autoencoder", "vae", "beta-vae", "vq-vae")}
    assert {model: recipe.likelihood for model, recipe in made.items()} == {
        "autoencoder": "bernoulli",
        "vae": "gaussian",
        "beta-vae": "gaussian",
        "vq-vae": "bernoulli",
    }
    assert recipes.make(gargalo.load_data("mnist-10k").spec, "vae").likelihood == "bernoulli", "many, and large"
    fitted = gargalo.train(small, "vae", epochs=8, in_memory=True, progress=False)
    found = gargalo.evaluate(fitted, small)
    assert found["mse_minus_pca"].high < 0, "better than PCA; with a cross-entropy it was almost twice as far off"
