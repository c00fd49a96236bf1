"""Residuals on the device where probes are to be fitted; the probes themselves take arrays of any library."""

from __future__ import annotations

import numpy as np
import torch

from tacit.errors import ActivationError


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
            "Leave it out to probe on the CPU, or name a CUDA device."
        ) from error
    return placed
