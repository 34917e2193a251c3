"""Compressed files that would fill the memory: recognised by what they announce, before anything is inflated."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LIMITS", "Limits"]


@dataclass(frozen=True)
class Limits:
    """What a compressed file may announce.

    Attributes
    ----------
    harmless : int
        Bytes that any machine can take, however little they were packed into: examples are checked and converted, for
        which up to eight times as many were measured.
    ratio : int
        How many times as many bytes as were packed: pictures and measurements shrink to a half or a tenth; deflate can
        make a thousandth of zeros.
    most : int
        Bytes that nobody inflates.
    """

    harmless: int = 2**26
    ratio: int = 100
    most: int = 2**36

    def is_bomb(self, inflated: int, packed: int) -> bool:
        """Do `packed` bytes announce an unbelievable number of `inflated` bytes?

        Parameters
        ----------
        inflated : int
            Bytes of the content, as the file announces them.
        packed : int
            Bytes of the compressed file.
        """
        return inflated > self.most or (inflated > self.harmless and inflated > self.ratio * packed)


LIMITS = Limits()
