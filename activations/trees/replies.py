"""Replies written after the prompts of a batch: one greedy, and samples that share their tokens while they agree.

In: the body's output at the ends of prompts. Out: `Reply`s. A node of the tree carries every reply that has written the
same tokens so far; each draws its own next token from the node's distribution with its own random number, and the
replies split where they differ. So samples are as independent as if each were written alone, and a token that several
of them write is computed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from tacit.activations.model.load import Subject
from tacit.activations.trees.branches import Branches
from tacit.activations.trees.forward import chunks, next_logits
from tacit.activations.trees.jobs import Job, Reply, Tally, Told

EMPTY_BELOW = 0.75
"""Share of rows still writing below which finished rows leave the batch."""


@dataclass
class Stream:
    """One reply in the making."""

    reply: Reply
    limit: int
    draws: np.ndarray | None
    """(limit,) float64 in [0, 1), or None for the greedy reply."""
    told: Told
    """Of its job, which is told the entropy of the first token."""


@dataclass
class Tip:
    """A node at which some replies go on."""

    prompt: int
    """Its place in the batch."""
    depth: int
    """Position of the next token."""
    streams: list[Stream]


def write_replies(branches: Branches, hidden: torch.Tensor, tips: list[Tip], ends: Sequence[int], tally: Tally) -> None:
    """Write every stream of the tips to its end.

    hidden: `(n_tips, d_model)`, the body's output at the end of each prompt; tally: counts tokens.
    """
    stops, seen = frozenset(ends), branches.seen
    while tips:
        grown = _grow(_next_tokens(branches.subject, hidden, tips), tips, stops)
        if not grown:
            return
        prompts = {tip.prompt for _, _, tip in grown}
        if len(prompts) < EMPTY_BELOW * len(branches.rows):
            branches.keep(sorted(prompts))
        slots, used = [], dict.fromkeys(prompts, 0)
        for _, _, tip in grown:
            slots.append(used[tip.prompt])
            used[tip.prompt] += 1
        new = max(used.values())
        own = np.zeros((len(grown), new), dtype=bool)
        own[range(len(grown)), slots] = True
        seen = np.concatenate([seen[[parent for parent, _, _ in grown]], own], axis=1)
        hidden = branches.step([(tip.prompt, token, tip.depth - 1) for _, token, tip in grown], slots, seen)
        tips = [tip for _, _, tip in grown]
        tally.add(written=len(tips), computed=new * len(branches.rows))


def _grow(chosen: list[list[tuple[int, float]]], tips: list[Tip], stops: frozenset[int]):
    """(index of the parent tip, token, tip after it) for every reply that goes on; equal tokens share one."""
    grown: dict[tuple[int, int], Tip] = {}
    for index, (tip, picks) in enumerate(zip(tips, chosen, strict=True)):
        for stream, (token, logprob) in zip(tip.streams, picks, strict=True):
            reply = stream.reply
            if not reply.ids:
                reply.first_logprob = logprob
            reply.ids.append(token)
            reply.logprob += logprob
            reply.ended = token in stops
            if not reply.ended and len(reply.ids) < stream.limit:
                after = grown.setdefault((index, token), Tip(tip.prompt, tip.depth + 1, []))
                after.streams.append(stream)
    return [(index, token, tip) for (index, token), tip in grown.items()]


@torch.inference_mode()
def _next_tokens(subject: Subject, hidden: torch.Tensor, tips: Sequence[Tip]) -> list[list[tuple[int, float]]]:
    """(token, log-probability) of every stream of every tip: the likeliest, or the one that its random number picks."""
    found: list[list[tuple[int, float]]] = []
    for some in chunks(len(tips), len(subject.tokenizer)):
        logp = torch.log_softmax(next_logits(subject, hidden[some]), dim=-1)
        best = logp.argmax(-1).tolist()
        first = [i for i, tip in enumerate(tips[some]) if any(not s.reply.ids for s in tip.streams)]
        spread = dict(zip(first, torch.special.entr(logp[first].exp()).sum(-1).tolist(), strict=True)) if first else {}
        drawn = _drawn(logp, tips[some])
        for i, tip in enumerate(tips[some]):
            tokens = [best[i] if s.draws is None else drawn[i].pop(0) for s in tip.streams]
            values = logp[i, tokens].tolist()
            found.append(list(zip(tokens, values, strict=True)))
            for stream in tip.streams:
                if not stream.reply.ids:
                    stream.told.entropy = spread[i]
    return found


def _drawn(logp: torch.Tensor, tips: Sequence[Tip]) -> dict[int, list[int]]:
    """The sampled tokens of each tip, by inverting the distribution function (Devroye 1986, ch. III.2) in float64: a
    float32 sum over a large vocabulary would misplace rare tokens."""
    numbers = [[s.draws[len(s.reply.ids)] for s in tip.streams if s.draws is not None] for tip in tips]
    rows = [i for i, some in enumerate(numbers) if some]
    if not rows:
        return {}
    table = torch.zeros((len(rows), max(len(numbers[i]) for i in rows)), dtype=torch.float64)
    for at, i in enumerate(rows):
        table[at, : len(numbers[i])] = torch.tensor(numbers[i], dtype=torch.float64)
    mass = logp[rows].double().exp().cumsum(-1)
    picks = torch.searchsorted(mass, table.to(mass.device) * mass[:, -1:], right=True).clamp_max_(mass.shape[1] - 1)
    return {i: picks[at, : len(numbers[i])].tolist() for at, i in enumerate(rows)}


def streams_of(job: Job, told: Told) -> list[Stream]:
    """The replies that are to be written after a job's prompt."""
    if not job.tokens:
        return []
    told.greedy = Reply()
    told.samples = [Reply() for _ in range(job.samples)]
    samples = [Stream(reply, job.tokens, own, told) for reply, own in zip(told.samples, job.draws(), strict=True)]
    return [Stream(told.greedy, job.tokens, None, told), *samples]
