"""One battery over every objective; below it, the closed forms that only some of them have."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gargalo import recipe
from gargalo.build import build
from gargalo.core import Batch, Gaussian, LatentModel
from gargalo.data import as_source
from gargalo.models import MODELS, SHORT, corrupt
from gargalo.models.likelihoods import Bernoulli, GaussianLikelihood, MeanSquared
from gargalo.testing import CHECKS, case_of, exports_to_onnx

KINDS = {"images": "mlp", "images-conv": "conv", "colour": "conv", "colour-mlp": "mlp", "numbers": "mlp"}
"""What the battery runs on, and the network that it runs through."""
CASES = [(name, kind) for name, model in MODELS.items() for kind, net in KINDS.items() if net in model.networks]
SMALL = {"mlp": (32, 16), "conv": (8, 12)}


def source_of(kind: str, digits):
    """Real digits as grey images, as colour images of another and odd size, or as rows of numbers."""
    x = digits.x[:64]
    if kind.startswith("colour"):
        x = np.stack([x[:, 2:25], x[:, 3:26], x[:, 4:27]], axis=-1)
    if kind == "numbers":
        x = x[:, 10:14].reshape(len(x), -1).astype(np.float32) / 255
    return as_source(x, digits.y[:64] % 3)


def small(name: str, net: str) -> dict:
    """Choices that make a model small."""
    widths = {} if MODELS[name].is_solved else {"widths": SMALL[net]}
    return {"net": net, **widths, **({"codebook": 32} if name == "vq-vae" else {})}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(("name", "kind"), CASES, ids=lambda value: value)
def test_the_battery(name, kind, check, digits):
    if check is exports_to_onnx and kind not in ("images", "images-conv"):
        pytest.skip("exported once with each network")
    check(case_of(name, source_of(kind, digits), **small(name, KINDS[kind])))


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
    codec, model = build(plan, source.x)
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
