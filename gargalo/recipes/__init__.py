"""Recipes: every choice of a run as pure data, the defaults behind it, and what is built from it."""

from __future__ import annotations

from .build import build, try_on
from .choices import CHOICES, from_json, make, with_choices
from .compare import differences, flat, must_agree
from .custom import CUSTOM, NO_CUSTOM, Custom, custom_of, model_class, model_name
from .defaults import PRESETS, repeats
from .recipe import FORMAT, Recipe, upgraded, versions
from .start import can_be_pca

__all__ = [
    "CHOICES",
    "CUSTOM",
    "FORMAT",
    "NO_CUSTOM",
    "PRESETS",
    "Custom",
    "Recipe",
    "build",
    "can_be_pca",
    "custom_of",
    "differences",
    "flat",
    "from_json",
    "make",
    "model_class",
    "model_name",
    "must_agree",
    "repeats",
    "try_on",
    "upgraded",
    "versions",
    "with_choices",
]
