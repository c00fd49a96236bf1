"""The arithmetic that is fastest on this machine's CPU, found by a second's trial: the dtype, and how many threads.

Some processors multiply bfloat16 two or three times as fast as float32, others far more slowly; and several threads are
slower than one where they wait for each other. The choice is written to the run's settings and manifest, so that a run
that is continued goes on as it began. `DTYPE` and `OMP_NUM_THREADS` overrule it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import torch

ROWS = 256
"""Tokens in a trial."""
WORTH = 1.3
"""By how much bfloat16 has to be faster before its three digits are worth it."""
SMALL = 20_000_000
"""Parameters below which one thread is used without a trial: on a machine that gets busy later, threads that wait for
each other made a model of 1.4 million parameters ten times slower."""
HALF = (torch.bfloat16, torch.float16)


def fastest_dtype(config) -> str:
    """`bfloat16` where the checkpoint is in 16 bits itself and this CPU multiplies it faster, otherwise `float32`.

    config: the model's; the trial multiplies the largest matrix of a block.
    """
    text = config.get_text_config()
    if getattr(config, "dtype", None) not in HALF and getattr(text, "dtype", None) not in HALF:
        return "float32"
    width = text.hidden_size
    inner = getattr(text, "intermediate_size", None) or 4 * width
    slow, fast = (product_seconds(inner, width, dtype) for dtype in (torch.float32, torch.bfloat16))
    return "bfloat16" if slow > WORTH * fast else "float32"


def fastest_threads(module: torch.nn.Module) -> int:
    """How many threads a model on the CPU should use: what `OMP_NUM_THREADS` says, one for a small model, and otherwise
    one or as many as torch would use, whichever multiplies its largest matrix faster."""
    most = torch.get_num_threads()
    if most == 1 or os.environ.get("OMP_NUM_THREADS"):
        return most
    sizes = [p.shape for p in module.parameters() if p.dim() == 2 and p.is_floating_point()]
    if not sizes or sum(p.numel() for p in module.parameters()) < SMALL:
        return 1
    took = {}
    for n in (most, 1):
        torch.set_num_threads(n)
        took[n] = product_seconds(*max(sizes, key=torch.Size.numel), module.dtype)
    torch.set_num_threads(most)
    return min(took, key=took.__getitem__)


def product_seconds(
    n_out: int, n_in: int, dtype: torch.dtype, *, rows: int = ROWS, device: str | torch.device = "cpu"
) -> float:
    """Least seconds of the product of so many tokens with a random matrix of this shape."""
    tokens, weights = (torch.randn(n, n_in).to(device, dtype) for n in (rows, n_out))
    return least_seconds(lambda: tokens @ weights.T)


def least_seconds(run: Callable[[], object], *, times: int = 5) -> float:
    """Least of a few runs, after one to warm up: other processes can only add to it."""
    run()
    found = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        found.append(time.perf_counter() - start)
    return min(found)
