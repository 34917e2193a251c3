"""Real data of a dozen kinds, from packages: what `league.py` trains on.

Python packages: scikit-learn, scikit-image and vega_datasets. Debian packages: oxygen-icon-theme, faenza-icon-theme and
mate-backgrounds. A set whose package is not installed is left out, and said to be.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

import gargalo
from gargalo.data import Dataset

__all__ = ["SETS"]

ICONS = (Path("/usr/share/icons/oxygen"), Path("/usr/share/icons/Faenza"))
BACKGROUNDS = Path("/usr/share/backgrounds/mate/nature")
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "hubble_deep_field", "ihc", "motorcycle_left", "retina", "rocket")
SIDE = 64


def _sklearn(name: str) -> Dataset:
    """A table of scikit-learn's, with its classes where it has any."""
    import sklearn.datasets

    found = getattr(sklearn.datasets, f"load_{name}")()
    labels = found.target if hasattr(found, "target_names") else None
    return gargalo.load_data(found.data.astype(np.float32), labels)


def _vega(name: str) -> Path:
    import vega_datasets

    (path,) = (Path(vega_datasets.__file__).parent / "_data").glob(f"{name}.*")
    return path


def _table(name: str, label: str, without: tuple[str, ...]) -> Dataset:
    """A table of vega_datasets."""
    import pandas as pd

    frame = pd.DataFrame(json.loads(_vega(name).read_text())).drop(columns=list(without))
    return gargalo.load_data(frame.dropna().drop(columns=label), frame.dropna()[label].to_numpy())


def _digits8() -> Dataset:
    import sklearn.datasets

    found = sklearn.datasets.load_digits()
    return gargalo.load_data((found.images / 16).astype(np.float32), found.target)


def _picture(path: Path) -> np.ndarray:
    """One picture, cut to a square in its middle, on white, `SIDE` pixels high."""
    from PIL import Image, ImageOps

    with Image.open(path) as opened:
        picture = opened.convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture)
    return np.asarray(ImageOps.fit(white.convert("RGB"), (SIDE, SIDE)))


def _icon_files() -> list[Path]:
    found = [p for root in ICONS for p in sorted(root.rglob("*.png")) if p.parts[5:] and p.is_file()]
    return [p for p in found if not p.is_symlink() and {"64x64", "64"} & set(p.parts)]


def _must_be_some(files: list[Path], package: str) -> list[Path]:
    if not files:
        raise FileNotFoundError(package)
    return files


def _icons() -> Dataset:
    return gargalo.load_data(np.stack([_picture(p) for p in _must_be_some(_icon_files(), "oxygen-icon-theme")]))


def _icon_features() -> Dataset:
    """192 numbers of each icon: means of colour over an 8 by 8 grid."""
    x = np.stack([_picture(p) for p in _must_be_some(_icon_files(), "oxygen-icon-theme")]).astype(np.float32) / 255
    return gargalo.load_data(x.reshape(len(x), 8, 8, 8, 8, 3).mean((2, 4)).reshape(len(x), -1))


def _photographs() -> Dataset:
    """Photographs, cut into 38: too few to learn much from."""
    import skimage
    import sklearn.datasets

    folder = Path(skimage.__file__).parent / "data"
    files = [next(folder.glob(f"{name}.*")) for name in PHOTOGRAPHS]
    files += _must_be_some(sorted(BACKGROUNDS.glob("*.jpg")), "mate-backgrounds")
    whole = [_picture(path) for path in files]
    from PIL import Image, ImageOps

    for image in sklearn.datasets.load_sample_images().images:
        h, w = image.shape[:2]
        for corner in ((0, 0), (0, w // 2), (h // 2, 0), (h // 2, w // 2)):
            part = Image.fromarray(image).crop((corner[1], corner[0], corner[1] + w // 2, corner[0] + h // 2))
            whole.append(np.asarray(ImageOps.fit(part, (SIDE, SIDE))))
    return gargalo.load_data(np.stack(whole[:38]))


def _textures() -> Dataset:
    """Patches of brick, grass and gravel, 16 pixels high, none over another."""
    import skimage.data

    patches, labels = [], []
    for label, name in enumerate(("brick", "grass", "gravel")):
        image = getattr(skimage.data, name)()
        grid = image.reshape(32, 16, 32, 16).swapaxes(1, 2).reshape(-1, 16, 16)
        patches.append(grid)
        labels.append(np.full(len(grid), label))
    return gargalo.load_data(np.concatenate(patches), np.concatenate(labels))


def _faces() -> Dataset:
    """100 faces and 100 patches that are none, 25 pixels high."""
    import skimage

    x = np.load(Path(skimage.__file__).parent / "data" / "lfw_subset.npy").astype(np.float32)
    return gargalo.load_data(x, np.repeat([0, 1], [100, len(x) - 100]))


def _weather() -> Dataset:
    """1,461 days in Seattle, four numbers each, in windows of 30 days."""
    return gargalo.load_data(_vega("seattle-weather"), time="date", window=30, ignore=["weather"])


def _temperatures() -> Dataset:
    """A year of hours in Seattle, in windows of a day."""
    return gargalo.load_data(_vega("seattle-temps"), time="date", window=24)


SETS: dict[str, Callable[[], Dataset]] = {
    "wine": lambda: _sklearn("wine"),
    "breast cancer": lambda: _sklearn("breast_cancer"),
    "diabetes": lambda: _sklearn("diabetes"),
    "iris": lambda: _sklearn("iris"),
    "cars": lambda: _table("cars", "Origin", ("Name", "Year")),
    "digits 8x8": _digits8,
    "digits 28x28": gargalo.load_data,
    "icons": _icons,
    "icon features": _icon_features,
    "photographs": _photographs,
    "textures": _textures,
    "faces": _faces,
    "weather windows": _weather,
    "temperature windows": _temperatures,
}
"""Every set, by what it is called."""
