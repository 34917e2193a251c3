"""Seconds for one epoch: gargalo's loop against the notebook's, a plain one, peers, and the matrix products alone.

    python benchmarks/training.py [--rounds 5] [--cases mlp-64 mlp-256 mlp-1024 conv-256]

One process, every candidate in turn in every round, another first in each; all are warmed by an epoch before. The
embedded digits, resident; mean squared error through a sigmoid, Adam 1e-3, weight decay 1e-8.

- notebook: a DataLoader over a Dataset that turns one PIL image into one tensor at a time (`notebook_loop.py`).
- eager: what a competent user of PyTorch writes: floats resident, `randperm`, fused Adam.
- gargalo: `gargalo.training.fit` with codec, history, checkpoints and progress, five epochs, of which one is told.
  Its weights after one epoch are compared with eager's, from the same start in the same order.
- bound: the matrix products (or convolutions) of each layer alone, as PyTorch calls them: forward, and backward to
  input and weights, on batches that lie ready. Another library's products may be faster than these.
- jax: one `jit` over a `lax.scan` of all steps; compiling is reported apart. Compared with eager's weights, too.
- pythae: `BaseTrainer.train_step`; its own loss (a sum over pixels), its own loader.
- scikit-learn: `MLPRegressor.partial_fit`; its output is not squashed and its bottleneck has a ReLU.

Peers that are not installed are left out (`pip install jax`; `pip install --no-deps pythae` and what it then
misses), and with convolutions JAX and scikit-learn, whose CPU convolutions take minutes an epoch, or do not exist.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import importlib.util
import io
import itertools
import json
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import machine, spread
from notebook_loop import notebook_loader
from torch import Tensor, nn
from torch.nn import functional as F

import gargalo
from gargalo.data.codec import ImageCodec
from gargalo.io.reporter import reporter_for
from gargalo.models.autoencoder import Autoencoder
from gargalo.models.likelihoods import MeanSquared
from gargalo.training import CheckpointManager, Data, Session, TrainingSettings, fit
from gargalo.training.draws import order_of

LR, DECAY, SEED = 1e-3, 1e-8, 0
NEAR = 1e-4
"""How far two loops may stand apart, in any weight, after an epoch of the same mathematics."""
CASES = {"mlp-64": 64, "mlp-256": 256, "mlp-1024": 1024, "conv-256": 256}

Epoch = Callable[[], float]
"""Trains (or works) for one epoch and tells the seconds."""


@dataclass
class Case:
    """One network at one batch size."""

    name: str
    batch: int
    raw: np.ndarray
    encoder: nn.Sequential
    decoder: nn.Sequential
    latent_dim: int

    @property
    def x(self) -> Tensor:
        """The examples as floats, (n, 1, 28, 28)."""
        return torch.from_numpy(self.raw).unsqueeze(1) / 255

    def network(self) -> nn.Sequential:
        """A copy of the whole, from the first weights: x -> logits of x."""
        return copy.deepcopy(nn.Sequential(*self.encoder, *self.decoder))


def case(name: str, raw: np.ndarray) -> Case:
    torch.manual_seed(SEED)
    if name.startswith("conv"):
        latent = 24
        encoder = nn.Sequential(
            *(nn.Conv2d(1, 32, 3, stride=2, padding=1), nn.ReLU()),
            *(nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(64 * 7 * 7, latent)),
        )
        decoder = nn.Sequential(
            *(nn.Linear(latent, 64 * 7 * 7), nn.ReLU(), nn.Unflatten(1, (64, 7, 7))),
            *(nn.Upsample(scale_factor=2), nn.Conv2d(64, 32, 3, padding=1), nn.ReLU()),
            *(nn.Upsample(scale_factor=2), nn.Conv2d(32, 1, 3, padding=1)),
        )
    else:
        latent = 16
        encoder = nn.Sequential(nn.Flatten(), *_dense([784, 128, 64, latent]))
        decoder = nn.Sequential(*_dense([latent, 64, 128, 784]), nn.Unflatten(1, (1, 28, 28)))
    return Case(name, CASES[name], raw, encoder, decoder, latent)


def _dense(sizes: list[int]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for a, b in itertools.pairwise(sizes):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return layers[:-1]


# Candidates


def notebook(case: Case) -> Epoch:
    network = case.network()
    loader = notebook_loader(case.raw, np.zeros(len(case.raw), np.int64), case.batch)
    optimizer = torch.optim.Adam(network.parameters(), lr=LR, weight_decay=DECAY)

    def epoch() -> float:
        began = time.perf_counter()
        for x, _ in loader:
            loss = F.mse_loss(torch.sigmoid(network(x)), x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()
        return time.perf_counter() - began

    return epoch


def eager(case: Case, network: nn.Module | None = None, order: Tensor | None = None, tuned: bool = False) -> Epoch:
    """`network` and `order` are given where another loop's weights are compared with this one's."""
    network, x = network or case.network(), case.x
    optimizer = torch.optim.Adam(network.parameters(), lr=LR, weight_decay=DECAY, fused=True)

    def epoch() -> float:
        began = time.perf_counter()
        for rows in (torch.randperm(len(x)) if order is None else order).split(case.batch):
            batch = x.index_select(0, rows) if tuned else x[rows]
            loss = F.mse_loss(torch.sigmoid(network(batch)), batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return time.perf_counter() - began

    return epoch


def fitted(model: Autoencoder, codec: ImageCodec, data: Data, batch: int, epochs: int) -> float:
    """Seconds an epoch of gargalo's loop, as the lesson is trained, with all that a run does meanwhile.

    A checkpoint is written before the first step and after the last, so an epoch's share of them depends on how
    many epochs there are; here there are few.
    """
    settings = TrainingSettings(
        epochs=epochs,
        batch_size=batch,
        optimizer="adam",
        lr=LR,
        weight_decay=DECAY,
        schedule="constant",
        validation_share=0,
        keep="last",
        seed=SEED,
    )
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        history = Path(folder) / "history.jsonl"
        with history.open("a") as lines:
            session = Session(
                progress=reporter_for(True).training("autoencoder"),
                on_epoch=lambda record: lines.write(json.dumps(record) + "\n"),
                checkpoints=CheckpointManager(Path(folder) / "checkpoints"),
            )
            result = fit(model, codec, data, None, settings, session)
        return result.seconds / epochs


def ours(case: Case, networks: tuple[nn.Module, nn.Module] | None = None, epochs: int = 5) -> Epoch:
    codec = ImageCodec(case.raw.shape[1:], is_byte=True)
    encoder, decoder = networks or (copy.deepcopy(case.encoder), copy.deepcopy(case.decoder))
    model = Autoencoder(
        encoder, decoder, MeanSquared((1, 28, 28), bounded=True), (case.latent_dim,), Autoencoder.Options()
    )
    data = Data(torch.from_numpy(case.raw))
    return lambda: fitted(model, codec, data, case.batch, epochs)


def bound(case: Case) -> Epoch:
    """What no loop over these products can go below."""
    calls: list[tuple[nn.Module, Tensor, Tensor]] = []

    def note(layer: nn.Module, given: tuple[Tensor, ...], out: Tensor) -> None:
        calls.append((layer, given[0].detach().contiguous(), torch.rand_like(out)))

    network = case.network()
    for layer in network:
        if isinstance(layer, nn.Linear | nn.Conv2d):
            layer.register_forward_hook(note)
    whole, rest = divmod(len(case.raw), case.batch)
    with torch.no_grad():
        network(case.x[: case.batch])
        ready, calls = calls, []
        network(case.x[: max(1, rest)])

    @torch.no_grad()
    def epoch() -> float:
        began = time.perf_counter()
        for step in range(whole + (rest > 0)):
            for i, (layer, x, gradient) in enumerate(ready if step < whole else calls):
                _products(layer, x, gradient, to_input=i > 0)
        return time.perf_counter() - began

    return epoch


def _products(layer: nn.Module, x: Tensor, gradient: Tensor, to_input: bool) -> None:
    """Forward, backward to the input (not of the first layer) and backward to the weights."""
    weight, bias = layer.weight, layer.bias
    if isinstance(layer, nn.Linear):
        F.linear(x, weight, bias)
        gradient.t() @ x
        if to_input:
            gradient @ weight
        return
    how = (layer.stride, layer.padding, layer.dilation, False, (0, 0), layer.groups)
    torch.ops.aten.convolution(x, weight, bias, *how)
    torch.ops.aten.convolution_backward(gradient, x, weight, tuple(bias.shape), *how, (to_input, True, True))


def jax_scan(case: Case, told: dict[str, Any] | None = None, order: Tensor | None = None) -> Epoch:
    """`told` is given the seconds of compiling, and a function to look at the weights."""
    import jax
    import jax.numpy as jnp

    layers, data = list(case.network()), jnp.asarray(case.raw)
    trained = [layer for layer in layers if hasattr(layer, "weight")]
    turned = [(lambda w: w.t() if w.ndim == 2 else w.permute(2, 3, 1, 0))(layer.weight) for layer in trained]
    weights = [
        (jnp.asarray(w.detach().numpy().copy()), jnp.asarray(layer.bias.detach().numpy().copy()))
        for w, layer in zip(turned, trained, strict=True)
    ]
    n, whole = len(case.raw), len(case.raw) // case.batch * case.batch

    def forward(weights: Any, h: Any) -> Any:
        """As PyTorch's Sequential, but images are (n, h, w, c), which XLA is faster at."""
        at = iter(weights)
        for layer in layers:
            if isinstance(layer, nn.Linear):
                w, b = next(at)
                h = h @ w + b
            elif isinstance(layer, nn.Conv2d):
                w, b = next(at)
                pad = [(p, p) for p in layer.padding]
                how = ("NHWC", "HWIO", "NHWC")
                h = jax.lax.conv_general_dilated(h, w, layer.stride, pad, dimension_numbers=how) + b
            elif isinstance(layer, nn.Flatten):
                h = h.transpose(0, 3, 1, 2).reshape(len(h), -1)
            elif isinstance(layer, nn.Unflatten):
                h = h.reshape(len(h), *layer.unflattened_size).transpose(0, 2, 3, 1)
            elif isinstance(layer, nn.Upsample):
                h = h.repeat(2, axis=1).repeat(2, axis=2)
            else:
                h = jax.nn.relu(h)
        return h

    def loss(weights: Any, x: Any) -> Any:
        return jnp.square(jax.nn.sigmoid(forward(weights, x)) - x).mean()

    def step(state: Any, rows: Any) -> tuple[Any, Any]:
        weights, first, second, t = state
        x = data[rows][..., None].astype(jnp.float32) / 255
        value, gradient = jax.value_and_grad(loss)(weights, x)
        gradient = jax.tree.map(lambda g, w: g + DECAY * w, gradient, weights)
        t = t + 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
        small, large = 1 - 0.9**t, 1 - 0.999**t
        weights = jax.tree.map(
            lambda w, m, v: w - LR * (m / small) / (jnp.sqrt(v / large) + 1e-8), weights, first, second
        )
        return (weights, first, second, t), value

    def all_steps(state: Any, rows: Any) -> tuple[Any, Any]:
        state, values = jax.lax.scan(step, state, rows[:whole].reshape(-1, case.batch))
        if whole < n:
            state, _ = step(state, rows[whole:])
        return state, values.mean()

    def zeros() -> Any:
        return jax.tree.map(jnp.zeros_like, weights)

    state = (weights, zeros(), zeros(), jnp.zeros(()))
    chance = np.random.default_rng(SEED)
    began = time.perf_counter()
    run = jax.jit(all_steps, donate_argnums=0).lower(state, jnp.zeros(n, jnp.int32)).compile()
    if told is not None:
        told["compile_seconds"] = round(time.perf_counter() - began, 2)

    def epoch() -> float:
        nonlocal state
        began = time.perf_counter()
        rows = chance.permutation(n) if order is None else order.numpy()
        state, value = run(state, jnp.asarray(rows.astype(np.int32)))
        value.block_until_ready()
        jax.block_until_ready(state)
        if told is not None:
            told["state"] = state
        return time.perf_counter() - began

    return epoch


def pythae(case: Case) -> Epoch:
    from pythae.data.datasets import BaseDataset
    from pythae.models import AE, AEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.layers = copy.deepcopy(case.encoder)

        def forward(self, x: Tensor) -> Any:
            return ModelOutput(embedding=self.layers(x))

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.layers = copy.deepcopy(case.decoder)

        def forward(self, z: Tensor) -> Any:
            return ModelOutput(reconstruction=torch.sigmoid(self.layers(z)))

    folder = tempfile.TemporaryDirectory()
    trainer = BaseTrainer(
        AE(AEConfig(input_dim=(1, 28, 28), latent_dim=case.latent_dim), Encoder(), Decoder()),
        BaseDataset(case.x, torch.zeros(len(case.raw))),
        training_config=BaseTrainerConfig(
            output_dir=folder.name,
            per_device_train_batch_size=case.batch,
            learning_rate=LR,
            optimizer_cls="Adam",
            optimizer_params={"weight_decay": DECAY},
            no_cuda=True,
        ),
    )
    trainer.prepare_training()

    def epoch(kept: Any = folder) -> float:
        began = time.perf_counter()
        with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
            trainer.train_step(1)
        return time.perf_counter() - began

    return epoch


def scikit_learn(case: Case) -> Epoch:
    from sklearn.neural_network import MLPRegressor

    hidden = [layer.out_features for layer in case.network() if isinstance(layer, nn.Linear)][:-1]
    regressor = MLPRegressor(
        hidden_layer_sizes=hidden, batch_size=case.batch, learning_rate_init=LR, alpha=DECAY, random_state=SEED
    )
    x = case.x.flatten(1).numpy()

    def epoch() -> float:
        began = time.perf_counter()
        regressor.partial_fit(x, x)
        return time.perf_counter() - began

    return epoch


# Comparing


def check(case: Case, peers: set[str]) -> dict[str, float]:
    """The farthest that any weight of ours (and of JAX's) stands from eager's after one epoch."""
    order = order_of(len(case.raw), SEED, 0)
    plain = case.network()
    eager(case, plain, order)()
    expected = [p.detach() for p in plain.parameters()]
    networks = copy.deepcopy(case.encoder), copy.deepcopy(case.decoder)
    ours(case, networks, epochs=1)()
    found = [p.detach() for network in networks for p in network.parameters()]
    apart = {"gargalo": _farthest(expected, found)}
    if "jax" in peers and not case.name.startswith("conv"):
        told: dict[str, Any] = {}
        jax_scan(case, told, order)()
        found = [torch.from_numpy(np.array(value)) for pair in told["state"][0] for value in pair]
        apart["jax"] = _farthest(
            expected, [v.t() if v.ndim == 2 else v.permute(3, 2, 0, 1) if v.ndim == 4 else v for v in found]
        )
    assert apart["gargalo"] <= NEAR, f"{case.name}: gargalo's weights are {apart['gargalo']:.1e} from eager's"
    return apart


def _farthest(a: list[Tensor], b: list[Tensor]) -> float:
    return max((p - q).abs().max().item() for p, q in zip(a, b, strict=True))


def candidates(case: Case, peers: set[str], told: dict[str, Any]) -> dict[str, Epoch]:
    """The first of them is what the others are compared with."""
    found = {
        "eager": eager(case),
        "eager, index_select": eager(case, tuned=True),
        "gargalo": ours(case),
        "bound": bound(case),
        "notebook": notebook(case),
    }
    if "jax" in peers and not case.name.startswith("conv"):
        found["jax"] = jax_scan(case, told)
    if "pythae" in peers:
        found["pythae"] = pythae(case)
    if "scikit-learn" in peers and not case.name.startswith("conv"):
        found["scikit-learn"] = scikit_learn(case)
    return found


def measure(epochs: dict[str, Epoch], rounds: int) -> dict[str, list[float]]:
    """Seconds of every round of every candidate, in turn, so that what slows the machine slows them all."""
    for epoch in epochs.values():
        epoch()
    seconds: dict[str, list[float]] = {name: [] for name in epochs}
    names = list(epochs)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            seconds[name].append(epochs[name]())
    return seconds


def installed() -> set[str]:
    """The peers that can be imported; of the others it is said that they are left out."""
    modules = {"jax": "jax", "pythae": "pythae", "scikit-learn": "sklearn"}
    found = {name for name, module in modules.items() if importlib.util.find_spec(module)}
    for name in modules.keys() - found:
        print(f"{name} is not installed: left out.", file=sys.stderr)
    return found


def lines(name: str, seconds: dict[str, list[float]]) -> str:
    """The rows of one case, fastest first."""
    middle = {who: statistics.median(found) for who, found in seconds.items()}
    return "\n".join(
        f"| {name} | {who} | {spread(seconds[who])} | {middle[who] / middle['eager']:.2f} |"
        f" {middle['notebook'] / middle[who]:.1f} |"
        for who in sorted(middle, key=lambda who: middle[who])
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Seconds for one epoch, of gargalo and of others.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    source = gargalo.load_data()
    raw = np.ascontiguousarray(source.x[source.rows("train")])
    peers, notes = installed(), []
    print("| case | what | s an epoch, median (least-most) | times eager | times faster than the notebook |")
    print("|---|---|---|---|---|")
    for name in options.cases:
        one, told = case(name, raw), {}
        apart = check(one, peers)
        seconds = measure(candidates(one, peers, told), options.rounds)
        print(lines(name, seconds), flush=True)
        far = ", ".join(f"{who} {value:.0e}" for who, value in apart.items())
        compiled = f"; JAX compiled for {told['compile_seconds']} s" if told else ""
        weights = sum(p.numel() for p in one.network().parameters())
        notes.append(f"{name}: {weights:,} weights; farthest from eager's after an epoch: {far}{compiled}")
    print("\n" + "\n".join(notes))
    print(f"\n{options.rounds} rounds; {machine(*sorted(peers))}")


if __name__ == "__main__":
    main()
