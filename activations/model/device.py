"""Move arrays to a device, and return freed memory to the system.

Residuals can be moved to the device on which probes are fitted; the probes themselves take arrays of any library.
Freed memory is not always returned: by default the GNU C library keeps blocks of up to 32 MB in its heap once it has
seen one freed, and batches of many sizes then leave gaps that add up to hundreds of megabytes over a long run. Larger
blocks, such as those of all but tiny models, are mapped and returned one by one. With another C library these functions
do nothing.
"""

from __future__ import annotations

import ctypes

import numpy as np
import torch

from tacit.errors import ActivationError

MAPPED = 16 * 2**20
"""Bytes from which a block is mapped separately."""
_M_MMAP_THRESHOLD = -3  # of malloc.h


def on_device(states: np.ndarray, device: str) -> torch.Tensor:
    """(n_items, d_model) float32 on a device by its torch name (`cuda`, `cuda:1`, `cpu`).

    Raises ActivationError where torch does not know the device or cannot reach it, or it has no float64.
    """
    try:
        placed = torch.from_numpy(np.ascontiguousarray(states, dtype=np.float32)).to(device)
        placed[:1].double()
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ActivationError(
            f"--device {device} cannot be used for probing ({str(error).splitlines()[0]}). "
            "Omit it to probe on the CPU, or name a CUDA device."
        ) from error
    return placed


def map_large_blocks() -> None:
    """From now on, return large blocks to the system as soon as they are freed."""
    _call("mallopt", _M_MMAP_THRESHOLD, MAPPED)


def release_free_memory() -> None:
    """Return free memory between smaller blocks to the system."""
    _call("malloc_trim", 0)


def _call(name: str, *numbers: int) -> None:
    try:
        getattr(ctypes.CDLL(None), name)(*numbers)
    except (OSError, AttributeError, TypeError):  # another C library
        return
