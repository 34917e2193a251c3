"""Priors: where in the latent space to draw. A new one is a file here and a line below.

It then stands by its name in `gargalo sample --prior`, is fitted and measured with every run, and appears in the
report and the explorer.
"""

from __future__ import annotations

from ...io.registry import Registry, subclass_of
from .prior import Prior

__all__ = ["PRIORS", "Prior"]

PRIORS: Registry[type[Prior]] = Registry(
    "prior", "gargalo.priors", __name__, {"normal": "normal:Normal", "gmm": "mixture:Mixture"}, subclass_of(Prior)
)
