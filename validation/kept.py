"""Keep the outcome of each simulation on disk, since all controls together take hours: what was run is not run again.

In: a control, seeds and a folder. Out: an outcome per seed, in their order. An outcome is a line of JSON, and counts
only for the code and the libraries that made it: their hash names the folder.
"""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

import tacit.probes as probes
import tacit.targets as targets
from tacit import thresholds
from tacit.progress import ends_with_us
from tacit.validation.judge import Control

LIBRARIES = ("numpy", "pandas", "scikit-learn", "scipy")


def outcomes(
    control: Control, seeds: Sequence[int], folder: Path, *, jobs: int, tick: Callable[[], object] = lambda: None
) -> list[dict]:
    """What the control's simulations gave, one for each seed; those that are not kept in `folder` are run.

    jobs: parallel processes. tick: called after each simulation, also after one that was kept.
    """
    path = folder / "simulations" / code_key()[:12] / f"{re.sub(r'[^A-Za-z0-9.]+', '-', control.name)}.jsonl"
    known = _kept(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    missing = [seed for seed in seeds if seed not in known]
    for _ in range(len(seeds) - len(missing)):
        tick()
    running = Parallel(n_jobs=jobs, return_as="generator_unordered")(
        delayed(ends_with_us(_one))(control, seed) for seed in missing
    )
    with path.open("a", encoding="utf-8") as file:
        file.write("\n")  # ends a line that an interruption cut
        for seed, found in running:
            line = json.dumps({"seed": seed, "found": found}, default=_plain)
            file.write(line + "\n")
            file.flush()
            known[seed] = json.loads(line)["found"]
            tick()
    return [known[seed] for seed in seeds]


@cache
def code_key() -> str:
    """sha256 of the sources that decide an outcome, and of the libraries' versions."""
    digest = hashlib.sha256()
    for folder in (Path(probes.__file__).parent, Path(targets.__file__).parent, Path(__file__).parent):
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.read_bytes())
    digest.update(Path(thresholds.__file__).read_bytes())
    digest.update(" ".join(f"{name} {version(name)}" for name in LIBRARIES).encode())
    return digest.hexdigest()


def _one(control: Control, seed: int) -> tuple[int, dict]:
    return seed, control.simulate(seed)


def _kept(path: Path) -> dict[int, dict]:
    """Outcomes by seed; a last line that an interruption cut is left out."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            known = json.loads(line)
        except ValueError:
            continue
        found[known["seed"]] = known["found"]
    return found


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be kept as JSON")
