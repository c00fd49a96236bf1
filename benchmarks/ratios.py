"""What every benchmark shares: a line of bench.json, a timer, and the peak memory of a process."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """One line of bench.json."""

    name: str
    ratio: float
    """The rival's seconds over ours; for memory, our bytes over the rival's."""
    ours_s: float
    """Seconds, or bytes for memory."""
    rival_s: float
    rival: str
    """What ours is compared with."""
    n: int
    """Prompts or items (bytes, for reading) in each timing."""
    floor_s: float | None = None
    """Least seconds that this machine needs for our arithmetic (or bytes); None where no such bound was computed."""


def seconds(run: Callable[[], object]) -> tuple[float, object]:
    """Wall-clock seconds of one call, and its result."""
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def peak_bytes() -> int:
    """Peak resident memory of this process, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
