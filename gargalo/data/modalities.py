"""What each kind of data implies: how it becomes numbers for a network, what suits it, and how people see it.

A kind is said once, by whoever reads the data (`DataSpec.kind`), and nobody else guesses it from the shape of an
array. A new kind is an object here and a line of `MODALITIES` in `spec.py`, or registered there by a program:

>>> from gargalo.data.modalities import MODALITIES
>>> list(MODALITIES)
['image', 'volume', 'table', 'vector', 'series', 'counts']
"""

from __future__ import annotations

from collections.abc import Sequence

from ..core import Codec
from .columns import base
from .spec import MODALITIES, DataSpec, Modality

__all__ = ["MODALITIES", "Counts", "Images", "Modality", "Series", "Tables", "Vectors", "Volumes"]

SMALL = 32 * 32
"""Values of a grey image or volume up to which a multilayer perceptron is quicker and nearly as good."""


class Images(Modality):
    """Pictures (h, w) or (h, w, c): bytes, floats in [0, 1], or other numbers, which are scaled to that."""

    bounded = True
    axes = 2
    drawn_as = "pixels"

    def codec(self, spec: DataSpec) -> Codec:
        from .codec import ImageCodec

        return ImageCodec(spec.raw_shape, spec.dtype, is_scaled=spec.ranges is not None, axes=self.axes)

    def networks(self, spec: DataSpec) -> Sequence[str]:
        is_grey = spec.raw_shape[self.axes :] in ((), (1,))
        return ("mlp", "conv") if is_grey and spec.size <= SMALL else ("conv", "mlp")

    def why_network(self, spec: DataSpec) -> str:
        if self.networks(spec)[0] == "mlp":
            return "small grey images"
        channels = spec.raw_shape[self.axes :]
        return (
            "large images"
            if channels in ((), (1,))
            else "colour images"
            if channels in ((3,), (4,))
            else "several channels"
        )

    def likelihood(self, spec: DataSpec) -> str:
        return "bernoulli"

    def fits(self, raw_shape: tuple[int, ...]) -> bool:
        return len(raw_shape) in (self.axes, self.axes + 1)


class Volumes(Images):
    """Stacks of pictures (d, h, w) or (d, h, w, c), of which people see the middle one."""

    axes = 3

    def why_network(self, spec: DataSpec) -> str:
        return "small grey volumes" if self.networks(spec)[0] == "mlp" else "volumes"


class Vectors(Modality):
    """Rows of numbers without names, standardised."""

    samples_are = "draws"

    def codec(self, spec: DataSpec) -> Codec:
        from .codec import NumberCodec

        return NumberCodec(spec.raw_shape)


class Tables(Modality):
    """Rows of which every column is known: numbers, and categories as one-hot blocks; values may be missing."""

    samples_are = "draws"

    def codec(self, spec: DataSpec) -> Codec:
        from .codec import NumberCodec, TableCodec

        if spec.columns and (spec.missing or has_categories(spec)):
            return TableCodec(spec.columns)
        return NumberCodec(spec.raw_shape)

    def names(self, spec: DataSpec) -> Sequence[str]:
        # As in model space: a bar for each number, and then one for each name of each category; of many names, one.
        columns = spec.columns or ()
        names = [column.name for column in columns if column.kind == "number"]
        for column in columns:
            many = len(column.categories) > MOST_BARS
            names += [column.name] if many else [f"{column.name}={name}" for name in column.categories]
        return names

    def likelihood(self, spec: DataSpec) -> str:
        return "mixed" if has_categories(spec) else "gaussian"


class Series(Tables):
    """Windows of a log: so many rows of a table in the order of time, one after the other, as one example."""

    drawn_as = "lines"
    samples_are = "means"

    def names(self, spec: DataSpec) -> Sequence[str]:
        # Windows that came as rows of an array are one channel, without a name.
        window = spec.origin.reading.window if spec.origin else None
        return [column.name for column in base(spec.columns, window)] if spec.columns and window else [""]


class Counts(Modality):
    """Rows that say how many times each of p things was seen: molecules of genes, words, clicks."""

    counted = True
    samples_are = "draws"

    def codec(self, spec: DataSpec) -> Codec:
        from .codec import CountCodec

        return CountCodec(spec.raw_shape, spec.missing)

    def likelihood(self, spec: DataSpec) -> str:
        return "negative-binomial"


MOST_BARS = 12
"""Names of a category that have a bar each; of one with more, nobody could tell the bars apart."""

IMAGES, VOLUMES, TABLES = Images(), Volumes(), Tables()
VECTORS, SERIES, COUNTS = Vectors(), Series(), Counts()


def has_categories(spec: DataSpec) -> bool:
    """Does the table have a column of names?"""
    return any(column.kind == "category" for column in spec.columns or ())
