"""What the probe room wrote of a run, read back and checked before anything is compared.

In: the folder of a run. Out: `Results`. Whatever is missing, cut short, altered or does not fit is one `ProbeError`.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tacit.errors import ProbeError, in_a_line
from tacit.files import check_seal
from tacit.names import OUTCOMES

FILES = ("items.parquet", "probes.json", "scores.csv")
NEEDED = ("kind", "classes", "n", "seed", "site", "layer", "sites", "rungs", "best_rung", "baselines", "control",
          "dropped", "readings", "nulls", "inner", "searches", "families")  # fmt: skip

UNPROBED = ("reason", "coverage", "control")
"""What an entry says of a target and condition that could not be probed."""


@dataclass(frozen=True)
class Results:
    run: Path
    entries: tuple[dict, ...]
    """one per target and condition, as written"""
    items: pd.DataFrame

    def parts(self) -> Iterator[tuple[dict, pd.DataFrame]]:
        """(entry, its items) of everything that was probed."""
        for entry in self.entries:
            if entry["status"] == "probed":
                yield entry, self.of(entry)

    def of(self, entry: dict) -> pd.DataFrame:
        """The items of one entry, in the order written."""
        mine = (self.items["target"] == entry["target"]) & (self.items["condition"] == entry["condition"])
        return self.items[mine].reset_index(drop=True)


def digest(run: str | Path) -> str:
    """SHA-256 of ``probes.json``, which holds the checksums of the rest: what was measured of one is of no other."""
    return hashlib.sha256((Path(run) / "probes" / "probes.json").read_bytes()).hexdigest()


def read_results(run: str | Path) -> Results:
    """Read and check ``<run>/probes``. Raises ProbeError, which says what is wrong and what to run."""
    run = Path(run)
    folder, again = run / "probes", f"Run: tacit probe {Path(run).name}"
    for name in FILES:
        if not (folder / name).is_file():
            raise ProbeError(f"{folder / name} is not there. {again}")
    try:
        facts = json.loads((folder / "probes.json").read_text(encoding="utf-8"))
        check_seal(facts)
        entries, items = tuple(dict(entry) for entry in facts["entries"]), pd.read_parquet(folder / "items.parquet")
        altered = _altered(folder, facts["sha256"])
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise ProbeError(f"{folder} cannot be read ({in_a_line(error)}). {again}") from None
    found = Results(run, entries, items)
    fault = altered or _fault(found)
    if fault:
        raise ProbeError(f"{folder}: {fault}. {again}")
    return found


def _altered(folder: Path, checksums: dict[str, str]) -> str:
    for name, wanted in checksums.items():
        if not (folder / name).is_file():
            return f"{name} is not there"
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != wanted:
            return f"{name} is not as it was written (its checksum differs)"
    return ""


def _fault(found: Results) -> str:
    """What does not fit, or ""."""
    for entry in found.entries:
        missing = [key for key in ("target", "condition", "status") if key not in entry]
        if missing:
            return f"probes.json has an entry without {', '.join(missing)}"
        missing = [key for key in UNPROBED if key not in entry and entry["status"] != "probed"]
        if missing:
            return f"{entry['target']}/{entry['condition']}: probes.json says nothing of {', '.join(missing)}"
    wanted = [c for c in ("target", "condition") if c not in found.items]
    if wanted:
        return f"items.parquet has no column {', '.join(wanted)}"
    return next((fault for entry, frame in found.parts() if (fault := _part_fault(entry, frame))), "")


def _part_fault(entry: dict, frame: pd.DataFrame) -> str:
    where = f"{entry['target']}/{entry['condition']}"
    missing = [key for key in NEEDED if key not in entry]
    if missing:
        return f"{where}: probes.json says nothing of {', '.join(missing)}"
    if len(frame) != entry["n"]:
        return f"{where}: {len(frame)} items, {entry['n']} were written"
    missing = [c for c in ("item_id", "label", "group", "fold", "outcome", "method:said") if c not in frame
               and f"{c}:0" not in frame]  # fmt: skip
    if missing:
        return f"{where}: items.parquet has no column {missing[0]!r}"
    if frame["item_id"].duplicated().any():
        return f"{where}: item {frame.loc[frame['item_id'].duplicated(), 'item_id'].iloc[0]} stands there twice"
    label = pd.to_numeric(frame["label"], errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(label).all():
        return f"{where}: {int((~np.isfinite(label)).sum())} items have no label"
    if entry["kind"] != "count" and not np.isin(label, np.arange(len(entry["classes"]))).all():
        return f"{where}: labels that are none of the {len(entry['classes'])} classes"
    if not frame["outcome"].isin(OUTCOMES).all():
        return f"{where}: an outcome that is none of {', '.join(OUTCOMES)}"
    return _split_fault(frame, where)


def _split_fault(frame: pd.DataFrame, where: str) -> str:
    if frame[["group", "fold"]].isna().any(axis=None):
        return f"{where}: items without a group or a fold"
    folds = frame.groupby("group")["fold"].nunique()
    return f"{where}: group {folds[folds > 1].index[0]} lies in {folds.max()} folds" if (folds > 1).any() else ""
