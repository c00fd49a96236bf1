"""`manifest.json`: what a store holds, shard by shard, with checksums; and what is missing or damaged.

Rewritten atomically after each shard, so it never lists a shard that is not on disk.
"""

from __future__ import annotations

import io
import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import safetensors.torch
import torch

from tacit.activations.plan import LIBRARIES, Entry
from tacit.activations.store.check_manifest import manifest_fault
from tacit.activations.store.other_runs import adopt
from tacit.activations.store.store import FORMAT
from tacit.activations.store.verify import shard_fault
from tacit.activations.trees.ask import ABSENT, REPLY_COLUMNS, Asking, Part, Shard
from tacit.activations.trees.jobs import Tally
from tacit.errors import ActivationError
from tacit.files import sha256_of, write_bytes
from tacit.settings import Settings
from tacit.targets.registry import ITEM_SET

DESCRIBED = ("layers", "n_layers", "d_model", "dtype", "device", "shares", "threads")
"""Fields that say how the states were computed."""
KNOWN_LATER = (*DESCRIBED, "tables", "tables_of", "tokens")
"""Fields that are known only once the model is loaded or the store is finished."""


class Manifest:
    """The manifest of one store while it is being written."""

    def __init__(self, folder: Path, entries: Sequence[Entry], settings: Settings, model: dict[str, str]):
        """What is recorded and not planned is set aside: its files stay, and it is there again once it is asked for."""
        self.folder, self.path, self.settings = folder, folder / "manifest.json", settings
        before = self._read()
        self._held = {entry["key"]: entry for part in ("entries", "set_aside") for entry in before.get(part) or []}
        self._adopted: dict[str, str] = {}
        self._facts: dict = {}
        planned = [self._record(entry) for entry in entries]
        keys = {entry.key for entry in entries}
        others = [entry for key, entry in self._held.items() if key not in keys]
        self.content = {
            "format": FORMAT, "complete": before.get("complete", False), "model": model, "settings": asdict(settings),
            **{name: before.get(name) for name in KNOWN_LATER},
            "versions": {name: version(name) for name in LIBRARIES},
            "python": platform.python_version(),
            "item_set": ITEM_SET,
            "entries": planned,
            "set_aside": others,
        }  # fmt: skip
        self._before = before
        self._together: dict[tuple[str, int], tuple[str, ...]] = {}

    def extend(self, entries: Sequence[Entry]) -> None:
        """Add entries to the plan."""
        added = {entry.key for entry in entries}
        earlier = [entry for entry in self.content["entries"] if entry["key"] not in added]
        self.content["entries"] = [*earlier, *(self._record(entry) for entry in entries)]
        self.content["set_aside"] = [entry for entry in self.content["set_aside"] if entry["key"] not in added]

    def keep(self, entries: Sequence[Entry]) -> None:
        """Plan these entries only; the shards of others stay where they are and are set aside."""
        keys = {entry.key for entry in entries}
        others = [entry for entry in self.content["entries"] if entry["key"] not in keys and entry["shards"]]
        self.content["entries"] = [entry for entry in self.content["entries"] if entry["key"] in keys]
        self.content["set_aside"] += others

    def changes(self) -> list[str]:
        """What differs from the run as it was cached before, in lines for the user."""
        earlier, now = self._before.get("model") or {}, self.content["model"]
        lines = []
        if earlier and earlier != now:
            differ = sorted(name for name in {*earlier, *now} if earlier.get(name) != now.get(name))
            lines.append(
                f"{now['id']} is another model than this run was cached from ({', '.join(differ)} changed); its prompts"
                " are asked again, and the earlier replies and activations are set aside"
            )
        known = {entry["key"] for entry in self._before.get("set_aside") or []}
        if gone := [entry for entry in self.content["set_aside"] if entry["key"] not in known]:
            lines.append(
                f"{len(gone)} sets of prompts that were cached before are no longer asked for and are set aside (to"
                " remove them: tacit clean)"
            )
        return lines

    def _record(self, entry: Entry) -> dict:
        """What is known of an entry: here, in another run of the same model, or nothing yet."""
        if entry.key in self._held:
            return self._held[entry.key]
        if (found := adopt(self.folder, entry.key)) is None:
            return self._new(entry)
        self._adopted |= found.tables
        self._facts = found.facts
        return found.entry

    def _read(self) -> dict:
        if not self.path.exists():
            return {}
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ActivationError(f"{self.path} is not JSON ({error}). Move it away and cache again.") from error
        if fault := manifest_fault(content, finished=False):
            raise ActivationError(f"{self.path} {fault}. Move it away and cache again.")
        return content

    @staticmethod
    def _new(entry: Entry) -> dict:
        return {
            "target": entry.ask.target, "condition": entry.condition, "part": entry.ask.part, "key": entry.key,
            "n_items": len(entry.ask.items),
            "sites": [site.name for site in entry.sites], "shards": [],
        }  # fmt: skip

    def _of(self, entry: Entry) -> dict:
        return next(known for known in self.content["entries"] if known["key"] == entry.key)

    def missing(self, entry: Entry, say: Callable[[str], None]) -> list[range]:
        """Row ranges whose shard is missing or does not match its checksum (damage is reported through `say`)."""
        sound = []
        for shard in self._of(entry)["shards"]:
            if fault := shard_fault(self.folder, shard):
                say(f"{fault}; caching it again")
            else:
                sound.append(shard)
            self._together[entry.key, shard["rows"][0]] = tuple(shard.get("with", ()))
        self._of(entry)["shards"] = sound
        have = {tuple(shard["rows"]) for shard in sound}
        rows = [rows for rows in entry.rows if (rows.start, rows.stop) not in have]
        self.content["complete"] &= not rows
        return rows

    def together(self, entry: Entry, rows: range) -> tuple[str, ...]:
        """Keys of the entries that a shard was computed with before; () for one that was never there.

        A damaged shard is computed with the same ones again, so that it comes out bit for bit the same.
        """
        return self._together.get((entry.key, rows.start), ())

    @property
    def tables(self) -> dict[str, str]:
        """Checksums of the tables by name, those of other runs included."""
        return (self.content["tables"] or {}) | self._adopted

    def describe(self, asking: Asking) -> None:
        """Record the shape and dtype of the states."""
        subject = asking.subject
        self.content |= {
            "layers": list(asking.layers),
            "n_layers": subject.n_layers,
            "d_model": subject.d_model,
            "dtype": str(subject.dtype).removeprefix("torch."),
            "device": str(subject.device),
            "shares": asking.shares,
            "threads": torch.get_num_threads(),
            "complete": False,
        }

    def add(self, parts: Sequence[Part], shards: Sequence[Shard], tally: Tally) -> None:
        """Write the shards that are missing, then the manifest with their checksums: all of them count, or none."""
        keys = [entry.key for entry, _ in parts]
        for (entry, rows), (tensors, replies) in zip(parts, shards, strict=True):
            known = self._of(entry)["shards"]
            if all(shard["rows"] != [rows.start, rows.stop] for shard in known):
                known.append(self._shard(entry, rows, tensors, replies) | {"with": keys})
                known.sort(key=lambda each: each["rows"])
        before = self.content["tokens"] or {}
        self.content["tokens"] = {name: before.get(name, 0) + count for name, count in tally.counts.items()}
        self.write()

    def _shard(self, entry: Entry, rows: range, tensors: dict[str, torch.Tensor], replies: pd.DataFrame) -> dict:
        stem = f"{entry.folder}/{rows.start // entry.shard_rows:05d}"
        absent = tensors.get(ABSENT, torch.zeros(0, dtype=torch.int64)).tolist()
        tensors = {name: tensor for name, tensor in tensors.items() if name != ABSENT}
        weak = {name: _not_finite(tensor, absent) for name, tensor in tensors.items()}
        # One metadata field: safetensors writes several in an order that changes from run to run.
        data = safetensors.torch.save(tensors, metadata={"tacit": f"{entry.key} {rows.start}-{rows.stop}"})
        return {
            "file": f"{stem}.safetensors", "rows": [rows.start, rows.stop], "bytes": len(data),
            "sha256": write_bytes(self.folder / f"{stem}.safetensors", data),
            "replies": f"{stem}.replies.parquet",
            "replies_sha256": self._table(f"{stem}.replies.parquet", replies),
            "not_finite": {name: count for name, count in weak.items() if count},
            **({"absent": [rows.start + row for row in absent]} if absent else {}),
        }  # fmt: skip

    def finish(self, items: pd.DataFrame) -> None:
        """Write the tables of items and of all shards' replies, and mark the store as complete."""
        shards = [shard for entry in self.content["entries"] for shard in entry["shards"]]
        kept_too = [shard for entry in self.content["set_aside"] for shard in entry["shards"]]
        folders = {shard["file"].rpartition("/")[0] for shard in (*shards, *kept_too)}
        before = self.tables.items()
        kept = {name: digest for name, digest in before if name.rpartition("/")[0] in folders}
        self.content["tables"] = kept | {
            "items.parquet": self._table("items.parquet", items),
            "replies.parquet": self._table("replies.parquet", self._replies(shards)),
        }
        for name in DESCRIBED:  # where all of it is another run's, the model was not loaded here
            self.content[name] = self._facts.get(name) if self.content[name] is None else self.content[name]
        self.content["tables_of"] = self._keys()
        self.content["complete"] = True
        self.write()

    def replies(self, entries: Sequence[Entry]) -> pd.DataFrame:
        """All replies of these entries, whose shards exist."""
        return self._replies([shard for entry in entries for shard in self._of(entry)["shards"]])

    def _replies(self, shards: Sequence[dict]) -> pd.DataFrame:
        tables = [pd.read_parquet(self.folder / shard["replies"]) for shard in shards]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(REPLY_COLUMNS))

    def _table(self, name: str, table: pd.DataFrame) -> str:
        table.to_parquet(data := io.BytesIO(), index=False)
        return write_bytes(self.folder / name, data.getvalue())

    def sound(self) -> bool:
        """Whether the store was complete and its tables are of these entries and match their checksums."""
        tables = self.content.get("tables") or {}
        whole = all((self.folder / name).exists() and sha256_of(self.folder / name) == tables[name] for name in tables)
        return bool(self.content["complete"] and tables and whole and self.content["tables_of"] == self._keys())

    def _keys(self) -> list[str]:
        return [entry["key"] for entry in self.content["entries"]]

    def write(self) -> None:
        write_bytes(self.path, (json.dumps(self.content, indent=1, ensure_ascii=False) + "\n").encode())


def _not_finite(tensor: torch.Tensor, absent: Sequence[int]) -> int:
    """How many numbers of the rows that are there are not finite."""
    there = torch.ones(len(tensor), dtype=torch.bool)
    there[list(absent)] = False
    return int((~torch.isfinite(tensor[there])).sum())
