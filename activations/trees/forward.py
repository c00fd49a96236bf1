"""Passes over trees of tokens: the states and the next token's distribution at any node, and nothing else.

A row of a batch is a whole tree. Every token attends to its own path alone (a four-dimensional mask) at the position
that it has in its own prompt, so a tree gives what its prompts would give one by one; this is the tree attention of
SpecInfer (Miao et al. 2024, arXiv 2305.09781), used here to read rather than to guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from nnsight import save

from tacit.activations.model.load import Subject
from tacit.activations.model.prefix_cache import empty_cache
from tacit.activations.trees.token_tree import TokenTree

LOGITS = 2**25
"""Most logits in memory at once (128 MiB)."""


class Forest:
    """A batch of trees that is read, and continued token by token where it `goes_on`: then keys and values are kept."""

    def __init__(self, subject: Subject, trees: Sequence[TokenTree], *, goes_on: bool) -> None:
        self.subject, self.trees = subject, list(trees)
        self.width = max(map(len, self.trees))
        self.rows = list(range(len(self.trees)))
        """The trees that are still in the batch, in their order there."""
        self._cache = empty_cache() if goes_on else None

    @cached_property
    def seen(self) -> list[np.ndarray]:
        """For each tree, (n_nodes, n_nodes) bool: what each node attends to."""
        return [tree.ancestors() for tree in self.trees]

    def read(
        self, layers: Sequence[int], read: Sequence[tuple[int, int]], ends: Sequence[tuple[int, int]]
    ) -> tuple[torch.Tensor | None, torch.Tensor]:
        """The first pass: `(n_layers, n_read, d_model)` residual stream at the nodes `read`, and `(n_ends, d_model)`
        the body's output at the nodes `ends`, both on the device; nodes are (tree, node)."""
        size, width = len(self.trees), self.width
        ids = np.zeros((size, width), dtype=np.int64)
        positions = np.zeros((size, width), dtype=np.int64)
        seen = np.zeros((size, width, width), dtype=bool)
        for i, (tree, own) in enumerate(zip(self.trees, self.seen, strict=True)):
            n = len(tree)
            ids[i, :n], positions[i, :n], seen[i, :n, :n] = tree.tokens, tree.depths, own
            seen[i, range(n, width), range(n, width)] = True  # a token that attends to nothing would give nan
        states, hidden = _trace(self.subject, self._inputs(ids, positions, seen), layers, read, ends)
        return (torch.stack([s.to(states[-1].device) for s in states]) if states else None), hidden

    def step(self, added: Sequence[tuple[int, int, int]], slots: Sequence[int], seen: np.ndarray) -> torch.Tensor:
        """One more token for some nodes: `(n_added, d_model)`, the body's output there.

        added: (tree, token, depth); slots: the column of each among its row's new ones; seen: `(n_added, columns)`
        bool, what each attends to, itself included.
        """
        place = {tree: i for i, tree in enumerate(self.rows)}
        where = np.array([place[tree] for tree, _, _ in added])
        new = max(slots) + 1
        ids = np.zeros((len(self.rows), new), dtype=np.int64)
        positions = np.zeros((len(self.rows), new), dtype=np.int64)
        mask = np.zeros((len(self.rows), new, self.width + new), dtype=bool)
        mask[:, range(new), range(self.width, self.width + new)] = True
        at = (where, np.array(slots))
        ids[at], positions[at] = [a[1] for a in added], [a[2] for a in added]
        mask[at] = seen
        with torch.inference_mode():
            out = self.subject.body(**self._inputs(ids, positions, mask))
        self.width += new
        return out[0][torch.as_tensor(where), torch.as_tensor(at[1])]

    def keep(self, trees: Sequence[int]) -> None:
        """Only these trees go on."""
        index = [i for i, tree in enumerate(self.rows) if tree in set(trees)]
        if len(index) < len(self.rows):
            self._cache.batch_select_indices(torch.tensor(index, device=self.subject.device))
            self.rows = [self.rows[i] for i in index]

    def _inputs(self, ids: np.ndarray, positions: np.ndarray, seen: np.ndarray) -> dict:
        device, dtype = self.subject.device, self.subject.dtype
        mask = torch.zeros(seen.shape, dtype=dtype).masked_fill_(~torch.from_numpy(seen), torch.finfo(dtype).min)
        return {
            "input_ids": torch.from_numpy(ids).to(device),
            "position_ids": torch.from_numpy(positions).to(device),
            "attention_mask": mask[:, None].to(device),
            "past_key_values": self._cache,
            "use_cache": self._cache is not None,
        }


def _trace(subject: Subject, inputs: dict, layers, read, ends) -> tuple[list[torch.Tensor], torch.Tensor]:
    """The trace itself; it stops before the vocabulary head, which is applied to few tokens (`next_logits`)."""
    rows, columns = _index(read, subject.device)
    end_rows, end_columns = _index(ends, subject.device)
    wanted = set(layers) if read else set()
    with torch.inference_mode(), subject.traced.trace(inputs) as tracer:
        states = save([])
        for layer in range(max(wanted, default=-1) + 1):
            output = subject.blocks[layer - 1].output if layer else subject.blocks[0].input
            state = output[0] if isinstance(output, tuple) else output
            if layer in wanted:
                states.append(state[rows, columns])
        hidden = save(subject.traced_body.output[0][end_rows, end_columns])
        tracer.stop()
    return states, hidden


def _index(nodes: Sequence[tuple[int, int]], device) -> tuple[torch.Tensor, torch.Tensor]:
    pairs = np.array(nodes, dtype=np.int64).reshape(-1, 2)
    return torch.from_numpy(pairs[:, 0].copy()).to(device), torch.from_numpy(pairs[:, 1].copy()).to(device)


class _Given(tuple):
    """What a body returns, with this hidden state and nothing else; families differ in what else they ask for."""

    def __new__(cls, hidden: torch.Tensor):
        return super().__new__(cls, (hidden,))

    @property
    def last_hidden_state(self) -> torch.Tensor:
        return self[0]

    def __getattr__(self, name: str) -> None:
        return None


@torch.inference_mode()
def next_logits(subject: Subject, hidden: torch.Tensor) -> torch.Tensor:
    """`(n, vocabulary) float32` logits of the next token, of `(n, d_model)` outputs of the body.

    The model's own forward is run around a body that returns these, so that whatever a family does after it (scaling,
    soft caps, a projection) is done here too.
    """
    body, module = subject.body, subject.module
    before = body.__dict__.get("forward")
    body.forward = lambda *args, **kwargs: _Given(hidden[None])
    try:
        ids = torch.zeros((1, len(hidden)), dtype=torch.int64, device=subject.device)
        return module(input_ids=ids, use_cache=False).logits[0].float()
    finally:
        if before is None:
            del body.forward
        else:
            body.forward = before


def chunks(n: int, vocabulary: int) -> list[slice]:
    """Slices of n rows whose logits fit into memory."""
    size = max(1, LOGITS // vocabulary)
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]
