"""The latent space as arrays (n, d): walking in it, and where to draw from."""

from __future__ import annotations

from .priors import Mixture, Normal, fit_mixture
from .walk import blend, directions, path, traverse

__all__ = ["Mixture", "Normal", "blend", "directions", "fit_mixture", "path", "traverse"]
