"""Run jobs one prompt at a time in a batch, nothing shared: for models whose past cannot be split, and remote ones.

In: a loaded model and jobs. Out: a `Told` for each, as `run_trees` gives; samples are drawn by transformers' own
generator, so they are others than a tree's, of the same distribution.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from nnsight import save

from tacit.activations.model.capture import batches, halving, pad, plain_batch, residuals
from tacit.activations.model.load import Subject
from tacit.activations.model.prompts import Prompt
from tacit.activations.trees.generate import generate, sample
from tacit.activations.trees.jobs import Job, Path, Tally, Told

SCORED = 2**27
"""Most logits in memory at once (half a gigabyte): every token has a whole vocabulary here."""


def run_apart(
    subject: Subject, jobs: Sequence[Job], layers: Sequence[int], max_tokens: int, tally: Tally
) -> list[Told]:
    """What every job wanted; arguments and errors as of `run_trees`."""
    told = [Told() for _ in jobs]
    tally.add(asked=sum(len(job.ids) for job in jobs))
    _states(subject, jobs, layers, max_tokens, told, tally)
    _replies(subject, jobs, max_tokens, told, tally)
    _samples(subject, jobs, max_tokens, told, tally)
    _log_probabilities(subject, jobs, max_tokens, told, tally)
    return told


def _states(subject, jobs: Sequence[Job], layers, max_tokens: int, told: list[Told], tally: Tally) -> None:
    """Prompts with the same number of sites are read together."""
    for n_sites in sorted({len(job.ranges) for job in jobs} - {0}):
        mine = [i for i, job in enumerate(jobs) if len(job.ranges) == n_sites]

        def run(some: list[int], mine=mine) -> None:
            own = [jobs[mine[k]] for k in some]
            batch = plain_batch(subject, [job.ids for job in own], [job.ranges for job in own])
            states = residuals(subject, batch, layers)
            for row, k in enumerate(some):
                told[mine[k]].states = states[:, row]
            _count(tally, read=[len(job.ids) for job in own])

        for some in batches([len(jobs[i].ids) for i in mine], max_tokens):
            halving(some, run, lambda k, mine=mine: _left_out(jobs, told, tally, mine[k]))


def _replies(subject, jobs: Sequence[Job], max_tokens: int, told: list[Told], tally: Tally) -> None:
    """Prompts with the same cap are generated together."""
    for cap in sorted({job.tokens for job in jobs} - {0}):
        mine = [i for i, job in enumerate(jobs) if job.tokens == cap]

        def run(some: list[int], mine=mine, cap=cap) -> None:
            replies, first = generate(subject, [Prompt("", jobs[mine[k]].ids) for k in some], cap)
            spread = torch.special.entr(first.exp()).sum(-1).tolist()
            for k, reply, entropy in zip(some, replies, spread, strict=True):
                told[mine[k]].greedy, told[mine[k]].entropy = reply, entropy
            _count(tally, read=[len(jobs[mine[k]].ids) for k in some], written=cap * len(some))

        for some in batches([len(jobs[i].ids) + cap for i in mine], max_tokens):
            halving(some, run, lambda k, mine=mine: _left_out(jobs, told, tally, mine[k]))


def _samples(subject, jobs: Sequence[Job], max_tokens: int, told: list[Told], tally: Tally) -> None:
    for n, cap in sorted({(job.samples, job.tokens) for job in jobs if job.samples and job.tokens}):
        mine = [i for i, job in enumerate(jobs) if (job.samples, job.tokens) == (n, cap)]

        def run(some: list[int], mine=mine, n=n, cap=cap) -> None:
            prompts = [Prompt("", jobs[mine[k]].ids) for k in some]
            for k, replies in zip(some, sample(subject, prompts, cap, n, jobs[mine[some[0]]].seed), strict=True):
                told[mine[k]].samples = replies
            _count(tally, read=[len(p.ids) for p in prompts for _ in range(n)], written=n * cap * len(some))

        for some in batches([n * (len(jobs[i].ids) + cap) for i in mine], max_tokens):
            halving(some, run, lambda k, mine=mine: _left_out(jobs, told, tally, mine[k]))


def _log_probabilities(subject, jobs: Sequence[Job], max_tokens: int, told: list[Told], tally: Tally) -> None:
    """Every longest wanted path is read once with its whole prompt; its beginnings are read on the way."""
    leaves = [(i, path) for i, job in enumerate(jobs) for path in _leaves(job.wanted)]
    rows = [(*jobs[i].ids, *path) for i, path in leaves]

    def run(some: list[int]) -> None:
        inputs = pad([rows[k] for k in some], subject.tokenizer.pad_token_id, subject.device, side="right")
        asked = [
            (at, len(jobs[i].ids) - 1 + end, token, i, path[:end])
            for at, (i, path) in enumerate(leaves[k] for k in some)
            for end in range(len(path) + 1)
            for token in jobs[i].wanted.get(path[:end], ())
        ]
        at, column, token = (torch.tensor(side, device=subject.device) for side in list(zip(*asked, strict=True))[:3])
        with torch.inference_mode():
            values = _picked(subject.traced, inputs, at, column, token, subject.elsewhere)
        for (_, _, token, i, path), value in zip(asked, values.tolist(), strict=True):
            told[i].logprobs.setdefault(path, {})[token] = value
        _count(tally, read=[len(rows[k]) for k in some])

    most = min(max_tokens, SCORED // len(subject.tokenizer))
    for some in batches([len(row) for row in rows], most):
        halving(some, run, lambda k: _left_out(jobs, told, tally, leaves[k][0]))


def _left_out(jobs: Sequence[Job], told: list[Told], tally: Tally, i: int) -> bool:
    return tally.leave_out(jobs[i], told[i])


def _count(tally: Tally, *, read: list[int], written: int = 0) -> None:
    """Rows of one batch, padded to the longest."""
    tally.add(read=sum(read), written=written, computed=max(read) * len(read) + written)


def _leaves(wanted) -> list[Path]:
    """The paths that no other one continues."""
    paths = sorted(wanted)
    following = [*paths[1:], None][: len(paths)]
    return [a for a, b in zip(paths, following, strict=True) if b is None or b[: len(a)] != a]


def _picked(traced, inputs: dict, at, column, token, elsewhere: dict) -> torch.Tensor:
    """`(n,) float32` log-probabilities; the trace may be sent to another machine, so it uses plain values only."""
    with traced.trace(inputs | {"use_cache": False}, **elsewhere):
        logits = traced.output.logits[at, column].float()
        rows = torch.arange(len(token), device=logits.device)
        values = save(logits[rows, token.to(logits.device)] - torch.logsumexp(logits, dim=-1))
    return values.cpu()
