"""The commands: one command = one call of the Python API. Heavy imports stand inside the commands."""

from __future__ import annotations

from . import looking, making, shelf, showing, using  # each puts its commands into the app, in this order
from .common import app, rank

__all__ = ["app", "looking", "making", "rank", "shelf", "showing", "using"]
