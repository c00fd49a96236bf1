"""Keys and values of tokens that were computed already, from which a model goes on.

Whether a model can go on from them is tested on a tiny example when it is loaded; if not (a recurrent state cannot be
truncated), it reads prompt by prompt, with the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from transformers.cache_utils import Cache, DynamicLayer

from tacit.activations.model.capture import Batch, pad, plain_batch, residuals
from tacit.activations.model.load import Subject

SPARE = 1.25
"""By how much more than needed the memory for keys and values grows, so that a step rarely copies them."""

REFUSALS = (AttributeError, TypeError, ValueError, RuntimeError, NotImplementedError, IndexError, KeyError)
"""What families raise that cannot go on from keys and values, or take no mask of their own: a trial may meet any."""

Ids = Sequence[int]


class GrowingLayer(DynamicLayer):
    """Keys and values of one layer in memory that is allocated ahead: appending a token does not copy the rest."""

    def update(self, key_states, value_states, *args, **kwargs):
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self._room: list[torch.Tensor] = []
        held, new = self.get_seq_length(), key_states.shape[-2]
        if not self._room or self._room[0].shape[-2] < held + new or self._room[0].shape[0] != key_states.shape[0]:
            self._grow(held, key_states, value_states)
        for room, states in zip(self._room, (key_states, value_states), strict=True):
            room[:, :, held : held + new] = states
        self.keys, self.values = (room[:, :, : held + new] for room in self._room)
        return self.keys, self.values

    def _grow(self, held: int, *added: torch.Tensor) -> None:
        room = []
        for before, states in zip((self.keys, self.values), added, strict=True):
            size = int((held + states.shape[-2]) * SPARE) + 16
            larger = states.new_zeros((*states.shape[:2], size, states.shape[-1]))
            if held:
                larger[:, :, :held] = before
            room.append(larger)
        self._room = room

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep some rows only."""
        super().batch_select_indices(indices)
        self._room = []

    def batch_repeat_interleave(self, repeats: int) -> None:
        """Repeat every row."""
        super().batch_repeat_interleave(repeats)
        self._room = []


def empty_cache() -> Cache:
    """A cache that keeps every token in every layer; a layer with a sliding window is told by its mask what to see."""
    return Cache(layer_class_to_replicate=GrowingLayer)


def along(cache: Cache, rows: torch.Tensor, columns: torch.Tensor) -> Cache:
    """A cache with a row for each of some paths. rows: `(n,) int64`, of each in `cache`; columns: `(n, width) int64`,
    of its tokens there, padded with any."""
    found = empty_cache()
    for index, layer in enumerate(cache.layers):
        if layer.is_initialized:  # a layer that uses another's keys and values has none of its own
            found.update(*(_along(states, rows, columns) for states in (layer.keys, layer.values)), index)
    return found


def _along(states: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """`(n, heads, width, d)` of `(rows, heads, columns, d)`, as one selection of contiguous vectors: about twice as
    fast as indexing two dimensions, or more where heads are narrow."""
    _, heads, held, d = states.shape
    vectors = (rows[:, None, None] * heads + torch.arange(heads)[:, None]) * held + columns[:, None]
    picked = states.reshape(-1, d).index_select(0, vectors.flatten().to(states.device))
    return picked.view(*vectors.shape, d)


class Beginning:
    """The beginning of a prompt: its keys and values, computed once, for any number of rows that go on from it."""

    def __init__(self, subject: Subject, ids: Ids):
        self.ids = tuple(ids)
        row = torch.tensor([self.ids], device=subject.device)
        with torch.inference_mode():
            self._cache = subject.body(input_ids=row, past_key_values=empty_cache(), use_cache=True).past_key_values

    def rows(self, n: int) -> Cache:
        """Copies for `n` rows, to be continued."""
        cache = empty_cache()
        for index, layer in enumerate(self._cache.layers):
            cache.update(*(states.repeat_interleave(n, dim=0) for states in (layer.keys, layer.values)), index)
        return cache


def continued_batch(subject: Subject, beginning: Beginning, rows: Sequence[Ids]) -> Batch:
    """Rows of tokens that follow `beginning`, each read at its last token."""
    inputs = pad(rows, subject.tokenizer.pad_token_id, subject.device, side="right")
    seen = torch.ones(len(rows), len(beginning.ids), dtype=torch.int64, device=subject.device)
    inputs["attention_mask"] = torch.cat([seen, inputs["attention_mask"]], dim=1)
    inputs |= {"past_key_values": beginning.rows(len(rows)), "use_cache": True}
    return Batch(inputs, [[(len(row) - 1, len(row))] for row in rows])


def continued(subject: Subject, inputs: dict[str, torch.Tensor]) -> Callable[[Ids], torch.Tensor]:
    """A function from a few more tokens to `(batch, vocabulary) float32` log-probabilities of the next one, on the CPU.

    inputs: rows that are padded on the right, as tokens or embeddings with `attention_mask`; they are computed once, at
    the first call, and what is added by one call is dropped before the next.
    """
    lengths, past = inputs["attention_mask"].sum(1, keepdim=True), empty_cache()

    @torch.inference_mode()
    def after(node: Ids) -> torch.Tensor:
        if not past.layers:
            subject.body(**inputs, past_key_values=past, use_cache=True)
        tokens = torch.tensor([list(node)] * len(lengths), device=subject.device)
        logits = subject.module(
            input_ids=tokens,
            attention_mask=torch.cat([inputs["attention_mask"], torch.ones_like(tokens)], dim=1),
            position_ids=lengths + torch.arange(len(node), device=subject.device),
            past_key_values=past,
            use_cache=True,
        ).logits[:, -1]
        past.crop(-len(node))
        return torch.log_softmax(logits.float(), dim=-1).cpu()

    return after


def can_continue(subject: Subject) -> bool:
    """Whether going on from cached keys and values gives the same as whole prompts, for rows of unequal length."""
    if subject.remote:
        return False
    ids = [i % subject.tokenizer.vocab_size for i in range(5, 29)]
    start, rest = ids[:8], [ids[8:16], ids[16:20]]
    layers = range(subject.n_layers)
    try:
        ours = residuals(subject, continued_batch(subject, Beginning(subject, start), rest), layers)
    except REFUSALS:
        return False
    whole = [start + row for row in rest]
    plain = residuals(subject, plain_batch(subject, whole, [[(len(row) - 1, len(row))] for row in whole]), layers)
    return torch.allclose(
        ours.float(), plain.float(), atol=slack_of(subject) * plain.float().abs().max().item(), rtol=0
    )


def slack_of(subject: Subject) -> float:
    """By how much of the largest value two ways of computing the same may differ in the model's dtype."""
    return 1e-4 if subject.dtype == torch.float32 else 3e-2
