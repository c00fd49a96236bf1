"""Read what `cache` wrote, as arrays and tables.

    from tacit.activations import open_store
    store = open_store("runs/default/activations")
    x = store.load("knowledge", "locked", site="object", layer=4)     # (n_items, d_model) float32

Nothing here imports torch, so later commands and other people's code can read a run without its model.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import ml_dtypes  # noqa: F401  (registers bfloat16 with numpy, so that safetensors can read it)
import numpy as np
import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file

from tacit.activations.store.check_manifest import manifest_fault
from tacit.errors import ActivationError
from tacit.files import sha256_of

FORMAT = "tacit-store/2"
ENDS = "ends.safetensors"
"""Input embeddings and logit-lens logits: what the model computes at its two ends."""
THOUGHTS = "thoughts"
"""Column of the replies: the tokens between the prompt and the place at which the site `report` is read."""
TWINS = "twins"
"""Folder of the random-initialised models' stores, one per seed, inside the model's own."""


def tensor_name(site: str, layer: int) -> str:
    """The name of one site's tensor inside a shard: `object/007`."""
    return f"{site}/{layer:03d}"


@functools.cache
def _known_digest(path: Path, _size: int, _modified: int) -> str:
    """The sha256 of a file of this size and time of change."""
    return sha256_of(path)


@dataclass(frozen=True)
class Store:
    """A folder of activations, read-only."""

    path: Path
    """`runs/<run>/activations`."""
    manifest: dict
    """`manifest.json`: format, model, settings, versions, and one entry per target and condition with its shards."""

    def __getstate__(self) -> dict:
        """State for pickling: an absolute path, valid in any working directory, and no loaded tables."""
        return {"path": self.path.absolute(), "manifest": self.manifest}

    @cached_property
    def items(self) -> pd.DataFrame:
        """A row per target and item: prompts, groups, and token positions (see the README's table).

        Raises ActivationError for a file that is missing, or does not have the checksum that it was written with.
        """
        return self._table("items.parquet")

    @cached_property
    def replies(self) -> pd.DataFrame:
        """A row per target, condition, item, question and sample: the text and the valid answers' log-probabilities.

        `prompt` is object, report, control or candidate; `elicitation` names the form of a report; `sample` 0 is the
        greedy reply. Raises ActivationError like `items`.
        """
        return self._table("replies.parquet")

    def _table(self, name: str) -> pd.DataFrame:
        """Rows belong to the states by their order, so a table that was sorted or edited would be silently wrong."""
        path = self.path / name
        data = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(data).hexdigest() != self.manifest["tables"].get(name):
            state = "was changed after it was cached (its checksum differs)" if data else "is missing"
            raise ActivationError(f"{path} {state}. Run: tacit cache {run_of(self.path)}")
        return pd.read_parquet(io.BytesIO(data))

    @property
    def entries(self) -> list[tuple[str, str]]:
        """The (target, condition) pairs with activations in this store, in the order in which they were cached."""
        return [(entry["target"], entry["condition"]) for entry in self.manifest["entries"] if entry["sites"]]

    @property
    def n_layers(self) -> int:
        """Layers of the model, embeddings included: layer 0 is the first block's input, layer l block l's output."""
        return self._known("n_layers")

    @property
    def layers(self) -> tuple[int, ...]:
        """The cached layers: all, or those named by `--layers`."""
        return tuple(self._known("layers"))

    def _known(self, name: str) -> Any:
        if self.manifest.get(name) is None:
            raise ActivationError(
                f"{self.path / 'manifest.json'} has no {name!r}. Run: tacit cache {run_of(self.path)}"
            )
        return self.manifest[name]

    def sites(self, target: str, condition: str) -> tuple[str, ...]:
        """The names of the cached sites, e.g. `object` and `report`: the last tokens of these prompts."""
        return tuple(self._entry(target, condition)["sites"])

    def absent(self, target: str, condition: str) -> list[int]:
        """Positions of the items without states here or in a random-initialised model's store, in order: a prompt of
        theirs does not fit into memory even alone, and their rows are nan."""
        places = [
            (store, pair) for store in (self, *self.twins) for pair in store.entries if pair == (target, condition)
        ]
        shards = [shard for store, pair in places for shard in store._entry(*pair)["shards"]]
        return sorted({row for shard in shards for row in shard.get("absent", ())})

    def load(self, target: str, condition: str, site: str, layer: int) -> np.ndarray:
        """`(n_items, d_model) float32`, the residual stream at one site; rows as in `items` of that target.

        Raises ActivationError for a target, condition, site or layer that is not in the store, and for a damaged shard.
        """
        entry = self._entry(target, condition)
        if site not in entry["sites"] or layer not in self.layers:
            raise ActivationError(
                f"{site!r} at layer {layer} is not in {self.path} (sites {', '.join(entry['sites'])}; "
                f"layers {', '.join(map(str, self.layers))})"
            )
        parts = [self._read(shard, tensor_name(site, layer)) for shard in entry["shards"]]
        return np.concatenate(parts).astype(np.float32, copy=False)

    def thoughts(self, target: str, condition: str) -> dict[str, list[int]]:
        """Item id -> the tokens between its primary report prompt and the place at which the site `report` is read;
        {} for a model that does not think before it answers."""
        if THOUGHTS not in self.replies:
            return {}
        mine = self.replies.query("target == @target and condition == @condition").dropna(subset=THOUGHTS)
        return {item: [*map(int, tokens)] for item, tokens in zip(mine["item_id"], mine[THOUGHTS], strict=True)}

    def lens_and_embeddings(self, target: str, condition: str) -> dict[str, np.ndarray]:
        """Input embeddings and logit-lens logits of an entry; rows as in `items` of that target.

        `mean/object`, `mean/report`: `(n_items, d_model) float32`, mean input embeddings of the prompts.
        `lens/<layer>`: `(n_items, n_tokens) float32`, logit-lens logits of `tokens` at the object prompt's last token;
        `tokens`: `(n_tokens,) int64`; `first`: `(n_items,) int64`, the first token of each reply, -1 without a reply.
        Names that were not computed are missing; empty for a store without any.
        """
        name = next(
            (name for name in self.manifest["tables"] if name == f"{self._folder(target, condition)}/{ENDS}"), ""
        )
        if not name:
            return {}
        self._check(self.path / name, self.manifest["tables"][name])
        return load_file(self.path / name)

    def _folder(self, target: str, condition: str) -> str:
        return self._entry(target, condition)["shards"][0]["file"].rpartition("/")[0]

    @property
    def twins(self) -> tuple[Store, ...]:
        """The stores of the random-initialised models of the same architecture, by seed; () without any."""
        folders = [path.parent for path in (self.path / TWINS).glob("*/manifest.json") if path.parent.name.isdecimal()]
        return tuple(open_store(folder) for folder in sorted(folders, key=lambda folder: int(folder.name)))

    def _read(self, shard: dict, name: str) -> np.ndarray:
        path = self.path / shard["file"]
        self._check(path, shard["sha256"])
        try:
            with safe_open(path, framework="numpy") as opened:
                return opened.get_tensor(name)
        except (OSError, SafetensorError) as error:
            raise self._damaged(f"{path} is missing or damaged ({error})") from error

    def _check(self, path: Path, digest: str) -> None:
        """Refuse a file that is not as it was written; each is read for this once per process and version."""
        try:
            status = path.stat()
        except OSError as error:
            raise self._damaged(f"{path} is missing or damaged ({error.strerror})") from error
        if _known_digest(path.absolute(), status.st_size, status.st_mtime_ns) != digest:
            raise self._damaged(f"{path} is damaged or was replaced (its checksum differs from the manifest's)")

    def _damaged(self, what: str) -> ActivationError:
        return ActivationError(
            f"{what}. Run the same `cache` command again: it rewrites this file and keeps the others."
        )

    def _entry(self, target: str, condition: str) -> dict:
        for entry in self.manifest["entries"]:
            if (entry["target"], entry["condition"]) == (target, condition) and entry["sites"]:
                return entry
        available = ", ".join("/".join(pair) for pair in self.entries)
        raise ActivationError(f"{target}/{condition} is not in {self.path} (it holds {available})")


def run_of(folder: Path) -> str:
    """The run's name from the folder of its store, or of a store inside it."""
    return next((inner.parent.name for inner in (folder, *folder.parents) if inner.name == "activations"), folder.name)


def open_store(path: str | Path) -> Store:
    """Open the activations of a run.

    Raises ActivationError when there is no finished store at `path`, or one of another format.
    """
    path = Path(path)
    manifest = path / "manifest.json"
    if not manifest.exists():
        raise ActivationError(f"{path} holds no activations. Run: make cache RUN={path.parent.name}")
    again = f"Move it away, then run: tacit cache {run_of(path)}"
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ActivationError(f"{manifest} is not JSON ({error}). {again}") from error
    if isinstance(content, dict) and content.get("format") != FORMAT:
        raise ActivationError(
            f"{manifest} has format {content.get('format')!r}, but this version of tacit reads {FORMAT!r}. Run:"
            f" make cache RUN={path.parent.name}"
        )
    complete = isinstance(content, dict) and bool(content.get("complete"))
    if fault := manifest_fault(content, finished=complete):
        raise ActivationError(f"{manifest} {fault}. {again}")
    if not complete:
        raise ActivationError(f"{path} is not finished yet. To finish it, run: make cache RUN={path.parent.name}")
    return Store(path, content)
