"""What is known of data without the data: their kind, shape, range, names, splits, and where they came from."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..io.registry import Registry
from .columns import Column
from .conditions import Condition
from .reading import Reading

if TYPE_CHECKING:
    from ..core import Codec

MOST_NUMBERS = 2**30
"""Numbers in one example."""

__all__ = ["MODALITIES", "DataSpec", "Modality", "Origin"]


class Origin(BaseModel):
    """The arguments of `load_data` that give the same data again, from any working folder.

    Attributes
    ----------
    src : str or None
        A name such as "mnist-10k", or an absolute path; None for what was in a program's memory.
    data_dir : str or None
        The folder of the files of a named data set.
    split_seed : int
        Seed of the split of data that come without one.
    reading : Reading
        How the files became examples.
    separator : str or None
        What stands between the cells of a CSV file, whoever said so; None for what is none.
    begins_with_mark : bool
        Does a CSV file begin with the byte-order mark of UTF-8, by which spreadsheets know that it is UTF-8?
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    src: str | None = None
    data_dir: str | None = None
    split_seed: Annotated[int, Field(ge=0)] = 0
    reading: Reading = Reading()
    separator: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    begins_with_mark: bool = False


class DataSpec(BaseModel):
    """What a recipe remembers of its data: enough to build a model for them and to check other data against.

    Attributes
    ----------
    name : str
        What people call the data.
    kind : str
        A name in `gargalo.data.modalities.MODALITIES`: "image", "volume", "table", "vector", "series" or "counts".
    raw_shape : tuple of int
        The shape of one example as it was read: (h, w), (h, w, c), (d, h, w), (d, h, w, c) or (p,).
    dtype : str
        NumPy's name of the type of its numbers; bytes stay bytes.
    class_names : tuple of str or None
        The names of the labels, where there are labels.
    counts : dict
        How many examples each split has: "train", "validation" and "test".
    fingerprint : str
        sha256 of arrays, labels, split and clean partners.
    columns : tuple of Column or None
        What each number of a row is, where the data are a table or a series.
    missing : bool
        May numbers be missing, to be left out of the loss?
    span : (float, float) or None
        The least and the greatest number, where the data are no bytes.
    paired : bool
        Has each example a clean partner, which a model is asked for?
    conditions : tuple of Condition
        What a conditional model is told of each example, where that is not the label.
    ranges : tuple of c (float, float), or None
        The same for each channel of pictures that are neither bytes nor floats in [0, 1]: these are scaled by what
        training sees. (0, 1) for bytes that are only 0 and 1.
    shown : str or None
        sha256 of the pictures that stand for examples, where they do.
    origin : Origin or None
        None for arrays that a program made.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str
    kind: str
    raw_shape: Annotated[tuple[Annotated[int, Field(ge=1, le=2**24)], ...], Field(min_length=1, max_length=4)]
    dtype: Literal["uint8", "uint16", "int16", "float32"]
    class_names: tuple[str, ...] | None = None
    counts: dict[Literal["train", "validation", "test"], Annotated[int, Field(ge=0, lt=2**53)]]
    fingerprint: str
    columns: tuple[Column, ...] | None = None
    missing: bool = False
    span: tuple[float, float] | None = None
    paired: bool = False
    conditions: tuple[Condition, ...] = ()
    ranges: tuple[tuple[float, float], ...] | None = None
    shown: str | None = None
    origin: Origin | None = None

    @model_validator(mode="after")
    def _check(self) -> DataSpec:
        lacking = {"train", "validation", "test"} - self.counts.keys()
        if lacking:
            raise ValueError(f"expected a count of each split. Found none of {min(lacking)}")
        if math.prod(self.raw_shape) > MOST_NUMBERS:
            raise ValueError(f"expected at most {MOST_NUMBERS} numbers in one example. Found {self.raw_shape}")
        if self.kind in MODALITIES and not self.modality.fits(self.raw_shape):
            raise ValueError(f"expected a shape of data of kind {self.kind}. Found {self.raw_shape}")
        if self.columns is not None and self.raw_shape != (len(self.columns),):
            raise ValueError(f"expected a column for each number. Found {len(self.columns)}")
        window = self.origin.reading.window if self.origin else None
        if self.kind == "series" and self.columns is not None and len(self.columns) % (window or 1):
            raise ValueError(f"expected windows of {window} rows. Found {len(self.columns)} numbers in one")
        if any(low > high for low, high in (*(self.ranges or ()), *([self.span] if self.span else []))):
            raise ValueError("expected ranges from a least to a greatest number")
        if self.ranges is not None and len(self.ranges) not in (1, self.raw_shape[-1]):
            raise ValueError(f"expected a range for each channel. Found {len(self.ranges)}")
        return self

    def without_places(self, names: Collection[str]) -> DataSpec:
        """Leave out every path that says where data lie; how they are read stays.

        Parameters
        ----------
        names : collection of str
            Data sets that are asked for by name, which is no path.

        Returns
        -------
        DataSpec
        """
        if self.origin is None:
            return self
        is_named = self.origin.src in names
        reading = self.origin.reading.with_paths(self.columns is not None, lambda path: None)
        origin = Origin(src=self.origin.src if is_named else None, split_seed=self.origin.split_seed, reading=reading)
        return self.model_copy(update={"origin": origin})

    @property
    def src(self) -> str | None:
        """The name or path that the data came from; None for what was in a program's memory."""
        return self.origin.src if self.origin else None

    @property
    def modality(self) -> Modality:
        """What this kind of data implies."""
        return MODALITIES.get_or_raise(self.kind)

    @property
    def size(self) -> int:
        """Numbers in one example."""
        return math.prod(self.raw_shape)

    @property
    def classes(self) -> int:
        """How many labels there are; 0 without labels."""
        return len(self.class_names or ())

    @property
    def told(self) -> tuple[Condition, ...]:
        """What a conditional model is told: `conditions`, or where there are none the label, by its column's name."""
        if self.conditions or not self.class_names:
            return self.conditions
        column = self.origin.reading.label if self.columns and self.origin else None
        return (Condition(name=column or "label", categories=self.class_names),)

    @property
    def told_size(self) -> int:
        """How many numbers that is."""
        return sum(one.size for one in self.told)


class Modality:
    """One kind of data. An object of a subclass stands in `MODALITIES` under the kind's name.

    Attributes
    ----------
    bounded : bool
        Do the numbers that a network sees lie in [0, 1]? Then a decoder ends in a sigmoid, noise is cut off at 0 and
        1, and salt and pepper are these two; else numbers are standardised and noise is in standard deviations.
    counted : bool
        Are the numbers counts, whole and at least 0, of which a network sees log(1 + count)?
    axes : int
        How many axes in space an example has, which come first in its shape: 2 in pictures, 3 in volumes, 0 in
        rows of numbers.
    drawn_as : "pixels", "bars" or "lines"
        How one example is drawn: lines are channels over time.
    samples_are : "means" or "draws"
        What a sample is unless somebody says so: the mean of p(x | z), for what people look at, whose values a
        likelihood takes to be independent of each other; or a draw from it, for rows that are to be spread as data are.
    """

    bounded: bool = False
    counted: bool = False
    axes: int = 0
    drawn_as: Literal["pixels", "bars", "lines"] = "bars"
    samples_are: Literal["means", "draws"] = "means"

    def codec(self, spec: DataSpec) -> Codec:
        """Make the codec between raw examples and model space.

        Parameters
        ----------
        spec : DataSpec

        Returns
        -------
        Codec
            Its scales are not set yet: it is fitted before training, or loaded.

        Raises
        ------
        TypeError
            Where a subclass does not define it.
        """
        raise TypeError(f"{type(self).__name__} must define codec(spec)")

    def networks(self, spec: DataSpec) -> Sequence[str]:
        """Tell which networks can see this kind of data, the one that suits best first.

        Parameters
        ----------
        spec : DataSpec

        Returns
        -------
        sequence of str
            Of "mlp" and "conv".
        """
        return ("mlp",)

    def why_network(self, spec: DataSpec) -> str:
        """Tell why the first of `networks` suits best.

        Parameters
        ----------
        spec : DataSpec

        Returns
        -------
        str
            A few words to follow "for", such as "large images".
        """
        return "rows of numbers"

    def likelihood(self, spec: DataSpec) -> str:
        """Name the likelihood that suits.

        Parameters
        ----------
        spec : DataSpec

        Returns
        -------
        str
            "bernoulli", "gaussian", "mixed", "poisson", "negative-binomial", "clipped" or "mse". A model that does not
            allow it takes the first of its own.
        """
        return "gaussian"

    def names(self, spec: DataSpec) -> Sequence[str]:
        """Name what is drawn of an example.

        Parameters
        ----------
        spec : DataSpec

        Returns
        -------
        sequence of str
            Of bars, each; of lines, each channel, however long its window is. None where nothing has a name.
        """
        return ()

    def fits(self, raw_shape: tuple[int, ...]) -> bool:
        """Can one example have this shape?"""
        return len(raw_shape) == 1


MODALITIES: Registry[Modality] = Registry(
    "kind",
    "gargalo.modalities",
    __name__.rpartition(".")[0],
    {
        "image": "modalities:IMAGES",
        "volume": "modalities:VOLUMES",
        "table": "modalities:TABLES",
        "vector": "modalities:VECTORS",
        "series": "modalities:SERIES",
        "counts": "modalities:COUNTS",
    },
    ("an object of a subclass of Modality", lambda entry: isinstance(entry, Modality)),
)
