"""Projections: points in many dimensions -> points in two, to look at. A new one is a file here and a line below.

It then stands by its name in `gargalo map --method`, in the report and in the explorer.
"""

from __future__ import annotations

import dataclasses

from ...io.registry import Registry, subclass_of
from .projection import Map, Projection

__all__ = ["PROJECTIONS", "Map", "Projection"]

PROJECTIONS: Registry[type[Projection]] = Registry(
    "method",
    "gargalo.projections",
    __name__,
    {"tsne": "tsne:TSNE", "pca": "pca:PCA"},
    subclass_of(Projection, ", a dataclass", dataclasses.is_dataclass),
)
