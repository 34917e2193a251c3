"""A fitted model measured on the test set of its data, beside PCA and the raw numbers."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .. import training
from ..data import Dataset
from ..errors import GargaloError, GargaloWarning
from ..fitted import FittedModel
from ..io.reporter import SILENT, Reporter
from ..latent import PRIORS, Prior
from ..metrics import METRICS, Estimate, Metric
from ..metrics.generation import LEAST_REAL
from ..metrics.probes import commonest_accuracy
from .arrays import Arrays, PCAArrays
from .baseline import PCABaseline
from .columns import ColumnTable, column_table
from .reference_classifier import reference_classifier
from .rows import KEPT_EXAMPLES, as_data, kept_rows, probe_rows

__all__ = ["Baselines", "Evaluation", "evaluate"]

DRAWS = 5
"""Times that samples are drawn from a prior to be measured."""
ON_MAPS = 2000
"""Training examples, at most, that stand on a map beside few test examples."""
SPREAD_ROWS = 2000
"""Training examples, at most, that the spread of draws is fitted to."""
NAMES = {"mse": "test_mse"}
"""What metrics are called in a run, where that is not their own name."""


class Baselines:
    """What a dataset is measured by, whatever the model: found when first asked for, shared by trainings on it.

    Parameters
    ----------
    dataset : Dataset
        The data.
    reporter : Reporter
        Who tells that a reference classifier is trained.
    """

    def __init__(self, dataset: Dataset, reporter: Reporter = SILENT):
        self.dataset, self.reporter = dataset, reporter
        self._raw_knn: Estimate | None = None

    @cached_property
    def reference(self) -> FittedModel | None:
        """The supervised encoder in whose latents samples are measured; None without labels."""
        return reference_classifier(self.dataset.targets(), self.reporter)

    def raw_knn_accuracy(self, arrays: Arrays) -> Estimate | None:
        """Measure the accuracy of kNN on the numbers of the examples themselves, flattened, in model space.

        Parameters
        ----------
        arrays : Arrays
            Those of a model of this dataset; only those of the first call are used.

        Returns
        -------
        Estimate or None
            In [0, 1], over the test examples; None without labels, or without training examples.
        """
        if self._raw_knn is None and arrays.y_train is not None and (x_train := arrays.x_train) is not None:
            flat_train, flat = (x.reshape(len(x), -1) for x in (x_train, arrays.x_test))
            self._raw_knn = METRICS["knn_accuracy"](flat_train, arrays.y_train, flat, arrays.y_test)
        return self._raw_knn


@dataclass(frozen=True)
class Evaluation:
    """What was found, and what was fitted on the way.

    Attributes
    ----------
    metrics : dict
        Every figure by its name.
    priors : dict
        The priors that were fitted to the training latents, by name.
    pca : PCABaseline or None
        The linear baseline on the test examples, for a model that reconstructs.
    spread : ndarray or None, (*x_shape)
        How far numbers are drawn from their mean, of data whose samples are draws; see `FittedModel.fit_spread`.
    columns : ColumnTable or None
        What was measured of each column; None for pictures, and for what does not reconstruct.
    training : dict of ndarray, or None
        Latents "z" (m, d) of training examples, their labels "y" and PCA's components "pca", where there are such: to
        stand on maps beside test examples that are few. None where these are many.
    """

    metrics: dict[str, Estimate]
    priors: dict[str, Prior]
    pca: PCABaseline | None
    spread: np.ndarray | None = None
    columns: ColumnTable | None = None
    training: dict[str, np.ndarray] | None = None


def evaluate(fitted: FittedModel, dataset: Dataset, baselines: Baselines | None = None) -> Evaluation:
    """Measure a model on the test set of a dataset by every metric that applies to both.

    Parameters
    ----------
    fitted : FittedModel
    dataset : Dataset
        Of data like the model's own.
    baselines : Baselines or None
        What was found of the dataset before. The reference classifier is only asked for where the model decodes.

    Returns
    -------
    Evaluation
        With ``test_loss`` and its terms; the metrics of `gargalo.metrics.METRICS`, some beside PCA's (``pca_…``) and
        the raw numbers' (``raw_…``); priors fitted to the training latents.
    """
    baselines, arrays = baselines or Baselines(dataset), Arrays(fitted, dataset)
    everything = as_data(dataset, dataset.rows("test"))
    losses = training.evaluate(fitted.model, fitted.codec, everything, fitted.recipe.training.seed)
    found = {f"test_{name}": Estimate(value, n=len(everything)) for name, value in losses.items()}
    found |= _measured(arrays)
    if arrays.y_train is not None and arrays.y_test is not None and len(arrays.y_train):
        found["commonest_accuracy"] = commonest_accuracy(arrays.y_train, arrays.y_test)
    if (pca := arrays.pca) is not None:
        beside = _measured(PCAArrays(arrays, pca))
        found |= {f"pca_{name.removeprefix('test_')}": figure for name, figure in beside.items()}
        if (raw := baselines.raw_knn_accuracy(arrays)) is not None:
            found["raw_knn_accuracy"] = raw
    priors: dict[str, Prior] = {}
    spread = _spread(fitted, dataset)
    if fitted.can("decode") and len(dataset.rows("train")):
        latents = fitted.draw_latents(dataset.x[probe_rows(dataset, "train")])
        for name, kind in PRIORS.usable():
            with PRIORS.guarded(name):
                prior = kind.fit(latents)
                if not isinstance(prior, Prior):
                    raise TypeError(f"fit gave {type(prior).__name__}, no Prior")
                priors[name] = prior
        if len(kept_rows(dataset)) >= LEAST_REAL and baselines.reference is not None:
            found |= _measured_samples(fitted, dataset, priors, baselines.reference, spread)
    learned = {name: prior for name, prior in priors.items() if prior.learns}
    columns = None
    if arrays.reconstruction is not None and len(arrays.rows[0]):
        beside_pca = pca if arrays.pca_reconstruction is not None else None
        draw_from = ("gmm", priors["gmm"]) if "gmm" in priors else None
        columns = column_table(fitted, arrays.rows, arrays.reconstruction, beside_pca, draw_from, spread)
    return Evaluation(found, learned, pca, spread, columns, _beside_few(arrays, pca))


def _beside_few(arrays: Arrays, pca: PCABaseline | None) -> dict[str, np.ndarray] | None:
    """Latents of training examples, where test examples alone would make an empty map."""
    z = arrays.z_train
    if z is None or len(arrays.rows[1]) >= KEPT_EXAMPLES:
        return None
    some = np.sort(np.random.default_rng(0).permutation(len(z))[:ON_MAPS])
    found = {"z": z[some]}
    if arrays.y_train is not None:
        found["y"] = arrays.y_train[some]
    if pca is not None:
        found["pca"] = pca.z_train[some].astype(np.float32)
    return found


def _spread(fitted: FittedModel, dataset: Dataset) -> np.ndarray | None:
    """How far numbers are drawn from their mean; None for what is shown as means, or is not encoded and decoded."""
    is_able = fitted.can("encode") and fitted.can("decode")
    modality = dataset.spec.modality
    if modality.samples_are == "means" or modality.counted or not is_able or not len(dataset.rows("train")):
        return None
    return fitted.fit_spread(dataset.take(probe_rows(dataset, "train")[:SPREAD_ROWS]))


def _measured(arrays: object) -> dict[str, Estimate]:
    """Every metric whose arrays are there."""
    found = {}
    for name, metric in METRICS.usable():
        with METRICS.guarded(name):
            given = {parameter: getattr(arrays, parameter, None) for parameter in _needs(metric, name)}
            if all(given[parameter] is not None for parameter in _needs(metric, name, optional=False)):
                there = {parameter: array for parameter, array in given.items() if array is not None}
                found[NAMES.get(name, name)] = _estimate(metric(**there))
    return found


def _estimate(figure: Estimate | float) -> Estimate:
    """What a metric gave: an `Estimate`, or a plain number of somebody else's."""
    return figure if isinstance(figure, Estimate) else Estimate(float(figure))


def _needs(metric: Metric, name: str, optional: bool = True) -> list[str]:
    """The names of the arrays that a metric takes; with `optional`, those with a default as well.

    Raises
    ------
    GargaloError
        For a metric that needs an array which nobody has.
    """
    found = []
    for parameter in _parameters(metric).values():
        is_needed = parameter.default is inspect.Parameter.empty
        if parameter.name in ARRAYS and (is_needed or optional):
            found.append(parameter.name)
        elif parameter.name not in ARRAYS and is_needed:
            known = ", ".join(sorted(ARRAYS))
            raise GargaloError(f"metric {name}: expected parameters among {known}. Found {parameter.name!r}.")
    return found


def _parameters(metric: Metric) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(metric).parameters


SAMPLES = {"real_features", "sample_features"}
ARRAYS = SAMPLES | {name for name in vars(Arrays) if not name.startswith("_") and name not in ("pca", "rows")}
"""What a metric may ask for."""


def _measured_samples(
    fitted: FittedModel, dataset: Dataset, priors: dict[str, Prior], reference: FittedModel, spread: np.ndarray | None
) -> dict[str, Estimate]:
    """Every metric of samples, for each prior: the mean over several draws of as many as there are real examples."""
    real = dataset.take(kept_rows(dataset)).targets()
    real_features = reference.encode(real.x)
    found = {}
    for prior_name, prior in priors.items():
        draws: list[np.ndarray] = []
        with PRIORS.guarded(prior_name), warnings.catch_warnings():
            warnings.simplefilter("ignore", GargaloWarning)  # samples may be far from all data
            draws = [reference.encode(raw) for raw in _samples(fitted, real, prior, spread)]
        for name, metric in METRICS.usable() if len(draws) == DRAWS else ():
            with METRICS.guarded(name):
                if "sample_features" not in _needs(metric, name, optional=False):
                    continue
                measured = [_estimate(metric(real_features=real_features, sample_features=draw)) for draw in draws]
                called = name if prior_name == "normal" else f"{name}_{prior_name.replace('-', '_')}"
                found[called] = Estimate.of_repeats(measured)
    return found


def _samples(fitted: FittedModel, real: Dataset, prior: Prior, spread: np.ndarray | None) -> Iterator[np.ndarray]:
    """As many samples as there are real examples, several times; under conditions as theirs."""
    fitted = fitted.drawing_as(real)
    for seed in range(DRAWS):
        yield fitted.sample(len(real), prior, seed, spread=spread)
