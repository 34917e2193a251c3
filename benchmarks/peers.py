"""Side by side with pythae: the same networks from the same first weights, the same epochs, the same digits.

    python benchmarks/peers.py [--epochs 10] [--seeds 0 1 2]

Adam 1e-3 throughout in batches of 64, as pythae is told to and as gargalo is in *gargalo, constant rate*; plain
*gargalo* has its own schedule and rate. Seconds of training alone, candidates in turn; and each model's own metric
on the 1,000 test digits, less is better: the squared error of reconstructions (autoencoder, VQ-VAE), the negative
ELBO (VAE) and the negative bound of five draws (IWAE), both in nats and both by the same code for everybody.

pythae is not a dependency: `pip install --no-deps pythae imageio tqdm`.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import machine, spread
from torch import Tensor, nn

import gargalo
from gargalo.core import Batch, LatentModel
from gargalo.models import MODELS
from gargalo.models.likelihoods import Bernoulli
from gargalo.nets import NetSettings, Sizes, conv, mlp

D, LR, BATCH, DRAWS, CODES = 16, 1e-3, 64, 5, 256
SHAPE = (1, 28, 28)
CASES = {"autoencoder": "AE", "vae": "VAE", "iwae": "IWAE", "vq-vae": "VQVAE"}
"""gargalo's names and pythae's."""


def networks(name: str, seed: int) -> tuple[nn.Module, nn.Module]:
    """An encoder, and a decoder that puts out logits."""
    torch.manual_seed(seed)
    if name == "vq-vae":
        return conv(Sizes(SHAPE, D, D, SHAPE), NetSettings(net="conv", widths=(16, 48)), is_grid=True)
    return mlp(Sizes(SHAPE, D * MODELS[name].numbers_per_latent, D, SHAPE), NetSettings(widths=(128, 64)))


def ours(name: str, seed: int, epochs: int, source: Any, **more: Any) -> tuple[float, float]:
    """Seconds and metric of gargalo."""
    options = {"iwae": {"k": DRAWS}, "vq-vae": {"codebook": CODES}}.get(name, {})
    with tempfile.TemporaryDirectory() as folder:
        run = gargalo.train(
            source, name, net=networks(name, seed), latent_dim=D, epochs=epochs, batch_size=BATCH, validation_share=0,
            keep="last", seed=seed, out=Path(folder) / "run", progress=False, **options, **more,
        )  # fmt: skip
        x = run.codec(torch.from_numpy(source.x[source.rows("test")]))
        return run.facts["seconds"], metric(name, run.model, run.model.reconstruct, x)


def theirs(name: str, seed: int, epochs: int, source: Any) -> tuple[float, float]:
    """Seconds and metric of pythae: its own trainer, epoch by epoch, without its saving."""
    import pythae.models as shelf
    from pythae.data.datasets import BaseDataset
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    encoder, decoder = networks(name, seed)

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.layers = encoder

        def forward(self, x: Tensor) -> Any:
            z = self.layers(x)
            if MODELS[name].numbers_per_latent == 1:
                return ModelOutput(embedding=z)
            mean, log_stddev = z.chunk(2, dim=1)
            return ModelOutput(embedding=mean, log_covariance=2 * log_stddev)

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.layers = decoder

        def forward(self, z: Tensor) -> Any:
            return ModelOutput(reconstruction=torch.sigmoid(self.layers(z)))

    config: dict[str, Any] = {"input_dim": SHAPE, "latent_dim": D}
    config |= {"vae": {"reconstruction_loss": "bce"}}.get(name, {})
    config |= {"iwae": {"reconstruction_loss": "bce", "number_samples": DRAWS}}.get(name, {})
    config |= {"vq-vae": {"num_embeddings": CODES, "use_ema": True, "decay": 0.99}}.get(name, {})
    kind = CASES[name]
    model = getattr(shelf, kind)(getattr(shelf, f"{kind}Config")(**config), Encoder(), Decoder())
    x = {part: torch.from_numpy(source.x[source.rows(part)]).unsqueeze(1) / 255 for part in ("train", "test")}
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        settings = BaseTrainerConfig(
            output_dir=folder, num_epochs=epochs, per_device_train_batch_size=BATCH, learning_rate=LR,
            optimizer_cls="Adam", no_cuda=True, seed=seed,
        )  # fmt: skip
        trainer = BaseTrainer(model, BaseDataset(x["train"], torch.zeros(len(x["train"]))), training_config=settings)
        trainer.prepare_training()
        began = time.perf_counter()
        for epoch in range(epochs):
            trainer.train_step(epoch + 1)
        seconds = time.perf_counter() - began
    model.eval()
    twin = MODELS["vae"](encoder, decoder, Bernoulli(SHAPE), (D,), MODELS["vae"].Options())
    return seconds, metric(name, twin, lambda x: model({"data": x}).recon_x, x["test"])


@torch.no_grad()
def metric(name: str, model: LatentModel, reconstruct: Callable[[Tensor], Tensor], x: Tensor) -> float:
    """The model's own figure on test images x."""
    if name in ("autoencoder", "vq-vae"):
        return float((reconstruct(x) - x).square().mean())
    model.eval()
    draws = torch.Generator().manual_seed(0)
    if name == "vae":
        return float(-model.log_weight(Batch(x, generator=draws), 100).mean())
    weights = torch.stack([model.log_weight(Batch(x, generator=draws), DRAWS) for _ in range(20)])
    return float(-(weights.logsumexp(1) - np.log(DRAWS)).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description="Side by side with pythae.")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--models", nargs="+", default=list(CASES))
    options = parser.parse_args()
    logging.disable(logging.INFO)
    source = gargalo.load_data()
    candidates: dict[str, Callable[..., tuple[float, float]]] = {
        "pythae": theirs,
        "gargalo, constant rate": lambda *given: ours(*given, lr=LR, schedule="constant"),
        "gargalo": ours,
    }
    print("| model | who | training, s, median (least-most) | metric, median (least-most) |\n|---|---|---|---|")
    for name in options.models:
        found: dict[str, list[tuple[float, float]]] = {who: [] for who in candidates}
        for act in candidates.values():
            act(name, 0, 1, source)  # warm
        for seed in options.seeds:
            for who, act in candidates.items():
                found[who].append(act(name, seed, options.epochs, copy.copy(source)))
        for who, pairs in found.items():
            seconds, metrics = zip(*pairs, strict=True)
            digits = 4 if name in ("autoencoder", "vq-vae") else 2
            print(f"| {name} | {who} | {spread(seconds, 2)} | {spread(metrics, digits)} |", flush=True)
    print(f"\n{options.epochs} epochs, {len(options.seeds)} seeds; {machine('pythae')}")


if __name__ == "__main__":
    main()
