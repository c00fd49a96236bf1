"""Compute shared prefixes once: the beginning common to all prompts, and object prompts that report prompts extend.

Keys and values of the shared tokens are kept, and only the rest goes through the blocks. Tokens at which states are
read may not be in a shared part. Whether a model can continue from cached keys and values is tested on a tiny example
when it is loaded; if not (a recurrent state cannot be truncated), it reads prompt by prompt, with the same result.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

import torch

from tacit.activations.model.capture import Batch, Ranges, pad, plain_batch, residuals
from tacit.activations.model.load import Subject

WORTH = 0.15
"""Share of the tokens that must be saved: below it, copying keys and values costs as much as it saves."""

Ids = Sequence[int]


@dataclass(frozen=True)
class Reading:
    """One prompt and the tokens that are read in it."""

    ids: Ids
    ranges: Sequence[tuple[int, int]]
    """For each site, first and one-past-last token."""

    @property
    def first_read(self) -> int:
        """The earliest token that is read; everything before it may be shared."""
        return min((start for start, _ in self.ranges), default=len(self.ids) - 1)


def _same(first: Ids, second: Ids) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))


def common_beginning(readings: Sequence[Reading]) -> int:
    """How many leading tokens all prompts have in common, up to the first token at which any of them is read."""
    rows = [tuple(reading.ids) for reading in readings]
    return min(_same(min(rows), max(rows)), *(reading.first_read for reading in readings))


def kept_beginning(first: Reading, second: Reading) -> int:
    """How many leading tokens of the second prompt repeat the first one, up to where the second is read."""
    return min(_same(first.ids, second.ids), second.first_read)


class Beginning:
    """A shared beginning: its keys and values, computed once and copied for any number of rows."""

    def __init__(self, subject: Subject, ids: Ids):
        self.ids = tuple(ids)
        row = torch.tensor([self.ids], device=subject.device)
        with torch.inference_mode():
            self._cache = subject.body(input_ids=row, use_cache=True).past_key_values

    def rows(self, n: int):
        """A copy for `n` rows, to be continued."""
        cache = copy.deepcopy(self._cache)
        cache.batch_repeat_interleave(n)
        return cache


def continued_batch(subject: Subject, beginning: Beginning, readings: Sequence[Reading]) -> Batch:
    """The rest of prompts that all start with `beginning`, to be read after a copy of its keys and values."""
    skip = len(beginning.ids)
    inputs = pad(
        [reading.ids[skip:] for reading in readings], subject.tokenizer.pad_token_id, subject.device, side="right"
    )
    seen = torch.ones(len(readings), skip, dtype=torch.int64, device=subject.device)
    inputs["attention_mask"] = torch.cat([seen, inputs["attention_mask"]], dim=1)
    inputs |= {"past_key_values": beginning.rows(len(readings)), "use_cache": True}
    return Batch(inputs, _shifted([reading.ranges for reading in readings], [skip] * len(readings)))


def extended_batch(subject: Subject, before: Batch, readings: Sequence[Reading], kept: Sequence[int]) -> Batch:
    """Prompts that repeat the first `kept[i]` tokens of the row read just before; `before` cannot be used again.

    The earlier row's tokens beyond these are masked, and positions continue after the last token that is kept.
    """
    inputs = pad(
        [reading.ids[k:] for reading, k in zip(readings, kept, strict=True)],
        subject.tokenizer.pad_token_id, subject.device, side="right",
    )  # fmt: skip
    columns = torch.arange(before.inputs["attention_mask"].shape[1], device=subject.device)
    start = torch.tensor(list(kept), device=subject.device)[:, None]
    inputs["attention_mask"] = torch.cat([(columns < start).long(), inputs["attention_mask"]], dim=1)
    inputs["position_ids"] = start + torch.arange(inputs["input_ids"].shape[1], device=subject.device)
    inputs |= {"past_key_values": before.inputs["past_key_values"], "use_cache": True}
    return Batch(inputs, _shifted([reading.ranges for reading in readings], kept))


def _shifted(ranges: Ranges, by: Sequence[int]) -> Ranges:
    return [[(start - k, stop - k) for start, stop in row] for row, k in zip(ranges, by, strict=True)]


def can_share(subject: Subject) -> bool:
    """Whether continuing from cached keys and values gives the same as whole prompts, for rows of unequal length."""
    if subject.remote:
        return False
    ids = [i % subject.tokenizer.vocab_size for i in range(5, 29)]
    first = [Reading(ids[:16], [(15, 16)]), Reading(ids[:8] + ids[16:20], [(11, 12)])]
    second = [Reading(ids[:14] + ids[20:24], [(17, 18)]), Reading(ids[:8] + ids[16:18] + ids[2:5], [(12, 13)])]
    layers = range(subject.n_layers)
    try:
        batch = continued_batch(subject, Beginning(subject, ids[:6]), first)
        ours = [residuals(subject, batch, layers)]
        ours += [residuals(subject, extended_batch(subject, batch, second, [14, 10]), layers)]
    except (AttributeError, TypeError, ValueError, RuntimeError, NotImplementedError, IndexError, KeyError):
        return False
    whole = [
        residuals(subject, plain_batch(subject, [r.ids for r in rs], [r.ranges for r in rs]), layers)
        for rs in (first, second)
    ]
    slack = 1e-4 if subject.dtype == torch.float32 else 3e-2
    return all(
        torch.allclose(a.float(), b.float(), atol=slack * b.float().abs().max().item(), rtol=0)
        for a, b in zip(ours, whole, strict=True)
    )
