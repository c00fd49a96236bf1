"""Read what a run has written so far: the input of every page.

In: `runs/<run>`. Out: `RunFiles`. Only `probes/scores.csv` and `probes/items.parquet` must exist; every other file
belongs to an optional step, and pages that need it are left out without it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tacit.errors import FigureError
from tacit.figures.inputs.verdict_rows import verdict_rows
from tacit.files import check_seal
from tacit.names import FIGURES, VERDICTS, VERDICTS_FILE, VERDICTS_SCHEMA

OPTIONAL = {
    "null": "probes/null.csv", "curve": "probes/curve.csv", "transfer": "probes/transfer.csv",
    "sparse": "probes/sparse.csv", "positions": "probes/positions.csv", "replies": "probes/replies.parquet",
    "reliability": "verdicts/reliability.csv", "matrix": "verdicts/matrix.csv",
    "disagreements": "verdicts/disagreements.csv", "audit": "verdicts/audit.csv", "asked": "activations/items.parquet",
}  # fmt: skip
"""Optional tables of a run, by the names that pages use."""


@dataclass(frozen=True)
class RunFiles:
    """The files of one run, in memory."""

    folder: Path
    """`runs/<run>`."""
    verdicts: Sequence[Mapping]
    """The list in `verdicts/verdicts.json`, one per target and condition."""
    scores: pd.DataFrame
    """`probes/scores.csv`."""
    items: pd.DataFrame
    """`probes/items.parquet`, a row per target, condition and item; `probe` is the probe of the verdict."""
    facts: Mapping
    """`probes/probes.json`; empty if it is absent."""
    manifest: Mapping
    """`activations/manifest.json`; empty if it is absent."""
    settings: Mapping
    """`settings.json`; empty if it is absent."""
    used: Sequence[Mapping]
    """The ablations in `probes/used.json` that belong to these probe results; may be empty."""
    tables: Mapping[str, pd.DataFrame]
    """The tables of `OPTIONAL` that exist and have rows."""

    @property
    def name(self) -> str:
        """The run's name."""
        return self.folder.name

    @property
    def rows(self) -> pd.DataFrame:
        """The verdicts as `verdict_rows` gives them."""
        return verdict_rows(self.verdicts)

    @property
    def entries(self) -> list[Mapping]:
        """The entry of `probes.json` for each target and condition."""
        return list(self.facts.get("entries") or [])

    @property
    def key(self) -> str:
        """The first characters of the hashes that the run was computed from; "" if they are unknown."""
        keys = (self.facts.get("made_from") or {}).get("keys") or [e.get("key", "") for e in self._cached()]
        return "-".join(str(key)[:8] for key in keys[:3])

    def _cached(self) -> list[Mapping]:
        return list(self.manifest.get("entries") or [])


def read_run(folder: Path | str, verdicts: Sequence[Mapping] | None = None) -> RunFiles:
    """Read a run's files; `verdicts` as just computed, else those of `verdicts/verdicts.json`.

    Raises FigureError for a run without scores, items or verdicts, and for a file that cannot be read.
    """
    folder = Path(folder)
    scores = _table(folder / "probes/scores.csv", f"tacit probe {folder.name}")
    items = _table(folder / "probes/items.parquet", f"tacit probe {folder.name}")
    found = read_verdicts(folder) if verdicts is None else list(verdicts)
    items = headline_items(items, found)
    tables = {name: _table(folder / path, "") for name, path in OPTIONAL.items() if (folder / path).is_file()}
    return RunFiles(
        folder, found, scores, items, _json(folder / "probes/probes.json"),
        _json(folder / "activations/manifest.json"), _json(folder / "settings.json"), _used(folder / "probes"),
        {name: table for name, table in tables.items() if len(table)},
    )  # fmt: skip


def headline_items(items: pd.DataFrame, verdicts: Sequence[Mapping]) -> pd.DataFrame:
    """`items` with ``probe`` and ``probe_right`` of the probe of each verdict (its ``probe_method``)."""
    items = items.copy()
    for one in verdicts:
        method = one.get("probe_method")
        mine = (items["target"] == one.get("target")) & (items["condition"] == one.get("condition"))
        for column, source in (("probe", f"read:{method}"), ("probe_right", f"right:{method}")):
            if method and source in items:
                items.loc[mine, column] = items.loc[mine, source].astype(items[column].dtype)
    return items


def read_verdicts(folder: Path | str) -> list[Mapping]:
    """The list in `verdicts/verdicts.json`. Raises FigureError if absent, damaged or of another version."""
    folder = Path(folder)
    path, again = folder / VERDICTS / VERDICTS_FILE, f"Run: tacit compare {folder.name}"
    if not path.is_file():
        raise FigureError(f"{_why_absent(folder, path)}. {again}")
    found = _json(path)
    schema = found.get("schema") if isinstance(found, dict) else None
    if schema != VERDICTS_SCHEMA:
        raise FigureError(f"{path} has schema {schema!r}, but this version reads {VERDICTS_SCHEMA!r}. {again}")
    try:
        check_seal(found)
    except ValueError as error:
        raise FigureError(f"{path} cannot be used ({error}). {again}") from None
    verdicts = found.get("verdicts")
    if not isinstance(verdicts, list) or not all(isinstance(one, dict) for one in verdicts):
        raise FigureError(f"{path} does not contain a list of verdicts. {again}")
    return verdicts


def _why_absent(folder: Path, path: Path) -> str:
    before = folder / FIGURES / VERDICTS_FILE
    if before.is_file():
        return f"{path} is missing: the verdicts in {before} were written by an older version"
    return f"{path} is missing: this run has not been compared"


def _json(path: Path):
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise FigureError(f"{path} is not JSON ({error}). Remove it, and run the verb that writes it again.") from None


def _used(probes: Path) -> list[Mapping]:
    written = _json(probes / "used.json")
    digest = hashlib.sha256((probes / "probes.json").read_bytes()).hexdigest() if written else ""
    return list(written["used"]) if written and written.get("probes") == digest else []


def _table(path: Path, command: str) -> pd.DataFrame:
    if not path.is_file():
        raise FigureError(f"{path} is missing. Run: {command}")
    try:
        return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
    except (ValueError, OSError) as error:  # pyarrow's and pandas' parsing errors are ValueErrors
        first = str(error).split("\n")[0]
        raise FigureError(f"{path} cannot be read as a table ({first}). Remove it, and run that verb again.") from None
