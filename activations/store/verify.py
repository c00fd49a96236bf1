"""Check a store on disk: every shard and table against its checksum in the manifest; and describe what it holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tacit.activations.store.check_manifest import manifest_fault
from tacit.activations.store.store import Store
from tacit.files import sha256_of


def shard_fault(folder: Path, shard: dict) -> str:
    """What is wrong with a shard on disk, in words; empty when its files match their checksums."""
    for name, digest in ((shard["file"], shard["sha256"]), (shard["replies"], shard["replies_sha256"])):
        path = folder / name
        if not path.exists():
            return f"{path} is missing"
        if sha256_of(path) != digest:
            return f"{path} is damaged or was replaced (its checksum differs from the manifest's)"
    return ""


def faults(store: Store) -> Iterator[str]:
    """One line for each file that is missing or damaged, tensor that is not finite, and entry with missing items."""
    for entry in store.manifest["entries"]:
        for shard in entry["shards"]:
            if fault := shard_fault(store.path, shard):
                yield fault
            for tensor, count in shard["not_finite"].items():
                yield f"{store.path / shard['file']}: {tensor} has {count} non-finite values (as computed by the model)"
        if (rows := sum(shard["rows"][1] - shard["rows"][0] for shard in entry["shards"])) != entry["n_items"]:
            yield f"{entry['target']}/{entry['condition']}: only {rows} of {entry['n_items']} items are cached"
    for name, digest in store.manifest["tables"].items():
        path = store.path / name
        if not path.exists() or sha256_of(path) != digest:
            yield f"{path} is missing, damaged or was replaced"


def cached_so_far(folder: Path) -> str:
    """How much of a store is on disk, finished or not, in a sentence without its full stop."""
    try:
        content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        entries = [] if manifest_fault(content, finished=False) else content["entries"]
    except (OSError, ValueError):
        entries = []
    kept = sum(shard["rows"][1] - shard["rows"][0] for entry in entries for shard in entry["shards"])
    planned = sum(entry["n_items"] for entry in entries)
    return (
        f"{kept} of {planned} prompts are finished and kept" if kept else "Nothing was finished yet, so nothing is kept"
    )


def describe(store: Store) -> str:
    """A readable summary of a store: model, items, sites, layers, bytes, versions."""
    manifest = store.manifest
    shards = [shard for entry in manifest["entries"] for shard in entry["shards"]]
    model = manifest["model"]
    weights = model.get("revision") or next(
        (digest[:12] for name, digest in model.items() if name.endswith((".safetensors", ".gguf"))), "?"
    )
    lines = [
        f"model        {model.get('id')} ({weights}), {manifest.get('dtype')} on {manifest.get('device')}",
        f"layers       {len(store.layers)} of {store.n_layers} (0 is the embeddings), {manifest.get('d_model')} wide",
        *_set_aside(manifest),
        f"shards       {len(shards)}, {sum(shard['bytes'] for shard in shards) / 1e6:.1f} MB",
        f"shared work  {'each token of an item is read once' if manifest.get('shares') else 'none: prompt by prompt'}",
        "versions     " + ", ".join(f"{name} {number}" for name, number in manifest["versions"].items()),
        f"item set     {manifest.get('item_set', '1')} (version of the built-in items and wordings)",
        "",
        *(
            f"{entry['target']}/{entry['condition']}: {entry['n_items']} items "
            f"{'at ' + ', '.join(entry['sites']) if entry['sites'] else entry['part'] + ' replies only'}"
            f" (key {entry['key'][:12]})"
            for entry in manifest["entries"]
        ),
    ]
    return "\n".join(lines)


def _set_aside(manifest: dict) -> list[str]:
    """A line about what the run holds and no longer asks for."""
    gone = manifest.get("set_aside") or []
    size = sum(shard["bytes"] for entry in gone for shard in entry["shards"]) / 1e6
    return (
        [f"set aside    {len(gone)} sets of prompts no longer asked for, {size:.1f} MB (tacit clean)"] if gone else []
    )
