"""What each kind of data implies: how it becomes numbers for a network, what suits it, and how people see it.

A kind is said once, by whoever reads the data (`DataSpec.kind`), and nobody else guesses it from the shape of an
array. A new kind is one entry here, or in a program of one's own:

>>> from gargalo.data.modalities import MODALITIES, Vectors
>>> MODALITIES["vector"] is not None
True
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from ..io.registry import Registry

if TYPE_CHECKING:
    from ..core import Codec
    from .spec import DataSpec

__all__ = ["MODALITIES", "Images", "Modality", "Series", "Tables", "Vectors"]

SMALL = 32 * 32
"""Pixels of a grey image up to which a multilayer perceptron is quicker and nearly as good."""


class Modality:
    """One kind of data. An object of a subclass stands in `MODALITIES` under the kind's name.

    Attributes
    ----------
    bounded : bool
        Do the numbers that a network sees lie in [0, 1]? Then a decoder ends in a sigmoid, noise is cut off at 0 and
        1, and salt and pepper are these two; else numbers are standardised and noise is in standard deviations.
    drawn_as : "pixels" or "bars"
        How one example is drawn.
    """

    bounded: bool = False
    drawn_as: Literal["pixels", "bars"] = "bars"

    def codec(self, spec: DataSpec) -> Codec:
        """The codec between raw examples and model space; it is fitted before training, or loaded."""
        raise TypeError(f"{type(self).__name__} must define codec(spec)")

    def networks(self, spec: DataSpec) -> Sequence[str]:
        """The networks that can see this kind of data, the one that suits best first."""
        return ("mlp",)

    def why_network(self, spec: DataSpec) -> str:
        """Why the first of `networks` suits best."""
        return "rows of numbers"

    def likelihood(self, spec: DataSpec) -> str:
        """The name of the likelihood that suits."""
        return "gaussian"

    def fits(self, raw_shape: tuple[int, ...]) -> bool:
        """Can one example have this shape?"""
        return len(raw_shape) == 1


class Images(Modality):
    """Pictures (h, w) or (h, w, c), uint8 or floats in [0, 1]."""

    bounded = True
    drawn_as = "pixels"

    def codec(self, spec: DataSpec) -> Codec:
        from .codec import ImageCodec

        return ImageCodec(spec.raw_shape, spec.dtype == "uint8")

    def networks(self, spec: DataSpec) -> Sequence[str]:
        h, w, *channels = spec.raw_shape
        is_small = channels in ([], [1]) and h * w <= SMALL
        return ("mlp", "conv") if is_small else ("conv", "mlp")

    def why_network(self, spec: DataSpec) -> str:
        if self.networks(spec)[0] == "mlp":
            return "small grey images"
        return "colour images" if spec.raw_shape[2:] not in ((), (1,)) else "large images"

    def likelihood(self, spec: DataSpec) -> str:
        return "bernoulli"

    def fits(self, raw_shape: tuple[int, ...]) -> bool:
        return len(raw_shape) == 2 or (len(raw_shape) == 3 and raw_shape[2] in (1, 3, 4))


class Vectors(Modality):
    """Rows of numbers without names, standardised."""

    def codec(self, spec: DataSpec) -> Codec:
        from .codec import NumberCodec

        return NumberCodec(spec.raw_shape)


class Tables(Modality):
    """Rows of which every column is known: numbers, and categories as one-hot blocks; values may be missing."""

    def codec(self, spec: DataSpec) -> Codec:
        from .codec import NumberCodec, TableCodec

        if spec.columns and (spec.missing or has_categories(spec)):
            return TableCodec(spec.columns)
        return NumberCodec(spec.raw_shape)

    def likelihood(self, spec: DataSpec) -> str:
        return "mixed" if has_categories(spec) else "gaussian"


class Series(Tables):
    """Windows of a log: so many rows of a table in the order of time, one after the other, as one example."""


MODALITIES: Registry[Modality] = Registry(
    "kind",
    "gargalo.modalities",
    __name__.rpartition(".")[0],
    {
        "image": "modalities:IMAGES",
        "table": "modalities:TABLES",
        "vector": "modalities:VECTORS",
        "series": "modalities:SERIES",
    },
)
IMAGES, TABLES, VECTORS, SERIES = Images(), Tables(), Vectors(), Series()


def has_categories(spec: DataSpec) -> bool:
    """Does the table have a column of names?"""
    return any(column.kind == "category" for column in spec.columns or ())
