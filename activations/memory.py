"""Free memory goes back to the system, so that a long run holds no more of it than a short one."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable


@functools.cache
def _trim() -> Callable[[int], int] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):  # only the GNU C library has it
        return None


def give_back() -> None:
    """Hand what was freed back to the system, where the C library can.

    Batches of many sizes leave holes between what is kept, and without this their sum drifts by hundreds of megabytes.
    """
    if (trim := _trim()) is not None:
        trim(0)
