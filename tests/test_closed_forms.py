"""Closed forms: what an objective must equal, where something else says so."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

from gargalo import recipes
from gargalo.core import Batch, Gaussian
from gargalo.data import as_dataset
from gargalo.models import corrupt
from gargalo.models.codebook import Codebook
from gargalo.models.likelihoods import Bernoulli, GaussianLikelihood, MeanSquared
from gargalo.models.wae_mmd import SCALES, mmd
from gargalo.recipes import build


def made(name: str, digits, **choices):
    """An untrained model on some real digits, and a batch of them."""
    few = as_dataset(digits.x[:32], digits.y[:32])
    plan = recipes.make(few.spec, name, None, {"latent_dim": 3, "widths": (16, 8)} | choices)
    codec, model = build(plan, few.x)
    y = torch.eye(len(few.class_names))[torch.from_numpy(few.y)]
    return model, Batch(codec(torch.from_numpy(few.x)), y, generator=torch.Generator().manual_seed(0))


def again(batch: Batch, **more) -> Batch:
    """The same batch with the same draws ahead of it."""
    return dataclasses.replace(batch, generator=torch.Generator().manual_seed(0), **more)


def twin(model, name: str, digits, **choices):
    """Another objective with the same weights."""
    other, _ = made(name, digits, **choices)
    other.load_state_dict(model.state_dict())
    return other


def test_vae_kl_is_that_of_torch_distributions():
    mean, stddev = torch.randn(50, 7), torch.rand(50, 7) + 0.1
    n = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(n(mean, stddev), n(torch.zeros(1), torch.ones(1)))
    assert torch.allclose(Gaussian(mean, stddev).kl(), expected, atol=1e-5)


def test_vae_mean_log_weight_is_the_elbo(digits):
    model, batch = made("vae", digits)
    x = batch.x[:4]
    weights = model.log_weight(Batch(x, generator=torch.Generator().manual_seed(0)), 4000)
    many = Batch(x.repeat(1000, 1, 1, 1), generator=torch.Generator().manual_seed(0))
    assert weights.mean().item() == pytest.approx(-model.loss(many).total.item(), abs=1.0)
    # The importance-weighted bound is never below the ELBO (arXiv:1509.00519).
    bound = torch.logsumexp(weights, 0) - np.log(4000)
    assert (bound >= weights.mean(0)).all()


def test_corruptions():
    x, draws = torch.full((200, 1, 10, 10), 0.5), torch.Generator().manual_seed(0)
    gaussian = corrupt(x, "gaussian", 0.1, draws, bounded=True)
    assert (gaussian - x).std().item() == pytest.approx(0.1, rel=0.05)
    assert corrupt(x, "gaussian", 5.0, draws, bounded=True).amin() == 0
    assert corrupt(x, "gaussian", 5.0, draws, bounded=True).amax() == 1
    masked = corrupt(x, "masking", 0.3, draws, bounded=True)
    assert (masked == 0).float().mean().item() == pytest.approx(0.3, abs=0.02)
    salted = corrupt(x, "salt-and-pepper", 0.4, draws, bounded=True)
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
    expected = -torch.distributions.Normal(params, gaussian.log_sigma_in_bounds.exp()).log_prob(x).sum(1)
    assert torch.allclose(gaussian.nll(params, x)["gaussian"], expected, atol=1e-5)
    assert torch.allclose(MeanSquared((4,)).nll(params, x)["mse"], (params - x).square().mean(1))
    for log_sigma, far, way_back in ((-9.0, 1.0, -1), (9.0, 1e-3, 1)):
        gaussian = GaussianLikelihood((4,))
        gaussian.log_sigma.data.fill_(log_sigma)
        assert math.log(0.01) <= gaussian.log_sigma_in_bounds <= math.log(10) + 1e-6
        gaussian.nll(params, params + far)["gaussian"].sum().backward()
        assert gaussian.log_sigma.grad * way_back > 0, "beyond a bound there is a way back"
        gaussian.log_sigma.grad = None
        gaussian.nll(params, params + (1e-9 if log_sigma < 0 else 1e3))["gaussian"].sum().backward()
        assert gaussian.log_sigma.grad == 0, "and none further out"


def test_a_mask_hides_what_was_not_observed():
    params, x = torch.randn(5, 4), torch.randn(5, 4)
    mask = torch.ones(5, 4, dtype=torch.bool)
    mask[:, 3] = False
    spoiled = x.clone()
    spoiled[:, 3] = 1e6
    for likelihood in (GaussianLikelihood((4,)), MeanSquared((4,))):
        (name,) = likelihood.nll(params, x)
        assert torch.equal(likelihood.nll(params, x, mask)[name], likelihood.nll(params, spoiled, mask)[name])


PLAIN = {"init": "kaiming", "dropout": 0.0}
"""The network of an objective that does not begin as PCA where pictures are few."""


def test_beta_vae_with_beta_one_is_the_vae(digits):
    model, batch = made("vae", digits, **PLAIN, likelihood="gaussian")
    other = twin(model, "beta-vae", digits, beta=1.0, warm_up=0.0)
    assert torch.equal(model.loss(again(batch)).total, other.loss(again(batch)).total)


def test_beta_vae_warms_up_and_leaves_bits_free(digits):
    model, batch = made("vae", digits, **PLAIN)
    kl = model.posterior(batch.x).kl().mean(0)
    warm = twin(model, "beta-vae", digits, beta=3.0, warm_up=0.5)
    for progress, share in ((0.0, 0.0), (0.25, 0.5), (0.5, 1.0), (1.0, 1.0)):
        term = warm.loss(again(batch, progress=progress)).terms["beta_kl"]
        assert term.item() == pytest.approx(3 * share * kl.sum().item(), rel=1e-5)
    least = kl.sort().values[1].item()  # one dimension is below, one above
    free = twin(model, "beta-vae", digits, beta=1.0, warm_up=0.0, free_bits=least)
    loss = free.loss(again(batch))
    assert loss.terms["beta_kl"].item() == pytest.approx(kl.clamp(min=least).sum().item(), rel=1e-5)
    assert loss.terms["beta_kl"] > loss.notes["kl"]
    assert loss.notes["kl"].item() == pytest.approx(kl.sum().item(), rel=1e-5)


def test_iwae_with_one_draw_is_the_elbo_and_more_are_tighter(digits):
    vae, batch = made("vae", digits)
    one = twin(vae, "iwae", digits, k=1)
    # The same draw: -log w = -log p(x | z) - log p(z) + log q(z | x), whose mean is the negative ELBO.
    weights = vae.log_weight(Batch(batch.x, generator=torch.Generator().manual_seed(0)), 1)
    assert one.loss(again(batch)).total.item() == pytest.approx(-weights.mean().item(), rel=1e-6)
    draws = [torch.Generator().manual_seed(seed) for seed in range(300)]
    losses = {name: [] for name in ("vae", 1, 20)}
    with torch.no_grad():
        for name, model in (("vae", vae), (1, one), (20, twin(vae, "iwae", digits, k=20))):
            losses[name] = [model.loss(dataclasses.replace(batch, generator=g)).total.item() for g in draws]
    error = np.std(losses[1]) / np.sqrt(len(draws))
    assert np.mean(losses[1]) == pytest.approx(np.mean(losses["vae"]), abs=5 * error)
    assert np.mean(losses[20]) < np.mean(losses[1]) - 5 * error


@pytest.mark.parametrize("init", ["kaiming", "pca"])
@pytest.mark.parametrize("widths", [(), (16,), (16, 8), (16, 12, 8)])
def test_contraction_is_that_of_autograds_jacobian(digits, widths, init):
    model, batch = made("contractive", digits, widths=widths, activation="tanh", contraction=1.0, init=init)
    with torch.no_grad():  # layers that begin at zero would say nothing of theirs
        for weight in model.encoder.parameters():
            weight += 0.01 * torch.randn(weight.shape)
    z, found = model.encode_and_contract(batch.x)
    assert torch.equal(z, model.encode(batch.x))
    for x, norm in zip(batch.x[:5], found, strict=False):
        jacobian = torch.autograd.functional.jacobian(model.encode, x[None])
        assert norm.item() == pytest.approx(jacobian.square().sum().item(), rel=1e-4)


@pytest.mark.parametrize("init", ["kaiming", "pca"])
def test_contraction_is_that_of_a_network_with_dropout(digits, init):
    """Of the numbers that this draw leaves."""
    model, batch = made("contractive", digits, widths=(16, 12), activation="tanh", init=init, dropout=0.3)
    with torch.no_grad():
        for weight in model.encoder.parameters():
            weight += 0.01 * torch.randn(weight.shape)

    def drawn(x):
        torch.manual_seed(3)
        return model.train().encode(x)

    torch.manual_seed(3)
    _, (norm,) = model.train().encode_and_contract(batch.x[:1])
    jacobian = torch.autograd.functional.jacobian(drawn, batch.x[:1])
    assert norm.item() == pytest.approx(jacobian.square().sum().item(), rel=1e-4)
    assert norm.item() != pytest.approx(model.eval().encode_and_contract(batch.x[:1])[1].item(), rel=1e-3)


def test_mmd_is_its_double_sum():
    a, b = torch.randn(7, 3, dtype=torch.float64), torch.randn(7, 3, dtype=torch.float64) + 1

    def k(p, q):
        return sum(s * 6 / (s * 6 + (p - q).square().sum()) for s in SCALES)

    n = range(7)
    within = sum(k(c[i], c[j]) for c in (a, b) for i in n for j in n if i != j) / 42
    between = sum(k(a[i], b[j]) for i in n for j in n) / 49
    assert mmd(a, b).item() == pytest.approx((within - 2 * between).item(), rel=1e-9)
    same = torch.randn(2000, 3)
    assert abs(mmd(same[:1000], same[1000:])) < 0.01 < mmd(same[:1000], same[1000:] + 1)


def test_gradient_penalty_is_the_decoders_jacobian(digits):
    model, batch = made("rae", digits, regulariser="gradient")
    z = model.encode(batch.x[:2]).detach()
    exact = [torch.autograd.functional.jacobian(model.decode, row[None]).square().sum().item() for row in z]
    draws = torch.Generator().manual_seed(0)
    estimates = [model.roughness(z, draws).item() for _ in range(2000)]
    error = np.std(estimates) / np.sqrt(len(estimates))
    assert np.mean(estimates) == pytest.approx(np.mean(exact), abs=4 * error)


def test_the_norm_of_a_decoder_counts_a_linear_path_as_it_is(digits):
    """Not as it is kept, ten times as large."""
    model, batch = made("rae", digits, init="pca", latent_weight=0.0, decoder_weight=1.0)
    network, matrix = model.decoder.network, model.decoder.matrix
    expected = sum(p.square().sum() for p in network.parameters() if p.dim() > 1) + matrix.square().sum()
    assert model.loss(batch).terms["decoder_norm"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_quantised_gradient_passes_straight_through(digits):
    model, batch = made("vq-vae", digits, codebook=8, commitment=0.5)
    model.loss(again(batch))  # puts the codebook among the data
    model.eval()
    z = model.encoder(batch.x).detach().requires_grad_()
    e = model.codebook(z).detach().requires_grad_()
    nll = sum(model.likelihood.nll(model.decoder(e), batch.x).values()).mean()
    (at_codes,) = torch.autograd.grad(nll, e)
    commitment = 0.5 * (z - e.detach()).square().flatten(1).sum(1).mean()
    (pull,) = torch.autograd.grad(commitment, z)
    model.encoder = Given(z)
    model.loss(again(batch)).total.backward()
    assert torch.allclose(z.grad, at_codes + pull, atol=1e-6)


class Given(torch.nn.Module):
    """An encoder that puts out what it was given."""

    def __init__(self, z):
        super().__init__()
        self.z = z

    def forward(self, x):
        return self.z


def test_a_codebook_follows_its_means_and_revives_the_dead():
    draws = torch.Generator().manual_seed(0)
    centres = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    book = Codebook(3, 2, decay=0.5)
    for _ in range(60):
        z = centres[torch.randint(3, (64,), generator=draws)] + 0.1 * torch.randn(64, 2, generator=draws)
        book.follow(z.reshape(4, 4, 4, 2).movedim(-1, 1), draws)
    distance = torch.cdist(centres, book.vectors)
    assert (distance.min(1).values < 0.2).all(), "each code must end at the mean of what chooses it"
    with torch.no_grad():
        book.vectors[0] = 1000.0  # nothing chooses it any more
    for _ in range(40):
        book.follow(centres.repeat(8, 1).reshape(2, 3, 4, 2).movedim(-1, 1), draws)
    assert (torch.cdist(centres, book.vectors).min(1).values < 0.2).all(), "a dead code must live again"
    codes = torch.tensor([[[0, 1], [2, 2]]])
    # Shares of 1/4, 1/4 and 1/2: an entropy of 1.5 bits.
    assert book.perplexity(codes).item() == pytest.approx(2**1.5, rel=1e-6)


@pytest.mark.parametrize("d", [2, 16])
def test_pca_is_scikit_learns(digits, d):
    from sklearn.decomposition import PCA

    source = as_dataset(digits.x[:500])
    plan = recipes.make(source.spec, "pca", None, {"latent_dim": d})
    codec, model = build(plan, source.x)
    x = codec(torch.from_numpy(source.x))
    model.solve(lambda: x.split(128))
    flat = x.flatten(1).double().numpy()
    theirs = PCA(d, svd_solver="full").fit(flat)
    z, z_theirs = model.encode(x).detach().numpy(), theirs.transform(flat)
    assert np.allclose(np.abs(z), np.abs(z_theirs), atol=1e-3)
    back = theirs.inverse_transform(z_theirs).reshape(x.shape)
    assert np.allclose(model.reconstruct(x).detach().numpy(), back, atol=1e-4)


def test_pca_of_fewer_columns_than_it_has_spare_axes():
    x = torch.randn(50, 4) @ torch.diag(torch.tensor([3.0, 2.0, 1.0, 0.0]))
    plan = recipes.make(as_dataset(x.numpy()).spec, "pca", None, {"latent_dim": 4})
    _, model = build(plan, x.numpy())
    model.solve(lambda: [x])
    assert torch.allclose(model.reconstruct(x), x, atol=1e-5)


def test_an_unknown_label_is_the_likeliest(digits):
    model, batch = made("cvae", digits)
    z = model.encode(batch.x)
    labels = torch.eye(model.classes)
    nll = torch.stack(
        [sum(model.likelihood.nll(model.params(z, y.expand(len(z), -1)), batch.x).values()) for y in labels]
    )
    found = model.likeliest(batch.x, z)
    assert torch.equal(found.argmax(1), nll.argmin(0))
    assert torch.equal(model.reconstruct(batch.x), model.decode(z, found))
    with pytest.raises(TypeError, match="needs a label"):
        model.decode(z)


def test_sparse_codes(digits):
    model, batch = made("sparse", digits, sparsity="k-sparse", k=2)
    z, full = model.encode(batch.x), model.encoder(batch.x)
    assert ((z != 0).sum(1) == 2).all()
    assert torch.equal(z.sum(1), full.topk(2).values.sum(1)), "the largest, as they are"
    model, batch = made("sparse", digits, l1_weight=2.0)
    loss = model.loss(batch)
    z = model.encode(batch.x)
    assert (z >= 0).all()
    assert loss.terms["l1"].item() == pytest.approx(2 * z.sum(1).mean().item(), rel=1e-6)


def test_skips_see_what_the_latent_does_not(digits):
    model, batch = made("denoising", digits, net="conv", skips=True)
    assert "decode" not in model.can
    assert model.reconstruct(batch.x).shape == batch.x.shape
    with pytest.raises(TypeError, match="cannot decode"):
        model.decode(model.encode(batch.x))
    model.loss(batch).total.backward()
    assert model.decoder.joins[-1].weight.grad.any()
