"""t-SNE: a map that keeps neighbours together, and nothing else.

Distances between groups, their sizes and the space between them mean nothing, and a new point has no place.

van der Maaten and Hinton, "Visualizing data using t-SNE", JMLR 9, 2008.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import numpy as np

from ...errors import DataError, must
from .pca import PCA
from .projection import Map, Projection

__all__ = ["TSNE"]

GROWN = 0.1
"""The spread of a layout: t-SNE ends with some units, however many points there are."""


@dataclass
class TSNE(Projection):
    """t-SNE, begun at the principal components.

    Attributes
    ----------
    perplexity : float >= 1
        About how many neighbours a point has; at most (n - 1) / 3 is used, and the map says so.
    seed : int
        Of whatever is drawn on the way.

    Raises
    ------
    ParameterError
        For a perplexity below 1, or NaN.
    """

    perplexity: float = 30.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.perplexity, int | float) or not self.perplexity >= 1:
            raise must("perplexity", "a number >= 1", self.perplexity)

    def fit(self, z: np.ndarray) -> Map:
        """Lay points (n, d) out by t-SNE; by PCA, with a note, where n < 4.

        Raises
        ------
        DataError
            Where t-SNE finds no finite layout.
        """
        start = PCA().fit(z)
        if len(z) < 4:
            return Map(start.points, "pca", "numpy", (f"t-SNE needs 4 points; with {len(z)}, PCA is shown.",))
        most = (len(z) - 1) / 3
        notes = ()
        if self.perplexity > most:
            notes = (f"Perplexity {self.perplexity:g} is too much for {len(z)} points; {most:.3g} was used.",)
        perplexity = min(self.perplexity, most)
        engine, method = _engine(3 * perplexity + 1 > len(z) / 2)
        begin = start.points / start.points[:, 0].std()
        # As scikit-learn begins. From there the extension sometimes falls into the middle, and stays.
        for spread in (1e-4, 1e-2):
            layout = method(perplexity=perplexity, init=begin * spread, random_state=self.seed)
            points = layout.fit_transform(z.astype(np.float32))
            if not points.std() < GROWN:
                break
        else:
            engine, method = _engine(True)
            layout = method(perplexity=perplexity, init=begin * 1e-4, random_state=self.seed)
            points = layout.fit_transform(z.astype(np.float32))
        if not np.isfinite(points).all():
            raise DataError("map: t-SNE found no layout for these points. Use method 'pca'.")
        return Map(np.asarray(points, np.float32), "tsne", engine, notes)


def _engine(has_many_neighbours: bool) -> tuple[str, type]:
    """The library to use: the same algorithm, several times faster with Intel's extension, where it is here.

    The extension fails, and may end the process, where nearly all points are neighbours of each.
    """
    if not has_many_neighbours:
        with contextlib.suppress(ImportError):
            from sklearnex.manifold import TSNE

            return "scikit-learn-intelex", TSNE
    from sklearn.manifold import TSNE

    return "scikit-learn", TSNE
