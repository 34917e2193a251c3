"""The latent space as arrays (n, d): walks in it, priors to draw from, projections to a plane, and who is near."""

from __future__ import annotations

from .axes import principal_axes
from .components import principal_components
from .neighbours import Neighbours
from .priors import PRIORS, Prior
from .projections import PROJECTIONS, Map, Projection
from .projections.project import make as make_projection
from .projections.project import project
from .walks import blend, path, traverse

__all__ = [
    "PRIORS",
    "PROJECTIONS",
    "Map",
    "Neighbours",
    "Prior",
    "Projection",
    "blend",
    "make_projection",
    "path",
    "principal_axes",
    "principal_components",
    "project",
    "traverse",
]
