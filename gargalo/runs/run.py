"""A `Run`: a folder that holds a fitted model, and what was kept beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from .. import latent
from ..core import Codec, LatentModel
from ..data import Dataset, load_data
from ..errors import GargaloError
from ..fitted import FittedModel, checked_seed
from ..io.weights import load_weights
from ..latent import Map, Prior
from ..recipes import build
from .examples import id_in
from .folder import RunFolder
from .kept_arrays import Array, told_array
from .looks import looked
from .maps import Cloud, cloud_of, kept_map
from .original_data import original_data
from .priors import kept_prior

__all__ = ["Run"]

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
        """Numbers in one latent, flattened: of a grid, all."""
        return self.fitted.latent_size

    # ---- the verbs of the fitted model; see there

    def encode(self, data: Data) -> np.ndarray:
        """Raw examples -> latents (n, d) float32; see `FittedModel.encode`."""
        return self.fitted.encode(self._read(data))

    def decode(self, z: np.ndarray, label: object = None, condition: Mapping[str, object] | None = None) -> np.ndarray:
        """Latents (n, d) -> raw examples (n, *raw_shape); see `FittedModel.decode`."""
        return self.fitted.decode(z, label, condition)

    def reconstruct(self, data: Data) -> np.ndarray:
        """Raw examples -> the same, through the bottleneck and back; see `FittedModel.reconstruct`."""
        return self.fitted.reconstruct(self._read(data))

    def denoise(self, data: Data) -> np.ndarray:
        """Corrupted raw examples -> clean ones; see `FittedModel.denoise`."""
        return self.fitted.denoise(self._read(data))

    def corrupt(self, data: Data, strength: float | None = None, seed: int = 0) -> np.ndarray:
        """Raw examples -> the same with noise; see `FittedModel.corrupt`."""
        return self.fitted.corrupt(self._read(data), strength, seed)

    def classify(self, data: Data) -> np.ndarray:
        """Raw examples -> class probabilities (n, classes); see `FittedModel.classify`."""
        return self.fitted.classify(self._read(data))

    def codes(self, data: Data) -> np.ndarray:
        """Raw examples -> int64 codes (n, h, w); see `FittedModel.codes`."""
        return self.fitted.codes(self._read(data))

    def log_likelihood(self, data: Data, k: int = 100, seed: int = 0) -> np.ndarray:
        """A lower bound of log p(x) for each example, (n,) nats; see `FittedModel.log_likelihood`."""
        return self.fitted.log_likelihood(self._read(data), k, seed)

    def draw_latents(self, data: Data, seed: int = 0) -> np.ndarray:
        """A draw of q(z | x) for each example, (n, d); see `FittedModel.draw_latents`."""
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
        wanted = {"z": Array((len(self.examples.x), self.latent_size))}
        return self.kept("latents", wanted, lambda: ({"z": self.encode(self.examples.x)}, {}))[0]["z"]

    @property
    def pca(self) -> tuple[np.ndarray, np.ndarray]:
        """The linear baseline on `examples`: components (n, d), and the raw examples as PCA gives them back."""
        x = self.examples.x
        kept = self.kept("pca", {"z": Array((len(x), "k")), "back": Array(x.shape, (x.dtype.name,))})[0]
        return kept["z"], kept["back"]

    def prior(self, name: str = "normal") -> Prior:
        """Open what latents are drawn from.

        A prior that learns was fitted to the training latents after the training. One that came later, with a package
        that was installed since, is fitted to the latents of the kept examples.

        Parameters
        ----------
        name : str
            A name in `gargalo.latent.PRIORS`.

        Returns
        -------
        Prior

        Raises
        ------
        ParameterError, RunError
            For an unknown name; for a run whose files are not whole.
        """
        return kept_prior(self, name, self.latent_size, lambda: self.latents)

    def map(self, method: str = "tsne", data: Data = None, **choices: Any) -> Map:
        """Project latents to the plane; those of `examples` are projected once and kept.

        Parameters
        ----------
        method : str
            A name in `gargalo.latent.PROJECTIONS`.
        data : path, frame, (n, *raw_shape) array, or Dataset, or None
            Raw examples, or where they lie; None is those that the run keeps.
        **choices
            Those of the projection: perplexity and seed for "tsne".

        Returns
        -------
        Map
            Its `points` are (n, 2) float32.

        Raises
        ------
        ParameterError
            For an unknown projection, or a choice out of its range.
        """
        checked_seed(choices.get("seed", 0))
        if data is not None:
            return latent.project(self.encode(data), method, **choices)
        return kept_map(self, lambda: self.latents, len(self.examples.x), method, choices)

    @cached_property
    def cloud(self) -> Cloud:
        """The examples that stand on its maps: `examples`, and where these are few, training examples as well."""
        return cloud_of(self, self.latents, self.pca[0] if self.fitted.can("reconstruct") else None)

    def find(self, which: int | str, parameter: str = "example") -> int:
        """Find the row among `examples` of an index (17 or "17"), a label's first ("label:7"), or an id.

        `parameter` is what was given, for the message. See `Examples.find`.
        """
        return self.examples.find(which, self.recipe.data.class_names or (), parameter)

    def interpolate(self, start: int | str, end: int | str, steps: int = 12, method: str = "linear") -> np.ndarray:
        """Decode the latents on the way from one example to another.

        Parameters
        ----------
        start, end : int or str
            See `find`; also an id of the data that the run does not keep, if they still lie where they lay.
        steps : int
            Frames, both ends included.
        method : str
            The shape of the way: see `gargalo.latent.path`.

        Returns
        -------
        (steps, *raw_shape) array

        Raises
        ------
        ParameterError
            For an example that is not there, an unknown method, or a model that cannot decode.
        """
        self.fitted.must_be_able("decode")
        (a, one), (b, other) = self._place(start, "start"), self._place(end, "end")
        y = latent.path(one, other, steps=steps) if self.model.is_conditional else None
        return self.fitted.decode_with(latent.path(a, b, steps, method), y)

    def traverse(self, axis: int | str = "pca:0", steps: int = 12, origin: int | str | None = None) -> np.ndarray:
        """Decode latents along one axis of the latent space.

        Parameters
        ----------
        axis : int or str
            A dimension of the latent (3 or "3"), or a principal component ("pca:0") of the latents of `examples`.
        steps : int
            Frames.
        origin : int, str or None
            The example to start from, see `interpolate`; None is the latents' mean.

        Returns
        -------
        (steps, *raw_shape) array

        Raises
        ------
        ParameterError
            For an axis or an example that is not there, or a model that cannot decode.
        """
        self.fitted.must_be_able("decode")
        # Without an example to start at there is no condition of its own: the first example's stands in.
        at, told = self._place(0 if origin is None else origin, "origin")
        z = latent.traverse(self.latents, axis, steps, None if origin is None else at)
        return self.fitted.decode_with(z, np.repeat(told[None], len(z), 0) if self.model.is_conditional else None)

    def _place(self, which: int | str, parameter: str) -> tuple[np.ndarray, np.ndarray]:
        """The latent (d,) of an example, and what a conditional model is told of it (c,), else empty."""
        name = id_in(which)
        if name is None or name in self.examples.ids or (found := self._data) is None or name not in found.ids:
            row = self.find(which, parameter)
            one, z = self.kept_data.take(np.array([row])), self.latents[row]
        else:
            one = self.fitted.labelled_alike(found.take(np.array([list(found.ids).index(name)])))
            z = self.encode(one)[0]
        told = self.fitted.told(one)
        return z, np.empty(0) if told is None else told[0]

    @cached_property
    def _data(self) -> Dataset | None:
        """The data that it was trained on, if they can still be read."""
        with contextlib.suppress(GargaloError):
            return original_data(self.recipe.data)
        return None

    @cached_property
    def spread(self) -> np.ndarray | None:
        """How far numbers are drawn from their mean, see `FittedModel.fit_spread`; None for what is shown as means.

        It was fitted to training examples after the training; for a run of an older gargalo, to those that it keeps.
        """
        data = self.recipe.data
        if data.modality.samples_are == "means" or data.modality.counted:
            return None
        wanted, fitted = {"spread": Array(self.codec.x_shape, low=0)}, self.fitted
        return self.kept("spread", wanted, lambda: ({"spread": fitted.fit_spread(self.kept_data)}, {}))[0]["spread"]

    def sample(
        self,
        n: int = 12,
        prior: str | None = None,
        seed: int = 0,
        label: object = None,
        *,
        condition: Mapping[str, object] | None = None,
        mean: bool | None = None,
    ) -> np.ndarray:
        """Draw z from a prior, and x from p(x | z) or its mean; see `FittedModel.sample`.

        Parameters
        ----------
        n : int
            How many.
        prior : str or None
            A name in `gargalo.latent.PRIORS`. None is the model's own, but for rows that are drawn, which are to be
            spread as the data are, the mixture that was fitted to the latents.
        seed : int
            Of the draws.
        label : name, (n,) names, or None
            For a model that decodes with a label; None draws labels as often as they are among the examples.
        condition : mapping or None
            For a model that decodes with conditions: a value of some of them, or (n,) values, by name. Those that are
            not named are drawn jointly from the training rows; see `FittedModel.sample`.
        mean : bool or None
            Take E[x | z]? None is what suits the kind of data: rows of numbers are drawn.

        Returns
        -------
        (n, *raw_shape) array

        Raises
        ------
        ParameterError
            For a model that cannot decode, an unknown prior, label or condition.
        """
        self.fitted.must_be_able("decode")
        fitted = self.fitted.drawing_as(self.kept_data)
        if self.recipe.data.conditions:
            fitted = replace(
                fitted, seen=self.kept("conditions", {"seen": told_array(self.recipe.data, "m")})[0]["seen"]
            )
        are_drawn = self.recipe.data.modality.samples_are == "draws" if mean is None else not mean
        latents = self.prior(prior or ("gmm" if are_drawn else self.model.prior))
        spread = self.spread if are_drawn else None
        return fitted.sample(n, latents, seed, label, condition=condition, mean=mean, spread=spread)

    def look(self, raw: np.ndarray) -> np.ndarray:
        """Turn raw examples into what people are shown; `drawn_as` says how it is drawn.

        Pictures are shown as `Codec.look` has it. Where the run keeps pictures of its examples, a row of numbers is
        shown as the picture of the kept example that is nearest to it in model space. Otherwise rows are shown
        standardised, so that columns of different units stand beside each other; in windows of a log, each channel as
        a whole.

        Parameters
        ----------
        raw : (n, *raw_shape) array
            Raw examples.

        Returns
        -------
        (n, *x_shape), (n, h, w) or (n, h, w, c) array, with c of 1, 3 or 4

        Raises
        ------
        DataError
            For data of another shape than the run was trained on.
        """
        return looked(raw, self.fitted, self.examples.x, self.examples.display)

    @property
    def drawn_as(self) -> str:
        """How what `look` gives is drawn: as "pixels", as "bars" or as "lines"."""
        return "pixels" if self.examples.display is not None else self.recipe.data.modality.drawn_as

    @property
    def drawn_names(self) -> tuple[str, ...]:
        """What its bars or lines are called; see `Modality.names`."""
        return tuple(self.recipe.data.modality.names(self.recipe.data)) if self.drawn_as != "pixels" else ()
