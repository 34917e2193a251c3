"""The story, section by section. A new section is a file in `sections/` and a line below.

The figures shown are the figures measured in these runs, whoever wins.
"""

from __future__ import annotations

from collections.abc import Callable

from ..lang import Words
from .roles import Roles
from .section import Section
from .sections.bottleneck import bottleneck
from .sections.columns import columns
from .sections.cures import cures
from .sections.denoise import denoise
from .sections.fail import fail
from .sections.fidelity import fidelity
from .sections.onward import onward
from .sections.plane import plane
from .sections.reconstruct import reconstruct
from .sections.see import see
from .sections.walk import walk

__all__ = ["STORY"]

STORY: tuple[Callable[[Roles, Words], Section | None], ...] = (
    bottleneck,
    reconstruct,
    columns,
    see,
    walk,
    fail,
    cures,
    fidelity,
    plane,
    denoise,
    onward,
)
