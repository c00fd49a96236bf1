"""Whether a manifest has the structure that `cache` writes: it may come from somebody else, or have been edited.

In: the content of `manifest.json`. Out: what is wrong with it, in words. The files that it names are read, linked and
removed by name, so a name that leads out of the store's folder is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from types import UnionType

STORE = {"tables": dict, "model": dict, "versions": dict, "layers": list | None, "n_layers": int | None,
         "d_model": int | None, "dtype": str | None, "device": str | None, "shares": bool | None,
         "threads": int | None, "tables_of": list | None, "tokens": dict | None,
         "settings": dict | None, "set_aside": list | None, "item_set": str | None, "python": str | None}  # fmt: skip
"""Field of a finished store -> its type; None where every entry was linked from another run."""
ENTRY = {"target": str, "condition": str, "part": str, "key": str, "n_items": int, "sites": list, "shards": list}
ELEMENTS = {"tables": str, "versions": str, "layers": int, "sites": str, "rows": int, "not_finite": int,
            "model": str, "tokens": int, "tables_of": str, "with": str,
            "absent": int}  # fmt: skip
"""Field -> the type of its elements, or of its values."""
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
    known = {name: kind for name, kind in STORE.items() if finished or content.get(name) is not None}
    return next(filter(None, found), "") or _misses(content, known) or _outside(content.get("tables") or {})


def _entry_fault(entry: object) -> str:
    if fault := _misses(entry, ENTRY):
        return f"has an entry that {fault}"
    for shard in entry["shards"]:
        if fault := _misses(shard, SHARD):
            return f"has a shard that {fault}"
        if not _fits("absent", shard.get("absent", []), list):
            return "has a shard that has no proper 'absent'"
        if len(shard["rows"]) != 2:
            return "has a shard that has no proper 'rows'"
        if fault := _outside([shard["file"], shard["replies"]], in_entry=True):
            return fault
    return ""


def _misses(content: object, fields: Mapping[str, type | UnionType]) -> str:
    if not isinstance(content, dict):
        return "is not a JSON object"
    wrong = (name for name, kind in fields.items() if not _fits(name, content.get(name), kind))
    return next((f"has no proper {name!r}" for name in wrong), "")


def _fits(name: str, value: object, kind: type | UnionType) -> bool:
    """Whether a value has its type, and its elements theirs; true and false are no numbers."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind not in (bool, bool | None)):
        return False
    if name not in ELEMENTS:
        return True
    inner = value.values() if isinstance(value, dict) else value or ()
    return all(isinstance(each, ELEMENTS[name]) and not isinstance(each, bool) for each in inner)


def _outside(names, *, in_entry: bool = False) -> str:
    """The fault of a name that is not that of a file in the store, or, `in_entry`, in the folder of an entry."""
    for name in names:
        parts = PurePosixPath(name).parts
        if len(parts) not in ((2,) if in_entry else (1, 2)) or parts[0] in ("/", "..") or ".." in parts:
            return f"names a file outside its folder, {name!r}"
    return ""
