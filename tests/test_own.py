"""Objectives and networks that a program gives: trained, kept as weights, reopened when they are given again."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from interruptions import InterruptedInEvaluation, StopAfter
from torch import nn

import gargalo
from gargalo.core import Batch, Loss
from gargalo.data import as_dataset
from gargalo.errors import ParameterError, RunError, Stopped
from gargalo.models import DecodingModel
from gargalo.models.likelihoods import MeanSquared
from gargalo.testing import check_model

DOCUMENT = Path(__file__).parents[1] / "docs" / "own-model.md"
QUICK = {"epochs": 1, "latent_dim": 4, "progress": False}


class Plain(DecodingModel):
    """L(x) = -log p(x | g(f(x))): the autoencoder again, by somebody else."""

    can = frozenset({"encode", "decode", "reconstruct"})
    reference = "nobody"

    def loss(self, batch: Batch) -> Loss:
        return self.distortion(self.params(self.encode(batch.x)), batch)


class Scaled(Plain):
    """L(x) = the same."""


def modules(d: int = 4, per: int = 1) -> tuple[nn.Module, nn.Module]:
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, d * per))
    return encoder, nn.Sequential(nn.Linear(d, 784), nn.Unflatten(1, (1, 28, 28)))


def test_an_own_objective_is_a_run_like_any_other(digits, tmp_path):
    run = gargalo.train(digits, Plain, out=tmp_path / "run", **QUICK)
    theirs = gargalo.train(digits, "autoencoder", out=tmp_path / "ae", **QUICK)
    assert run.recipe.model == "custom:Plain"
    assert run.metrics["test_mse"] == theirs.metrics["test_mse"]
    again = gargalo.open_run(tmp_path / "run", model=Plain)
    assert np.array_equal(again.encode(digits), run.encode(digits))
    gargalo.report([again], tmp_path / "report.html", lang="pt")
    assert "Plain" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_it_is_reopened_only_when_it_is_given_again(digits, tmp_path, say):
    gargalo.train(digits, Plain, out=tmp_path / "run", **QUICK)
    with pytest.raises(RunError, match=r"recipe\.json: expected model Plain. Was given None; open it in Python"):
        gargalo.open_run(tmp_path / "run")
    with pytest.raises(RunError, match=r"expected model Plain\. Was given Scaled"):
        gargalo.open_run(tmp_path / "run", model=Scaled)
    status, _, told = say("info", tmp_path / "run")
    assert status == 2
    assert "open it in Python with model=" in told
    gargalo.train(digits, "ae", out=tmp_path / "ae", **QUICK)
    with pytest.raises(RunError, match=r"expected model of its own\. Was given Plain; leave model out"):
        gargalo.open_run(tmp_path / "ae", model=Plain)


def test_an_object_is_not_a_class(digits):
    made = Plain(*modules(), MeanSquared((1, 28, 28)), (4,), Plain.Options())
    for wrong in (made, nn.Linear, 7):
        with pytest.raises(ParameterError, match=r"a subclass of gargalo\.LatentModel"):
            gargalo.train(digits, wrong, **QUICK)


def test_an_own_network_with_any_objective(digits, tmp_path):
    encoder, decoder = modules(per=2)
    before = encoder[1].weight.clone()
    run = gargalo.train(digits, "vae", net=(encoder, decoder), out=tmp_path / "run", **QUICK)
    assert torch.equal(before, encoder[1].weight), "what was given is not trained itself"
    assert not torch.equal(before, run.model.encoder[1].weight)
    again = gargalo.open_run(tmp_path / "run", net=modules(per=2))
    assert np.array_equal(again.sample(3), run.sample(3))
    with pytest.raises(RunError, match=r"expected net an encoder and a decoder\. Was given None"):
        gargalo.open_run(tmp_path / "run")
    with pytest.raises(RunError, match=r"expected model\.encoder\.3\.bias of shape \(4,\)"):
        gargalo.open_run(tmp_path / "run", net=modules(per=1)).sample(3)


def test_an_own_network_of_codes(digits, tmp_path):
    encoder = nn.Sequential(nn.Conv2d(1, 4, 4, stride=4))
    decoder = nn.Sequential(nn.Upsample(scale_factor=4), nn.Conv2d(4, 1, 5, padding=2))
    run = gargalo.train(digits, "vq-vae", net=(encoder, decoder), codebook=16, out=tmp_path / "run", **QUICK)
    assert run.model.latent_shape == (4, 7, 7)
    assert run.encode(digits.x[:3]).shape == (3, 4 * 49)


@pytest.mark.parametrize(
    ("net", "told"),
    [
        (modules(per=1), r"the encoder to turn \(3, 1, 28, 28\) into \(3, 8\), for model vae.*Found \(3, 4\)"),
        (
            (modules(per=2)[0], modules(5)[1]),
            r"the decoder to turn \(3, 4\) into.*It cannot: mat1",
        ),
        ((modules(per=2)[0], nn.Linear(4, 784)), r"into \(3, 1, 28, 28\).*Found \(3, 784\)"),
        ((nn.Linear(784, 8), modules()[1]), r"the encoder.*It cannot: "),
        (modules(per=2)[:1], r"a pair of modules: an encoder and a decoder\. Got \['Sequential'\]"),
        ("resnet", r"must be one of auto, mlp, conv\. Got 'resnet'"),
    ],
)
def test_a_network_that_does_not_fit_is_refused_first(digits, tmp_path, net, told):
    with pytest.raises(ParameterError, match=told):
        gargalo.train(digits, "vae", net=net, out=tmp_path / "run", **QUICK)
    assert not (tmp_path / "run").exists()


def test_an_own_network_of_codes_that_does_not_fit(digits):
    colour = nn.Sequential(nn.Conv2d(3, 4, 4))
    with pytest.raises(ParameterError, match=r"the encoder to take \(1, 1, 28, 28\)\. It cannot: Given groups"):
        gargalo.train(digits, "vq-vae", net=(colour, nn.Conv2d(4, 1, 1)), codebook=16, **QUICK)
    with pytest.raises(ParameterError, match=r"a grid \(n, d, h, w\)\. Found \(1, 8\)"):
        gargalo.train(digits, "vq-vae", net=modules(per=2), codebook=16, **QUICK)


def test_looking_at_a_network_does_not_change_it(digits):
    from gargalo.recipes import Custom, build, make

    norm = nn.BatchNorm2d(4)
    encoder = nn.Sequential(nn.Conv2d(1, 4, 4, stride=4), norm)
    decoder = nn.Sequential(nn.Upsample(scale_factor=4), nn.Conv2d(4, 1, 5, padding=2))
    plan = make(digits.spec, "vq-vae", choices={"net": (encoder, decoder), "codebook": 16})
    _, model = build(plan, digits.x[:8], custom=Custom(net=(encoder, decoder)))
    assert model.encoder[1].num_batches_tracked == 0
    assert model.encoder.training


def test_every_weight_of_a_decoder_is_penalised(digits, tmp_path):
    decoder = nn.Sequential(nn.Unflatten(1, (4, 1, 1)), nn.ConvTranspose2d(4, 1, 28))
    run = gargalo.train(digits, "rae", net=(modules()[0], decoder), out=tmp_path / "run", decoder_weight=1.0, **QUICK)
    wanted = run.model.decoder[1].weight.detach().square().sum()
    assert run.metrics["test_decoder_norm"] == pytest.approx(float(wanted), rel=1e-3)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ({"Options": type("Options", (), {})}, "a class whose Options are a dataclass, for custom:Strange"),
        ({"Options": dataclasses.make_dataclass("Options", [("epochs", int, 3)])}, "do not redefine epochs"),
    ],
)
def test_options_that_cannot_be(digits, names, told):
    with pytest.raises(ParameterError, match=told):
        gargalo.train(digits, type("Strange", (Plain,), names), **QUICK)


@pytest.mark.parametrize("model", ["pca", "contractive"])
def test_what_is_exact_only_for_known_layers_takes_no_other(digits, model):
    with pytest.raises(ParameterError, match=f"must be mlp for model {model}. Got 'custom'"):
        gargalo.train(digits, model, net=modules(), **QUICK)


def test_resuming_what_a_program_gave(digits, tmp_path):
    whole = gargalo.train(digits, Plain, net=modules_seeded(), out=tmp_path / "whole", **QUICK)
    with pytest.raises(gargalo.Stopped):
        late = InterruptedInEvaluation()
        gargalo.train(digits, Plain, net=modules_seeded(), out=tmp_path / "run", baselines=late, **QUICK)
    with pytest.raises(RunError, match="expected model Plain"):
        gargalo.resume(tmp_path / "run", digits, progress=False)
    run = gargalo.resume(tmp_path / "run", digits, model=Plain, net=modules_seeded(), progress=False)
    assert run.key == whole.key


def modules_seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return modules()


@pytest.mark.filterwarnings("ignore")
def test_the_document_does_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, second = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    names: dict = {}
    first = first.replace('out="runs/nested"', 'out="runs/nested", epochs=3, progress=False')
    exec(compile(first, "own-model.md", "exec", dont_inherit=True), names)
    assert names["film"].shape == (12, 28, 28)
    spread = names["run"].latents.std(axis=0)
    assert spread[0] > 2 * spread[-1], "latents must come out ordered"
    assert len(first.split("check_model(NestedDropout)")[0].strip().splitlines()) <= 40
    second = second.replace('out="runs/own-net"', 'out="runs/own-net", epochs=1, progress=False')
    exec(compile(second, "own-model.md", "exec", dont_inherit=True), names)
    assert names["samples"].shape == (12, 28, 28)


class Global(Plain):
    """L(x) = with a draw that no seed holds."""

    def loss(self, batch: Batch) -> Loss:
        return self.distortion(self.params(self.encode(batch.x) + torch.randn(())), batch)


class Idle(Plain):
    """L(x) = with a weight that nothing uses."""

    def __init__(self, *parts, **more):
        super().__init__(*parts, **more)
        self.idle = nn.Parameter(torch.zeros(3))


class Vector(Plain):
    """L(x) = one number for each example."""

    def loss(self, batch: Batch) -> Loss:
        (nll,) = self.likelihood.nll(self.params(self.encode(batch.x)), batch.x).values()
        return Loss({"nll": nll})


class Lazy(Plain):
    """L(x) = nothing to learn from x."""

    def loss(self, batch: Batch) -> Loss:
        return Loss({"norm": sum((p - 1).square().sum() for p in self.parameters())})


class Restless(Plain):
    """L(x) = an encoder that answers differently at every call."""

    def encode(self, x):
        return super().encode(x) + torch.rand(())


class Boastful(Plain):
    """L(x) = says that it has a posterior."""

    can = Plain.can | {"posterior"}


@pytest.mark.parametrize(
    ("kind", "error", "told"),
    [
        (Global, AssertionError, "must draw from batch.generator alone"),
        (Idle, AssertionError, "every parameter must get a gradient; these get none: idle"),
        (Vector, ParameterError, "to give a Loss of named scalars"),
        (Lazy, AssertionError, "32 examples must be learned"),
        (Restless, AssertionError, "encode must be deterministic"),
        (Boastful, TypeError, "Boastful has no posterior"),
    ],
)
def test_the_battery_finds_what_is_wrong(kind, error, told):
    with pytest.raises(error, match=told):
        check_model(kind, widths=(16,))


# What a program gives and what cannot be


class Silent(Plain):
    """Does not say what it can."""

    can = frozenset()


class Cleaner(Plain):
    """Says that it can denoise, and not from which noise."""

    can = frozenset({"encode", "decode", "reconstruct", "denoise"})


class Tied(nn.Module):
    def __init__(self, weight: nn.Parameter):
        super().__init__()
        self.weight = weight

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return (z @ self.weight).reshape(-1, 1, 28, 28)


def tied_modules() -> tuple[nn.Module, nn.Module]:
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 4, bias=False))
    return encoder, Tied(encoder[1].weight)


@pytest.mark.parametrize(
    ("model", "net", "told"),
    [
        (Silent, None, "expected custom:Silent to say what it can, of classify, codes"),
        (Cleaner, None, "Options with noise and strength, since custom:Cleaner can denoise"),
        (
            Plain,
            (nn.Sequential(nn.Flatten(), nn.LazyLinear(4)), modules()[1]),
            "expected every weight to have a shape",
        ),
        (Plain, tied_modules(), "weights of their own. Found decoder.weight and encoder.1.weight to be the same"),
        (
            "vae",
            (nn.Sequential(nn.Flatten(), nn.Linear(784, 8), nn.Unflatten(1, (9,))), modules()[1]),
            "It cannot",
        ),
    ],
)
def test_what_a_program_gives_is_looked_at_first(digits, tmp_path, model, net, told):
    with pytest.raises(ParameterError, match=re.escape(told)):
        gargalo.train(digits, model, net=net, out=tmp_path / "run", **QUICK)
    assert not (tmp_path / "run").exists()


def test_a_name_is_no_class(digits, tmp_path):
    run = gargalo.train(digits, out=tmp_path / "run", **QUICK)
    with pytest.raises(ParameterError, match="the class itself, or left out"):
        gargalo.open_run(run.folder, model="autoencoder")


def test_dropout_draws_by_the_seed(digits, tmp_path):
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.Dropout(0.5), nn.Linear(16, 4))
    decoder, keys = modules()[1], set()
    for around in (1, 2):
        torch.manual_seed(around)
        before = torch.random.get_rng_state()
        run = gargalo.train(digits, net=(encoder, decoder), out=tmp_path / str(around), **QUICK)
        assert torch.equal(torch.random.get_rng_state(), before)
        keys.add(run.key)
    assert len(keys) == 1


class Recurrent(nn.Module):
    """Reads a picture row by row, and forgets between two layers."""

    def __init__(self):
        super().__init__()
        self.layers = nn.LSTM(28, 8, num_layers=2, dropout=0.5, batch_first=True)
        self.last = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.layers(x[:, 0])[0][:, -1])


class Forgetful(nn.Module):
    """Draws by a function, so that no layer tells of it."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(784, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(nn.functional.dropout(x.flatten(1), 0.5, self.training))


class PartlyIdle(nn.Module):
    """Has one layer that is frozen, and one that is never used."""

    def __init__(self):
        super().__init__()
        self.frozen, self.layer, self.idle = nn.Linear(784, 16), nn.Linear(16, 4), nn.Linear(3, 3)
        self.frozen.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(torch.tanh(self.frozen(x.flatten(1))))


class Pooling(nn.Module):
    """Draws the places that it looks at, in evaluation mode as well."""

    def __init__(self):
        super().__init__()
        self.pool, self.layer = nn.FractionalMaxPool2d(2, output_size=10), nn.Linear(100, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(self.pool(x).flatten(1))


@pytest.mark.parametrize("kind", [Recurrent, Forgetful, PartlyIdle, Pooling])
def test_whatever_a_network_does_it_resumes_bit_for_bit(digits, tmp_path, kind):
    torch.manual_seed(0)
    digits = as_dataset(digits.x[:300], split=np.repeat(np.array([0, 2], np.uint8), [260, 40]))
    net = (kind(), modules()[1])
    choices = {"epochs": 2, "batch_size": 50, "latent_dim": 4, "save_every": 0}
    whole = gargalo.train(digits, net=net, out=tmp_path / "whole", progress=False, **choices)
    for step in (2, 5, 7):  # the second is the last of its epoch
        folder = tmp_path / f"stopped-{step}"
        with pytest.raises(Stopped):
            gargalo.train(digits, net=net, out=folder, progress=StopAfter(step), **choices)
        torch.manual_seed(step)
        run = gargalo.resume(folder, digits, net=net, progress=False)
        assert run.key == whole.key
        for part in ("train", "validation"):
            assert [r[part] for r in run.history] == [r[part] for r in whole.history]
