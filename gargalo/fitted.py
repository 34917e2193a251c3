"""A `FittedModel`: a recipe, its codec and its model in memory, and every verb on arrays.

It knows no folder, no path and no reader of data: training makes one, a run folder holds one, and estimators, exports
and the explorer take one.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from . import latent
from .core import Batch, Codec, LatentModel
from .data import Dataset, DataSpec, as_observed, within_bounds
from .data.conditions import encoded, filled_in, lacking, listed, named
from .data.ranges import outside
from .data.sparse import SparseRows, as_rows, extent
from .errors import DataError, GargaloWarning, ParameterError, must, option
from .io.arguments import check_types
from .io.mapped import must_be_whole
from .latent import PRIORS, Prior
from .models import MODELS, corrupt
from .recipes import NO_CUSTOM, Custom, Recipe
from .training import fast_products, generator_at

__all__ = ["FittedModel", "checked_seed"]

CORRUPTION, POSTERIOR, OBSERVATION = (0, 0, 1), (0, 0, 2), (0, 0, 3)
"""Places of draws that no training has: these have three numbers, an epoch and a step are two."""
MOST_DRAWN = 10**14
"""Examples that are drawn at once, if memory holds them."""
BISECTIONS = 12
"""Halvings of an interval of two standard deviations: to less than a thousandth of one."""
Raw = np.ndarray | SparseRows | Dataset | Any
"""Raw examples (n, *raw_shape): an array, a sparse matrix of scipy's, or a `Dataset`."""
NOUNS = {"codes": "give codes", "posterior": "give a posterior"}
"""How to say that a model can do what is no verb."""


@dataclass(frozen=True, eq=False, repr=False)
class FittedModel:
    """One trained model. Everything is deterministic unless it takes a seed.

    Below, `data` are raw examples (n, *raw_shape) as an array, as a sparse matrix, or as a `Dataset`, whose conditions
    are used by a conditional model: those that were chosen for its training, or else the labels.

    Attributes
    ----------
    recipe : Recipe
        Every choice that led to it, and what the data were.
    codec : Codec
        Raw data <-> model space.
    model : LatentModel
        The trained model, in evaluation mode.
    custom : Custom
        The objective and the network that a program gave.
    name : str
        What messages call it.
    seen : ndarray or None, (m, k), float32
        The conditions of examples, numbers in their own unit and names as their indices, of which `sample` draws those
        that it is not asked for; None has every label alike.
    """

    recipe: Recipe
    codec: Codec
    model: LatentModel
    custom: Custom = field(default=NO_CUSTOM, repr=False)
    name: str = "the model"
    seen: np.ndarray | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        return f"FittedModel(model={self.recipe.model!r}, latent_dim={self.recipe.latent_dim}, name={self.name!r})"

    @property
    def spec(self) -> DataSpec:
        """What the data were that it was trained on."""
        return self.recipe.data

    @property
    def latent_size(self) -> int:
        """Numbers in one latent, flattened: of a grid, all."""
        return math.prod(self.model.latent_shape)

    def can(self, verb: str) -> bool:
        """Is this a verb of the model?

        Parameters
        ----------
        verb : str
            One of `gargalo.core.VERBS`.
        """
        return verb in self.model.can

    # ---- between data and latents

    def encode(self, data: Raw) -> np.ndarray:
        """Find the latents of raw examples; where there is a posterior, its mean.

        Parameters
        ----------
        data : (n, *raw_shape) array, or Dataset
            Raw examples.

        Returns
        -------
        (n, d) float32 array

        Raises
        ------
        DataError
            For data of another shape or dtype than the model was trained on, or that are not finite.
        ParameterError
            For a model that cannot encode.
        """
        return self._apply("encode", data, lambda raw, *y: self.model.encode(self.codec(raw)).flatten(1))

    def decode(self, z: np.ndarray, label: object = None, condition: Mapping[str, object] | None = None) -> np.ndarray:
        """Turn latents back into raw examples.

        Parameters
        ----------
        z : (n, d) array
            Latents.
        label : name, (n,) names, or None
            For a model that decodes a latent with a label.
        condition : mapping or None
            For a model that decodes with conditions: a value of each, or (n,) values, by its name.

        Returns
        -------
        (n, *raw_shape) array
            In the unit of the data: uint8 for images that were, else float32.

        Raises
        ------
        DataError
            For latents of another shape, or that are not finite.
        ParameterError
            For a model that cannot decode; a label or a condition that is missing or unknown.
        """
        if (asked := self._asked(len(z), label, condition)) is None:
            return self.decode_with(z)
        if np.isnan(asked).any():
            known = ", ".join(self.spec.class_names or ())
            told = f"a label: one of {known}" if not self.spec.conditions else f"all of {listed(self.spec.conditions)}"
            raise ParameterError(f"{self.name}: model {self.recipe.model} decodes with {told}.")
        return self.decode_with(z, encoded(self.spec.told, asked))

    def decode_with(self, z: np.ndarray, y: np.ndarray | None = None) -> np.ndarray:
        """Turn latents back into raw examples, with conditions as a model is told them, perhaps blended.

        Parameters
        ----------
        z : (n, d) array
            Latents.
        y : (n, c) array, or None
            Weights of the names of each condition and standardised numbers; of the classes, where it is the label.

        Returns
        -------
        (n, *raw_shape) array

        Raises
        ------
        DataError
            For latents of another shape, or that are not finite.
        ParameterError
            For a model that cannot decode.
        """
        return self._decoded(z, y, lambda mean: mean)

    def _decoded(self, z: np.ndarray, y: np.ndarray | None, then: Callable[[Tensor], Tensor]) -> np.ndarray:
        """Latents as raw examples, made of what `then` makes of E[x | z]."""
        self.must_be_able("decode")
        z, d = np.asarray(z), self.latent_size
        if z.ndim != 2 or z.shape[1] != d or z.dtype.kind not in "fiu":
            raise DataError(f"{option('z')}: expected latents of shape (n, {d}). Found {z.shape} of dtype {z.dtype}.")
        if not np.isfinite(z).all():
            raise DataError(f"{option('z')}: expected finite latents. Found NaN or infinity.")
        shape = self.model.latent_shape
        return _in_slices(
            (z,) if y is None else (z, y),
            lambda z, *y: self.codec.invert(then(self.model.decode(z.float().reshape(-1, *shape), *y))),
            self.codec.rows_at_once,
        )

    def reconstruct(self, data: Raw) -> np.ndarray:
        """Send raw examples through the bottleneck and back, with their conditions where it decodes with such.

        Parameters
        ----------
        data : (n, *raw_shape) array, or Dataset
            Raw examples.

        Returns
        -------
        (n, *raw_shape) array
            In the unit of the data: uint8 for images that were, else float32.

        Raises
        ------
        DataError
            For data of another shape or dtype than the model was trained on, or that are not finite.
        ParameterError
            For a model that cannot reconstruct.
        """
        return self._apply(
            "reconstruct", data, lambda raw, *y: self.codec.invert(self.model.reconstruct(self.codec(raw), *y))
        )

    def reconstruct_in_model_space(self, data: Raw) -> np.ndarray:
        """As `reconstruct`, before anything is rounded to bytes.

        Parameters
        ----------
        data : (n, *raw_shape) array, or Dataset
            Raw examples.

        Returns
        -------
        (n, *x_shape) float32 array

        Raises
        ------
        DataError
            For data of another shape or dtype than the model was trained on, or that are not finite.
        ParameterError
            For a model that cannot reconstruct.
        """
        return self._apply("reconstruct", data, lambda raw, *y: self.model.reconstruct(self.codec(raw), *y))

    def denoise(self, data: Raw) -> np.ndarray:
        """Clean corrupted raw examples.

        Parameters
        ----------
        data : (n, *raw_shape) array, or Dataset
            Raw examples.

        Returns
        -------
        (n, *raw_shape) array

        Raises
        ------
        DataError
            For data of another shape or dtype than the model was trained on, or that are not finite.
        ParameterError
            For a model that cannot denoise.
        """
        self.must_be_able("denoise")
        return self.reconstruct(data)

    def corrupt(self, data: Raw, strength: float | None = None, seed: int = 0) -> np.ndarray:
        """Add the noise that the model was trained on to raw examples, or another strength of it.

        Parameters
        ----------
        data : (n, *raw_shape) array, or Dataset
            Raw examples.
        strength : float or None
            The standard deviation of Gaussian noise, in units of model space (0 to 10), or the share of values that are
            corrupted (0 to 1); None is that of the training.
        seed : int
            Of the noise.

        Returns
        -------
        (n, *raw_shape) array

        Raises
        ------
        DataError
            For data of another shape or dtype than the model was trained on, or that are not finite.
        ParameterError
            For a model that was not trained on noise of gargalo's own, or a strength out of its range.
        """
        self.must_be_able("denoise")
        noise = self.recipe.options["noise"]
        if noise == "none":
            raise ParameterError(
                f"{self.name}: expected a model that was trained on added noise. Found one of noisy and clean pairs;"
                " give it noisy examples as they are."
            )
        strength = float(self.recipe.options["strength"] if strength is None else strength)
        most = 10 if noise == "gaussian" else 1
        if not 0 <= strength <= most:
            raise must("strength", f"a number from 0 to {most}", strength)
        draws, bounded = generator_at(checked_seed(seed), *CORRUPTION), self.codec.bounded
        return self._apply(
            "denoise",
            data,
            lambda raw, *y: self.codec.invert(corrupt(self.codec(raw), noise, strength, draws, bounded=bounded)),
        )

    def classify(self, data: Raw) -> np.ndarray:
        """Give each raw example the probability of each class.

        Parameters
        ----------
        data : (n, *raw_shape) array, or Dataset
            Raw examples.

        Returns
        -------
        (n, classes) float32 array
            Each row sums to 1.

        Raises
        ------
        DataError
            For data of another shape or dtype than the model was trained on, or that are not finite.
        ParameterError
            For a model that cannot classify.
        """
        return self._apply("classify", data, lambda raw, *y: self.model.classify(self.codec(raw)))

    def codes(self, data: Raw) -> np.ndarray:
        """Find the codebook entries of raw examples, where the latent is a grid of them.

        Parameters
        ----------
        data : (n, *raw_shape) array, or Dataset
            Raw examples.

        Returns
        -------
        (n, h, w) int64 array

        Raises
        ------
        DataError
            For data of another shape or dtype than the model was trained on, or that are not finite.
        ParameterError
            For a model that cannot give codes.
        """
        return self._apply("codes", data, lambda raw, *y: self.model.codes(self.codec(raw)))

    def to_model_space(self, data: Raw) -> np.ndarray:
        """Scale raw examples to what the network is given; what is missing is 0.

        Parameters
        ----------
        data : (n, *raw_shape) array, or Dataset
            Raw examples.

        Returns
        -------
        (n, *x_shape) float32 array

        Raises
        ------
        DataError
            For data of another shape or dtype than the model was trained on, or that are not finite.
        """
        return _in_slices((self._raw(data),), self.codec, self.codec.rows_at_once)

    def must_fit(self, data: Raw) -> None:
        """Refuse data that are not as those that the model was trained on.

        Parameters
        ----------
        data : (n, *raw_shape) array, or Dataset
            Raw examples.

        Raises
        ------
        DataError
            For another shape or dtype.
        """
        name, raw = _named(data)
        spec = self.spec
        if raw.shape[1:] != spec.raw_shape:
            shape = ", ".join(map(str, spec.raw_shape))
            raise DataError(f"{name}: expected shape (n, {shape}), as {self.name} was trained on. Found {raw.shape}.")
        if (raw.dtype == np.uint8) != (spec.dtype == "uint8") and spec.modality.bounded:
            raise DataError(f"{name}: expected dtype {spec.dtype}, as {self.name} was trained on. Found {raw.dtype}.")

    def observed(self, data: Raw) -> np.ndarray | None:
        """Say which values of model space were observed.

        Parameters
        ----------
        data : (n, *raw_shape) array, or Dataset
            Raw examples.

        Returns
        -------
        (n, *x_shape) bool array, or None where all were

        Raises
        ------
        DataError
            For data of another shape or dtype than the model was trained on, or that are not finite.
        """
        raw = self._raw(data)
        if self.codec.mask(torch.from_numpy(np.array(raw[:1]))) is None:
            return None
        return _in_slices((raw,), lambda rows: torch.as_tensor(self.codec.mask(rows)), self.codec.rows_at_once)

    def log_likelihood(self, data: Raw, k: int = 100, seed: int = 0) -> np.ndarray:
        """Bound log p(x) of each example from below, by `k` importance-weighted draws.

        log 1/k sum_i p(x | z_i) p(z_i) / q(z_i | x), z_i ~ q (Burda et al., arXiv:1509.00519). With `k` it
        rises to log p(x), or to log p(x | y) of a conditional model; published figures take 5,000.

        Parameters
        ----------
        data : (n, *raw_shape) array, or Dataset
            Raw examples.
        k : int
            Draws for each example, at least 1.
        seed : int
            Of the draws.

        Returns
        -------
        (n,) float32 array, nats

        Raises
        ------
        DataError
            For data of another shape or dtype than the model was trained on, or that are not finite.
        ParameterError
            For a model without a posterior and a likelihood, or conditions that are missing.
        """
        check_types(False, k=k)
        if self.model.is_conditional and self.told(data) is None:
            what = "conditions" if self.spec.conditions else "labels"
            raise must("data", f"a Dataset with {what}, for {self.recipe.model}", data)
        # Few rows and many draws: a row is encoded once for many, and all of it stays in the processor's cache.
        draws = generator_at(checked_seed(seed), *POSTERIOR)
        at_once = max(1, min(k, 2**20 // (self.spec.size * 16)))

        def weigh(raw: Tensor, *y: Tensor) -> Tensor:
            batch = Batch(self.codec(raw), *y, mask=self.codec.mask(raw), generator=draws)
            left, weights = k, []
            while left:
                weights.append(self.model.log_weight(batch, min(left, at_once)))
                left -= len(weights[-1])
            return torch.cat(weights).logsumexp(0) - math.log(k)

        return self._apply("posterior", data, weigh, size=16)

    def draw_latents(self, data: Raw, seed: int = 0) -> np.ndarray:
        """Draw once from q(z | x) of each example; where there is no posterior, the latent itself.

        Parameters
        ----------
        data : (n, *raw_shape) array, or Dataset
            Raw examples.
        seed : int
            Of the draws.

        Returns
        -------
        (n, d) float32 array

        Raises
        ------
        DataError
            For data of another shape or dtype than the model was trained on, or that are not finite.
        ParameterError
            For a model that cannot encode.
        """
        if not self.can("posterior"):
            return self.encode(data)
        draws = generator_at(checked_seed(seed), *POSTERIOR)
        return self._apply(
            "posterior", data, lambda raw, *y: self.model.posterior(self.codec(raw)).draw(draws).flatten(1)
        )

    # ---- in the latent space

    def interpolate(
        self,
        start: np.ndarray,
        end: np.ndarray,
        steps: int = 12,
        method: str = "linear",
        label: object = None,
        condition: Mapping[str, object] | None = None,
    ) -> np.ndarray:
        """Decode the latents on the way from one raw example to another.

        Parameters
        ----------
        start, end : (*raw_shape) array
            Raw examples.
        steps : int
            Frames, both ends included.
        method : str
            The shape of the way: see `gargalo.latent.path`.
        label : name, (n,) names, or None
            For a model that decodes a latent with a label.
        condition : mapping or None
            For a model that decodes with conditions: a value of each, or one for each frame, by its name.

        Returns
        -------
        (steps, *raw_shape) array

        Raises
        ------
        DataError
            For data of another shape or dtype than the model was trained on, or that are not finite.
        ParameterError
            For a model that cannot decode, fewer than two steps, or an unknown method.
        """
        a, b = (self.encode(np.asarray(example)[None])[0] for example in (start, end))
        return self.decode(latent.path(a, b, steps, method), label, condition)

    def traverse(
        self,
        data: Raw,
        axis: int | str = "pca:0",
        steps: int = 12,
        label: object = None,
        condition: Mapping[str, object] | None = None,
    ) -> np.ndarray:
        """Decode latents along one axis of the latent space.

        Parameters
        ----------
        data : (n, *raw_shape) array, or Dataset
            Raw examples.
        axis : int or str
            A dimension of the latent (3 or "3"), or a principal component ("pca:0") of the latents of `data`.
        steps : int
            Frames.
        label : name, (n,) names, or None
            For a model that decodes a latent with a label.
        condition : mapping or None
            For a model that decodes with conditions: a value of each, or one for each frame, by its name.

        Returns
        -------
        (steps, *raw_shape) array

        Raises
        ------
        DataError
            For data of another shape or dtype than the model was trained on, or that are not finite.
        ParameterError
            For an axis that is not there, or a model that cannot decode.
        """
        return self.decode(latent.traverse(self.encode(data), axis, steps), label, condition)

    def fit_prior(self, name: str, data: Raw, seed: int = 0) -> Prior:
        """Fit a prior to draws of q(z | x) of training data.

        Parameters
        ----------
        name : str
            A name in `gargalo.latent.PRIORS`.
        data : (n, *raw_shape) array, or Dataset
            Raw examples.
        seed : int
            Of the draws, and of the fit.

        Returns
        -------
        Prior
            To be given to `sample`.

        Raises
        ------
        DataError
            For data of another shape or dtype than the model was trained on, or that are not finite.
        ParameterError
            For an unknown name.
        """
        return PRIORS.get_or_raise(name).fit(self.draw_latents(data, seed), seed)

    def fit_spread(self, data: np.ndarray | Dataset, seed: int = 0) -> np.ndarray:
        """Find how far numbers are to be drawn from E[x | z], so that draws are as spread as the data.

        By the law of total variance, Var x = Var E[x | z] + E Var[x | z], for each number by itself: a likelihood has
        one standard deviation for all of them, and what is cut at bounds or made whole has another than was drawn.

        Parameters
        ----------
        data : (n, *raw_shape) array, or Dataset
            Training examples; a Dataset where the model is conditional.
        seed : int
            Of the draws.

        Returns
        -------
        (*x_shape) float32 array
            Standard deviations in model space, to be given to `sample`; 0 for what stands for a category.

        Raises
        ------
        DataError
            For data of another shape or dtype than the model was trained on, or that are not finite.
        ParameterError
            For a model that cannot encode and decode.
        """
        draws = generator_at(checked_seed(seed), *POSTERIOR)

        def mean_of(raw: Tensor, *y: Tensor) -> Tensor:
            x = self.codec(raw)
            z = self.model.posterior(x).draw(draws) if self.can("posterior") else self.model.encode(x)
            return self.model.decode(z, *y)

        self.must_be_able("encode")
        mean, columns = self._apply("decode", data, mean_of), self.spec.columns or ()
        if not any(column.low is not None for column in columns):
            x = self.to_model_space(data)
            return np.sqrt(np.maximum(x.var(axis=0) - mean.var(axis=0), 0))
        numbers = [i for i, column in enumerate(columns) if column.kind == "number"]
        real = self._raw(data)[:, numbers]
        noise = np.random.default_rng(seed).standard_normal((len(mean), len(numbers)), dtype=np.float32)
        # Each draw of noise with either sign, so that by chance it goes neither with the mean nor against it.
        mean, noise, real = np.tile(mean, (2, 1)), np.concatenate([noise, -noise]), np.tile(real, (2, 1))
        least, most = np.zeros(len(numbers), np.float32), np.full(len(numbers), 2, np.float32)
        for _ in range(BISECTIONS):
            middle, drawn = (least + most) / 2, mean.copy()
            drawn[:, : len(numbers)] += noise * middle
            raw = as_observed(columns, self.codec.invert(torch.from_numpy(drawn)).numpy(), np.random.default_rng(seed))
            found = np.where(np.isnan(real), np.nan, raw[:, numbers])
            is_wide = np.nanstd(found, axis=0) > np.nanstd(real, axis=0)
            least, most = np.where(is_wide, least, middle), np.where(is_wide, middle, most)
        return np.pad(least, (0, mean.shape[1] - len(numbers)))

    def sample(
        self,
        n: int = 12,
        prior: Prior | str | None = None,
        seed: int = 0,
        label: object = None,
        *,
        condition: Mapping[str, object] | None = None,
        mean: bool | None = None,
        spread: np.ndarray | None = None,
    ) -> np.ndarray:
        """Draw z from a prior, and x from p(x | z) or its mean.

        A condition that is not named is drawn from the training rows, all of a row's from one of them, as they go
        together there: from the rows with the names that were asked for, where there are such.
        Samples of tables, logs and other rows of numbers stay within the bounds of the training rows; draws of a table
        are whole where these were.

        Parameters
        ----------
        n : int
            How many.
        prior : Prior, str or None
            One that was fitted, or the name of one that learns nothing from data; None is "normal".
        seed : int
            Of the draws.
        label : name, (n,) names, or None
            For a model that decodes with a label; None draws labels, each as likely.
        condition : mapping or None
            For a model that decodes with conditions: a value of some of them, or (n,) values, by name.
        mean : bool or None
            Take E[x | z]? None is what suits the kind of data: rows of numbers are drawn; of pictures and windows of a
            log, whose values a likelihood takes to be independent of each other, the mean is shown.
        spread : (*x_shape) array or None
            How far numbers are drawn from their mean, as `fit_spread` gives it; None is what the likelihood learned.

        Returns
        -------
        (n, *raw_shape) array

        Raises
        ------
        ParameterError
            For a model that cannot decode, a prior that was not fitted; a label or a condition that is unknown.
        """
        self.must_be_able("decode")
        if not isinstance(n, int | np.integer) or n < 1:
            raise must("n", "an int >= 1", n)
        if n > MOST_DRAWN:
            raise must("n", f"an int of at most {MOST_DRAWN:,}", n)
        asked = self._asked(n, label, condition)
        rng = np.random.default_rng(checked_seed(seed))
        z = (prior if isinstance(prior, Prior) else self._unfitted(prior or "normal")).sample(n, rng)
        y = None
        if asked is not None:
            seen = np.arange(self.spec.classes, dtype=np.float32)[:, None] if self.seen is None else self.seen
            y = encoded(self.spec.told, filled_in(self.spec.told, asked, seen, seed))
        columns, is_mean = self.spec.columns, self.spec.modality.samples_are == "means" if mean is None else mean
        if is_mean:
            raw = self.decode_with(z, y)
        else:
            draws, known = generator_at(seed, *OBSERVATION), None if spread is None else torch.from_numpy(spread)
            raw = self._decoded(z, y, lambda mean: self.model.likelihood.draw(mean, draws, known))
        if columns is not None:
            return within_bounds(columns, raw) if is_mean else as_observed(columns, raw, rng)
        return raw.clip(*self.spec.span) if self.spec.span and not self.codec.bounded else raw

    def _unfitted(self, name: str) -> Prior:
        """A prior that needs no data but their number of dimensions."""
        kind = PRIORS.get_or_raise(name)
        if kind.learns:
            raise must("prior", "a Prior as fit_prior gives it, where its name is of one that learns from data", name)
        return kind.fit(np.empty((0, self.latent_size), np.float32))

    def told(self, data: Raw) -> np.ndarray | None:
        """What a conditional model is told of examples.

        Parameters
        ----------
        data : (n, *raw_shape) array, or Dataset

        Returns
        -------
        (n, c) float32 array, or None
            Numbers standardised and names one-hot. None for an array, and for a Dataset without conditions.

        Raises
        ------
        DataError, ParameterError
            For conditions or labels that are not as those of the training.
        """
        raw = self._conditions(data)
        return None if raw is None else encoded(self.spec.told, raw)

    def drawing_as(self, data: Raw) -> FittedModel:
        """The same model, whose `sample` draws conditions that it is not asked for as these examples have them.

        Parameters
        ----------
        data : (n, *raw_shape) array, or Dataset

        Returns
        -------
        FittedModel
            Itself where the examples have none, as an array.

        Raises
        ------
        DataError, ParameterError
            For conditions or labels that are not as those of the training.
        """
        raw = self._conditions(data)
        return self if raw is None else replace(self, seen=raw)

    def _conditions(self, data: Raw) -> np.ndarray | None:
        """The conditions of examples as `seen` has them, under the names and in the order of the training."""
        if not self.model.is_conditional or not isinstance(data, Dataset):
            return None
        if self.spec.conditions:
            there = data.conditions
            return None if there is None else there.under(self.spec.conditions, data.name).raw
        if data.y is None:
            return None
        names = np.array(data.class_names or ())[data.y]
        return self.spec.told[0].values(names, len(names), "label")[:, None]

    def _asked(self, n: int, label: object, condition: Mapping[str, object] | None) -> np.ndarray | None:
        """The conditions that were asked for, (n, k), NaN where nothing was; None for a model that knows none."""
        for parameter, given in (("label", label), ("condition", condition)):
            if given is not None and not self.model.is_conditional:
                others = ", ".join(name for name, model in MODELS.usable() if model.is_conditional)
                known = f"{self.recipe.model} knows no {parameter}s (those that do: {others})"
                raise must(parameter, f"left out: model {known}", given)
        if not self.model.is_conditional:
            return None
        if not isinstance(condition, Mapping | None):
            raise must("condition", "a mapping of values by name", condition)
        if label is None:
            return named(self.spec.told, condition or {}, n)
        if self.spec.conditions:
            known = listed(self.spec.conditions)
            raise must("label", f"left out: {option('condition')} names what the model is told, {known}", label)
        if condition:
            raise must("condition", f"left out beside {option('label')}", condition)
        return named(self.spec.told, {self.spec.told[0].name: label}, n, "label")

    # ---- inside

    def _apply(self, verb: str, data: Raw, step: Callable[..., Tensor], size: int | None = None) -> np.ndarray:
        """Run `step` over raw data, and what a conditional model is told of them if it is known, `size` rows at once.

        Refused where the model is not able to, or the data do not fit.
        """
        self.must_be_able(verb)
        rows: tuple[np.ndarray | SparseRows, ...] = (self._raw(data),)
        size = min(size or self.codec.rows_at_once, self.codec.rows_at_once)
        if (told := self.told(data)) is not None:
            rows += (told,)
        elif self.spec.conditions and (verb == "decode" or (verb == "reconstruct" and not self.model.can_guess)):
            raise DataError(
                f"{_named(data)[0]}: expected {listed(self.spec.conditions)} with the examples, as {self.name} was"
                f" trained with. Found none; load_data(…, {option('condition')}, like=…) makes a Dataset with such."
            )
        with fast_products(self.model, min(size, len(rows[0])), torch.device("cpu")):
            return _in_slices(rows, step, size)

    def _raw(self, data: Raw) -> np.ndarray | SparseRows:
        """Raw examples that fit what the model was trained on."""
        name, raw = _named(data)
        if isinstance(raw, np.ndarray) and raw.dtype == bool and self.spec.dtype == "uint8":
            raw = raw.view(np.uint8)
        self.must_fit(data if isinstance(data, Dataset) else raw)
        if raw.dtype != np.uint8 or self.spec.ranges:
            # Of the columns of a table that was read to fit, each was looked at by itself.
            self._check_numbers(name, raw, is_read=isinstance(data, Dataset) and bool(self.spec.columns))
        return raw

    def _check_numbers(self, name: str, raw: np.ndarray | SparseRows, is_read: bool = False) -> None:
        """Refuse what is no number; warn of what is far from all that training saw."""
        if isinstance(raw, np.ndarray):  # a sparse matrix is finite, or it was refused
            if not (np.isfinite(raw) | (np.isnan(raw) & self.codec.can_miss)).all():
                raise DataError(f"{name}: expected finite numbers. Found NaN or infinity.")
            if np.isnan(raw).all():
                return
        if self.spec.modality.counted and (least := extent(raw)[0]) < 0:
            raise DataError(f"{name}: expected counts, as {self.name} was trained on. Found {least:g}.")
        ranges = self.spec.ranges or (self.spec.span and (self.spec.span,))
        if not ranges or is_read:
            return
        # Pictures are clipped to what was seen; other numbers may well be somewhat beyond it.
        far = 0.0 if self.spec.ranges else 1.0
        beyond = outside(raw if isinstance(raw, np.ndarray) else np.array([extent(raw)], np.float32), ranges, far)
        if beyond:
            (least, most), (low, high) = beyond
            clipped = ", and are clipped to that" if self.spec.ranges else ""
            warnings.warn(
                f"{name}: values from {least:g} to {most:g}, where {self.name} was trained on {low:g} to"
                f" {high:g}{clipped}: are they in the same unit?",
                GargaloWarning,
                stacklevel=5,
            )

    def labelled_alike(self, dataset: Dataset) -> Dataset:
        """Number a dataset's labels as those of the training were, by their names.

        Parameters
        ----------
        dataset : Dataset

        Returns
        -------
        Dataset

        Raises
        ------
        DataError
            For a label that training did not have; for none, or no conditions, where the model cannot be measured
            without.
        """
        names, known = dataset.class_names or (), self.spec.class_names or ()
        if self.spec.conditions and dataset.conditions is None:
            raise lacking(self.spec.conditions[0].name, (), dataset.name)
        if dataset.y is None or not known:
            if self.model.needs_labels or (self.model.is_conditional and not self.spec.conditions):
                raise DataError(f"{dataset.name}: expected labels, for model {self.recipe.model}. Found none.")
            return dataset
        if names == known:
            return dataset
        if others := [name for name in names if name not in known]:
            raise DataError(f"{dataset.name}: expected labels among {', '.join(known)}. Found {others[0]!r}.")
        codes = np.array([known.index(name) for name in names])
        return replace(dataset, y=codes[dataset.y], class_names=known)

    def must_be_able(self, verb: str) -> None:
        """Refuse a verb that the model does not have.

        Parameters
        ----------
        verb : str
            See `can`.

        Raises
        ------
        ParameterError
            Naming the verbs that it has.
        """
        if not self.can(verb):
            able = ", ".join(NOUNS.get(each, each) for each in sorted(self.model.can))
            others = ", ".join(name for name, model in MODELS.usable() if verb in model.can)
            raise ParameterError(
                f"{self.name}: model {self.recipe.model} cannot {NOUNS.get(verb, verb)}. It can {able}; those that"
                f" can {NOUNS.get(verb, verb)}: {others}."
            )


def _named(data: Raw) -> tuple[str, np.ndarray | SparseRows]:
    """Raw examples, and what a message calls them."""
    return (data.name, data.x) if isinstance(data, Dataset) else ("array", as_rows(data))


def checked_seed(seed: Any) -> int:
    """Check that a seed is one that every generator takes.

    Parameters
    ----------
    seed : object

    Returns
    -------
    int
        In [0, 2**32), also where `seed` is an integer of NumPy's.

    Raises
    ------
    ParameterError
        For what is no such integer.
    """
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**32:
        raise must("seed", "an int from 0 to 4294967295", seed)
    return int(seed)


@torch.inference_mode()
def _in_slices(arrays: Sequence[np.ndarray | SparseRows], step: Callable[..., Tensor], size: int) -> np.ndarray:
    """`step` over slices of `size` rows of the arrays; a whole input is never turned to floats at once."""
    n = len(arrays[0])
    if n == 0:
        raise DataError("array: expected at least one example. Found none.")

    def native(rows: np.ndarray) -> Tensor:
        """A copy: maps of files are read-only, and may be in another byte order."""
        must_be_whole(rows)
        kind = np.dtype(np.float64) if rows.dtype.kind == "f" and rows.dtype.itemsize > 8 else rows.dtype
        return torch.from_numpy(np.array(rows, dtype=kind.newbyteorder("=")))

    return np.concatenate([step(*(native(array[i : i + size]) for array in arrays)).numpy() for i in range(0, n, size)])
