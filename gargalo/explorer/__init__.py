"""The explorer: runs as a folder of plain files, in which the model runs in the visitor's browser."""

from __future__ import annotations

from .publishing import Choices, Published, check_site, publish
from .serving import is_site, serve, served

__all__ = ["Choices", "Published", "check_site", "is_site", "publish", "serve", "served"]
