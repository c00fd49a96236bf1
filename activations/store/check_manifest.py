"""Whether a manifest has the structure that `cache` writes: it may come from somebody else, or have been edited.

In: the content of `manifest.json`. Out: what is wrong with it, in words. The files that it names are read, linked and
removed by name, so a name that leads out of the store's folder is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from types import UnionType

STORE = {"tables": dict, "model": dict, "versions": dict, "layers": list | None, "n_layers": int | None}
"""Field of a finished store -> its type; None where every entry was linked from another run."""
ENTRY = {"target": str, "condition": str, "part": str, "key": str, "n_items": int, "sites": list, "shards": list}
SHARD = {"file": str, "sha256": str, "replies": str, "replies_sha256": str, "rows": list, "bytes": int,
         "not_finite": dict}  # fmt: skip


def manifest_fault(content: object, *, finished: bool) -> str:
    """What is wrong with a manifest, as the end of a sentence that begins with its path; empty for a sound one.

    finished: whether it has to have the fields that are written last.
    """
    if not isinstance(content, dict):
        return "is not a JSON object"
    entries = content.get("entries"), content.get("set_aside") or []
    if not all(isinstance(part, list) for part in entries):
        return "has no list of entries"
    found = (_entry_fault(entry) for part in entries for entry in part)
    fault = next(filter(None, found), "") or _outside(content.get("tables") or {})
    return fault or (_misses(content, STORE) if finished else "")


def _entry_fault(entry: object) -> str:
    if fault := _misses(entry, ENTRY):
        return f"has an entry that {fault}"
    for shard in entry["shards"]:
        if fault := _misses(shard, SHARD):
            return f"has a shard that {fault}"
        if fault := _outside([shard["file"], shard["replies"]], in_entry=True):
            return fault
    return ""


def _misses(content: object, fields: Mapping[str, type | UnionType]) -> str:
    if not isinstance(content, dict):
        return "is not a JSON object"
    wrong = (name for name, kind in fields.items() if not isinstance(content.get(name), kind))
    return next((f"has no proper {name!r}" for name in wrong), "")


def _outside(names, *, in_entry: bool = False) -> str:
    """The fault of a name that is not that of a file in the store, or, `in_entry`, in the folder of an entry."""
    for name in names:
        parts = PurePosixPath(name).parts
        if len(parts) not in ((2,) if in_entry else (1, 2)) or parts[0] in ("/", "..") or ".." in parts:
            return f"names a file outside its folder, {name!r}"
    return ""
