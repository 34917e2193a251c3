"""One picture file -> pixels, by rules that are written down.

=============  ==================================================================================
the file has   what is done
=============  ==================================================================================
EXIF turns     it is turned upright
16 bits        kept where all have 16 bits and no colours; else each value / 257, rounded
floats         kept where all are floats; else they cannot be used
a palette      its colours
transparency   laid on white
CMYK           converted to RGB
several frames the first one; all pages of a TIFF where volumes are wanted
much over size made smaller first, by whole numbers, to no less than twice the size
another size   `fit`: "crop" scales to cover and cuts the middle out, "pad" scales to fit in and fills with black,
               "stretch" lets proportions go; always with antialiasing
=============  ==================================================================================

Formats: PNG, JPEG, GIF, BMP and WebP under any of their names; TIFF and PPM under their own; nothing else, and
never EPS, which would have to be run.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError

from .memory import ALONE, Memory, UnreadableError, needed_for, reduced

__all__ = [
    "BYTES", "SUFFIXES", "Opened", "UnreadableError", "Wanted", "converted", "decode", "decode_range", "has_no_colour",
    "pages",
]  # fmt: skip

ANY_NAME = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
OWN_NAME = {".tif": "TIFF", ".tiff": "TIFF", ".ppm": "PPM", ".pgm": "PPM", ".pbm": "PPM"}
SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", *OWN_NAME)
MOST_PIXELS = 100_000_000
"""A header that announces more is not believed, and nothing is decoded."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns a picture upright, by what EXIF says of it."""
NAMES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".gif": "GIF", ".bmp": "BMP", ".webp": "WEBP", **OWN_NAME}


BYTES = {"8": 1, "16": 2, "float": 4}
"""How many bytes a number takes, by the depth of pictures."""


class Wanted(NamedTuple):
    """What pictures become.

    Attributes
    ----------
    shape : (h, w), (h, w, 3) or (pages, h, w)
        Grey, RGB, or a stack.
    fit : "crop", "pad" or "stretch"
        What is done to a picture of another size.
    depth : "8", "16" or "float"
        Bytes, or as the files have them: whole numbers of 16 bits or float32, which are grey.
    """

    shape: tuple[int, ...]
    fit: str
    depth: str = "8"
    is_stack: bool = False


def decode(path: Path, wanted: Wanted, memory: Memory = ALONE) -> tuple[bytes, list[str]]:
    """Decode a picture to pixels of a given shape, and tell what had to be done for it.

    Parameters
    ----------
    path : Path
    wanted : Wanted
    memory : Memory
        What it may take.

    Returns
    -------
    bytes
        Row by row, each number in as many bytes as `BYTES` says, in the order of this machine.
    list of str
        What was done, by the keys of notes: "turned", "resized", …

    Raises
    ------
    UnreadableError
        With the reason, in a few words.
    """
    parts, did = [], []
    with memory, Opened(path) as image:
        if wanted.is_stack and pages(image) != wanted.shape[0]:
            raise UnreadableError(f"{pages(image)} pages, where the others have {wanted.shape[0]}")
        for page in range(wanted.shape[0] if wanted.is_stack else 1):
            upright, did = converted(image, path, wanted, page, memory)
            parts.append(upright.tobytes() if wanted.depth != "16" else _whole(upright))
        return b"".join(parts), did


def pages(image: Image.Image) -> int:
    """Count the pages of a TIFF.

    Parameters
    ----------
    image : Image

    Returns
    -------
    int
        1 for everything else.
    """
    return getattr(image, "n_frames", 1) if image.format == "TIFF" else 1


class Opened:
    """A picture whose header is believed; whatever its decoder says of it is `UnreadableError`."""

    def __init__(self, path: Path):
        self.path = path

    def __enter__(self) -> Image.Image:
        own = OWN_NAME.get(self.path.suffix.lower())
        try:
            self.file = self.path.open("rb")
            self.image = Image.open(self.file, formats=[*ANY_NAME, *([own] if own else [])])
            _must_be_believable(self.image)
        except UnidentifiedImageError:
            why = _what_else(self.path)
            self.file.close()
            raise UnreadableError(why) from None
        except Exception as error:
            raise self._said(error) from None
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


def _must_be_believable(image: Image.Image) -> None:
    w, h = image.size
    if w * h > MOST_PIXELS:
        raise UnreadableError(f"its header announces {w} x {h} pixels, more than {MOST_PIXELS:,}")


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


def converted(
    image: Image.Image, path: Path, wanted: Wanted, page: int = 0, memory: Memory = ALONE
) -> tuple[Image.Image, list[str]]:
    """The picture as 8-bit grey or RGB of this shape, or as grey floats, and what had to be done for it.

    Parameters
    ----------
    image : Image
        Opened, and not decoded yet.
    path : Path
        Its file.
    wanted : Wanted
    page : int
        Which of several.
    memory : Memory
        Of which is taken what decoding takes.

    Returns
    -------
    Image
    list of str
        Keys of `lang` after "note.".

    Raises
    ------
    UnreadableError
        For a page that cannot be believed, or takes more memory than there may be.
    """
    did, shape = [], wanted.shape[1:] if wanted.is_stack else wanted.shape
    if NAMES.get(path.suffix.lower()) != image.format:
        did.append("misnamed")
    if getattr(image, "n_frames", 1) > 1:
        did += [] if wanted.is_stack else ["animated"]
        image.seek(page)
        _must_be_believable(image)
    h, w = shape[:2]
    needed, times = needed_for(image, max(h, w))
    needed += 2 * math.prod(wanted.shape) * BYTES[wanted.depth] if wanted.is_stack else 0
    memory.take(needed, path.stat().st_size)
    turn = image.getexif().get(0x0112, 1)  # a PNG is decoded to find it: it may stand behind the pixels
    image = reduced(image, times, lambda part: _changed(part, wanted.depth, did))
    if turn in TURNS:
        did.append("turned")
        image = image.transpose(TURNS[turn])
    if image.size != (w, h):
        did.append("resized" if wanted.fit == "crop" else "resized_whole")
        image = _fitted(image, (w, h), wanted.fit)
    if wanted.depth != "8":
        return image, list(dict.fromkeys(did))
    if len(shape) == 3:
        return image.convert("RGB"), list(dict.fromkeys(did))
    if image.mode != "L" and not has_no_colour(image):
        did.append("greyed")
    return image.convert("L"), list(dict.fromkeys(did))


def _changed(image: Image.Image, depth: str, did: list[str]) -> Image.Image:
    return _plain(image, did) if depth == "8" else _deep(image, depth)


def has_no_colour(image: Image.Image) -> bool:
    """Has a picture in RGB no colour?"""
    red, green, blue = (channel.tobytes() for channel in image.split())
    return red == green == blue


def _plain(image: Image.Image, did: list[str]) -> Image.Image:
    """The same picture as 8-bit grey or RGB."""
    mode = image.mode
    if mode.startswith("I"):
        import numpy as np

        did.append("deep")
        values = np.asarray(_deep(image, "16")).astype(np.int64)
        return Image.fromarray(((values + 128) // 257).astype(np.uint8))
    if mode == "F":
        raise UnreadableError("floats among pictures of bytes, whose black and white nobody knows")
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


def _deep(image: Image.Image, depth: str) -> Image.Image:
    """The same picture as floats, which hold 16 bits as well, with the values that the file has."""
    import numpy as np

    if image.mode != "F" and not image.mode.startswith("I"):
        raise UnreadableError(
            "8 bits, where the others have 16" if depth == "16" else "8 bits, where the others are floats"
        )
    if image.mode == "F" and depth == "16":
        raise UnreadableError("floats, where the others have 16 bits")
    values = np.asarray(image)
    if depth == "16" and (values.min() < 0 or values.max() > 65535):
        raise UnreadableError("whole numbers beyond 16 bits: depth float keeps them")
    return Image.fromarray(values.astype(np.float32))


def _whole(image: Image.Image) -> bytes:
    """Floats as whole numbers of 16 bits, which enlarging may have left."""
    import numpy as np

    return np.rint(np.asarray(image)).clip(0, 65535).astype(np.uint16).tobytes()


def _fitted(image: Image.Image, size: tuple[int, int], fit: str) -> Image.Image:
    smooth = Image.Resampling.BICUBIC
    if fit == "crop":
        return ImageOps.fit(image, size, smooth)
    if fit == "pad":
        # As dark as the darkest of decibels; the zero of what has no negative values.
        black = min(0, image.getextrema()[0]) if image.mode == "F" else 0
        return ImageOps.pad(image, size, smooth, color=black)  # type: ignore[arg-type]
    return image.resize(size, smooth, reducing_gap=2.0)


def decode_range(
    files: list[str], root: Path, pixels: memoryview, wanted: Wanted, part: tuple[int, int], memory: Memory = ALONE
) -> dict[str, Any]:
    """Decode a part of the files into their places.

    Parameters
    ----------
    files : list of str
        All of them, as paths relative to `root`.
    root : Path
    pixels : memoryview of bytes
        Of every file in turn, whether it can be read or not.
    wanted : Wanted
    part : (int, int)
        The first file, and the first after the last one.
    memory : Memory
        What it may take.

    Returns
    -------
    dict
        ``start`` and ``stop`` (the part), ``did`` (how often what was done, by the key of its note), ``skipped`` (the
        index and the reason of each file that cannot be read).
    """
    did: Counter[str] = Counter()
    skipped, size, (start, stop) = [], math.prod(wanted.shape) * BYTES[wanted.depth], part
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for i in range(start, stop):
            try:
                pixels[i * size : (i + 1) * size], done = decode(root / files[i], wanted, memory)
                did.update(done)
            except UnreadableError as why:
                skipped.append([i, str(why)])
    return {"start": start, "stop": stop, "did": dict(did), "skipped": skipped}
