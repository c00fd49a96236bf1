"""Is what lies on the disk what was written? Every shard against its checksum, and the tables against the manifest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tacit.activations.store.store import Store
from tacit.files import sha256_of


def shard_fault(folder: Path, shard: dict) -> str:
    """What is wrong with a shard on disk, in words; empty when its bytes are those that were written."""
    for name, digest in ((shard["file"], shard["sha256"]), (shard["replies"], shard["replies_sha256"])):
        path = folder / name
        if not path.exists():
            return f"{path} is missing"
        if sha256_of(path) != digest:
            return f"{path} is damaged or foreign (its checksum is not the one in the manifest)"
    return ""


def faults(store: Store) -> Iterator[str]:
    """One line for everything that is missing, damaged, not finite, or not accounted for in a store."""
    for entry in store.manifest["entries"]:
        for shard in entry["shards"]:
            if fault := shard_fault(store.path, shard):
                yield fault
            for tensor, count in shard["not_finite"].items():
                yield f"{store.path / shard['file']}: {count} values of {tensor} are not finite (the model's own)"
        if (rows := sum(shard["rows"][1] - shard["rows"][0] for shard in entry["shards"])) != entry["n_items"]:
            yield f"{entry['target']}/{entry['condition']}: {rows} of {entry['n_items']} items are there"
    for name, digest in store.manifest["tables"].items():
        path = store.path / name
        if not path.exists() or sha256_of(path) != digest:
            yield f"{path} is missing, damaged or foreign"


def describe(store: Store) -> str:
    """What a store holds, for a person: model, items, sites, layers, bytes, versions."""
    manifest = store.manifest
    shards = [shard for entry in manifest["entries"] for shard in entry["shards"]]
    model = manifest["model"]
    weights = model.get("revision") or next(
        (digest[:12] for name, digest in model.items() if "safetensors" in name), "?"
    )
    lines = [
        f"model       {model['id']} ({weights}), {manifest['dtype']} on {manifest['device']}",
        f"layers      {len(store.layers)} of {store.n_layers} (0 is the embeddings), {manifest['d_model']} wide",
        f"shards      {len(shards)}, {sum(shard['bytes'] for shard in shards) / 1e6:.1f} MB",
        f"shared work {'yes' if manifest['shares'] else 'no (this model cannot be continued from a cache)'}",
        "versions    " + ", ".join(f"{name} {number}" for name, number in manifest["versions"].items()),
        "",
        *(
            f"{entry['target']}/{entry['condition']}: {entry['n_items']} items "
            f"{'at ' + ', '.join(entry['sites']) if entry['sites'] else entry['part'] + ' in words'}"
            f" (key {entry['key'][:12]})"
            for entry in manifest["entries"]
        ),
    ]
    return "\n".join(lines)
