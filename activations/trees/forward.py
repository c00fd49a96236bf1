"""A pass over trees of tokens: the states and the next token's distribution at any node, and nothing else.

A row of a batch is a whole tree. Every token attends to its own path alone (a four-dimensional mask) at the position
that it has in its own prompt, so a tree gives what its prompts would give one by one; this is the tree attention of
SpecInfer (Miao et al. 2024, arXiv 2305.09781), used here to read rather than to guess.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from nnsight import save
from transformers.cache_utils import Cache

from tacit.activations.model.load import Subject
from tacit.activations.model.prefix_cache import empty_cache
from tacit.activations.trees.token_tree import TokenTree

LOGITS = 2**25
"""Most logits in memory at once (128 MiB)."""


class Forest:
    """A batch of trees that is read; where it `goes_on`, its keys and values are kept for its branches."""

    def __init__(self, subject: Subject, trees: Sequence[TokenTree], *, goes_on: bool) -> None:
        self.subject, self.trees = subject, list(trees)
        self.width = max(map(len, self.trees))
        self.cache = empty_cache() if goes_on else None

    def read(
        self, layers: Sequence[int], read: Sequence[tuple[int, int]], ends: Sequence[tuple[int, int]]
    ) -> tuple[torch.Tensor | None, torch.Tensor]:
        """The first pass: `(n_layers, n_read, d_model)` residual stream at the nodes `read`, and `(n_ends, d_model)`
        the body's output at the nodes `ends`, both on the device; nodes are (tree, node)."""
        size, width = len(self.trees), self.width
        ids = np.zeros((size, width), dtype=np.int64)
        positions = np.zeros((size, width), dtype=np.int64)
        seen = np.zeros((size, width, width), dtype=bool)
        for i, tree in enumerate(self.trees):
            n = len(tree)
            ids[i, :n], positions[i, :n], seen[i, :n, :n] = tree.tokens, tree.depths, tree.ancestors()
            seen[i, range(n, width), range(n, width)] = True  # a token that attends to nothing would give nan
        inputs = inputs_of(self.subject, ids, positions, seen, self.cache)
        states, hidden = _trace(self.subject, inputs, layers, read, ends)
        return (torch.stack([s.to(states[-1].device) for s in states]) if states else None), hidden


def inputs_of(subject: Subject, ids: np.ndarray, positions: np.ndarray, seen: np.ndarray, cache: Cache | None) -> dict:
    """What the body is given: `(rows, new) int64` tokens and their positions, and `(rows, new, columns)` bool, what
    each attends to; cache: keys and values of the columns before the new ones, which it takes up too."""
    device, dtype = subject.device, subject.dtype
    mask = torch.zeros(seen.shape, dtype=dtype).masked_fill_(~torch.from_numpy(seen), torch.finfo(dtype).min)
    return {
        "input_ids": torch.from_numpy(ids).to(device),
        "position_ids": torch.from_numpy(positions).to(device),
        "attention_mask": mask[:, None].to(device),
        "past_key_values": cache,
        "use_cache": cache is not None,
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
