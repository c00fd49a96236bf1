"""Free memory goes back to the system, so that a long run holds no more of it than a short one.

By default the GNU C library keeps blocks of up to 32 MB in its heap once it has seen one freed. Batches of many sizes
then leave holes whose sum drifts by hundreds of megabytes; larger blocks, those of any model of some size, are mapped
and returned one by one. Elsewhere than under that library these functions do nothing.
"""

from __future__ import annotations

import ctypes

MAPPED = 16 * 2**20
"""Bytes from which a block is mapped by itself."""
_M_MMAP_THRESHOLD = -3  # of malloc.h


def map_large_blocks() -> None:
    """Let large blocks be returned as soon as they are freed, from now on."""
    _call("mallopt", _M_MMAP_THRESHOLD, MAPPED)


def give_back() -> None:
    """Hand what lies free between smaller blocks back to the system."""
    _call("malloc_trim", 0)


def _call(name: str, *numbers: int) -> None:
    try:
        getattr(ctypes.CDLL(None), name)(*numbers)
    except (OSError, AttributeError, TypeError):  # another C library
        return
