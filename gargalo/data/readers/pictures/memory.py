"""What it takes to decode a picture: known from its header, held under a budget, and made less where that is possible.

A file of some hundred kilobytes may hold 100 million pixels, and what decodes pictures does so in several processes.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import IO

from PIL import Image

try:
    import fcntl
except ImportError:  # Windows, where nobody waits for anybody
    fcntl = None

__all__ = ["ALONE", "BUDGET", "Memory", "UnreadableError", "needed_for", "reduced"]

BUDGET = 2**29
"""Bytes that all who decode may take together; the file of a picture that takes more is at least an eighth of that."""
LARGE = 2**22
"""Pixels from which a picture is made smaller, a strip at a time, before anything else is done to it."""
STRIP = 2**18
"""Pixels of such a strip, or a row more."""
COPIES = 12
"""Bytes of a pixel in the pictures that are made of a decoded one until it has its shape: three, of four bytes each."""


class UnreadableError(Exception):
    """Why a picture cannot be used."""


class Memory:
    """What all who decode may take together: who needs little decodes beside others, and who needs much alone.

    Parameters
    ----------
    workers : int
        How many processes decode.
    file : file or None
        One that each of them has opened for itself, to wait by; None for one that is alone.
    """

    def __init__(self, workers: int = 1, file: IO[bytes] | None = None):
        self.share, self.file = BUDGET // workers, file if workers > 1 else None
        self.took = 0

    def __enter__(self) -> None:
        """What is taken within the block is free after it."""

    def __exit__(self, *error: object) -> None:
        if self.took > LARGE:
            _give_back()
        self.took = 0
        if self.file is not None and fcntl is not None:
            fcntl.flock(self.file, fcntl.LOCK_UN)

    def take(self, needed: int, size: int) -> None:
        """Wait until there is room for what decoding a file takes.

        Parameters
        ----------
        needed : int
            Bytes that it takes.
        size : int
            Bytes of the file.

        Raises
        ------
        UnreadableError
            For more than all may take.
        """
        if needed > (most := max(BUDGET, 8 * size)):
            mega = 10**6
            raise UnreadableError(f"decoding takes {-(-needed // mega)} MB of memory, more than {most // mega}")
        if self.file is not None and fcntl is not None:
            fcntl.flock(self.file, fcntl.LOCK_EX if needed > self.share else fcntl.LOCK_SH)
        self.took = max(self.took, needed)


def _give_back() -> None:
    """Give free memory back to the machine, which glibc keeps: eight processes that wait kept 200 MB each."""
    import ctypes

    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


ALONE = Memory()


def needed_for(image: Image.Image, side: int) -> tuple[int, int]:
    """Find what it takes to decode a picture that becomes small. A JPEG is drafted, to no less than twice that.

    Parameters
    ----------
    image : Image
        Opened, and not decoded yet.
    side : int
        Pixels of its longer side, when it is small.

    Returns
    -------
    int
        Bytes: of the picture, of what its decoder keeps, and of what is made of it.
    int
        How many times smaller each way it can be made while it is changed; see `reduced`.
    """
    kept = _coefficients(image)
    image.draft(None, (2 * side, 2 * side))
    pixels = math.prod(image.size)
    times = max(1, min(image.size) // (2 * side)) if pixels > LARGE else 1
    return kept + _decoded(image) + COPIES * pixels // times**2, times


def _coefficients(image: Image.Image) -> int:
    """Bytes of the coefficients of a JPEG that comes in several scans: all are kept, at full size, until the last."""
    if image.format != "JPEG":
        return 0
    layers, file = image.layer, image.fp  # type: ignore[attr-defined]
    # Pillow has read as far as the end of the first scan's header, which is so long where that scan has all channels.
    file.seek(-8 - 2 * len(layers), 1)
    has_all = file.read(2) == b"\xff\xda"
    file.seek(6 + 2 * len(layers), 1)
    if has_all and "progressive" not in image.info:
        return 0
    samples = [across * down for _, across, down, _ in layers]
    return 2 * math.prod(image.size) * sum(samples) // max(1, *samples)


def _decoded(image: Image.Image) -> int:
    """Bytes of a picture in memory, and of what its decoder keeps beside it: measured with Pillow 13, by format."""
    each = 1 if image.mode in ("1", "L", "P") else 2 if image.mode.startswith("I;16") else 4
    beside = {"WEBP": 12, "TIFF": each, "BMP": 2, "PPM": 2 * each}
    return math.prod(image.size) * (each + beside.get(image.format or "", 0))


def reduced(image: Image.Image, times: int, change: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """A picture as `change` makes it, so many times smaller each way.

    Parameters
    ----------
    image : Image
    times : int
        Below 2 it stays as large as it is. Else it is changed and made smaller a strip at a time.
    change : function
        What does not depend on neighbouring pixels.

    Returns
    -------
    Image
    """
    if times < 2:
        return change(image)
    (w, h), rows = image.size, times * max(1, STRIP // (times * image.size[0]))
    strips = [change(image.crop((0, y, w, min(y + rows, h)))).reduce(times) for y in range(0, h, rows)]
    whole = Image.new(strips[0].mode, (strips[0].width, sum(strip.height for strip in strips)))
    for i, strip in enumerate(strips):
        whole.paste(strip, (0, i * (rows // times)))
    return whole
