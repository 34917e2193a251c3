"""Time to the lesson's quality: the notebook's own way of looping against gargalo's default recipe.

    python benchmarks/notebook_loop.py [--repeats 3] [--epochs 3 4] [--begun-as-pca 1 2]

The notebook's way: a DataLoader over a Dataset that turns one PIL image into one tensor at a time, batch 64, Adam
1e-3 with weight decay 1e-8, mean squared error, 20 epochs. Ours: the default recipe at the same widths, also with
networks that begin as PCA, and so few epochs that it just reaches the notebook's final test MSE. Seconds of the whole
training, from data in memory to a model, after imports, in turn, in one run.
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import statistics
import time

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

import gargalo

LESSON_MSE = 0.0183
"""What the notebook's loop was first measured to reach."""


class OneImageAtATime(Dataset):
    """Step by step what torchvision's MNIST with ToTensor does: tensor -> PIL image -> tensor, with its label."""

    def __init__(self, x: np.ndarray, y: np.ndarray):
        self.data, self.targets = torch.from_numpy(x), torch.from_numpy(y)

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        image, target = Image.fromarray(self.data[index].numpy()), int(self.targets[index])
        pixels = torch.from_numpy(np.array(image, np.uint8, copy=True))
        pixels = pixels.view(image.size[1], image.size[0], len(image.getbands())).permute((2, 0, 1)).contiguous()
        return pixels.to(dtype=torch.get_default_dtype()).div(255), target


def notebook_loader(x: np.ndarray, y: np.ndarray, batch_size: int) -> DataLoader:
    """The notebook's own: a Subset of the whole, shuffled."""
    return DataLoader(Subset(OneImageAtATime(x, y), range(len(x))), batch_size=batch_size, shuffle=True)


def notebook(
    train: np.ndarray, labels: np.ndarray, test: np.ndarray, seed: int, epochs: int = 20
) -> tuple[float, float]:
    """Training seconds and test MSE of the notebook's loop."""
    torch.manual_seed(seed)
    sizes, layers = [784, 128, 64, 16, 64, 128, 784], []
    for i, (a, b) in enumerate(itertools.pairwise(sizes)):
        layers += [nn.Linear(a, b), *([nn.ReLU()] if i not in (2, 5) else [])]
    model = nn.Sequential(*layers, nn.Sigmoid())
    loader = notebook_loader(train, labels, 64)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-8)
    began = time.perf_counter()
    for _ in range(epochs):
        for x, _ in loader:
            x = x.view(x.size(0), -1)
            loss = nn.functional.mse_loss(model(x), x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss.item()
    seconds = time.perf_counter() - began
    with torch.no_grad():
        x = torch.from_numpy(test).reshape(len(test), -1) / 255
        return seconds, nn.functional.mse_loss(model(x), x).item()


def ours(source: gargalo.Dataset, seed: int, epochs: int, init: str) -> tuple[float, float]:
    """Seconds of a whole training, what networks begin as included, and test MSE of the default recipe."""
    began = time.perf_counter()
    fitted = gargalo.train(source, epochs=epochs, seed=seed, init=init, in_memory=True, progress=False)
    seconds = time.perf_counter() - began
    test = source.take(source.rows("test"))
    error = np.square(fitted.to_model_space(test) - fitted.reconstruct_in_model_space(test))
    return seconds, float(error.mean())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, nargs="+", default=[3, 4])
    parser.add_argument("--begun-as-pca", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    source = gargalo.load_data()
    rows = source.rows("train")
    train, labels, test = source.x[rows], source.y[rows], source.x[source.rows("test")]
    ours(source, 0, 1, "pca")  # imports
    cases = [(epochs, "kaiming") for epochs in options.epochs] + [(epochs, "pca") for epochs in options.begun_as_pca]
    theirs, mine = [], {case: [] for case in cases}
    for seed in range(options.repeats):
        theirs.append(notebook(train, labels, test, seed))
        for case, found in mine.items():
            found.append(ours(source, seed, *case))
    told = {
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
        "notebook": {"seconds": [round(s, 2) for s, _ in theirs], "test_mse": [round(m, 5) for _, m in theirs]},
    }
    for (epochs, init), found in mine.items():
        ratios = [round(a[0] / b[0], 1) for a, b in zip(theirs, found, strict=True)]
        told[f"gargalo, {epochs} epochs, {init}"] = {
            "seconds": [round(s, 2) for s, _ in found],
            "test_mse": [round(m, 5) for _, m in found],
            "times_faster": ratios,
            "times_faster_median": statistics.median(ratios),
            "as_good_as_the_notebook": [b[1] <= a[1] for a, b in zip(theirs, found, strict=True)],
            f"at_most_{LESSON_MSE}": [m <= LESSON_MSE for _, m in found],
        }
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
