"""The files of a site: arrays, pictures, models, and `site.json`, which names them all."""

from __future__ import annotations

import contextlib
import json
import math
import warnings
import zlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from .. import latent
from ..data.log import per_channel
from ..data.spec import Modality
from ..errors import DataError, RunError
from ..export import kept_onnx
from ..fitted import FittedModel
from ..io.reporter import Reporter
from ..latent import PRIORS, PROJECTIONS, Prior
from ..metrics.generation import LEAST_REAL, radii
from ..plots import PALETTE
from ..runs import Run
from ..runs.kept_arrays import Array
from ..runs.verdict import is_linear, verdict_of
from .maps import map_keys, maps_of
from .scaled import for_page
from .sheets import layout, sheets
from .shown import Shown

__all__ = ["SiteWriter"]

FORMAT = 1
MOST_DIRECTIONS = 8
NORMS = 4000
"""Draws from q(z) whose norms are shown."""
DRAWS = 4096
"""Draws that are published of a prior which the page cannot draw from itself."""
FIGURES = ("test_mse", "test_accuracy", "knn_accuracy", "psnr_denoised", "coverage", "coverage_gmm")
"""Metrics that the page shows of each run."""


class SiteWriter:
    """The files of one site, as they are written."""

    def __init__(self, folder: Path, shown: Shown, thumbnails: bool, examples: bool, reporter: Reporter):
        self.folder, self.shown, self.reporter = folder, shown, reporter
        self.thumbnails, self.examples = thumbnails and examples, examples
        self.public: dict[str, int] = {}
        self.notes: list[str] = []

    def write(self, runs: Sequence[Run], reference: FittedModel | None) -> None:
        """Write everything under `data/`, as `publish` is asked for; `site.json`, which names it all, comes last.

        Parameters
        ----------
        runs : sequence of Run
        reference : FittedModel or None

        Raises
        ------
        RunError
            For a model that cannot be exported, or kept latents and maps that do not fit the examples.
        """
        data, n = runs[0].recipe.data, len(self.shown.x)
        self.lead = runs[0]
        _, few = for_page(self.lead.fitted, self.lead.codec, self.shown.x[:1])
        content: dict[str, Any] = {
            "format": FORMAT,
            "made_by": f"gargalo {version('gargalo')}",
            "palette": PALETTE,
            "data": {
                "name": data.name,
                "kind": _kind(data.modality),
                "shape": few.shape[1:],
                "dtype": few.dtype.name,
                "class_names": data.class_names,
                "columns": [column.model_dump(include={"name", "kind", "categories"}) for column in data.columns or ()],
                **self._units(),
                "channels": self.shown.channels or None,
                # As MNIST's were, drawn digits are to be centred and scaled.
                "centred": data.name in ("mnist", "mnist-10k"),
            },
            "examples": self._examples() if self.examples else None,
            "runs": [
                self._run(i, run) | {"name": name} for i, (run, name) in enumerate(zip(runs, _names(runs), strict=True))
            ],
            "reference_classifier": self._reference(reference, runs[0]) if reference and self.examples else None,
        }
        names = {"classes": len(data.class_names or ()), "columns": len(data.columns or ())}
        if not self.thumbnails and any(names.values()):
            self.notes.append("names")
        self.public = {"examples": n if self.examples else 0, **self.public, **names, "models": len(runs)}
        self._file("site.json", json.dumps(content, default=float, allow_nan=False).encode())

    def tell(self, what: str, **values: object) -> None:
        """Tell what is being written.

        Parameters
        ----------
        what : str
            A key of `lang` after "progress.publish.".
        **values
            Those of its words.
        """
        self.reporter.line(self.reporter.say(f"progress.publish.{what}", **values))

    # ---- files

    def _file(self, name: str, content: bytes) -> dict[str, Any]:
        """A file under `data/`, and how the page finds it and knows that it is whole."""
        path = self.folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return {"file": f"data/{name}", "bytes": len(content), "crc32": zlib.crc32(content)}

    def _array(self, name: str, array: np.ndarray) -> dict[str, Any]:
        """An array as its little-endian numbers, row by row: float32, or uint16 for whole ones."""
        kind = "<u2" if array.dtype.kind in "iu" else "<f4"
        content = np.ascontiguousarray(array, np.dtype(kind)).tobytes()
        return self._file(f"{name}.bin", content) | {
            "dtype": "uint16" if kind == "<u2" else "float32",
            "shape": array.shape,
        }

    # ---- what belongs to the examples

    def _units(self) -> dict[str, Any]:
        """Mean and standard deviation of each number of a row, by which columns or channels are compared."""
        x = self.shown.x
        if not self.shown.are_rows:
            return {"center": None, "deviation": None}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a column of nothing but missing values
            center, deviation = (
                np.nan_to_num(np.asarray(of(x, axis=0, dtype=np.float64))) for of in (np.nanmean, np.nanstd)
            )
        if self.shown.channels:
            center, deviation = per_channel(center, deviation, len(self.shown.channels))
        return {"center": center.tolist(), "deviation": deviation.tolist()}

    def _examples(self) -> dict[str, Any]:
        shown = self.shown
        found: dict[str, Any] = {
            "n": len(shown.x),
            "of": shown.of,
            "kept": shown.is_kept,
            "parts": self._array("parts", shown.split),
        }
        if shown.y is not None:
            found["labels"] = self._array("labels", shown.y)
            self.public["labels"] = len(shown.y)
        if shown.is_kept:
            self.notes.append("kept")
        elif len(shown.x) < shown.of:
            self.notes.append("some")
        if not self.thumbnails:
            self.notes.append("latents_tell")
            return found
        ids = [Path(text).name if Path(text).is_absolute() else text for text in shown.ids]
        if any(text != str(i) for i, text in enumerate(ids)):
            found["ids"] = self._file("ids.json", json.dumps(ids, ensure_ascii=False).encode())
            self.public["ids"] = len(ids)
        pictures = shown.x if shown.display is None and not shown.are_rows else shown.display
        if pictures is not None:
            look = self.lead.codec.look if pictures is shown.x else np.asarray
            lay = layout(look(pictures[:1]).shape[1:])
            self.tell("pictures", n=len(pictures))
            files = [self._file(f"pictures-{i:04d}.png", png) for i, png in enumerate(sheets(pictures, lay, look))]
            found["sheets"] = {**lay, "files": files}
            self.public["pictures"] = len(pictures)
        if shown.are_rows:
            found["rows"] = self._array("rows", shown.x)
            self.public["rows"] = len(shown.x)
        self.notes.append("people")
        return found

    # ---- what belongs to a run

    def _run(self, i: int, run: Run) -> dict[str, Any]:
        """One run: its latents and maps, and its model."""
        self.tell("latents", run=run.folder)
        model, recipe, seen = run.model, run.recipe, self._seen(run)
        found: dict[str, Any] = {
            "model": recipe.model,
            "latent_dim": run.latent_size,
            "conditional": model.is_conditional,
            # Then a latent alone cannot be decoded, but what is encoded can be reconstructed.
            "skips": run.fitted.can("reconstruct") and not run.fitted.can("decode"),
            "prior": model.prior,
            "noise": _noise(run),
            "network": recipe.network,
            "figures": {key: _finite(run.metrics.get(key)) for key in FIGURES},
            "verdict": (verdict := verdict_of(run, to_share=True)) and verdict.published(run),
            "linear": is_linear(run),
            "axes": _axes(seen["z"]),
            "maps": {},
        }
        if self.examples:
            found |= self._latents(i, seen)
        if run.fitted.can("decode"):
            if self.examples:
                found["norms"] = self._array(f"{i}/norms", np.linalg.norm(self._draws(run), axis=1))
            found["priors"] = self._priors(i, run)
        self.tell("model", run=run.folder)
        verbs = [verb for verb in ("encode", "decode", "classify") if run.fitted.can(verb)]
        verbs += ["reconstruct"] if found["skips"] else []
        fitted, x = for_page(run.fitted, self.lead.codec, run.examples.x)
        found["networks"] = {verb: self._file(f"{i}/{verb}.onnx", kept_onnx(fitted, verb, x)) for verb in verbs}
        return found

    def _latents(self, i: int, seen: dict[str, np.ndarray]) -> dict[str, Any]:
        """What belongs to single examples: their latents, errors and places on maps."""
        z = seen["z"]
        near = latent.Neighbours(z)
        self.public["latents"] = self.public.get("latents", 0) + len(z)
        found: dict[str, Any] = {
            "latents": self._array(f"{i}/latents", z),
            "near": {"k": near.k, "threshold": near.threshold},
            "maps": {name: self._array(f"{i}/{key}", seen[key]) for name, key in map_keys().items() if key in seen},
        }
        return found | ({"error": self._array(f"{i}/error", seen["error"])} if "error" in seen else {})

    def _seen(self, run: Run) -> dict[str, np.ndarray]:
        """Latents of the examples, their errors, and maps: computed once for these weights and kept."""
        shown, keys = self.shown, map_keys()
        own = {method: key for method, key in keys.items() if PROJECTIONS.is_own(method)}

        def compute() -> tuple[dict[str, np.ndarray], dict[str, str]]:
            tensors = {"z": run.encode(shown.x)}
            if run.fitted.can("reconstruct"):
                tensors["error"] = self._errors(run)
            return tensors | maps_of(tensors["z"], own), {}

        name, n, point = f"explorer-{shown.key}", len(shown.x), Array((len(shown.x), 2), is_needed=False)
        wanted = {"z": Array((n, run.latent_size)), "error": Array((n,), is_needed=False)}
        seen = dict(run.kept(name, wanted | dict.fromkeys(own.values(), point), compute)[0])
        # Each in a file of its own: a projection of another package comes and goes with it.
        for method in keys.keys() - own.keys():
            one, z = {method: keys[method]}, seen["z"]
            with PROJECTIONS.guarded(method):
                kept = f"{name}-{keys[method]}", dict.fromkeys(one.values(), point)
                seen |= run.kept(*kept, lambda one=one, z=z: (maps_of(z, one), {}))[0]
        return seen

    def _errors(self, run: Run) -> np.ndarray:
        """Mean squared error of each reconstruction in model space, (n,); by its own label if that counts."""
        shown, fitted, found = self.shown, run.fitted, []
        for rows in np.array_split(np.arange(len(shown.x)), -(-len(shown.x) // run.codec.rows_at_once)):
            part = shown.part(rows, run.recipe.data.class_names)
            x, known = fitted.to_model_space(part.targets()), fitted.observed(part.targets())
            with np.errstate(over="ignore"):  # what is infinite then is refused
                away = np.square(x - fitted.reconstruct_in_model_space(part)).reshape(len(x), -1)
            weights = np.ones_like(away) if known is None else known.reshape(len(x), -1).astype(np.float32)
            found.append((away * weights).sum(1) / np.maximum(weights.sum(1), 1))
        return np.concatenate(found)

    def _draws(self, run: Run) -> np.ndarray:
        """Draws from q(z), where there is one: on posterior means a VAE would look worse than it is."""
        x = self.shown.x
        rows = np.random.default_rng(0).permutation(len(x))[:NORMS]
        return run.draw_latents(np.ascontiguousarray(x[np.sort(rows)]))

    def _priors(self, i: int, run: Run) -> dict[str, Any]:
        """Where the page can draw from: N(0, I) and mixtures by their formula, any other prior by draws of it."""
        found: dict[str, Any] = {}
        for name, _ in PRIORS.usable():
            # Kept for other weights, by a version that fitted none, or of no use for these latents.
            with PRIORS.guarded(name), contextlib.suppress(RunError, DataError):
                found[name] = self._prior(i, name, run.prior(name))
        return found

    def _prior(self, i: int, name: str, prior: Prior) -> dict[str, Any]:
        """One prior, as the page draws from it."""
        if isinstance(prior, PRIORS["normal"]):
            return {}
        if isinstance(prior, PRIORS["gmm"]):
            file, arrays = "mixture" if name == "gmm" else f"prior-{name}", prior.arrays
            return {key: self._array(f"{i}/{file}-{key}", arrays[key]) for key in arrays}
        draws = prior.sample(DRAWS, np.random.default_rng(0))
        return {"draws": self._array(f"{i}/draws-{name}", draws)}

    def _reference(self, reference: FittedModel, run: Run) -> dict[str, Any] | None:
        """What the page needs to measure coverage, class by class, as `gargalo.metrics.coverage` does."""
        kept = run.examples
        if kept.y is None or len(kept.x) < LEAST_REAL:
            return None
        self.tell("reference")
        self.public["references"] = 1
        seen, place = reference.encode(kept.x), "reference-classifier"
        fitted, x = for_page(reference, self.lead.codec, kept.x)
        encoder = kept_onnx(fitted, "encode", x)
        return {
            "encode": self._file(f"{place}/encode.onnx", encoder),
            "latents": self._array(f"{place}/latents", seen),
            "radii": self._array(f"{place}/radii", radii(seen)),
            "labels": self._array(f"{place}/labels", kept.y),
        }


def _kind(modality: Modality) -> str:
    """How the page sees examples of this kind of data."""
    return "row" if modality.drawn_as != "pixels" else "volume" if modality.axes > 2 else "image"


def _axes(z: np.ndarray) -> dict[str, Any]:
    """How latents (n, d) are spread, along each axis and along the first principal directions."""
    center, (directions, variances) = z.mean(axis=0, dtype=np.float64), latent.principal_axes(z)
    few = directions[:MOST_DIRECTIONS]
    along = (z - center) @ few.T
    return {
        "center": center.tolist(),
        "deviation": z.std(axis=0).tolist(),
        "low": np.percentile(z, 1, axis=0).tolist(),
        "high": np.percentile(z, 99, axis=0).tolist(),
        "directions": few.tolist(),
        "share": (variances[: len(few)] / max(variances.sum(), 1e-30)).tolist(),
        "along_low": np.percentile(along, 1, axis=0).tolist(),
        "along_high": np.percentile(along, 99, axis=0).tolist(),
    }


def _names(runs: Sequence[Run]) -> list[str]:
    """What the page calls each run: its folder's name, with a number after the first of that name."""
    taken: dict[str, int] = {}
    names = []
    for run in runs:
        taken[run.folder.name] = n = taken.get(run.folder.name, 0) + 1
        names.append(run.folder.name if n == 1 else f"{run.folder.name} ({n})")
    return names


def _noise(run: Run) -> dict[str, Any] | None:
    """The noise that a denoising model was trained on, where it is one that the page can add."""
    options = run.recipe.options
    can_add = run.fitted.can("denoise") and options["noise"] != "none"
    return {key: options[key] for key in ("noise", "strength")} if can_add else None


def _finite(value: Any) -> Any:
    """A figure as JSON has it; none where it is not a number."""
    return value if isinstance(value, int | float) and math.isfinite(value) else None
