"""Probes: how much of the labels a simple method finds in latents."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator

import numpy as np

from .estimate import Estimate

__all__ = ["commonest_accuracy", "knn_accuracy", "linear_accuracy"]


def knn_accuracy(
    z_train: np.ndarray, y_train: np.ndarray, z_test: np.ndarray, y_test: np.ndarray, k: int = 10
) -> Estimate:
    """Share of test points whose label is the most frequent among their `k` nearest training points.

    Euclidean distance; of labels equally frequent, the smaller wins.

    Parameters
    ----------
    z_train, z_test : ndarray, (m, d) and (n, d)
    y_train, y_test : ndarray, (m,) and (n,), int
    k : int >= 1
        At most m are used.

    Returns
    -------
    Estimate
        The share, 0 to 1, and its interval, over the n test points.
    """
    from sklearn.neighbors import KNeighborsClassifier

    with _many_labels():
        probe = KNeighborsClassifier(min(k, len(z_train))).fit(z_train, y_train)
        return Estimate.of_share(probe.predict(z_test) == y_test)


def commonest_accuracy(y_train: np.ndarray, y_test: np.ndarray) -> Estimate:
    """Share of test examples whose label is the commonest of training: what a guess is worth that sees nothing.

    Parameters
    ----------
    y_train, y_test : ndarray, (m,) and (n,), int
        Of labels equally frequent, the smaller is the guess.

    Returns
    -------
    Estimate
        The share, 0 to 1, and its interval, over the n test examples.
    """
    return Estimate.of_share(y_test == np.bincount(y_train).argmax())


def linear_accuracy(z_train: np.ndarray, y_train: np.ndarray, z_test: np.ndarray, y_test: np.ndarray) -> Estimate:
    """Accuracy on test points of a logistic regression that is fitted to the standardised training points.

    Test points are scaled as the training points are. The penalty is scikit-learn's default, L2 with C = 1.

    Parameters
    ----------
    z_train, z_test : ndarray, (m, d) and (n, d)
    y_train, y_test : ndarray, (m,) and (n,), int
        Where all training points have one label, that is the answer.

    Returns
    -------
    Estimate
        The share, 0 to 1, and its interval, over the n test points.
    """
    if len(values := np.unique(y_train)) == 1:
        # Nothing to separate: the only label seen is the only answer.
        return Estimate.of_share(y_test == values[0])
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    # A loose tolerance: the third decimal of an accuracy does not need the last digit of a weight.
    probe = make_pipeline(StandardScaler(), LogisticRegression(tol=1e-3, max_iter=1000))
    with _many_labels():
        return Estimate.of_share(probe.fit(z_train, y_train).predict(z_test) == y_test)


@contextlib.contextmanager
def _many_labels() -> Iterator[None]:
    """Not to be told by scikit-learn that labels are many for so few examples: what is told of data says so."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        yield
