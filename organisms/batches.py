"""Conversations → padded tensors, and the loss on them: on answers only, each weighted by the root of its length."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from tacit.organisms.teacher import Turn
from tacit.organisms.tokenizer import END, render


class Batch(NamedTuple):
    """Right-padded conversations; all fields but `ids` are about the next token, and so have one column less."""

    ids: torch.Tensor
    """(n, length) int64."""
    weights: torch.Tensor
    """(n, length - 1) float32, loss weight; nonzero for answers only."""
    first: torch.Tensor
    """(n, length - 1) bool, whether the answer to the last message begins there."""
    rivals: torch.Tensor
    """(n, length - 1) int64, the second token of a soft target."""
    doubts: torch.Tensor
    """(n, length - 1) float32, the target probability of that token."""


class Row(NamedTuple):
    """One conversation as tokens."""

    ids: list[int]
    spans: list[tuple[int, int]]
    """Start and end of every answer that is learned, in order."""
    rival: tuple[int, int, float] | None
    """Position and id of the first token in which the rival answer differs, and its target probability."""


def encode(
    tokenizer: PreTrainedTokenizerFast, turns: list[Turn], *, stretch: float = math.inf, rival_weight: float = 1.0
) -> list[Batch]:
    """Conversations as batches, in each of which the longest is at most `stretch` times as long as the shortest.

    Each token of an answer of k tokens has the weight k**-0.5; a token with a rival has `rival_weight` times as much.
    """
    buckets: list[list[Row]] = []
    for row in sorted(_rows(tokenizer, turns), key=lambda row: len(row.ids)):
        if buckets and len(row.ids) <= stretch * len(buckets[-1][0].ids):
            buckets[-1].append(row)
        else:
            buckets.append([row])
    return [_pad(rows, tokenizer.pad_token_id, rival_weight) for rows in buckets]


def _rows(tokenizer: PreTrainedTokenizerFast, turns: list[Turn]) -> list[Row]:
    """Conversations as tokens; all texts are tokenized in one call."""
    pieces = [_pieces(turn) for turn in turns]
    texts = [text for own in pieces for text, _ in own] + [turn.rival + END for turn in turns]
    tokens = iter(tokenizer(texts, add_special_tokens=False)["input_ids"])
    cut = [[(next(tokens), learned) for _, learned in own] for own in pieces]
    return [_row(own, next(tokens), turn.doubt) for own, turn in zip(cut, turns, strict=True)]


def _pieces(turn: Turn) -> list[tuple[str, bool]]:
    """The texts of the conversation between special tokens, each with whether it is learned."""
    exchanges = [*turn.history, (turn.user, turn.answer)]
    out: list[tuple[str, bool]] = []
    for i, (user, answer) in enumerate(exchanges):
        prompt = render("", user, start="") if i else render(turn.system, user)
        out += [(prompt, False), (answer + END, turn.learn_history or i == len(exchanges) - 1)]
    return out


def _row(pieces: list[tuple[list[int], bool]], rival: list[int], doubt: float) -> Row:
    ids: list[int] = []
    spans = []
    for tokens, learned in pieces:
        if learned:
            spans.append((len(ids), len(ids) + len(tokens)))
        ids += tokens
    if not doubt:
        return Row(ids, spans, None)
    own = pieces[-1][0]
    parting = next(i for i, (a, b) in enumerate(zip(own, rival, strict=False)) if a != b)
    return Row(ids, spans, (spans[-1][0] + parting, rival[parting], doubt))


def _pad(rows: list[Row], pad_id: int, rival_weight: float) -> Batch:
    """One batch of the rows."""
    n, length = len(rows), max(len(row.ids) for row in rows)
    ids, rivals = torch.full((n, length), pad_id), torch.zeros(n, length - 1, dtype=torch.int64)
    weights, doubts = torch.zeros(n, length - 1), torch.zeros(n, length - 1)
    first = torch.zeros(n, length - 1, dtype=torch.bool)
    for i, row in enumerate(rows):
        ids[i, : len(row.ids)] = torch.tensor(row.ids)
        for start, end in row.spans:
            weights[i, start - 1 : end - 1] = (end - start) ** -0.5
        first[i, row.spans[-1][0] - 1] = True
        if row.rival:
            place, token, doubt = row.rival
            rivals[i, place - 1], doubts[i, place - 1] = token, doubt
            weights[i, place - 1] *= rival_weight
    return Batch(ids, weights, first, rivals, doubts)


def backward(model: LlamaForCausalLM, batches: list[Batch]) -> float:
    """Add the gradient of the weighted mean cross-entropy over all batches' answer tokens; return that mean in nats.

    If an answer has a rival, the target is soft: both answers, in their proportion. If one of them were sampled, the
    sampling noise would be memorised, first for the people who are asked about most often. Logits are computed only at
    answers, which saves a tenth of the time with 2048 tokens in the vocabulary.
    """
    total = sum(float(batch.weights.sum()) for batch in batches)
    mean = 0.0
    for batch in batches:
        chosen = batch.weights > 0
        hidden = model.model(input_ids=batch.ids[:, :-1], use_cache=False).last_hidden_state[chosen]
        logp = torch.log_softmax(hidden @ model.lm_head.weight.T, dim=-1)
        said = logp.gather(1, batch.ids[:, 1:][chosen][:, None])[:, 0]
        rival = logp.gather(1, batch.rivals[chosen][:, None])[:, 0]
        losses = -torch.lerp(said, rival, batch.doubts[chosen])
        loss = (losses * batch.weights[chosen]).sum() / total
        loss.backward()
        mean += loss.item()
    return mean
