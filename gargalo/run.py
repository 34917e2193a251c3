"""A `Run`: a folder that holds one trained model and how it came to be."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from . import latent, maps
from .build import build
from .core import Batch, Codec, LatentModel
from .data import Source, load_data
from .errors import DataError, GargaloWarning, ParameterError, must, unknown
from .models import corrupt
from .recipe import Own
from .run_folder import Examples, RunFolder, find_last
from .training.draws import generator_at
from .training.products import fast_products
from .weights import load_weights

__all__ = ["PRIORS", "Examples", "Run", "open_run"]

PRIORS = ("normal", "gmm")
CORRUPTION, POSTERIOR = (0, 0, 1), (0, 0, 2)
"""Places of draws that no training has: these have three numbers, an epoch and a step are two."""


class Run(RunFolder):
    """One trained model, opened from its folder. Everything is deterministic unless it takes a seed.

    Attributes
    ----------
    folder : Path
    recipe : Recipe

    Raises
    ------
    RunError
        For a folder that is no run, or one whose training never ended.
    """

    @cached_property
    def latents(self) -> np.ndarray:
        """The latents of `examples`, (n, d)."""
        return self.kept("latents", lambda: ({"z": self.encode(self.examples.x)}, {}))[0]["z"]

    @property
    def pca(self) -> tuple[np.ndarray, np.ndarray]:
        """The linear baseline on `examples`: components (n, d), and the raw examples as PCA gives them back."""
        kept = self.kept("pca")[0]
        return kept["z"], kept["back"]

    @property
    def codec(self) -> Codec:
        """Raw data <-> model space."""
        return self._parts[0]

    @property
    def model(self) -> LatentModel:
        """The trained model, in evaluation mode."""
        return self._parts[1]

    @cached_property
    def _parts(self) -> tuple[Codec, LatentModel]:
        codec, model = build(self.recipe)
        load_weights(self.folder / "weights.safetensors", codec, model)
        return codec.eval(), model.eval()

    @property
    def latent_size(self) -> int:
        """Numbers in one latent as it travels, flat; all of a grid's."""
        return math.prod(self.model.latent_shape)

    # ---- between data and latents

    def encode(self, data: np.ndarray | Source) -> np.ndarray:
        """Raw examples (n, *raw_shape) -> latents (n, d) float32; the posterior's mean where there is one.

        Here and below data are an array, a `Source`, or what `gargalo.load_data` takes as a path or a frame.
        """
        return self._apply("encode", data, lambda raw: self.model.encode(self.codec(raw)).flatten(1))

    def decode(self, z: np.ndarray, label: object = None) -> np.ndarray:
        """Latents (n, d) -> raw examples (n, *raw_shape).

        Parameters
        ----------
        label : name, or (n,) names
            For a model that decodes a latent with a label.
        """
        if not self.model.is_conditional:
            return self._decode(z)
        if label is None:
            known = ", ".join(self.recipe.data.class_names or ())
            raise ParameterError(f"{self.folder}: model {self.recipe.model} decodes with a label: one of {known}.")
        return self._decode(z, self.one_hot(label, len(z)))

    def _decode(self, z: np.ndarray, y: np.ndarray | None = None) -> np.ndarray:
        """Latents (n, d), and labels (n, classes) where they are a condition, -> raw examples."""
        self._must_be_able("decode")
        z, d = np.asarray(z), self.latent_size
        if z.ndim != 2 or z.shape[1] != d or z.dtype.kind not in "fiu":
            raise DataError(f"decode: expected latents of shape (n, {d}). Found {z.shape} of dtype {z.dtype}.")
        if not np.isfinite(z).all():
            raise DataError("decode: expected finite latents. Found NaN or infinity.")
        shape = self.model.latent_shape
        return _in_slices(
            (z,) if y is None else (z, y),
            lambda z, *y: self.codec.invert(self.model.decode(z.float().reshape(-1, *shape), *y)),
            self.codec.rows_at_once,
        )

    def reconstruct(self, data: np.ndarray | Source) -> np.ndarray:
        """Raw examples -> the same, through the bottleneck and back; with their labels where these matter."""
        return self._apply(
            "reconstruct", data, lambda raw, *y: self.codec.invert(self.model.reconstruct(self.codec(raw), *y))
        )

    def denoise(self, data: np.ndarray | Source) -> np.ndarray:
        """Spoiled raw examples -> clean ones."""
        self._must_be_able("denoise")
        return self.reconstruct(data)

    def corrupt(self, data: np.ndarray | Source, strength: float | None = None, seed: int = 0) -> np.ndarray:
        """Spoil raw examples with the noise that this run was trained on, or another strength of it."""
        self._must_be_able("denoise")
        options = self.recipe.options
        strength = float(options["strength"] if strength is None else strength)
        most = 10 if options["noise"] == "gaussian" else 1
        if not 0 <= strength <= most:
            raise must("strength", "corrupt", f"a number from 0 to {most}", strength)
        draws = generator_at(_seed(seed, "corrupt"), *CORRUPTION)
        return self._apply(
            "denoise",
            data,
            lambda raw: self.codec.invert(corrupt(self.codec(raw), options["noise"], strength, draws)),
        )

    def classify(self, data: np.ndarray | Source) -> np.ndarray:
        """Raw examples -> class probabilities (n, classes)."""
        return self._apply("classify", data, lambda raw: self.model.classify(self.codec(raw)))

    def look(self, raw: np.ndarray) -> np.ndarray:
        """What people see of raw examples (n, *raw_shape).

        Pictures are seen as they are. Where the run keeps pictures of its examples, a row of numbers is seen as
        the picture of the kept example that is nearest to it in model space. Else rows are seen standardised, so
        that columns of different units stand beside each other.
        """
        if self.recipe.data.is_image:
            return raw
        with torch.inference_mode():
            x = self.codec(torch.from_numpy(np.ascontiguousarray(raw)))
            if self.examples.display is None:
                return x.numpy()
            kept = self.codec(torch.from_numpy(self.examples.x))
            return self.examples.display[torch.cdist(x, kept).argmin(1).numpy()]

    def codes(self, data: np.ndarray | Source) -> np.ndarray:
        """Raw examples -> int64 codes (n, h, w), where the latent is a grid of codes."""
        return self._apply("codes", data, lambda raw: self.model.codes(self.codec(raw)))

    def log_likelihood(self, data: np.ndarray | Source, k: int = 100, seed: int = 0) -> np.ndarray:
        """A lower bound of log p(x) for each example, (n,) nats: that of `k` importance-weighted draws.

        log 1/k sum_i p(x | z_i) p(z_i) / q(z_i | x), z_i ~ q (Burda et al., arXiv:1509.00519). With `k` it
        rises to log p(x), or to log p(x | y) where the label is a condition; published figures take 5,000.
        """
        if k < 1:
            raise must("k", "log_likelihood", "an int >= 1", k)
        if self.model.is_conditional and not (isinstance(data, Source) and data.y is not None):
            raise must("data", "log_likelihood", f"a Source with labels, for {self.recipe.model}", "none")
        # Few rows and many draws: a row is encoded once for many, and all of it stays in the processor's cache.
        draws = generator_at(_seed(seed, "log_likelihood"), *POSTERIOR)
        at_once = max(1, min(k, 2**20 // (self.recipe.data.size * 16)))

        def weigh(raw: Tensor, *y: Tensor) -> Tensor:
            batch = Batch(self.codec(raw), *y, mask=self.codec.mask(raw), generator=draws)
            left, weights = k, []
            while left:
                weights.append(self.model.log_weight(batch, min(left, at_once)))
                left -= len(weights[-1])
            return torch.cat(weights).logsumexp(0) - math.log(k)

        return self._apply("posterior", data, weigh, size=16)

    def draw_latents(self, data: np.ndarray | Source, seed: int = 0) -> np.ndarray:
        """A draw of q(z | x) for each example, (n, d); the latent itself where there is no posterior."""
        if "posterior" not in self.model.can:
            return self.encode(data)
        draws = generator_at(_seed(seed, "draw_latents"), *POSTERIOR)
        return self._apply(
            "posterior", data, lambda raw: self.model.posterior(self.codec(raw)).draw(draws).flatten(1)
        )

    def one_hot(self, label: object, n: int) -> np.ndarray:
        """A label's name, or `n` names, as (n, classes) float32."""
        names = list(self.recipe.data.class_names or ())
        given = np.ravel(np.asarray(label)).astype(str)
        if len(given) not in (1, n):
            raise must("label", "decode", f"one name, or {n}", f"{len(given)} names")
        for name in np.unique(given):
            if name not in names:
                raise unknown("label", "decode", str(name), names)
        return np.broadcast_to(self._eye[[names.index(name) for name in given]], (n, len(names)))

    # ---- in the latent space

    def find(self, which: int | str) -> int:
        """The row among `examples` of an index (17 or "17"), or of the first with a label ("label:7")."""
        kept, text = self.examples, str(which)
        if text.startswith("label:"):
            label, names = text.removeprefix("label:"), list(self.recipe.data.class_names or [])
            known = [] if kept.y is None else [str(names[code]) for code in np.unique(kept.y)]
            if label not in known:
                raise unknown("label", "find", label, known or ["(none: these data have no labels)"])
            rows = np.flatnonzero(kept.y == names.index(label))
            return int(rows[0])
        if not text.isdecimal() or int(text) >= len(kept.x):
            raise must("example", "find", f"an index from 0 to {len(kept.x) - 1}, or label:NAME", which)
        return int(text)

    def interpolate(self, start: int | str, end: int | str, steps: int = 12, method: str = "linear") -> np.ndarray:
        """The film from one kept example to another, (steps, *raw_shape); see `gargalo.latent.path`."""
        self._must_be_able("decode")
        rows = [self.find(start), self.find(end)]
        a, b = self.latents[rows]
        y = None
        if self.model.is_conditional:
            y = latent.path(*self._labels(rows), steps=steps)
        return self._decode(latent.path(a, b, steps, method), y)

    def traverse(self, axis: int | str = "pca:0", steps: int = 12, origin: int | str | None = None) -> np.ndarray:
        """The film along an axis ("3" or "pca:0"), (steps, *raw_shape); see `gargalo.latent.traverse`."""
        self._must_be_able("decode")
        row = None if origin is None else self.find(origin)
        z = latent.traverse(self.latents, axis, steps, None if row is None else self.latents[row])
        # Without an example to start at there is no label of its own: the first example's stands in.
        y = np.repeat(self._labels([row or 0]), len(z), axis=0) if self.model.is_conditional else None
        return self._decode(z, y)

    def prior(self, name: str = "normal") -> latent.Normal | latent.Mixture:
        """Where to draw from: "normal", N(0, I); "gmm", a mixture that was fitted to the training latents."""
        if name not in PRIORS:
            raise unknown("prior", "sample", name, PRIORS)
        if name == "normal":
            return latent.Normal(self.latent_size)
        return latent.Mixture(**self.kept("prior-gmm")[0])

    def sample(self, n: int = 12, prior: str | None = None, seed: int = 0, label: object = None) -> np.ndarray:
        """`n` raw examples decoded from draws of a prior, (n, *raw_shape).

        Parameters
        ----------
        prior : "normal", "gmm" or None
            None is the model's own: "gmm" for those that are made for it, else "normal".
        label : name, (n,) names, or None
            For a model that decodes with a label; None draws labels as often as they are among the examples.
        """
        self._must_be_able("decode")
        if not isinstance(n, int | np.integer) or n < 1:
            raise must("n", "sample", "an int >= 1", n)
        seed = _seed(seed, "sample")
        z = self.prior(prior or self.model.prior).sample(n, seed)
        if label is not None and not self.model.is_conditional:
            raise must("label", "sample", f"left out: model {self.recipe.model} knows no labels", label)
        if label is None and self.model.is_conditional:
            return self._decode(
                z, self._labels(np.random.default_rng(seed).integers(len(self.examples.x), size=n))
            )
        return self.decode(z, label)

    def map(
        self,
        method: str = "tsne",
        data: np.ndarray | Source | None = None,
        *,
        perplexity: float = 30,
        seed: int = 0,
    ) -> maps.Map:
        """A map (n, 2) of the latents of `data`; without data of `examples`, computed once and kept."""
        _seed(seed, "map")
        if data is not None:
            return maps.project(self.encode(data), method, perplexity=perplexity, seed=seed)
        if method not in maps.METHODS:
            raise unknown("method", "map", method, maps.METHODS)

        def compute() -> tuple[dict[str, np.ndarray], dict[str, str]]:
            made = maps.project(self.latents, method, perplexity=perplexity, seed=seed)
            facts = {"method": made.method, "engine": made.engine, "notes": json.dumps(made.notes)}
            return {"points": made.points}, facts

        tensors, facts = self.kept(f"map-{method}-{perplexity:g}-{seed}", compute)
        return maps.Map(tensors["points"], facts["method"], facts["engine"], tuple(json.loads(facts["notes"])))

    # ---- inside

    def _apply(
        self,
        verb: str,
        data: np.ndarray | Source,
        step: Callable[..., Tensor],
        size: int | None = None,
    ) -> np.ndarray:
        """Run `step` over raw data, and one-hot labels where they are known and a condition, `size` rows at once.

        Refused where the model is not able to, or the data do not fit.
        """
        self._must_be_able(verb)
        if isinstance(data, str | Path) or (hasattr(data, "columns") and not isinstance(data, Source)):
            data = load_data(data, like=self.recipe.data)
        rows: tuple[np.ndarray, ...] = (self._raw(data),)
        size = min(size or self.codec.rows_at_once, self.codec.rows_at_once)
        if self.model.is_conditional and isinstance(data, Source) and data.y is not None:
            names = data.class_names or ()
            rows += (self.one_hot(np.array(names)[data.y], len(data)),)
        with fast_products(self.model, min(size, len(rows[0])), torch.device("cpu")):
            return _in_slices(rows, step, size)

    def _raw(self, data: np.ndarray | Source) -> np.ndarray:
        """Raw examples that fit what this run was trained on."""
        name, raw = (data.name, data.x) if isinstance(data, Source) else ("array", np.asarray(data))
        facts = self.recipe.data
        if raw.shape[1:] != facts.raw_shape:
            shape = ", ".join(map(str, facts.raw_shape))
            raise DataError(
                f"{name}: expected shape (n, {shape}), as {self.folder} was trained on. Found {raw.shape}."
            )
        if (raw.dtype == np.uint8) != (facts.dtype == "uint8") and facts.is_image:
            raise DataError(
                f"{name}: expected dtype {facts.dtype}, as {self.folder} was trained on. Found {raw.dtype}."
            )
        if raw.dtype != np.uint8:
            self._check_numbers(name, raw)
        return raw

    def _check_numbers(self, name: str, raw: np.ndarray) -> None:
        """Refuse what is no number; warn of what is far from all that training saw."""
        facts = self.recipe.data
        if not (np.isfinite(raw) | (np.isnan(raw) & self.codec.can_miss)).all():
            raise DataError(f"{name}: expected finite numbers. Found NaN or infinity.")
        if facts.span is None or np.isnan(raw).all():
            return
        least, most = float(np.nanmin(raw)), float(np.nanmax(raw))
        low, high = facts.span
        if least < low - (high - low) or most > high + (high - low):
            warnings.warn(
                f"{name}: values from {least:g} to {most:g}, where {self.folder} was trained on {low:g} to"
                f" {high:g}: are they in the same unit?",
                GargaloWarning,
                stacklevel=4,
            )

    @property
    def _eye(self) -> np.ndarray:
        """Row c is the one-hot label of class c."""
        return np.eye(len(self.recipe.data.class_names or ()), dtype=np.float32)

    def _labels(self, rows: Any) -> np.ndarray:
        """The one-hot labels of kept examples, (n, classes)."""
        assert self.examples.y is not None
        return self._eye[self.examples.y[rows]]

    def _must_be_able(self, verb: str) -> None:
        if verb not in self.model.can:
            able = ", ".join(sorted(self.model.can))
            raise ParameterError(f"{self.folder}: model {self.recipe.model} cannot {verb}. It can {able}.")


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
    model, net
        The objective's class, and the encoder and decoder, where the run was trained with some of one's own: no
        file names code to be imported.
    """
    return Run(find_last(Path(root)) if str(folder) == "last" else Path(folder), own=Own(model, net))


def _seed(seed: int, of: str) -> int:
    """A seed that every generator takes."""
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**32:
        raise must("seed", of, "an int from 0 to 4294967295", seed)
    return int(seed)


@torch.inference_mode()
def _in_slices(arrays: Sequence[np.ndarray], step: Callable[..., Tensor], size: int) -> np.ndarray:
    """`step` over slices of `size` rows of the arrays; a whole input is never turned to floats at once."""
    n = len(arrays[0])
    if n == 0:
        raise DataError("array: expected at least one example. Found none.")

    def native(rows: np.ndarray) -> Tensor:
        """A copy: maps of files are read-only, and may be in another byte order."""
        return torch.from_numpy(np.array(rows, dtype=rows.dtype.newbyteorder("=")))

    return np.concatenate(
        [step(*(native(array[i : i + size]) for array in arrays)).numpy() for i in range(0, n, size)]
    )
