"""Compressed files that would fill the memory: recognised by what they announce, before anything is inflated."""

from __future__ import annotations

__all__ = ["HARMLESS", "MOST_RATIO", "is_bomb"]

HARMLESS = 2**28
"""Bytes that any machine can take, however little they were packed into."""
MOST_RATIO = 200
"""Pictures and measurements shrink to a half or a tenth; deflate can make a thousandth of zeros."""


def is_bomb(inflated: int, packed: int) -> bool:
    """Do `packed` bytes announce an unbelievable number of `inflated` ones?"""
    return inflated > HARMLESS and inflated > MOST_RATIO * packed
