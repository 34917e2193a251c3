"""A `Run`: a folder that holds one trained model and how it came to be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from . import latent, maps
from .core import Codec, LatentModel
from .data import Source
from .errors import DataError, GargaloError, ParameterError, RunError, must, unknown
from .files import check_writable, read_tensors, write_tensors
from .models import corrupt
from .recipe import FORMAT, Recipe, build, from_json
from .training.draws import generator_at
from .training.products import fast_products
from .weights import load_weights

__all__ = ["PRIORS", "Examples", "Run", "find_last", "find_unfinished", "open_run", "read_recipe"]

PRIORS = ("normal", "gmm")
CORRUPTION, POSTERIOR = (0, 0, 1), (0, 0, 2)
"""Places of draws that no training has: these have three numbers, an epoch and a step are two."""
MOST_RECIPE_BYTES = 2**20


class Examples(NamedTuple):
    """Raw test examples that a run keeps (n, *raw_shape), their labels (n,) or None, and their ids."""

    x: np.ndarray
    y: np.ndarray | None
    ids: tuple[str, ...]


class Run:
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

    def __init__(self, folder: Path, finished: bool = True):
        self.folder = folder
        self.recipe = read_recipe(folder)
        if finished and not (folder / "metrics.json").is_file():
            raise RunError(
                f"{folder}: expected a finished run. Found one whose training did not end; go on with:"
                f" gargalo resume {folder}"
            )

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}, model={self.recipe.model!r}, latent_dim={self.recipe.latent_dim})"

    # ---- what lies in the folder

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """What evaluation found after training."""
        return self._json("metrics.json", lambda text: {**json.loads(text)})

    @cached_property
    def history(self) -> list[dict[str, Any]]:
        """One line for each epoch: every loss term and note, training and held-out, and seconds."""
        return self._json("history.jsonl", _records)

    @cached_property
    def key(self) -> str:
        """sha256 of the weights: what was computed with others is not used."""
        return hashlib.sha256((self.folder / "weights.safetensors").read_bytes()).hexdigest()

    @cached_property
    def examples(self) -> Examples:
        """Up to 1,000 test examples that the run keeps, so that it stays whole when its data move."""
        file, data = self.folder / "space" / "examples.safetensors", self.recipe.data
        tensors, facts = read_tensors(file)
        x, y = tensors.get("x", np.empty(0)), tensors.get("y")
        classes = len(data.class_names or ())
        if x.shape[1:] != data.raw_shape or (
            y is not None and (y.shape != x.shape[:1] or not (y < classes).all())
        ):
            raise RunError(
                f"{file}: expected examples and labels as the recipe says. Found x {x.shape}; train anew."
            )
        return Examples(x, y, tuple(json.loads(facts.get("ids", "[]"))))

    @cached_property
    def latents(self) -> np.ndarray:
        """The latents of `examples`, (n, d)."""
        return self._kept("latents", lambda: ({"z": self.encode(self.examples.x)}, {}))[0]["z"]

    @property
    def pca(self) -> tuple[np.ndarray, np.ndarray]:
        """The linear baseline on `examples`: components (n, d), and the raw examples as PCA gives them back."""
        kept = self._kept("pca")[0]
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

    # ---- between data and latents

    def encode(self, data: np.ndarray | Source) -> np.ndarray:
        """Raw examples (n, *raw_shape) -> latents (n, d) float32; the posterior's mean where there is one."""
        return self._apply("encode", data, lambda raw: self.model.encode(self.codec(raw)).flatten(1))

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Latents (n, d) -> raw examples (n, *raw_shape)."""
        self._must_be_able("decode")
        z, d = np.asarray(z), self.recipe.latent_dim
        if z.ndim != 2 or z.shape[1] != d or z.dtype.kind not in "fiu":
            raise DataError(f"decode: expected latents of shape (n, {d}). Found {z.shape} of dtype {z.dtype}.")
        if not np.isfinite(z).all():
            raise DataError("decode: expected finite latents. Found NaN or infinity.")
        shape = self.model.latent_shape
        return _in_slices(
            z,
            lambda z: self.codec.invert(self.model.decode(z.float().reshape(-1, *shape))),
            self.codec.rows_at_once,
        )

    def reconstruct(self, data: np.ndarray | Source) -> np.ndarray:
        """Raw examples -> the same, through the bottleneck and back."""
        return self._apply(
            "reconstruct", data, lambda raw: self.codec.invert(self.model.reconstruct(self.codec(raw)))
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

    def draw_latents(self, data: np.ndarray | Source, seed: int = 0) -> np.ndarray:
        """A draw of q(z | x) for each example, (n, d); the latent itself where there is no posterior."""
        if "posterior" not in self.model.can:
            return self.encode(data)
        draws = generator_at(_seed(seed, "draw_latents"), *POSTERIOR)
        return self._apply(
            "posterior", data, lambda raw: self.model.posterior(self.codec(raw)).draw(draws).flatten(1)
        )

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
        a, b = self.latents[[self.find(start), self.find(end)]]
        return self.decode(latent.path(a, b, steps, method))

    def traverse(self, axis: int | str = "pca:0", steps: int = 12, origin: int | str | None = None) -> np.ndarray:
        """The film along an axis ("3" or "pca:0"), (steps, *raw_shape); see `gargalo.latent.traverse`."""
        self._must_be_able("decode")
        base = None if origin is None else self.latents[self.find(origin)]
        return self.decode(latent.traverse(self.latents, axis, steps, base))

    def prior(self, name: str = "normal") -> latent.Normal | latent.Mixture:
        """Where to draw from: "normal", N(0, I); "gmm", a mixture that was fitted to the training latents."""
        if name not in PRIORS:
            raise unknown("prior", "sample", name, PRIORS)
        if name == "normal":
            return latent.Normal(self.recipe.latent_dim)
        return latent.Mixture(**self._kept("prior-gmm")[0])

    def sample(self, n: int = 12, prior: str = "normal", seed: int = 0) -> np.ndarray:
        """`n` raw examples decoded from draws of a prior, (n, *raw_shape)."""
        self._must_be_able("decode")
        if not isinstance(n, int | np.integer) or n < 1:
            raise must("n", "sample", "an int >= 1", n)
        return self.decode(self.prior(prior).sample(n, _seed(seed, "sample")))

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

        tensors, facts = self._kept(f"map-{method}-{perplexity:g}-{seed}", compute)
        return maps.Map(tensors["points"], facts["method"], facts["engine"], tuple(json.loads(facts["notes"])))

    # ---- keeping

    def keep(self, name: str, tensors: dict[str, np.ndarray], facts: dict[str, str]) -> None:
        """Keep arrays in `space/`, keyed by these weights."""
        write_tensors(self.folder / "space" / f"{name}.safetensors", tensors, {**facts, "key": self.key})

    def _json(self, name: str, parse: Callable[[str], Any]) -> Any:
        """A JSON file of the run, parsed."""
        try:
            return parse((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError) as error:
            raise RunError(
                f"{self.folder / name}: expected JSON as a run writes it. It cannot be read ({error})."
            ) from None

    def _kept(
        self, name: str, compute: Callable[[], tuple[dict[str, np.ndarray], dict[str, str]]] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, str]]:
        """What was kept under `name` for these weights; else what is computed now and, if possible, kept."""
        file = self.folder / "space" / f"{name}.safetensors"
        if file.is_file():
            tensors, facts = read_tensors(file)
            if facts.get("key") == self.key:
                return tensors, facts
        if compute is None:
            raise RunError(f"{self.folder}: expected space/{file.name} for these weights. Found none; train anew.")
        tensors, facts = compute()
        if _writable(file.parent):
            self.keep(name, tensors, facts)
        return tensors, facts

    # ---- inside

    def _apply(self, verb: str, data: np.ndarray | Source, step: Callable[[Tensor], Tensor]) -> np.ndarray:
        """Run `step` over raw data, if the model is able to and the data fit."""
        self._must_be_able(verb)
        raw, size = self._raw(data), self.codec.rows_at_once
        with fast_products(self.model, min(size, len(raw)), torch.device("cpu")):
            return _in_slices(raw, step, size)

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
        return raw

    def _must_be_able(self, verb: str) -> None:
        if verb not in self.model.can:
            able = ", ".join(sorted(self.model.can))
            raise ParameterError(f"{self.folder}: model {self.recipe.model} cannot {verb}. It can {able}.")


def open_run(folder: str | Path, root: str | Path = "runs") -> Run:
    """Open a finished run.

    Parameters
    ----------
    folder : path, or "last"
        The run's folder; "last" is the newest one in `root`.
    """
    return Run(find_last(Path(root)) if str(folder) == "last" else Path(folder))


def _records(text: str) -> list[dict[str, Any]]:
    """The lines of a history, of which there is at least one."""
    records = [{**json.loads(line)} for line in text.splitlines()]
    if not records:
        raise ValueError("no epoch in it")
    return records


def _seed(seed: int, of: str) -> int:
    """A seed that every generator takes."""
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**32:
        raise must("seed", of, "an int from 0 to 4294967295", seed)
    return int(seed)


def find_last(root: Path) -> Path:
    """The run in `root`, or one folder deeper, that was finished last."""
    finished = [*root.glob("*/metrics.json"), *root.glob("*/*/metrics.json")]
    if not finished:
        raise RunError(f"{root}: expected a finished run in this folder. Found none; make one with gargalo train.")
    return max(finished, key=lambda file: file.stat().st_mtime_ns).parent


def find_unfinished(root: Path) -> Path:
    """The run in `root`, or one folder deeper, that was begun last and did not end."""
    begun = [file.parent for file in (*root.glob("*/recipe.json"), *root.glob("*/*/recipe.json"))]
    unfinished = [folder for folder in begun if not (folder / "metrics.json").is_file()]
    if not unfinished:
        raise RunError(f"{root}: expected an unfinished run in this folder. Found none.")
    return max(unfinished, key=lambda folder: (folder / "recipe.json").stat().st_mtime_ns)


def read_recipe(folder: Path) -> Recipe:
    """The recipe of a run folder, checked; nothing else in it is needed.

    Raises
    ------
    RunError
        For a folder that is no run's, or one of a newer format.
    """
    file = folder / "recipe.json"
    if not file.is_file():
        what = "no recipe.json in it" if folder.is_dir() else "no folder of this name"
        raise RunError(f"{folder}: expected a run folder. Found {what}.")
    if file.stat().st_size > MOST_RECIPE_BYTES:
        raise RunError(f"{file}: expected at most {MOST_RECIPE_BYTES} bytes. Found {file.stat().st_size}.")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise RunError(f"{file}: expected JSON. It cannot be read ({error}).") from None
    if not isinstance(content, dict) or not isinstance(number := content.get("format"), int) or number > FORMAT:
        found = content.get("format") if isinstance(content, dict) else None
        raise RunError(f"{file}: expected format {FORMAT} or older. Found {found}; a newer gargalo may read it.")
    return from_json(content, str(file))


@torch.inference_mode()
def _in_slices(rows: np.ndarray, step: Callable[[Tensor], Tensor], size: int) -> np.ndarray:
    """`step` over slices of `size` rows; the whole input is never turned to floats at once."""
    if len(rows) == 0:
        raise DataError("array: expected at least one example. Found none.")
    # A copy of each slice: maps of files are read-only, and may be in another byte order.
    slices = (rows[i : i + size] for i in range(0, len(rows), size))
    native = (np.array(part, dtype=part.dtype.newbyteorder("=")) for part in slices)
    return np.concatenate([step(torch.from_numpy(part)).numpy() for part in native])


def _writable(folder: Path) -> bool:
    """Can something be kept here? A run on a read-only disk is still good to look at."""
    try:
        check_writable(folder)
    except GargaloError:
        return False
    return True
