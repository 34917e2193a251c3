"""The arrays that metrics name, of a model and its data, and of PCA beside it."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ..data import Dataset
from ..fitted import FittedModel
from .baseline import PCABaseline, pca_baseline
from .rows import probe_rows

__all__ = ["Arrays", "PCAArrays"]


class Arrays:
    """The arrays that metrics name, each computed when the first one asks for it; None where there is none.

    What each is stands in `gargalo.metrics`.
    """

    def __init__(self, fitted: FittedModel, dataset: Dataset):
        self._fitted, self._dataset = fitted, dataset
        self._train, self._test = (dataset.take(probe_rows(dataset, split)) for split in ("train", "test"))
        self._has_labels = dataset.y is not None and len(dataset.class_names or ()) > 1

    @property
    def rows(self) -> tuple[Dataset, Dataset]:
        """Training and test rows."""
        return self._train, self._test

    @cached_property
    def x_train(self) -> np.ndarray | None:
        """None for new data, of which no example trains."""
        return self._fitted.to_model_space(self._train) if len(self._train) else None

    @cached_property
    def x_test(self) -> np.ndarray:
        return self._fitted.to_model_space(self._test)

    @cached_property
    def clean(self) -> np.ndarray | None:
        return None if self._test.clean is None else self._fitted.to_model_space(self._test.clean)

    @property
    def target(self) -> np.ndarray:
        return self.x_test if self.clean is None else self.clean

    @cached_property
    def mask(self) -> np.ndarray | None:
        return self._fitted.observed(self._test.targets())

    @cached_property
    def z_train(self) -> np.ndarray | None:
        return self._fitted.encode(self._train.x) if len(self._train) else None

    @cached_property
    def z_test(self) -> np.ndarray:
        return self._fitted.encode(self._test.x)

    @property
    def y_train(self) -> np.ndarray | None:
        return self._train.y if self._has_labels and len(self._train) else None

    @property
    def y_test(self) -> np.ndarray | None:
        return self._test.y if self._has_labels else None

    @cached_property
    def reconstruction(self) -> np.ndarray | None:
        return self._fitted.reconstruct_in_model_space(self._test) if self._fitted.can("reconstruct") else None

    @property
    def pca_reconstruction(self) -> np.ndarray | None:
        """None for PCA itself, for a grid of latents, which are more numbers, and for ways around the bottleneck."""
        model = self._fitted.model
        if self.pca is None or model.is_solved or model.is_grid or model.wants_skips(model.options):
            return None
        return self.pca.back

    @property
    def posterior_mean(self) -> np.ndarray | None:
        return self.z_test if self._fitted.can("posterior") else None

    @cached_property
    def _corrupted(self) -> np.ndarray | None:
        """Raw noisy test examples, corrupted where they are not noisy already, where what is clean has a peak."""
        can = self._fitted.can("denoise") and self._fitted.codec.bounded
        if can and self._test.clean is not None:
            return self._test.x[:]
        return self._fitted.corrupt(self._test.x) if can else None

    @cached_property
    def noisy(self) -> np.ndarray | None:
        return None if self._corrupted is None else self._fitted.to_model_space(self._corrupted)

    @cached_property
    def denoised(self) -> np.ndarray | None:
        return None if self._corrupted is None else self._fitted.reconstruct_in_model_space(self._corrupted)

    @cached_property
    def pca(self) -> PCABaseline | None:
        """The linear baseline of the same size, for a model that reconstructs."""
        if self.reconstruction is None or self.x_train is None:
            return None
        clean = None if self._train.clean is None else self._fitted.to_model_space(self._train.clean)
        return pca_baseline(self.x_train, self.x_test, self._fitted.recipe.latent_dim, clean)


class PCAArrays:
    """The same arrays, as PCA of the same size gives them."""

    def __init__(self, arrays: Arrays, pca: PCABaseline):
        self.x_train, self.x_test, self.target, self.mask = arrays.x_train, arrays.x_test, arrays.target, arrays.mask
        self.y_train, self.y_test = arrays.y_train, arrays.y_test
        self.z_train, self.z_test, self.reconstruction = pca.z_train, pca.z_test, pca.back
