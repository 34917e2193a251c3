"""Maps: points in many dimensions -> points in two, to look at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .errors import DataError, must, unknown

__all__ = ["METHODS", "Map", "project"]

METHODS = ("tsne", "pca")


@dataclass(frozen=True)
class Map:
    """Points (n, 2) float32, the method that made them, its engine, and what had to be changed to make them."""

    points: np.ndarray
    method: str
    engine: str
    notes: tuple[str, ...] = ()


def project(z: np.ndarray, method: str = "tsne", *, perplexity: float = 30.0, seed: int = 0) -> Map:
    """Lay points out in two dimensions.

    PCA is a projection: straight lines stay straight, and a new point has a place. t-SNE (van der Maaten and
    Hinton, JMLR 9, 2008) keeps neighbours together and nothing else: distances between groups, their sizes and
    the space between them mean nothing.

    Parameters
    ----------
    z : ndarray, (n, d)
        Finite numbers that vary.
    method : "tsne" or "pca"
    perplexity : float >= 1
        About how many neighbours a point has; at most (n - 1) / 3 is used, and says so.
    seed : int

    Raises
    ------
    DataError
        For points that are not finite, all alike, or fewer than two.
    """
    if method not in METHODS:
        raise unknown("method", "map", method, METHODS)
    if not perplexity >= 1:
        raise must("perplexity", "map", "a number >= 1", perplexity)
    z = np.asarray(z, np.float64)
    if z.ndim != 2 or len(z) < 2 or z.shape[1] < 1:
        raise DataError(f"map: expected at least 2 points of shape (n, d). Found {z.shape}.")
    if not np.isfinite(z).all():
        raise DataError(f"map: expected finite points. Found {(~np.isfinite(z).all(axis=1)).sum()} that are not.")
    # Scaled before it is centred and after: neither 1e200 nor 1e-30 may overflow or vanish in a square.
    largest = np.abs(z).max()
    z = z / largest if largest > 0 else z
    z = z - z.mean(axis=0)
    spread = np.abs(z).max()
    if spread <= 1e-12:
        raise DataError("map: expected points that differ. Found no variation to map.")
    z = z / spread
    if method == "pca":
        return Map(_pca(z), "pca", "numpy")
    if len(z) < 4:
        return Map(_pca(z), "pca", "numpy", (f"t-SNE needs 4 points; with {len(z)}, PCA is shown.",))
    notes = ()
    most = (len(z) - 1) / 3
    if perplexity > most:
        notes = (f"Perplexity {perplexity:g} is too much for {len(z)} points; {most:.3g} was used.",)
    return _tsne(z, min(perplexity, most), seed, notes)


def _pca(z: np.ndarray) -> np.ndarray:
    """The two widest principal components of centred points; the sign is fixed by the largest coordinate."""
    if z.shape[1] == 1:
        return np.column_stack([z, np.zeros(len(z))]).astype(np.float32)
    _, columns = np.linalg.eigh(z.T @ z)
    columns = columns[:, :-3:-1]
    columns = columns * np.sign(columns[np.abs(columns).argmax(axis=0), [0, 1]])
    return (z @ columns).astype(np.float32)


def _tsne(z: np.ndarray, perplexity: float, seed: int, notes: tuple[str, ...]) -> Map:
    """t-SNE by whichever engine is here: the same algorithm, several times faster with Intel's extension."""
    try:
        from sklearnex.manifold import TSNE

        engine = "scikit-learn-intelex"
    except ImportError:
        from sklearn.manifold import TSNE

        engine = "scikit-learn"
    start = _pca(z)
    start = start / start[:, 0].std() * 1e-4
    points = TSNE(perplexity=perplexity, init=start, random_state=seed).fit_transform(z.astype(np.float32))
    if not np.isfinite(points).all():
        raise DataError("map: t-SNE found no layout for these points. Use method 'pca'.")
    return Map(np.asarray(points, np.float32), "tsne", engine, notes)
