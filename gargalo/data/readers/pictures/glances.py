"""What a picture is, at a glance: what its header says, and whether its pixels have colours."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from .images import Opened, Wanted, converted, has_no_colour, pages
from .memory import ALONE, needed_for

__all__ = ["Glance", "glance"]

SIDE = 256
"""Pixels of a side from which it is seen whether a picture has colours."""


class Glance(NamedTuple):
    """What a picture is, by its header: height and width once it is upright, and its pages, where it is a TIFF."""

    size: tuple[int, int]
    is_grey: bool
    depth: str
    pages: int


def glance(path: Path, look: bool) -> Glance:
    """Look up what a picture is, from its header.

    Parameters
    ----------
    path : Path
    look : bool
        Look at the pixels of a picture in colour as well, which may all be grey; else its mode alone says it.

    Returns
    -------
    Glance

    Raises
    ------
    UnreadableError
        With the reason, in a few words.
    """
    with ALONE, Opened(path) as image:
        w, h = image.size
        is_grey = image.mode in ("1", "L", "LA", "F") or image.mode.startswith("I")
        if not is_grey and look:
            small = (min(h, SIDE), min(w, SIDE), 3)
            is_grey = has_no_colour(converted(image, path, Wanted(small, "stretch"))[0])
        elif image.format == "PNG":  # its EXIF may stand behind the pixels, and these are decoded to find it
            ALONE.take(needed_for(image, SIDE)[0], path.stat().st_size)
        if image.getexif().get(0x0112, 1) > 4:
            w, h = h, w
        depth = "float" if image.mode == "F" else "16" if image.mode.startswith("I") else "8"
        return Glance((h, w), is_grey, depth, pages(image))
