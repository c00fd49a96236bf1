"""Input embeddings and logit-lens logits per entry.

In: a finished store and the loaded model. Out: `ends.safetensors` in the entry's folder; its checksum is in the
manifest, as for the other tables. Neither needs a forward pass, so both are computed from the shards once these exist.
"""

from __future__ import annotations

from collections.abc import Sequence

import safetensors.numpy

from tacit.activations.manifest import Manifest
from tacit.activations.model.load import Subject
from tacit.activations.model.logit_lens import lens_tensors
from tacit.activations.model.mean_embeddings import embedding_tensors
from tacit.activations.plan import Entry
from tacit.activations.store.store import ENDS, Store
from tacit.files import sha256_of, write_bytes


def entries_without_lens(manifest: Manifest, entries: Sequence[Entry]) -> list[Entry]:
    """The entries with cached states whose `ends.safetensors` is missing or does not match its checksum."""
    known = manifest.tables
    return [entry for entry in entries if entry.sites and not _sound(manifest, known, f"{entry.folder}/{ENDS}")]


def _sound(manifest: Manifest, known: dict[str, str], name: str) -> bool:
    path = manifest.folder / name
    return name in known and path.exists() and sha256_of(path) == known[name]


def write_lens_and_embeddings(manifest: Manifest, entries: Sequence[Entry], subject: Subject) -> None:
    """Write the file of each entry and record its checksum; the store's shards and replies must exist already."""
    store = Store(manifest.folder, manifest.content)
    for entry in entries:
        tensors = embedding_tensors(subject, entry.prompts)
        tensors |= lens_tensors(store, entry.ask.target, entry.condition, subject)
        name = f"{entry.folder}/{ENDS}"
        data = safetensors.numpy.save(tensors, metadata={"tacit": entry.key})
        manifest.content["tables"][name] = write_bytes(manifest.folder / name, data)
    manifest.write()
