"""Count what a unit of shards asks of a model, with the trees and batches in which it will be computed.

In: parts about the same items, as they are asked together. Out: for each part its tokens, and for all of them together
the passes of the model. The counts of prompts are exact; how long replies will be is assumed (`work.written_tokens`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

from tacit.activations.cost.weights import Weights
from tacit.activations.model.capture import batches
from tacit.activations.plan import Entry
from tacit.activations.templates.thinking import thinking_of
from tacit.activations.trees.ask import Part, jobs_of
from tacit.activations.trees.jobs import Job
from tacit.activations.trees.run import Row, longest, most_columns, row_width, rows_of
from tacit.activations.trees.token_tree import TokenTree
from tacit.activations.work import SHARED_SAMPLES, written_tokens


class _Sums:
    """Numbers that are added up, and scaled from a sample to the whole."""

    def __iadd__(self, other: Self) -> Self:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        return self

    def scaled(self, factor: float) -> Self:
        """All of them times a number."""
        return type(self)(**{field.name: factor * getattr(self, field.name) for field in fields(self)})


@dataclass
class Counts(_Sums):
    """Sums over the prompts of one part, or of several."""

    prompts: float = 0
    asked: float = 0
    """Tokens of the prompts, one by one."""
    tree: float = 0
    """Tokens that this part adds to the trees, answers whose log-probabilities are wanted included."""
    written: float = 0
    """Tokens of replies that are expected to be written."""
    replies: float = 0
    """Rows in the table of replies."""
    answers: float = 0
    """Answers whose log-probabilities are kept."""
    read_attended: float = 0
    """Tokens of its row that a token of a tree attends to, summed over them: a masked one is computed as well."""
    written_attended: float = 0
    """Tokens of its prompt that a token of a reply attends to, summed over them."""
    logits: float = 0
    """Positions of the trees at which the next token's distribution is wanted."""


@dataclass
class Passes(_Sums):
    """How often the model is run."""

    read: float = 0
    """Batches, each of which is read in one pass."""
    steps: float = 0
    """Passes that write one token of every unfinished reply of a batch; as many as its longest reply may have."""
    cached: float = 0
    """Tokens whose keys and values are read from the cache, summed over these steps."""


def count_unit(
    parts: Sequence[Part], tokenizer, weights: Weights, limits: Sequence[int]
) -> tuple[list[Counts], list[Passes]]:
    """(the counts of each part, the passes over all of them for each limit on a batch's tokens, padding included)."""
    counts = [asked_of(part) for part in parts]
    by_part = [jobs_of([part], tokenizer) for part in parts]
    jobs = [job for own in by_part for job in own]
    owners = [i for i, own in enumerate(by_part) for _ in own]
    far = [weights.window is not None and longest(job) > weights.window for job in jobs]
    near = [i for i, apart in enumerate(far) if not apart]
    rows = list(rows_of([jobs[i] for i in near], row_width(weights), most_columns(weights)))
    for own, *_ in rows:
        _count_row(jobs, [near[k] for k in sorted(own)], owners, counts)
    for i in (i for i, apart in enumerate(far) if apart):
        _count_row(jobs, [i], owners, counts)
    for part, found in zip(parts, counts, strict=True):
        found.tree += _read_again(part, tokenizer)
    return counts, [_passes([jobs[i] for i in near], rows, most, weights) for most in limits]


def asked_of(part: Part) -> Counts:
    """What is known of a part without a tree."""
    entry, rows = part
    found = Counts()
    for question in entry.ask.questions:
        prompts = entry.prompts[question.key][rows.start : rows.stop]
        if not question.speaks and not any(site.prompt == question.key for site in entry.sites):
            continue
        found.prompts += len(prompts)
        found.asked += sum(len(prompt.ids) for prompt in prompts)
        if question.speaks:
            found.written += len(prompts) * written_tokens(question.tokens, question.samples)
            found.replies += len(prompts) * (1 + question.samples)
            found.answers += len(prompts) * (len(question.answers) or bool(question.continuations))
    return found


def _count_row(jobs: Sequence[Job], own: Sequence[int], owners: Sequence[int], counts: list[Counts]) -> None:
    """Add a row of several jobs to the counts; what they share is counted where it is asked first."""
    tree, wanted = TokenTree(), set[int]()
    added = []
    for i in own:
        before, job = len(tree), jobs[i]
        end = tree.add(job.ids)
        nodes = {tree.add(path, end) for path in job.wanted} | ({end} if job.tokens else set())
        added.append((counts[owners[i]], len(tree) - before, len(nodes - wanted), job))
        wanted |= nodes
    for found, tokens, logits, job in added:
        found.tree += tokens
        found.logits += logits
        found.read_attended += tokens * len(tree)
        found.written_attended += written_tokens(job.tokens, job.samples) * len(job.ids)


def _read_again(part: Part, tokenizer) -> float:
    """Tokens of the prompts that are read again with the model's thoughts, and of these."""
    entry, rows = part
    if not any(site.follows_thoughts for site in entry.sites) or not thinking_of(tokenizer).on:
        return 0.0
    prompts = entry.prompts["report"][rows.start : rows.stop]
    return sum(len(prompt.ids) for prompt in prompts) + len(prompts) * expected_thoughts(entry)


def expected_thoughts(entry: Entry) -> float:
    """Tokens of thoughts that a reply to the primary report is expected to begin with."""
    if known := entry.thoughts.get("report"):
        return sum(map(len, known)) / len(known)
    return SHARED_SAMPLES * max(question.tokens for question in entry.ask.questions if question.key == "report")


def _passes(jobs: Sequence[Job], rows: Sequence[Row], max_tokens: int, weights: Weights) -> Passes:
    found = Passes()
    for some in batches([len(tree) for _, tree, _, _ in rows], max_tokens):
        found.read += 1
        alike: dict[int, list[Job]] = {}
        for job in (jobs[i] for k in some for i in rows[k][0] if jobs[i].tokens):
            alike.setdefault(job.samples, []).append(job)
        for own in alike.values():  # prompts with as many replies each go on together
            steps = max(job.tokens for job in own)
            found.steps += steps
            found.cached += steps * sum(len(job.ids) for job in own)
    return found
