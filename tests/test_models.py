"""One battery over every objective; below it, the closed forms that only some of them have."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from gargalo import recipe
from gargalo.core import Batch, Gaussian, LatentModel
from gargalo.data import as_source
from gargalo.models import MODELS, SHORT, corrupt
from gargalo.models.likelihoods import Bernoulli, GaussianLikelihood, MeanSquared
from gargalo.weights import load_weights, save_weights

CASES = [(name, kind) for name in MODELS for kind in ("images", "colour", "numbers")]


def source_of(kind: str, digits):
    """Real digits as grey images, as colour images of another size, or as rows of numbers."""
    x = digits.x[:64]
    if kind == "colour":
        x = np.stack([x[:, 2:25], x[:, 3:26], x[:, 4:27]], axis=-1)
    if kind == "numbers":
        x = x[:, 10:14].reshape(len(x), -1).astype(np.float32) / 255
    return as_source(x, digits.y[:64] % 3)


@pytest.fixture(params=CASES, ids=lambda case: "-".join(case))
def case(request, digits):
    """The recipe of one objective on one kind of data, its codec and model, and a batch."""
    name, kind = request.param
    source = source_of(kind, digits)
    plan = recipe.make(source.facts, name, choices={"latent_dim": 5, "widths": (32, 16)})
    codec, model = recipe.build(plan, source.x)
    y = torch.nn.functional.one_hot(torch.from_numpy(source.y), 3).float()
    x = codec(torch.from_numpy(source.x))
    return plan, codec, model, Batch(x, y, generator=torch.Generator().manual_seed(1)), source


def again(batch: Batch) -> Batch:
    """The same batch with the same draws ahead of it."""
    return dataclasses.replace(batch, generator=torch.Generator().manual_seed(1))


def test_shapes_and_abilities(case):
    _plan, codec, model, batch, source = case
    model.eval()
    n = len(batch.x)
    z = model.encode(batch.x)
    assert z.shape == (n, *model.latent_shape)
    assert torch.equal(z, model.encode(batch.x)), "encode must be deterministic"
    if "decode" in model.can:
        x = model.decode(z)
        assert x.shape == batch.x.shape
        assert codec.invert(x).shape == source.x.shape
        assert torch.equal(model.reconstruct(batch.x), x)
    else:
        with pytest.raises(TypeError, match="cannot decode"):
            model.decode(z)
    if "posterior" in model.can:
        q = model.posterior(batch.x)
        assert q.mean.shape == q.stddev.shape == z.shape
        assert torch.equal(q.mean, z)
        assert (q.stddev > 0).all()
        assert model.log_weight(batch.x, 3, torch.Generator()).shape == (3, n)
    if "classify" in model.can:
        assert torch.allclose(model.classify(batch.x).sum(1), torch.ones(n))


def test_terms_sum_to_the_total_and_every_parameter_learns(case):
    *_, model, batch, _ = case
    loss = model.loss(batch)
    assert loss.total.item() == pytest.approx(sum(term.item() for term in loss.terms.values()), rel=1e-6)
    assert all(value.dim() == 0 for value in (loss.terms | loss.notes).values())
    loss.total.backward()
    idle = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert not idle


def test_draws_come_from_the_generator_alone(case):
    *_, model, batch, _ = case
    first = model.loss(again(batch)).total
    torch.manual_seed(99)
    assert torch.equal(first, model.loss(again(batch)).total)


def test_overfits_a_few_examples(case):
    *_, model, batch, _ = case
    few = Batch(batch.x[:32], batch.y[:32])
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(400):
        few.generator = torch.Generator().manual_seed(step)
        loss = model.loss(few)
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
    notes = model.loss(few).notes
    if "accuracy" in notes:
        assert notes["accuracy"] == 1
    else:
        # Well below what the mean of the data leaves; noise and a KL keep some models from less.
        spread = (few.x - few.x.mean(0)).square().mean()
        assert notes["mse"] < 0.6 * spread


def test_same_seed_same_weights(case):
    plan, _, model, _, source = case
    twin = recipe.build(plan, source.x)[1]
    other = plan.model_copy(update={"training": plan.training.model_copy(update={"seed": 1})})
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), twin.parameters(), strict=True))
    stranger = recipe.build(other, source.x)[1]
    assert not all(torch.equal(a, b) for a, b in zip(model.parameters(), stranger.parameters(), strict=True))


def test_saved_and_loaded_is_bit_equal(case, tmp_path):
    plan, codec, model, batch, _ = case
    save_weights(tmp_path / "weights.safetensors", codec, model)
    codec2, model2 = recipe.build(plan)
    assert {p.device.type for p in model2.parameters()} == {"meta"}, "a recipe alone must take no memory"
    load_weights(tmp_path / "weights.safetensors", codec2, model2)
    assert torch.equal(model.eval().encode(batch.x), model2.eval().encode(batch.x))
    assert all(torch.equal(a, b) for a, b in zip(codec.buffers(), codec2.buffers(), strict=True))


class Verb(torch.nn.Module):
    """One verb of codec and model, raw in or raw out, as a module that can be exported."""

    def __init__(self, codec, model, verb):
        super().__init__()
        self.codec, self.model, self.verb = codec, model, verb

    def forward(self, a):
        return (
            self.model.encode(self.codec(a)) if self.verb == "encode" else self.codec.invert(self.model.decode(a))
        )


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_exports_to_onnx(name, digits):
    """Raw in and raw out: a trap for draws and distributions inside encode and decode."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    source = source_of("images", digits)
    plan = recipe.make(source.facts, name, choices={"latent_dim": 5, "widths": (16,)})
    codec, model = recipe.build(plan, source.x)
    raw = torch.from_numpy(source.x[:7])
    z = model.eval().encode(codec(raw)).detach()
    inputs = {"encode": raw} | ({"decode": z} if "decode" in model.can else {})
    for verb, example in inputs.items():
        module = Verb(codec, model, verb).eval()
        program = torch.onnx.export(
            module, (example,), dynamo=True, external_data=False, opset_version=18, verbose=False,
            dynamic_shapes=({0: torch.export.Dim("n", min=1)},),
        )  # fmt: skip
        proto = onnx.load_from_string(program.model_proto.SerializeToString())
        got = ReferenceEvaluator(proto).run(None, {proto.graph.input[0].name: example[:3].numpy()})[0]
        expected = module(example[:3]).detach().numpy()
        assert got.shape == expected.shape
        assert np.abs(got.astype(float) - expected.astype(float)).max() <= (1 if verb == "decode" else 1e-4)


def test_every_model_says_what_it_is():
    for name, kind in MODELS.items():
        assert issubclass(kind, LatentModel)
        assert "encode" in kind.can, name
        assert kind.reference
        assert "L(" in (kind.__doc__ or ""), "the docstring is the formula"
    assert set(SHORT.values()) <= set(MODELS)


# Closed forms


def test_vae_kl_is_that_of_torch_distributions():
    mean, stddev = torch.randn(50, 7), torch.rand(50, 7) + 0.1
    n = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(n(mean, stddev), n(torch.zeros(1), torch.ones(1)))
    assert torch.allclose(Gaussian(mean, stddev).kl(), expected, atol=1e-5)


def test_vae_mean_log_weight_is_the_elbo(digits):
    source = source_of("images", digits)
    plan = recipe.make(source.facts, "vae", choices={"latent_dim": 3, "widths": (16,)})
    codec, model = recipe.build(plan, source.x)
    x = codec(torch.from_numpy(source.x[:4]))
    weights = model.log_weight(x, 4000, torch.Generator().manual_seed(0))
    many = Batch(x.repeat(1000, 1, 1, 1), generator=torch.Generator().manual_seed(0))
    assert weights.mean().item() == pytest.approx(-model.loss(many).total.item(), abs=1.0)
    # The importance-weighted bound is never below the ELBO (arXiv:1509.00519).
    bound = torch.logsumexp(weights, 0) - np.log(4000)
    assert (bound >= weights.mean(0)).all()


def test_corruptions():
    x, draws = torch.full((200, 1, 10, 10), 0.5), torch.Generator().manual_seed(0)
    gaussian = corrupt(x, "gaussian", 0.1, draws)
    assert (gaussian - x).std().item() == pytest.approx(0.1, rel=0.05)
    assert corrupt(x, "gaussian", 5.0, draws).amin() == 0
    assert corrupt(x, "gaussian", 5.0, draws).amax() == 1
    masked = corrupt(x, "masking", 0.3, draws)
    assert (masked == 0).float().mean().item() == pytest.approx(0.3, abs=0.02)
    salted = corrupt(x, "salt-and-pepper", 0.4, draws)
    for value in (0, 1):
        assert (salted == value).float().mean().item() == pytest.approx(0.2, abs=0.02)


def test_likelihoods_are_densities():
    params, x = torch.randn(5, 1, 3, 3), torch.rand(5, 1, 3, 3)
    p = torch.sigmoid(params)
    assert torch.allclose(
        Bernoulli((1, 3, 3)).nll(params, x)["bernoulli"],
        -(x * p.log() + (1 - x) * (1 - p).log()).flatten(1).sum(1),
    )
    gaussian = GaussianLikelihood((4,))
    params, x = torch.randn(5, 4), torch.randn(5, 4)
    expected = -torch.distributions.Normal(params, gaussian.log_sigma.exp()).log_prob(x).sum(1)
    assert torch.allclose(gaussian.nll(params, x)["gaussian"], expected, atol=1e-5)
    assert torch.allclose(MeanSquared((4,)).nll(params, x)["mse"], (params - x).square().mean(1))


def test_a_mask_hides_what_was_not_observed():
    params, x = torch.randn(5, 4), torch.randn(5, 4)
    mask = torch.ones(5, 4, dtype=torch.bool)
    mask[:, 3] = False
    spoiled = x.clone()
    spoiled[:, 3] = 1e6
    for likelihood in (GaussianLikelihood((4,)), MeanSquared((4,))):
        (name,) = likelihood.nll(params, x)
        assert torch.equal(likelihood.nll(params, x, mask)[name], likelihood.nll(params, spoiled, mask)[name])
