"""An `Estimate`: a figure with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["Estimate"]

Z95 = 1.959963984540054
"""Standard errors on either side of a mean that hold it in 95 of 100 cases."""


class Estimate(float):
    """A figure that was measured on `n` examples, and the interval that holds the true one in 95 of 100 cases.

    It is the number itself, so that it is compared, formatted and stored like one.

    Parameters
    ----------
    value : float
        The figure.
    low, high : float or None
        The ends of its 95 % interval; None where it was not measured.
    n : int or None
        Examples that it was measured on.
    """

    low: float | None
    high: float | None
    n: int | None

    def __new__(
        cls, value: float, low: float | None = None, high: float | None = None, n: int | None = None
    ) -> Estimate:
        self = super().__new__(cls, value)
        self.low, self.high, self.n = low, high, n
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (float(self), self.low, self.high, self.n)

    @property
    def value(self) -> float:
        """The figure as a plain number."""
        return float(self)

    def as_json(self) -> dict[str, float | None]:
        """The figure, its interval and n by their names, with None for what is not finite, which JSON does not have."""
        found = {"value": float(self), "low": self.low, "high": self.high, "n": self.n}
        return {name: number if number is None or math.isfinite(number) else None for name, number in found.items()}

    @classmethod
    def of_mean(cls, values: np.ndarray) -> Estimate:
        """Estimate a mean, with an interval by the normal approximation.

        Parameters
        ----------
        values : ndarray, (n,)
            One for each example, at least one, in any unit.

        Returns
        -------
        Estimate
            In the unit of the values; without an interval for one example.
        """
        values = np.asarray(values, np.float64)
        n, mean = len(values), float(values.mean())
        if n < 2:
            return cls(mean, n=n)
        away = Z95 * float(values.std(ddof=1)) / math.sqrt(n)
        # A mean of what is never below 0 is not either.
        low = mean - away if values.min() < 0 else max(0.0, mean - away)
        return cls(mean, low, mean + away, n)

    @classmethod
    def of_ratio(cls, numerators: np.ndarray, denominators: np.ndarray) -> Estimate:
        """Estimate sum(numerators) / sum(denominators), with an interval by linearisation (the delta method).

        Parameters
        ----------
        numerators : ndarray, (n,)
            One for each example, at least one.
        denominators : ndarray, (n,)
            One for each example, with a positive sum.

        Returns
        -------
        Estimate
            In the unit of a numerator over a denominator; without an interval for one example.
        """
        a, b = np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)
        ratio, n = float(a.sum() / b.sum()), len(a)
        if n < 2:
            return cls(ratio, n=n)
        away = Z95 * float((a - ratio * b).std(ddof=1)) / float(b.mean()) / math.sqrt(n)
        return cls(ratio, ratio - away, ratio + away, n)

    @classmethod
    def of_share(cls, hits: np.ndarray) -> Estimate:
        """Estimate the share of examples that are hits, with Wilson's interval (JASA 22, 1927).

        Parameters
        ----------
        hits : ndarray, (n,), bool
            One for each example, at least one.

        Returns
        -------
        Estimate
            A share, 0 to 1, as are the ends of its interval.
        """
        n, p = len(hits), float(np.mean(hits))
        centre = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
        away = Z95 / (1 + Z95**2 / n) * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2))
        # Rounding would leave a share of 1 (or 0) just outside its own interval.
        return cls(p, min(p, max(0.0, centre - away)), max(p, min(1.0, centre + away)), n)

    @classmethod
    def of_repeats(cls, shares: Sequence[Estimate]) -> Estimate:
        """Average shares that were measured again with other draws, on the same examples.

        The interval is as wide as that of one of them: the examples are the same each time, and draws are no new ones.

        Parameters
        ----------
        shares : sequence of Estimate
            One for each draw, at least one, each 0 to 1.

        Returns
        -------
        Estimate
            The mean share, 0 to 1; each end of its interval is the mean of theirs, or None where one of theirs is.
        """
        mean = float(np.mean(shares))
        low, high = (
            None if any(end is None for end in ends) else float(np.mean(ends))  # type: ignore[arg-type]
            for ends in ([s.low for s in shares], [s.high for s in shares])
        )
        return cls(mean, low, high, shares[0].n)
