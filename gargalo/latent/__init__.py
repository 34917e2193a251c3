"""The latent space as arrays (n, d): walking in it, where to draw from, and who is near."""

from __future__ import annotations

from .place import Neighbours
from .priors import Mixture, Normal, fit_mixture
from .walk import blend, directions, path, traverse

__all__ = ["Mixture", "Neighbours", "Normal", "blend", "directions", "fit_mixture", "path", "traverse"]
