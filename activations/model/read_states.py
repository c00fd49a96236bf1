"""Read the states of some items at every site, computing as few tokens as possible.

In: the object and report prompts. Out: `{site: (n_layers, n_items, d_model)}`. Depending on what saves tokens, prompts
are read whole, after a beginning they have in common, or after the object prompt that they repeat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from tacit.activations.model.capture import Batch, batches, halving, plain_batch, residuals
from tacit.activations.model.load import Subject
from tacit.activations.model.prefix_cache import (
    WORTH,
    Beginning,
    Reading,
    common_beginning,
    continued_batch,
    extended_batch,
    kept_beginning,
)
from tacit.activations.model.prompts import Prompt
from tacit.activations.model.sites import PROMPTS, Site, token_range

CPU_TOKENS, GPU_TOKENS = 4096, 32768
"""Tokens in a batch, padding included: past these a pass is bound by arithmetic, and more only costs memory."""


@dataclass(frozen=True)
class Reader:
    """A model, and the layers and sites to read."""

    subject: Subject
    layers: Sequence[int]
    sites: Sequence[Site]
    shares: bool
    """Whether the model can continue from cached keys and values (`prefix_cache.can_share`)."""

    @property
    def max_tokens(self) -> int:
        """Tokens in a batch, padding included."""
        return CPU_TOKENS if self.subject.device.type == "cpu" else GPU_TOKENS

    def read(self, prompts: Mapping[str, Sequence[Prompt]]) -> dict[str, torch.Tensor]:
        """`{site: (n_layers, n_items, d_model)}`, in the model's dtype, on the CPU.

        prompts: `object` and `report` -> one prompt per item, in the same order.
        """
        readings = {kind: self._readings(kind, prompts[kind]) for kind in PROMPTS}
        wanted = {kind: rows for kind, rows in readings.items() if rows and rows[0].ranges}
        kept = self._kept(wanted)
        if kept is not None:
            states = dict(zip(PROMPTS, self._together(wanted["object"], wanted["report"], kept), strict=True))
        else:
            states = {kind: self._alone(rows) for kind, rows in wanted.items()}
        return {
            site.name: states[site.prompt][:, :, index]
            for kind in wanted
            for index, site in enumerate(site for site in self.sites if site.prompt == kind)
        }

    def _readings(self, kind: str, prompts: Sequence[Prompt]) -> list[Reading]:
        sites = [site for site in self.sites if site.prompt == kind]
        return [Reading(prompt.ids, [token_range(site, prompt) for site in sites]) for prompt in prompts]

    def _kept(self, readings: Mapping[str, Sequence[Reading]]) -> list[int] | None:
        """How many tokens of each object prompt the report prompt repeats; None if sharing them saves too little."""
        if not self.shares or len(readings) < 2:
            return None
        objects, reports = readings["object"], readings["report"]
        if not common_beginning(objects):
            return None
        kept = [kept_beginning(a, b) for a, b in zip(objects, reports, strict=True)]
        longest = max(len(reading.ids) for reading in objects) + max(len(reading.ids) for reading in reports)
        if self.subject.window is not None and longest > self.subject.window:
            return None  # a sliding window counts columns, and the rows of such a batch have gaps in theirs
        left = [len(reading.ids) - common_beginning(reports) for reading in reports]
        saved = sum(kept) - common_beginning(reports) * len(kept)
        return kept if saved >= WORTH * sum(left) else None

    def _beginning(self, readings: Sequence[Reading]) -> Beginning | None:
        """The common beginning, computed once, where that saves enough."""
        same = common_beginning(readings)
        total = sum(len(reading.ids) for reading in readings)
        if not self.shares or len(readings) < 2 or same * len(readings) < WORTH * total:
            return None
        return Beginning(self.subject, readings[0].ids[:same])

    def _batch(self, beginning: Beginning | None, readings: Sequence[Reading]) -> Batch:
        if beginning is not None:
            return continued_batch(self.subject, beginning, readings)
        return plain_batch(self.subject, [r.ids for r in readings], [r.ranges for r in readings])

    def _alone(self, readings: Sequence[Reading]) -> torch.Tensor:
        """`(n_layers, n_items, n_sites, d_model)` of prompts of one kind."""
        beginning = self._beginning(readings)
        skip = len(beginning.ids) if beginning else 0
        out = self._empty(readings)

        def run(rows: list[int]) -> None:
            out[:, rows] = residuals(self.subject, self._batch(beginning, [readings[i] for i in rows]), self.layers)

        for rows in batches([len(reading.ids) - skip for reading in readings], self.max_tokens):
            halving(rows, run)
        return out

    def _together(self, objects: Sequence[Reading], reports: Sequence[Reading], kept: Sequence[int]):
        """The same for object prompts, and for the report prompts that extend them."""
        beginning = Beginning(self.subject, objects[0].ids[: common_beginning(objects)])
        first, second = self._empty(objects), self._empty(reports)

        def run(rows: list[int]) -> None:
            batch = continued_batch(self.subject, beginning, [objects[i] for i in rows])
            first[:, rows] = residuals(self.subject, batch, self.layers)
            batch = extended_batch(self.subject, batch, [reports[i] for i in rows], [kept[i] for i in rows])
            second[:, rows] = residuals(self.subject, batch, self.layers)

        own = [len(a.ids) + len(b.ids) - k for a, b, k in zip(objects, reports, kept, strict=True)]
        for rows in batches(own, self.max_tokens):
            halving(rows, run)
        return first, second

    def _empty(self, readings: Sequence[Reading]) -> torch.Tensor:
        shape = (len(self.layers), len(readings), len(readings[0].ranges), self.subject.d_model)
        return torch.empty(shape, dtype=self.subject.dtype)
