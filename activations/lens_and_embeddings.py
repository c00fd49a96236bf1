"""What the model's two ends make of an entry: the mean input embeddings, and the logit lens.

In: a finished store and the loaded model. Out: `ends.safetensors` in the entry's folder, vouched for by the manifest's
table of checksums like the other tables. Neither costs a pass, so both are made after the shards, from what these hold.
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


def without_ends(manifest: Manifest, entries: Sequence[Entry]) -> list[Entry]:
    """The entries that were read and whose file is absent, or is not the one whose checksum was written down."""
    known = manifest.content["tables"] or {}
    return [entry for entry in entries if entry.sites and not _sound(manifest, known, f"{entry.folder}/{ENDS}")]


def _sound(manifest: Manifest, known: dict[str, str], name: str) -> bool:
    path = manifest.folder / name
    return name in known and path.exists() and sha256_of(path) == known[name]


def write_ends(manifest: Manifest, entries: Sequence[Entry], subject: Subject) -> None:
    """Write the file of each entry and enter its checksum; the store's shards and replies must be there already."""
    store = Store(manifest.folder, manifest.content)
    for entry in entries:
        tensors = embedding_tensors(subject, entry.prompts)
        tensors |= lens_tensors(store, entry.ask.target, entry.condition, subject)
        name = f"{entry.folder}/{ENDS}"
        data = safetensors.numpy.save(tensors, metadata={"tacit": entry.key})
        manifest.content["tables"][name] = write_bytes(manifest.folder / name, data)
    manifest.write()
