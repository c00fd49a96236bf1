"""Run jobs as trees: packed into rows, rows into batches, and each batch read once and continued.

In: a loaded model and jobs. Out: a `Told` for each, in their order. A batch that does not fit into memory is halved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from tacit.activations.model.capture import batches, halving
from tacit.activations.model.generate import end_tokens
from tacit.activations.model.load import Subject
from tacit.activations.trees.forward import Forest, chunks, next_logits
from tacit.activations.trees.jobs import Job, Path, Told
from tacit.activations.trees.replies import Tip, streams_of, write_replies
from tacit.activations.trees.token_tree import TokenTree, packed

WIDTH = 384
"""Tokens of a row that several items share; longer rows make attention dear, shorter ones repeat what items share."""
Tick = Callable[[int], object]


def run_trees(subject: Subject, jobs: Sequence[Job], layers: Sequence[int], max_tokens: int, tick: Tick) -> list[Told]:
    """What every job wanted.

    layers: of the residual stream, 0 the embeddings; max_tokens: in a batch, padding included; tick: called with the
    tokens computed, at every pass.

    Raises ActivationError where one row alone does not fit into memory.
    """
    told = [Told() for _ in jobs]
    rows = list(rows_of(jobs))
    sizes = [len(tree_of([jobs[i] for i in row])[0]) for row in rows]
    for some in batches(sizes, max_tokens):
        halving(some, lambda part: _run_batch(subject, jobs, [rows[i] for i in part], layers, told, tick))
    return told


def rows_of(jobs: Sequence[Job]) -> Iterator[list[int]]:
    """The jobs of each row, as indices; all jobs of one item share a row."""
    by_item: dict[int, list[int]] = {}
    for i, job in enumerate(jobs):
        by_item.setdefault(job.item, []).append(i)
    items = list(by_item.values())
    sizes = [len(tree_of([jobs[i] for i in some])[0]) for some in items]
    for row in packed([jobs[some[0]].ids for some in items], sizes, WIDTH):
        yield [i for item in row for i in items[item]]


def tree_of(jobs: Sequence[Job]) -> tuple[TokenTree, list[int], list[dict[Path, int]]]:
    """(the tree, the node at which each prompt ends, for each job the node after each of its wanted paths)."""
    tree = TokenTree()
    ends = [tree.add(job.ids) for job in jobs]
    after = [{path: tree.add(path, end) for path in job.wanted} for job, end in zip(jobs, ends, strict=True)]
    return tree, ends, after


def _run_batch(
    subject: Subject, jobs: Sequence[Job], rows: Sequence[Sequence[int]], layers, told: list[Told], tick: Tick
) -> None:
    found = [tree_of([jobs[i] for i in row]) for row in rows]
    forest = Forest(subject, [tree for tree, _, _ in found])
    reads, owners = _reads(jobs, rows, found)
    nodes = _ends(jobs, rows, found)
    states, hidden = forest.read(layers, reads, list(nodes))
    tick(sum(map(len, forest.trees)))
    if states is not None:
        _average(states, owners, told)
    _log_probabilities(subject, hidden, list(nodes.values()), told)
    _replies(forest, jobs, nodes, hidden, told, tick)


def _reads(jobs, rows, found) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The nodes that are read, and for each run of them (job, number of tokens): one run for each site."""
    nodes, owners = [], []
    for at, (row, (tree, ends, _)) in enumerate(zip(rows, found, strict=True)):
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


def _ends(jobs, rows, found) -> dict[tuple[int, int], list[tuple[int, Path, tuple[int, ...]]]]:
    """Nodes whose next token matters -> (job, path after its prompt, tokens wanted there) for every job there."""
    nodes: dict[tuple[int, int], list] = {}
    for at, (row, (_, ends, after)) in enumerate(zip(rows, found, strict=True)):
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


def _replies(forest: Forest, jobs, nodes, hidden: torch.Tensor, told: list[Told], tick: Tick) -> None:
    tips, at, seen = [], [], []
    own = forest.seen
    for index, ((tree, node), asked) in enumerate(nodes.items()):
        streams = [s for i, path, wanted in asked if not path and not wanted for s in streams_of(jobs[i], told[i])]
        if streams:
            tips.append(Tip(tree, forest.trees[tree].depths[node] + 1, streams))
            at.append(index)
            row = np.zeros(forest.width, dtype=bool)
            row[: len(forest.trees[tree])] = own[tree][node]
            seen.append(row)
    if tips:
        write_replies(forest, hidden[at], tips, np.stack(seen), end_tokens(forest.subject), tick)
