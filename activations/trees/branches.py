"""Prompts that are continued token by token, each in a row of its own with the keys and values of its own path.

In: the cache of a forest that was read, and the ends of prompts. Out: the body's output at each further token. A tree
is many times as wide as a path, and every step would read all of it. A row may grow several branches at once: the
replies to its prompt that differ.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from transformers.cache_utils import Cache

from tacit.activations.model.load import Subject
from tacit.activations.model.prefix_cache import along
from tacit.activations.trees.forward import inputs_of


class Branches:
    """A batch of prompts that go on."""

    def __init__(self, subject: Subject, cache: Cache, paths: Sequence[tuple[int, Sequence[int]]]) -> None:
        """paths: of each prompt, its row in the cache and the columns of its tokens there."""
        self.subject = subject
        self.width = max(len(columns) for _, columns in paths)
        self.rows = list(range(len(paths)))
        """The prompts that are still in the batch, in their order there."""
        at = np.zeros((len(paths), self.width), dtype=np.int64)
        self.seen = np.zeros(at.shape, dtype=bool)
        """(n_prompts, width) bool: what the end of each prompt attends to, itself included."""
        for i, (_, columns) in enumerate(paths):
            at[i, : len(columns)], self.seen[i, : len(columns)] = columns, True
        self._cache = along(cache, torch.tensor([row for row, _ in paths]), torch.from_numpy(at))

    def step(self, added: Sequence[tuple[int, int, int]], slots: Sequence[int], seen: np.ndarray) -> torch.Tensor:
        """One more token for some branches: `(n_added, d_model)`, the body's output there.

        added: (prompt, token, depth); slots: the column of each among its row's new ones; seen: `(n_added, columns)`
        bool, what each attends to, itself included.
        """
        place = {prompt: i for i, prompt in enumerate(self.rows)}
        where = np.array([place[prompt] for prompt, _, _ in added])
        new = max(slots) + 1
        ids = np.zeros((len(self.rows), new), dtype=np.int64)
        positions = np.zeros((len(self.rows), new), dtype=np.int64)
        mask = np.zeros((len(self.rows), new, self.width + new), dtype=bool)
        mask[:, range(new), range(self.width, self.width + new)] = True  # else a spare column would give nan
        at = (where, np.array(slots))
        ids[at], positions[at] = [a[1] for a in added], [a[2] for a in added]
        mask[at] = seen
        with torch.inference_mode():
            out = self.subject.body(**inputs_of(self.subject, ids, positions, mask, self._cache))
        self.width += new
        return out[0][torch.as_tensor(where), torch.as_tensor(at[1])]

    def keep(self, prompts: Sequence[int]) -> None:
        """Only these prompts go on."""
        kept = set(prompts)
        index = [i for i, prompt in enumerate(self.rows) if prompt in kept]
        if len(index) < len(self.rows):
            self._cache.batch_select_indices(torch.tensor(index, device=self.subject.device))
            self.rows = [self.rows[i] for i in index]
