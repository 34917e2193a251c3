"""Pictures going out: as bytes, side by side on one grid, as PNG."""

from __future__ import annotations

import io

import numpy as np

__all__ = ["GAP", "as_bytes", "image_grid", "png", "sheet"]


def as_bytes(images: np.ndarray) -> np.ndarray:
    """Images as uint8.

    Parameters
    ----------
    images : ndarray, (n, h, w) or (n, h, w, c)
        uint8, or floats in [0, 1]; what is outside is clipped.

    Returns
    -------
    ndarray, uint8
        0 to 255, of the same shape; (n, h, w), the first channel alone, unless c is 3 or 4.
    """
    if images.dtype != np.uint8:
        images = (np.clip(images, 0, 1) * 255).round().astype(np.uint8)
    return images[..., 0] if images.ndim == 4 and images.shape[3] not in (3, 4) else images


LEAST_SIDE, GAP = 64, 2
"""Pixels that a picture on a sheet for people is wide and high at least, and white ones between two."""


def sheet(images: np.ndarray, columns: int) -> np.ndarray:
    """Put images (n, h, w[, c]) on white, row by row, with a gap between two, each large enough to be seen.

    Parameters
    ----------
    images : ndarray, (n, h, w) or (n, h, w, c), uint8
        Small ones are enlarged by a whole number, so that their pixels stay squares.
    columns : int >= 1

    Returns
    -------
    ndarray, (h, w) or (h, w, c), uint8
    """
    h, w = images.shape[1:3]
    times = -(-LEAST_SIDE // max(h, w))
    large = images.repeat(times, axis=1).repeat(times, axis=2)
    rest = -len(large) % columns
    edges = ((0, rest), (0, GAP), (0, GAP), *((0, 0),) * (large.ndim - 3))
    return image_grid(np.pad(large, edges, constant_values=255), columns)[:-GAP, :-GAP]


def image_grid(images: np.ndarray, columns: int) -> np.ndarray:
    """Put images (n, h, w[, c]) edge to edge, row by row, `columns` in a row.

    Parameters
    ----------
    images : ndarray, (n, h, w) or (n, h, w, c)
    columns : int >= 1

    Returns
    -------
    ndarray, (rows h, columns w) or (rows h, columns w, c)
        Of the same dtype; zeros fill the last row up.
    """
    n, h, w = images.shape[:3]
    rows = -(-n // columns)
    cells = np.zeros((rows * columns, *images.shape[1:]), images.dtype)
    cells[:n] = images
    grid = cells.reshape(rows, columns, h, w, *images.shape[3:]).swapaxes(1, 2)
    return grid.reshape(rows * h, columns * w, *images.shape[3:])


def png(pixels: np.ndarray) -> bytes:
    """Write an image as a PNG file, in memory.

    Parameters
    ----------
    pixels : ndarray, (h, w), (h, w, 3) or (h, w, 4), uint8
        Grey, RGB or RGBA.

    Returns
    -------
    bytes
        What the file holds.
    """
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", optimize=True)
    return out.getvalue()
