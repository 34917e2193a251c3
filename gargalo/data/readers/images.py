"""One picture file -> pixels, by rules that are written down; and the same for many, as a program of its own.

=============  ==================================================================================
the file has   what is done
=============  ==================================================================================
EXIF turns     it is turned upright
16 bits        each value / 257, rounded
a palette      its colours
transparency   laid on white
CMYK           converted to RGB
several frames the first one
another size   `fit`: "crop" scales to cover and cuts the middle out, "pad" scales to fit in and fills with black,
               "stretch" lets proportions go; always with antialiasing
=============  ==================================================================================

Formats: PNG, JPEG, GIF, BMP and WebP under any of their names; TIFF and PPM under their own; nothing else, and
never EPS, which would have to be run.

Run as a program, this file decodes for another process: it is told on stdin where the files are and where the
pixels belong, then one range of files a line, and answers each with a line on stdout. It imports nothing of the
house, and NumPy only where it must, so that it starts in a twentieth of a second; and it needs no
`if __name__ == "__main__"` in anybody's script.
"""

from __future__ import annotations

import json
import math
import mmap
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

__all__ = ["SUFFIXES", "UnreadableError", "decode", "decode_range", "glance"]

ANY_NAME = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
OWN_NAME = {".tif": "TIFF", ".tiff": "TIFF", ".ppm": "PPM", ".pgm": "PPM", ".pbm": "PPM"}
SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", *OWN_NAME)
MOST_PIXELS = 100_000_000
"""A header that announces more is not believed, and nothing is decoded."""
NAMES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".gif": "GIF", ".bmp": "BMP", ".webp": "WEBP", **OWN_NAME}


class UnreadableError(Exception):
    """Why a picture cannot be used."""


def decode(path: Path, shape: tuple[int, ...], fit: str) -> tuple[bytes, list[str]]:
    """Decode a picture to pixels of a given shape, and tell what had to be done for it.

    Parameters
    ----------
    path : Path
    shape : (h, w) or (h, w, 3)
        Grey or RGB.
    fit : "crop", "pad" or "stretch"
        What is done to a picture of another size.

    Returns
    -------
    bytes
        Row by row, from 0 to 255.
    list of str
        What was done, by the keys of notes: "turned", "resized", …

    Raises
    ------
    UnreadableError
        With the reason, in a few words.
    """
    with _Opened(path) as image:
        image, did = _converted(image, path, shape, fit)
        return image.tobytes(), did


def glance(path: Path, look: bool) -> tuple[tuple[int, int], bool]:
    """Look up the size that a picture has once it is upright, from its header, and whether it is grey.

    Parameters
    ----------
    path : Path
    look : bool
        Look at the pixels of a picture in colour as well, which may all be grey; else its mode alone says it.

    Returns
    -------
    (int, int)
        Height and width.
    bool
        Is it grey?

    Raises
    ------
    UnreadableError
        With the reason, in a few words.
    """
    with _Opened(path) as image:
        w, h = image.size
        if image.getexif().get(0x0112, 1) > 4:
            w, h = h, w
        is_grey = image.mode in ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L")
        if not is_grey and look:
            image.draft("RGB", (256, 256))
            is_grey = _is_grey(_converted(image, path, (min(h, 256), min(w, 256), 3), "stretch")[0])
    return (h, w), is_grey


class _Opened:
    """A picture whose header is believed; whatever its decoder says of it is `UnreadableError`."""

    def __init__(self, path: Path):
        self.path = path

    def __enter__(self) -> Image.Image:
        own = OWN_NAME.get(self.path.suffix.lower())
        try:
            self.file = self.path.open("rb")
            self.image = Image.open(self.file, formats=[*ANY_NAME, *([own] if own else [])])
        except UnidentifiedImageError:
            why = _what_else(self.path)
            self.file.close()
            raise UnreadableError(why) from None
        except Exception as error:
            raise self._said(error) from None
        w, h = self.image.size
        if w * h > MOST_PIXELS:
            self.file.close()
            raise UnreadableError(f"its header announces {w} x {h} pixels, more than {MOST_PIXELS:,}")
        return self.image

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.image.close()
        self.file.close()
        if isinstance(error, Exception) and not isinstance(error, UnreadableError):
            raise self._said(error) from None

    def _said(self, error: Exception) -> UnreadableError:
        """Decoders raise whatever they like: OSError, SyntaxError, struct.error, ZeroDivisionError, …"""
        if hasattr(self, "file"):
            self.file.close()
        why = getattr(error, "strerror", None) or str(error).partition("\n")[0] or type(error).__name__
        return UnreadableError(why[:100])


def _what_else(path: Path) -> str:
    """What a file is that is no picture of a known format."""
    with path.open("rb") as file:
        head = file.read(16)
    if not head:
        return "empty file"
    if head.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6")):
        return "EPS, which is never read"
    if head.startswith((b"II*\0", b"MM\0*")):
        return f"TIFF under the name {path.suffix}"
    return "no picture in PNG, JPEG, GIF, BMP or WebP"


def _converted(image: Image.Image, path: Path, shape: tuple[int, ...], fit: str) -> tuple[Image.Image, list[str]]:
    """The picture as 8-bit grey or RGB of this shape, and what had to be done for it."""
    did = []
    if NAMES.get(path.suffix.lower()) != image.format:
        did.append("misnamed")
    if getattr(image, "n_frames", 1) > 1:
        did.append("animated")
        image.seek(0)
    if image.mode in ("L", "RGB"):  # nothing else is done to most
        image.draft(None, (2 * shape[1], 2 * shape[0]))
    turn = image.getexif().get(0x0112, 1)
    if turn != 1:
        upright = ImageOps.exif_transpose(image)
        did += ["turned"] if 2 <= turn <= 8 else []
        image = upright
    image = _plain(image, did)
    h, w = shape[:2]
    if image.size != (w, h):
        did.append("resized")
        image = _fitted(image, (w, h), fit)
    if len(shape) == 3:
        return image.convert("RGB"), did
    if image.mode != "L" and not _is_grey(image):
        did.append("greyed")
    return image.convert("L"), did


def _is_grey(image: Image.Image) -> bool:
    """Has a picture in RGB no colour?"""
    red, green, blue = (channel.tobytes() for channel in image.split())
    return red == green == blue


def _plain(image: Image.Image, did: list[str]) -> Image.Image:
    """The same picture as 8-bit grey or RGB."""
    mode = image.mode
    if mode.startswith("I"):
        import numpy as np

        did.append("deep")
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise UnreadableError("whole numbers beyond 16 bits")
        return Image.fromarray(((values + 128) // 257).astype(np.uint8))
    if mode == "F":
        raise UnreadableError("floats, whose black and white nobody knows")
    if mode == "P":
        did.append("palette")
    if mode == "CMYK":
        did.append("cmyk")
    if mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        did.append("transparent")
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, "white")
        grey = mode in ("L", "1", "LA", "La")
        return Image.alpha_composite(ground, image).convert("L" if grey else "RGB")
    if mode in ("L", "1"):
        return image.convert("L")
    return image.convert("RGB")


def _fitted(image: Image.Image, size: tuple[int, int], fit: str) -> Image.Image:
    smooth = Image.Resampling.BICUBIC
    if fit == "crop":
        return ImageOps.fit(image, size, smooth)
    if fit == "pad":
        return ImageOps.pad(image, size, smooth, color=0)
    return image.resize(size, smooth, reducing_gap=2.0)


def decode_range(
    files: list[str], root: Path, pixels: memoryview, shape: tuple[int, ...], fit: str, part: tuple[int, int]
) -> dict[str, Any]:
    """Decode a part of the files into their places.

    Parameters
    ----------
    files : list of str
        All of them, as paths relative to `root`.
    root : Path
    pixels : memoryview of bytes
        Of every file in turn, whether it can be read or not.
    shape, fit
        As in `decode`.
    part : (int, int)
        The first file, and the first after the last one.

    Returns
    -------
    dict
        ``start`` and ``stop`` (the part), ``did`` (how often what was done, by the key of its note), ``skipped`` (the
        index and the reason of each file that cannot be read).
    """
    did: Counter[str] = Counter()
    skipped, size, (start, stop) = [], math.prod(shape), part
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for i in range(start, stop):
            try:
                pixels[i * size : (i + 1) * size], done = decode(root / files[i], shape, fit)
                did.update(done)
            except UnreadableError as why:
                skipped.append([i, str(why)])
    return {"start": start, "stop": stop, "did": dict(did), "skipped": skipped}


def _serve() -> None:
    """Answer ranges of files on stdin until there are no more."""
    told = json.loads(sys.stdin.readline())
    root, shape = Path(told["root"]), tuple(told["shape"])
    with (
        Path(told["pixels"]).open("r+b") as file,
        mmap.mmap(file.fileno(), 0) as mapped,
        memoryview(mapped) as everything,
        everything[told["offset"] :] as pixels,
    ):
        for line in sys.stdin:
            start, stop = map(int, line.split())
            done = decode_range(told["files"], root, pixels, shape, told["fit"], (start, stop))
            print(json.dumps(done), flush=True)


if __name__ == "__main__":
    _serve()
