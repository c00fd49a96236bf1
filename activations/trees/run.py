"""Run jobs as trees: packed into rows, rows into batches, and each batch read once and continued.

In: a loaded model and jobs. Out: a `Told` for each, in their order. A batch that does not fit into memory is halved.
Whether a model can be read in this way is tried when it is loaded: a recurrent state cannot be split, and positions
that are counted from the mask do not know a tree. Such a model is read prompt by prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import NamedTuple

import torch

from tacit.activations.model.capture import batches, halving, is_out_of_memory
from tacit.activations.model.load import Subject
from tacit.activations.model.prefix_cache import REFUSALS, slack_of
from tacit.activations.trees.apart import run_apart
from tacit.activations.trees.branches import Branches
from tacit.activations.trees.forward import Forest, chunks, next_logits
from tacit.activations.trees.generate import end_tokens
from tacit.activations.trees.jobs import Job, Path, Tally, Told
from tacit.activations.trees.replies import Stream, Tip, streams_of, write_replies
from tacit.activations.trees.token_tree import TokenTree, packed

WIDTH = 384
"""Most tokens of a row that several items share; longer rows make attention dear, shorter ones repeat what items share.
In a narrow model attention is dear sooner, so a row has at most as many tokens as the stream has dimensions."""
KEPT = 4
"""Most columns of a batch that goes on, as a multiple of those that were read: paths that share a beginning have it
each."""
SHORT = 2048
"""Positions below which a model's context may limit a row."""
Row = tuple[list[int], TokenTree, list[int], list[dict[Path, int]]]
"""(its jobs, its tree, the node at which each prompt ends, for each job the node after each of its wanted paths)."""


def run_jobs(
    subject: Subject, jobs: Sequence[Job], layers: Sequence[int], max_tokens: int, tally: Tally, *, shares: bool
) -> list[Told]:
    """What every job wanted, as trees where the model shares and no prompt reaches beyond its attention window: a
    tree's mask shows every token its whole path."""
    far = [not shares or (subject.window is not None and longest(job) > subject.window) for job in jobs]
    told: dict[int, Told] = {}
    for apart, run in ((False, run_trees), (True, run_apart)):
        own = [i for i, alone in enumerate(far) if alone == apart]
        told |= dict(zip(own, run(subject, [jobs[i] for i in own], layers, max_tokens, tally), strict=True))
    return [told[i] for i in range(len(jobs))]


def most_columns(subject: Subject) -> float:
    """Most columns of a row: where some layers see a window, or positions are few, families differ in whether these
    limits count columns or positions, so a row respects both."""
    limits = [subject.window] if subject.window is not None else []
    if subject.context is not None and subject.context < SHORT:
        limits.append(subject.context)
    return min(limits, default=inf)


def row_width(subject: Subject) -> int:
    """Most tokens of a row that several items share."""
    return min(WIDTH, subject.d_model)


def longest(job: Job) -> int:
    """Tokens of a prompt with its longest reply or answer."""
    return len(job.ids) + max(job.tokens, *(len(path) for path in job.wanted), 0)


def can_share(subject: Subject) -> bool:
    """Whether trees give what prompts give one by one: states, log-probabilities and replies of a few made-up ones."""
    if subject.remote:
        return False
    jobs, layers = _trial_jobs(subject), range(subject.n_layers)
    try:
        ours = run_trees(subject, jobs, layers, len(jobs[0].ids) * 2, Tally())
    except REFUSALS:
        return False
    plain = run_apart(subject, jobs, layers, 1, Tally())
    return all(_alike(a, b, slack_of(subject)) for a, b in zip(ours, plain, strict=True))


def can_batch(subject: Subject) -> bool:
    """Whether prompts in a batch, padded on the right to read and on the left to reply, give what they give alone."""
    if subject.remote:
        return True
    jobs, layers = [replace(job, tokens=3) for job in _trial_jobs(subject)], range(subject.n_layers)
    try:
        ours = run_apart(subject, jobs, layers, 8 * len(jobs[0].ids), Tally())
    except REFUSALS:
        return False
    plain = run_apart(subject, jobs, layers, 1, Tally())
    return all(_alike(a, b, slack_of(subject)) for a, b in zip(ours, plain, strict=True))


def _trial_jobs(subject: Subject) -> list[Job]:
    """Prompts of made-up tokens and different lengths, with everything that may be wanted of one."""
    ids = [i % subject.tokenizer.vocab_size for i in range(5, 29)]
    one, other, third = ids[:16], [*ids[:9], *ids[16:20]], ids[10:24]
    return [
        Job(one, 0, ((15, 16), (3, 7)), {(): (ids[3],), (ids[3], ids[9]): (ids[4],)}, tokens=3),
        Job(other, 0, ((12, 13), (1, 4)), {(): (ids[5],)}, tokens=2),
        Job(third, 1, ((13, 14), (2, 3)), {(ids[2],): (ids[6],)}, tokens=3),
    ]


def _alike(ours: Told, plain: Told, slack: float) -> bool:
    states = plain.states.float()
    if not torch.allclose(ours.states.float(), states, atol=slack * states.abs().max().item(), rtol=0):
        return False
    scores = [(ours.logprobs[path][token], x) for path, known in plain.logprobs.items() for token, x in known.items()]
    scores += [(ours.greedy.logprob, plain.greedy.logprob), (ours.entropy, plain.entropy)]
    return all(abs(a - b) <= 10 * slack * max(1.0, abs(b)) for a, b in scores)


def run_trees(
    subject: Subject, jobs: Sequence[Job], layers: Sequence[int], max_tokens: int, tally: Tally
) -> list[Told]:
    """What every job wanted.

    layers: of the residual stream, 0 the embeddings; max_tokens: in a batch, padding included; tally: counts tokens.

    A prompt that does not fit into memory even alone is left out; raises ActivationError where it has no name.
    """
    told = [Told() for _ in jobs]
    tally.add(asked=sum(len(job.ids) for job in jobs))
    rows = list(rows_of(jobs, row_width(subject), most_columns(subject)))
    for some in batches([len(tree) for _, tree, _, _ in rows], max_tokens):
        halving(
            some, lambda part: _run_part(subject, jobs, [rows[i] for i in part], layers, told, tally),
            lambda i: len(rows[i][0]) == 1 and tally.leave_out(jobs[rows[i][0][0]], told[rows[i][0][0]]),
        )  # fmt: skip
    return told


def _run_part(
    subject: Subject, jobs: Sequence[Job], rows: Sequence[Row], layers, told: list[Told], tally: Tally
) -> None:
    """A batch of rows; one row that does not fit into memory is read prompt by prompt."""
    try:
        _run_batch(subject, jobs, rows, layers, told, tally)
    except RuntimeError as error:
        if not is_out_of_memory(error) or len(rows) > 1 or len(rows[0][0]) == 1:
            raise
        for i in rows[0][0]:
            halving(
                [i], lambda one: _run_batch(subject, jobs, [_row(jobs, one)], layers, told, tally),
                lambda i: tally.leave_out(jobs[i], told[i]),
            )  # fmt: skip


def rows_of(jobs: Sequence[Job], width: int = WIDTH, room: float = inf) -> Iterator[Row]:
    """The rows, each with its tree; all jobs of one item share a row where it has room for them.

    width: tokens of a row that several items share; room: most columns of a row.
    """
    by_item: dict[int, list[int]] = {}
    for i, job in enumerate(jobs):
        by_item.setdefault(job.item, []).append(i)
    rows: list[Row] = []
    for own in by_item.values():
        row = _row(jobs, own)
        rows += [row] if len(row[1]) <= room else [_row(jobs, [i]) for i in own]
    sizes = [len(tree) for _, tree, _, _ in rows]
    for some in packed([jobs[row[0][0]].ids for row in rows], sizes, width, room):
        yield rows[some[0]] if len(some) == 1 else _row(jobs, [i for k in some for i in rows[k][0]])


def _row(jobs: Sequence[Job], own: list[int]) -> Row:
    return own, *tree_of([jobs[i] for i in own])


def tree_of(jobs: Sequence[Job]) -> tuple[TokenTree, list[int], list[dict[Path, int]]]:
    """(the tree, the node at which each prompt ends, for each job the node after each of its wanted paths)."""
    tree = TokenTree()
    ends = [tree.add(job.ids) for job in jobs]
    after = [{path: tree.add(path, end) for path in job.wanted} for job, end in zip(jobs, ends, strict=True)]
    return tree, ends, after


def _run_batch(
    subject: Subject, jobs: Sequence[Job], rows: Sequence[Row], layers, told: list[Told], tally: Tally
) -> None:
    goes_on = any(jobs[i].tokens for row, *_ in rows for i in row)
    forest = Forest(subject, [tree for _, tree, _, _ in rows], goes_on=goes_on)
    reads, owners = _reads(jobs, rows)
    nodes = _ends(jobs, rows)
    states, hidden = forest.read(layers, reads, list(nodes))
    tally.add(read=sum(map(len, forest.trees)), computed=forest.width * len(forest.trees))
    if states is not None:
        _average(states, owners, told)
    _log_probabilities(subject, hidden, list(nodes.values()), told)
    _replies(forest, jobs, nodes, hidden, told, tally)


def _reads(jobs: Sequence[Job], rows: Sequence[Row]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The nodes that are read, and for each run of them (job, number of tokens): one run for each site."""
    nodes, owners = [], []
    for at, (row, tree, ends, _) in enumerate(rows):
        for i, end in zip(row, ends, strict=True):
            path = tree.path(end) if jobs[i].ranges else []
            for start, stop in jobs[i].ranges:
                nodes += [(at, node) for node in path[start:stop]]
                owners.append((i, stop - start))
    return nodes, owners


def _average(states: torch.Tensor, owners: Sequence[tuple[int, int]], told: list[Told]) -> None:
    """Give every job its `(n_layers, n_sites, d_model)`; a site of several tokens is averaged in float32."""
    if any(size > 1 for _, size in owners):
        parts = torch.split(states, [size for _, size in owners], dim=1)
        means = [p if p.shape[1] == 1 else p.float().mean(1, keepdim=True).to(p.dtype) for p in parts]
        states = torch.cat(means, dim=1)
    states = states.cpu()
    columns: dict[int, list[int]] = {}
    for column, (i, _) in enumerate(owners):
        columns.setdefault(i, []).append(column)
    for i, own in columns.items():
        told[i].states = states[:, own]


def _ends(jobs: Sequence[Job], rows: Sequence[Row]) -> dict[tuple[int, int], list[tuple[int, Path, tuple[int, ...]]]]:
    """Nodes whose next token matters -> (job, path after its prompt, tokens wanted there) for every job there."""
    nodes: dict[tuple[int, int], list] = {}
    for at, (row, _, ends, after) in enumerate(rows):
        for i, end, paths in zip(row, ends, after, strict=True):
            if jobs[i].tokens:
                nodes.setdefault((at, end), []).append((i, (), ()))
            for path, node in paths.items():
                nodes.setdefault((at, node), []).append((i, path, jobs[i].wanted[path]))
    return nodes


def _log_probabilities(subject: Subject, hidden: torch.Tensor, asked: Sequence[list], told: list[Told]) -> None:
    """Tell every job the log-probabilities that it wanted."""
    rows = [at for at, some in enumerate(asked) if any(tokens for _, _, tokens in some)]
    for some in chunks(len(rows), len(subject.tokenizer)):
        own = rows[some]
        logits = next_logits(subject, hidden[own])
        total = torch.logsumexp(logits, dim=-1)
        pairs = [(k, token) for k, at in enumerate(own) for token in sorted({t for _, _, ts in asked[at] for t in ts})]
        index, tokens = (torch.tensor([pair[side] for pair in pairs], device=logits.device) for side in (0, 1))
        values = (logits[index, tokens] - total[index]).tolist()
        known: dict[tuple[int, int], float] = dict(zip(pairs, values, strict=True))
        for k, at in enumerate(own):
            for i, path, wanted in asked[at]:
                if wanted:
                    told[i].logprobs[path] = {token: known[k, token] for token in wanted}


def _replies(
    forest: Forest, jobs: Sequence[Job], nodes: Mapping[tuple[int, int], list], hidden: torch.Tensor, told: list[Told],
    tally: Tally,
) -> None:  # fmt: skip
    """The replies to all prompts of a batch: those with as many replies each go on together, since rows that grow more
    branches than others would make these wait."""
    alike: dict[int, list[_Begun]] = {}
    for index, ((tree, node), asked) in enumerate(nodes.items()):
        streams = [s for i, path, wanted in asked if not path and not wanted for s in streams_of(jobs[i], told[i])]
        if streams:
            alike.setdefault(len(streams), []).append(_Begun(index, (tree, forest.trees[tree].path(node)), streams))
    most = KEPT * len(forest.trees) * forest.width
    for begun in (some for group in alike.values() for some in _together(group, most, most_columns(forest.subject))):
        branches = Branches(forest.subject, forest.cache, [each.path for each in begun])
        tips = [Tip(i, len(each.path[1]), each.streams) for i, each in enumerate(begun)]
        write_replies(branches, hidden[[each.index for each in begun]], tips, end_tokens(forest.subject), tally)


class _Begun(NamedTuple):
    """A prompt that is replied to."""

    index: int
    """Its place among the nodes whose next token matters."""
    path: tuple[int, list[int]]
    """Its tree, and its nodes there."""
    streams: list[Stream]

    @property
    def written(self) -> int:
        """Most tokens of all its replies."""
        return sum(stream.limit for stream in self.streams)


def _together(begun: Sequence[_Begun], most: int, room: float) -> Iterator[list[_Begun]]:
    """Prompts in batches of at most `most` columns before they go on. All rows of a batch grow as fast as the one that
    writes most: where the longest has no room for that, each is a batch of its own."""
    for some in batches([len(each.path[1]) for each in begun], most):
        batch = [begun[i] for i in some]
        columns = len(batch[0].path[1]) + max(each.written for each in batch)
        yield from ([batch] if columns <= room else [[each] for each in batch])
