"""The verb `cache`: put every prompt to the model once, and write residuals and replies shard by shard.

In: planned entries and settings. Out: `manifest.json`, `items.parquet`, `replies.parquet`, and a folder of shards per
target and condition. A shard counts only once its checksum is in the manifest, so an interrupted run can resume, and
only damaged shards are written again.
"""

from __future__ import annotations

import functools
import os
import platform
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout

from tacit.activations.lens_and_embeddings import entries_without_lens, write_lens_and_embeddings
from tacit.activations.manifest import Manifest
from tacit.activations.model.ask import REPLY_COLUMNS, Asking
from tacit.activations.model.capture import check_subject
from tacit.activations.model.device import map_large_blocks, release_free_memory
from tacit.activations.model.load import Subject
from tacit.activations.model.prefix_cache import can_share
from tacit.activations.model.read_states import Reader
from tacit.activations.model.sites import PROMPTS, parse_layers
from tacit.activations.plan import Entry
from tacit.activations.store.store import Store, open_store, tensor_name
from tacit.errors import ActivationError
from tacit.files import sweep
from tacit.progress import progress
from tacit.settings import Settings


def cache_entries(
    folder: Path, entries: Sequence[Entry], items: pd.DataFrame, settings: Settings, model: dict[str, str],
    load: Callable[[], Subject], say: Callable[[str], None],
    later: Callable[[Store], Sequence[Entry]] | None = None,
) -> bool:  # fmt: skip
    """Cache what is missing or damaged in `folder`; returns whether the model had to run at all.

    later: plans the entries that depend on the model's replies, from the store of those cached so far.

    Raises ActivationError when another process is writing there, when the disk is full, or when one prompt alone does
    not fit into memory; every shard that was finished before is kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    owner = folder / ".owner"
    try:
        with FileLock(folder / ".lock", timeout=0):
            owner.write_text(f"process {os.getpid()} on {platform.node()}, since {time.strftime('%Y-%m-%d %H:%M:%S')}")
            sweep(folder)
            manifest = Manifest(folder, entries, settings, model, more=later is not None)
            load = functools.cache(load)
            ran = _cache(manifest, entries, items, load, say)
            if later is not None:
                acted = later(open_store(folder))
                manifest.extend(acted)
                ran = _cache(manifest, acted, items, load, say) or ran
            return ran
    except Timeout as error:
        who = owner.read_text() if owner.exists() else "another process"
        raise ActivationError(f"{folder} is being written by {who}. Wait for it, or name another RUN.") from error


def _cache(manifest: Manifest, entries, items, load, say) -> bool:
    missing = [(entry, rows) for entry in entries for rows in manifest.missing(entry, say)]
    lacking = entries_without_lens(manifest, entries)
    if not missing and not lacking and manifest.sound():
        return False
    subject = load() if missing or lacking else None
    if missing:
        check_subject(subject)
        reader = Reader(subject, parse_layers(manifest.settings.layers, subject.n_layers), (), can_share(subject))
        manifest.describe(reader)
        _check_room(manifest.folder, reader, missing, say)
        _say_cost(missing, say)
        _write_all(manifest, reader, missing)
    manifest.finish(items)
    write_lens_and_embeddings(manifest, lacking, subject)
    return bool(missing)


def _say_cost(missing: Sequence[tuple[Entry, range]], say) -> None:
    """The number of prompts and tokens for which replies will be generated: a line per kind of question."""
    costs: dict[str, list[int]] = {}
    for entry, rows in missing:
        for question in entry.ask.questions:
            if question.speaks:
                prompts = entry.prompts[question.key][rows.start : rows.stop]
                cost = costs.setdefault(question.key, [0, 0, 0])
                cost[0] += len(prompts)
                cost[1] += sum(len(prompt.ids) for prompt in prompts)
                cost[2] += len(prompts) * question.tokens * (1 + question.samples)
    for key, (n, read, written) in costs.items():
        say(f"{key}: {n:,} prompts, {read:,} input tokens, at most {written:,} output tokens")


def _write_all(manifest: Manifest, reader: Reader, missing: Sequence[tuple[Entry, range]]) -> None:
    """Compute shard after shard; each is written while the next one is computed."""
    total = sum(_prompts_in(entry, rows) for entry, rows in missing)
    map_large_blocks()
    with (
        progress(total=total, unit=" prompts", desc="cache") as bar,
        ThreadPoolExecutor(max_workers=1) as writer,
    ):
        written = None
        for entry, rows in missing:
            # Refreshed with the next prompts: in a log each refresh is a line.
            bar.set_postfix_str(f"{entry.ask.target}/{entry.condition}", refresh=False)
            shard = _shard(reader, entry, rows, bar.update)
            if written is not None:
                written.result()  # one shard waits at most, so memory stays flat and a full disk is noticed at once
            written = writer.submit(manifest.add, entry, rows, *shard)
            # While nnsight simulates NDIF it hides modules, and an import in another thread fails or loads one twice.
            if reader.subject.remote == "local":
                written.result()
            release_free_memory()
        written.result()


def _check_room(folder: Path, reader: Reader, missing: Sequence[tuple[Entry, range]], say) -> None:
    """Say how much will be written, and refuse before the first pass when the disk is too small for it."""
    d_model, width = reader.subject.d_model, reader.subject.dtype.itemsize
    size = sum(len(rows) * len(entry.sites) for entry, rows in missing) * len(reader.layers) * d_model * width
    free = shutil.disk_usage(folder).free
    say(f"about {size / 1e6:,.1f} MB of activations to write, {free / 1e9:,.1f} GB free on the disk")
    if size > free:
        raise ActivationError(
            f"{folder}: {size / 1e9:,.1f} GB of activations do not fit into the {free / 1e9:,.1f} GB that are free. "
            "Read fewer layers (--layers every:4), sites or items (N), or free some space."
        )


def _prompts_in(entry: Entry, rows: range) -> int:
    return sum(max(0, min(rows.stop, len(prompts)) - rows.start) for prompts in entry.prompts.values())


def _shard(reader: Reader, entry: Entry, rows: range, tick: Callable[[int], object]):
    """The tensors and the replies of one shard: `{site/layer: (rows, d_model)}` and a table."""
    tensors = {}
    if entry.sites:
        prompts = {kind: entry.prompts[kind][rows.start : rows.stop] for kind in PROMPTS}
        states = replace(reader, sites=entry.sites).read(prompts)
        tensors = {
            tensor_name(site, layer): states[site][i].contiguous()
            for site in states
            for i, layer in enumerate(reader.layers)
        }
    asking = Asking(reader.subject, reader.shares, reader.max_tokens)
    replies = [row for question in entry.ask.questions for row in asking.replies(entry, question, rows, tick)]
    return tensors, pd.DataFrame(replies, columns=list(REPLY_COLUMNS))
