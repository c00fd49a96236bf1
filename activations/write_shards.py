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
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import torch
from filelock import FileLock, Timeout

from tacit.activations.lens_and_embeddings import entries_without_lens, write_lens_and_embeddings
from tacit.activations.manifest import Manifest
from tacit.activations.model.capture import check_subject, check_tokens
from tacit.activations.model.load import Subject
from tacit.activations.model.sites import parse_layers
from tacit.activations.plan import ACTS, Entry
from tacit.activations.store.store import Store, open_store
from tacit.activations.trees.ask import Asking, Part
from tacit.activations.trees.run import can_batch, can_share
from tacit.activations.trees.shared_acts import (
    NONE,
    Known,
    add_known,
    completed,
    each_prompt_once,
    known_replies,
    left_to_ask,
    turns,
)
from tacit.activations.work import Work, batch_tokens, seconds_a_token, units_of
from tacit.activations.workers.processes import Workers
from tacit.activations.workers.units import in_turn
from tacit.errors import ActivationError
from tacit.files import sweep
from tacit.progress import progress
from tacit.settings import Settings


def cache_entries(
    folder: Path, entries: Sequence[Entry], items: pd.DataFrame, settings: Settings, model: dict[str, str],
    load: Callable[[], Subject], say: Callable[[str], None],
    *,
    later: Callable[[Store], Sequence[Entry]] | None = None,
    screen: Callable[[pd.DataFrame], Collection[tuple[str, str]]] | None = None,
    workers: Workers | None = None,
) -> bool:  # fmt: skip
    """Cache what is missing or damaged in `folder`; returns whether the model had to run at all.

    load: loads the model. later: plans the entries that depend on the model's replies, from the store of those cached
    so far. screen: given the replies to all object prompts, before anything else is asked, names the (target,
    condition) pairs of which nothing else is to be asked. workers: processes that share the work where that pays; None
    for this one alone.

    Raises ActivationError when another process is writing there or when the disk is full; every shard that was finished
    before is kept. A prompt that does not fit into memory even alone is named and left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    owner = folder / ".owner"
    try:
        with FileLock(folder / ".lock", timeout=0):
            owner.write_text(f"process {os.getpid()} on {platform.node()}, since {time.strftime('%Y-%m-%d %H:%M:%S')}")
            sweep(folder)
            manifest = Manifest(folder, entries, settings, model)
            load = functools.cache(load)
            tried = functools.cache(lambda: _tried(manifest, load(), say))
            ask = functools.partial(_ask, manifest, tried=tried, workers=workers)
            ran = False
            if screen is not None:
                acts = [entry for entry in entries if entry.ask.part == ACTS]
                tell_cost = functools.cache(lambda: _tell_cost(manifest, entries, tried, workers, say))
                known = NONE
                for turn in turns(acts):
                    if missing := _missing(manifest, turn, say):
                        tell_cost()
                        ran = ask(missing, turn, say=lambda line: say(f"object prompts: {line}"), known=known) or ran
                    known = {**known_replies(turn, manifest.replies(turn)), **known}
                left_out = screen(manifest.replies(acts))
                entries = [e for e in entries if e.ask.part == ACTS or (e.ask.target, e.condition) not in left_out]
                manifest.keep(entries)
            ran = ask(_missing(manifest, entries, say), entries, say=say) or ran
            _complete(manifest, entries, items, load, changed=ran)
            if later is not None:
                acted = later(open_store(folder))
                manifest.extend(acted)
                asked = ask(
                    _missing(manifest, acted, say),
                    acted,
                    say=lambda line: say(f"prompts that depend on replies: {line}"),
                )
                _complete(manifest, acted, items, load, changed=asked)
                ran = asked or ran
            for line in manifest.changes():
                say(line)
            return ran
    except Timeout as error:
        who = owner.read_text() if owner.exists() else "another process"
        raise ActivationError(f"{folder} is being written by {who}. Wait for it, or name another RUN.") from error


def _complete(manifest: Manifest, entries, items, load, *, changed: bool) -> None:
    """Write the tables of the store, and the lens and the embeddings of its entries, where they are not there yet."""
    lacking = entries_without_lens(manifest, entries)
    if changed or lacking or not manifest.sound():
        manifest.finish(items)
        write_lens_and_embeddings(manifest, lacking, load() if lacking else None)


def _missing(manifest: Manifest, entries: Sequence[Entry], say) -> list[Part]:
    return [(entry, rows) for entry in entries for rows in manifest.missing(entry, say)]


def _tell_cost(manifest: Manifest, entries, tried, workers: Workers | None, say) -> None:
    """What is asked in all, but for what depends on replies, before the first of it is. The acts are asked first, and
    apart: each prompt once, although several targets may read the reply."""
    asking, token_s = tried()
    missing = _missing(manifest, entries, say)
    acts = [entry for entry in entries if entry.ask.part == ACTS]
    known = known_replies(acts, manifest.replies(acts))
    first = each_prompt_once([part for part in missing if part[0].ask.part == ACTS], known)
    others = [part for part in missing if part[0].ask.part != ACTS]
    units = [unit for parts in (first, others) for unit in units_of(parts, entries, manifest.together)]
    work = Work(units, shares=asking.shares)
    size = workers.size(asking.subject, len(units), work.total * token_s) if workers else 1
    say(f"in all, without prompts that depend on replies: {work.told(token_s, size)}")


def _ask(
    manifest: Manifest, missing: Sequence[Part], entries, *, tried, workers: Workers | None, say, known: Known = NONE
) -> bool:
    """Compute what is missing; returns whether anything was. tried: gives the model and the seconds of a token. known:
    replies to object prompts that are not asked for again."""
    if asked := add_known(manifest, missing, known):
        asking, token_s = tried()
        _check_prompts(asking.subject, asked)
        manifest.describe(asking)
        _check_room(manifest.folder, asking, asked, say)
        _write_all(manifest, asking, units_of(asked, entries, manifest.together), token_s, workers, say, known)
    return bool(missing)


def _tried(manifest: Manifest, subject: Subject, say) -> tuple[Asking, float]:
    """The model with what trials show of it, and the seconds that it takes for a token."""
    check_subject(subject)
    torch.set_num_threads(manifest.content["threads"] or torch.get_num_threads())
    asking = _asking(manifest.settings, subject, say)
    return asking, seconds_a_token(asking)


def _asking(settings: Settings, subject: Subject, say) -> Asking:
    """The model with what a trial shows of it: whether prompts share their work, or may at least share a batch."""
    shares, most = can_share(subject), batch_tokens(subject)
    if not (shares and subject.window is None) and not can_batch(subject):
        say("prompts are run one at a time, because this model replies differently when they are padded in a batch")
        most = 1
    return Asking(subject, parse_layers(settings.layers, subject.n_layers), shares, most)


def _check_prompts(subject: Subject, parts: Sequence[Part]) -> None:
    for entry in {entry.key: entry for entry, _ in parts}.values():
        for prompts in entry.prompts.values():
            if prompts and not subject.remote:
                largest = max(prompts, key=lambda prompt: max(prompt.ids, default=0))
                check_tokens(subject, largest.ids, largest.text)


def _write_all(
    manifest: Manifest, asking: Asking, units: Sequence[Sequence[Part]], token_s: float, workers: Workers | None, say,
    known: Known,
) -> None:  # fmt: skip
    """Compute unit after unit; each is written while the next one is computed. token_s: seconds of a token."""
    whole, units = units, [[left_to_ask(part, known) for part in parts] for parts in units]
    work = Work(units, shares=asking.shares)
    size = workers.size(asking.subject, len(units), work.total * token_s) if workers else 1
    say(work.told(token_s, size))
    if size > 1:
        workers.begin(asking, size)
    left_out: list[str] = []
    with (
        progress(total=work.total, unit=" tokens", desc="cache") as bar,
        ThreadPoolExecutor(max_workers=1) as writer,
    ):
        written = None
        units_done = (
            workers.compute(asking, units, bar.update, size) if size > 1 else in_turn(asking, units, bar.update)
        )
        for index, shards, tally in units_done:
            left_out += tally.left_out
            bar.total = work.done(index, tally.read + tally.written)
            if written is not None:
                written.result()  # one unit waits at most, so memory stays flat and a full disk is noticed at once
            shards = [completed(*pair, known) for pair in zip(whole[index], shards, strict=True)]
            written = writer.submit(manifest.add, whole[index], shards, tally)
            # While nnsight simulates NDIF it hides modules, and an import in another thread fails or loads one twice.
            if asking.subject.remote == "local":
                written.result()
        written.result()
    assert work.finished, "a unit was not computed"
    if left_out:
        names = "; ".join(left_out[:10]) + ("; …" if len(left_out) > 10 else "")
        say(
            f"{len(left_out)} prompts do not fit into memory even alone and have no reply; items whose states would be"
            f" read there are left out of the analysis: {names}"
        )


def _check_room(folder: Path, asking: Asking, missing: Sequence[Part], say) -> None:
    """Say how much will be written, and refuse before the first pass when the disk is too small for it."""
    d_model, width = asking.subject.d_model, asking.subject.dtype.itemsize
    size = sum(len(rows) * len(entry.sites) for entry, rows in missing) * len(asking.layers) * d_model * width
    free = shutil.disk_usage(folder).free
    if size:
        say(f"about {size / 1e6:,.1f} MB of activations to write, {free / 1e9:,.1f} GB free on the disk")
    if size > free:
        raise ActivationError(
            f"{folder}: {size / 1e9:,.1f} GB of activations do not fit into the {free / 1e9:,.1f} GB that are free. "
            "Read fewer layers (--layers every:4), sites or items (N), or free some space."
        )
