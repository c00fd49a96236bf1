"""What every benchmark shares: a line of bench.json, a timer, and the peak memory of a process."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tacit.files import write_json


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

    def line(self) -> str:
        """For the terminal."""
        floor = "" if self.floor_s is None else f"  {self.ours_s / self.floor_s:5.2f} x floor {self.floor_s:9.3g}"
        ours, rival = f"ours {self.ours_s:10.4g}{floor}", f"rival {self.rival_s:10.4g}: {self.rival}"
        return f"{self.name:34} {self.ratio:6.2f}  {ours}  {rival}"


def seconds(run: Callable[[], object]) -> tuple[float, object]:
    """Wall-clock seconds of one call, and its result."""
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def peak_bytes() -> int:
    """Peak resident memory of this process, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def record(lines: Sequence[Ratio], path: Path) -> None:
    """Put the lines into the file, in place of older ones of the same name."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    names = {line.name for line in lines}
    write_json(path, [old for old in known if old["name"] not in names] + [asdict(line) for line in lines])
