"""Entries that another run of the same model holds already: their files are linked instead of computed again.

In: an entry's key, which is a digest of everything that changes its numbers. Out: its record, with its files in place.
A link takes no space, and a run that is removed leaves the files of the others as they are.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tacit.activations.store.check_manifest import manifest_fault
from tacit.activations.store.store import FORMAT
from tacit.activations.store.verify import shard_fault
from tacit.files import sha256_of, write_json


class Found(NamedTuple):
    """What another run holds of an entry."""

    entry: dict
    """its record"""
    tables: dict[str, str]
    """checksums of the tables in its folder, by name"""
    facts: dict
    """that run's manifest"""


def adopt(folder: Path, key: str) -> Found | None:
    """Link the files of an entry from another run into `folder`; None where no run holds it whole.

    folder: `runs/<run>/activations`, or a store inside it, whose counterpart in the other runs is looked at.
    """
    for other in _neighbours(folder):
        content = _manifest(other)
        for entry in [*content.get("entries", ()), *content.get("set_aside", ())]:
            if entry["key"] == key and _whole(other, entry):
                inside = entry["shards"][0]["file"].rpartition("/")[0]
                tables = {k: v for k, v in (content["tables"] or {}).items() if k.rpartition("/")[0] == inside}
                tables = {k: v for k, v in tables.items() if (other / k).is_file() and sha256_of(other / k) == v}
                shards = [name for shard in entry["shards"] for name in (shard["file"], shard["replies"])]
                for name in (*shards, *tables):
                    _link(other / name, folder / name)
                return Found(entry, tables, content)
    return None


def _neighbours(folder: Path) -> Iterator[Path]:
    """The same folder of every other run: `runs/*/activations`, `runs/*/activations/twins/0`."""
    run = next((parent for parent in (folder, *folder.parents) if parent.name == "activations"), None)
    if run is None:
        return
    inside = folder.relative_to(run)
    for other in sorted(run.parent.parent.glob("*/activations")):
        if other != run and (other / inside / "manifest.json").is_file():
            yield other / inside


def _manifest(folder: Path) -> dict:
    try:
        content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return {} if manifest_fault(content, finished=False) or content.get("format") != FORMAT else content
    except (OSError, ValueError):
        return {}  # another run's damage is no reason to stop this one


def _whole(folder: Path, entry: dict) -> bool:
    rows = sum(shard["rows"][1] - shard["rows"][0] for shard in entry["shards"])
    return rows == entry["n_items"] and not any(shard_fault(folder, shard) for shard in entry["shards"])


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)


def clean(folder: Path) -> tuple[int, int]:
    """Remove what was asked once and is no longer part of the run: (entries, bytes of shards). Files that other runs
    hold stay there."""
    path = folder / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    gone = content.get("set_aside") or []
    for entry in gone:
        for shard in entry["shards"]:
            shutil.rmtree((folder / shard["file"]).parent, ignore_errors=True)
    if gone:
        names = {entry["shards"][0]["file"].rpartition("/")[0] for entry in gone if entry["shards"]}
        content["tables"] = {k: v for k, v in (content["tables"] or {}).items() if k.rpartition("/")[0] not in names}
        write_json(path, content | {"set_aside": []})
    return len(gone), sum(shard["bytes"] for entry in gone for shard in entry["shards"])
