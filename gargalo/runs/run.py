"""A `Run`: a folder that holds a fitted model, and what was kept beside it."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from .. import latent
from ..core import Codec, LatentModel
from ..data import Dataset, load_data
from ..errors import did_you_mean, must
from ..fitted import FittedModel, checked_seed
from ..io.weights import load_weights
from ..latent import PRIORS, Map, Prior
from ..recipes import Custom, build
from .folder import RunFolder, find_last

__all__ = ["Run", "open_run"]

Data = Any
"""A path, a data frame, an array (n, *raw_shape) or a `Dataset`: whatever `gargalo.load_data` takes."""


class Run(RunFolder):
    """One trained model, opened from its folder. Everything is deterministic unless it takes a seed.

    The verbs are those of `fitted`; here data may also be a path or a frame, which is read as the data of the training
    were, and examples of the run are called by their index or their label.
    """

    @cached_property
    def fitted(self) -> FittedModel:
        """The model in memory; its weights are read when they are first needed."""
        codec, model = build(self.recipe, custom=self.custom)
        load_weights(self.folder / "weights.safetensors", codec, model)
        return FittedModel(self.recipe, codec.eval(), model.eval(), self.custom, str(self.folder))

    @property
    def codec(self) -> Codec:
        """Raw data <-> model space."""
        return self.fitted.codec

    @property
    def model(self) -> LatentModel:
        """The trained model, in evaluation mode."""
        return self.fitted.model

    @property
    def latent_size(self) -> int:
        """Numbers in one latent as it travels, flat; all of a grid's."""
        return self.fitted.latent_size

    # ---- the verbs of the fitted model; see there

    def encode(self, data: Data) -> np.ndarray:
        """Raw examples -> latents (n, d) float32; the posterior's mean where there is one."""
        return self.fitted.encode(self._read(data))

    def decode(self, z: np.ndarray, label: object = None) -> np.ndarray:
        """Latents (n, d) -> raw examples (n, *raw_shape), with a label where the model needs one."""
        return self.fitted.decode(z, label)

    def reconstruct(self, data: Data) -> np.ndarray:
        """Raw examples -> the same, through the bottleneck and back; with their labels where these matter."""
        return self.fitted.reconstruct(self._read(data))

    def denoise(self, data: Data) -> np.ndarray:
        """Corrupted raw examples -> clean ones."""
        return self.fitted.denoise(self._read(data))

    def corrupt(self, data: Data, strength: float | None = None, seed: int = 0) -> np.ndarray:
        """Raw examples with the noise that this run was trained on, or another strength of it."""
        return self.fitted.corrupt(self._read(data), strength, seed)

    def classify(self, data: Data) -> np.ndarray:
        """Raw examples -> class probabilities (n, classes)."""
        return self.fitted.classify(self._read(data))

    def codes(self, data: Data) -> np.ndarray:
        """Raw examples -> int64 codes (n, h, w), where the latent is a grid of codes."""
        return self.fitted.codes(self._read(data))

    def log_likelihood(self, data: Data, k: int = 100, seed: int = 0) -> np.ndarray:
        """A lower bound of log p(x) for each example, (n,) nats: that of `k` importance-weighted draws."""
        return self.fitted.log_likelihood(self._read(data), k, seed)

    def draw_latents(self, data: Data, seed: int = 0) -> np.ndarray:
        """A draw of q(z | x) for each example, (n, d); the latent itself where there is no posterior."""
        return self.fitted.draw_latents(self._read(data), seed)

    def _read(self, data: Data) -> np.ndarray | Dataset:
        """What is no array yet, read as the data of the training were."""
        if isinstance(data, str | Path) or (hasattr(data, "columns") and not isinstance(data, Dataset)):
            return load_data(data, like=self.recipe.data)
        return data

    # ---- what is kept beside it

    @cached_property
    def latents(self) -> np.ndarray:
        """The latents of `examples`, (n, d)."""
        return self.kept("latents", lambda: ({"z": self.encode(self.examples.x)}, {}))[0]["z"]

    @property
    def pca(self) -> tuple[np.ndarray, np.ndarray]:
        """The linear baseline on `examples`: components (n, d), and the raw examples as PCA gives them back."""
        kept = self.kept("pca")[0]
        return kept["z"], kept["back"]

    def prior(self, name: str = "normal") -> Prior:
        """Where to draw from: a name in `gargalo.latent.PRIORS`.

        A prior that learns was fitted to the training latents after the training. One that came later, with a package
        that was installed since, is fitted to the latents of the kept examples.
        """
        kind: Any = PRIORS.get_or_raise(name)
        if not kind.learns:
            return kind.fit(np.empty((0, self.latent_size), np.float32))
        is_later = name not in self.facts.get("priors", [name])
        compute = (lambda: (kind.fit(self.latents).arrays, {})) if is_later else None
        return kind(**self.kept(f"prior-{name}", compute)[0])

    def map(self, method: str = "tsne", data: Data = None, **choices: Any) -> Map:
        """A map (n, 2) of the latents of `data`; without data of `examples`, computed once and kept.

        Parameters
        ----------
        method : str
            A name in `gargalo.latent.PROJECTIONS`.
        **choices
            Those of the projection: perplexity and seed for "tsne".
        """
        choices = {"perplexity": 30.0, "seed": 0} | choices
        checked_seed(choices["seed"])
        latent.PROJECTIONS.get_or_raise(method)
        if data is not None:
            return latent.project(self.encode(data), method, **choices)

        def compute() -> tuple[dict[str, np.ndarray], dict[str, str]]:
            made = latent.project(self.latents, method, **choices)
            notes = {"method": made.method, "engine": made.engine, "notes": json.dumps(made.notes)}
            return {"points": made.points}, notes

        name = "-".join(f"{value:g}" if isinstance(value, float) else str(value) for value in choices.values())
        tensors, notes = self.kept(f"map-{method}-{name}", compute)
        return Map(tensors["points"], notes["method"], notes["engine"], tuple(json.loads(notes["notes"])))

    # ---- in the latent space

    def find(self, which: int | str, parameter: str = "example") -> int:
        """The row among `examples` of an index (17 or "17"), or of the first with a label ("label:7").

        Parameters
        ----------
        parameter : str
            What was given, for the message.
        """
        kept, text = self.examples, str(which)
        if text.startswith("label:"):
            label, names = text.removeprefix("label:"), list(self.recipe.data.class_names or [])
            known = [] if kept.y is None else [str(names[code]) for code in np.unique(kept.y)]
            if not known:
                raise must(parameter, "an index, since these data have no labels", text)
            if label not in known:
                expected = "one of " + ", ".join(f"label:{name}" for name in known)
                raise must(parameter, expected, text, did_you_mean(label, known))
            return int(np.flatnonzero(kept.y == names.index(label))[0])
        if not text.isdecimal() or int(text) >= len(kept.x):
            raise must(parameter, f"an index from 0 to {len(kept.x) - 1}, or label:NAME", which)
        return int(text)

    def interpolate(self, start: int | str, end: int | str, steps: int = 12, method: str = "linear") -> np.ndarray:
        """Frames (steps, *raw_shape) on the way from one kept example to another; see `gargalo.latent.path`."""
        self.fitted.must_be_able("decode")
        rows = [self.find(start, "start"), self.find(end, "end")]
        a, b = self.latents[rows]
        y = latent.path(*self._one_hot(rows), steps=steps) if self.model.is_conditional else None
        return self.fitted.decode_with(latent.path(a, b, steps, method), y)

    def traverse(self, axis: int | str = "pca:0", steps: int = 12, origin: int | str | None = None) -> np.ndarray:
        """Frames (steps, *raw_shape) along an axis ("3" or "pca:0"); see `gargalo.latent.traverse`."""
        self.fitted.must_be_able("decode")
        row = None if origin is None else self.find(origin, "origin")
        z = latent.traverse(self.latents, axis, steps, None if row is None else self.latents[row])
        # Without an example to start at there is no label of its own: the first example's stands in.
        y = np.repeat(self._one_hot([row or 0]), len(z), axis=0) if self.model.is_conditional else None
        return self.fitted.decode_with(z, y)

    def sample(self, n: int = 12, prior: str | None = None, seed: int = 0, label: object = None) -> np.ndarray:
        """`n` raw examples decoded from draws of a prior, (n, *raw_shape).

        Parameters
        ----------
        prior : str or None
            A name in `gargalo.latent.PRIORS`; None is the model's own.
        seed : int
            Of the draws.
        label : name, (n,) names, or None
            For a model that decodes with a label; None draws labels as often as they are among the examples.
        """
        self.fitted.must_be_able("decode")
        if label is None and self.model.is_conditional and isinstance(n, int | np.integer) and n > 0:
            rows = np.random.default_rng(checked_seed(seed)).integers(len(self.examples.x), size=n)
            label = self._labels_of(rows)
        return self.fitted.sample(n, self.prior(prior or self.model.prior), seed, label)

    @property
    def class_names(self) -> np.ndarray:
        """The names of the labels, (classes,)."""
        return np.array(self.recipe.data.class_names or (), object)

    def look(self, raw: np.ndarray) -> np.ndarray:
        """What people see of raw examples (n, *raw_shape); `drawn_as` says how it is drawn.

        Pictures are seen as they are. Where the run keeps pictures of its examples, a row of numbers is seen as the
        picture of the kept example that is nearest to it in model space. Else rows are seen standardised, so that
        columns of different units stand beside each other.
        """
        if self.recipe.data.modality.drawn_as == "pixels":
            return raw
        x = self.fitted.to_model_space(raw)
        if self.examples.display is None:
            return x
        kept = self.fitted.to_model_space(self.examples.x)
        return self.examples.display[torch.cdist(torch.from_numpy(x), torch.from_numpy(kept)).argmin(1).numpy()]

    @property
    def drawn_as(self) -> str:
        """How what `look` gives is drawn: as "pixels" or as "bars"."""
        return "pixels" if self.examples.display is not None else self.recipe.data.modality.drawn_as

    def _labels_of(self, rows: Any) -> np.ndarray:
        """The names of the labels of kept examples, (n,)."""
        assert self.examples.y is not None
        return self.class_names[self.examples.y[rows]]

    def _one_hot(self, rows: Any) -> np.ndarray:
        """The one-hot labels of kept examples, (n, classes)."""
        return self.fitted.one_hot(self._labels_of(rows), len(rows))


def open_run(
    folder: str | Path,
    root: str | Path = "runs",
    *,
    model: type[LatentModel] | None = None,
    net: tuple[nn.Module, nn.Module] | None = None,
) -> Run:
    """Open a finished run.

    Parameters
    ----------
    folder : path, or "last"
        The run's folder; "last" is the newest one in `root`.
    root : path
        Where "last" is looked for.
    model, net
        The objective's class, and the encoder and decoder, where the run was trained with some of a program's own: no
        file names code to be imported.

    Raises
    ------
    RunError
        For a folder that is no run, or one whose training never ended.
    """
    return Run(find_last(Path(root)) if str(folder) == "last" else Path(folder), Custom(model, net))
