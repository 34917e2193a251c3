"""Probes: how much of the labels a simple method finds in latents."""

from __future__ import annotations

import numpy as np

__all__ = ["knn_accuracy", "linear_accuracy"]


def knn_accuracy(
    train: np.ndarray, train_y: np.ndarray, test: np.ndarray, test_y: np.ndarray, k: int = 10
) -> float:
    """Share of test points (n, d) whose label is the majority's among their `k` nearest training points, 0 to 1.

    Euclidean distance; of labels equally frequent, the smaller wins. At most as many neighbours as there are.
    """
    from sklearn.neighbors import KNeighborsClassifier

    return float(KNeighborsClassifier(min(k, len(train))).fit(train, train_y).score(test, test_y))


def linear_accuracy(train: np.ndarray, train_y: np.ndarray, test: np.ndarray, test_y: np.ndarray) -> float:
    """Accuracy on test points (n, d) of a logistic regression on the standardised training points, 0 to 1."""
    if len(values := np.unique(train_y)) == 1:
        # Nothing to separate: the only label seen is the only answer.
        return float(np.mean(test_y == values[0]))
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    # A loose tolerance: the third decimal of an accuracy does not need the last digit of a weight.
    probe = make_pipeline(StandardScaler(), LogisticRegression(tol=1e-3, max_iter=1000))
    return float(probe.fit(train, train_y).score(test, test_y))
