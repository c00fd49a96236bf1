"""How the missing shards are put together, and what they will cost, before anything is computed.

In: missing shards. Out: units of shards whose items are the same, so that all prompts of an item are one tree; the
tokens to compute; and about how long that takes, from a trial of the model itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from tacit.activations.model.arithmetic import least_seconds
from tacit.activations.model.capture import plain_batch
from tacit.activations.model.load import Subject
from tacit.activations.model.sites import PROMPTS
from tacit.activations.plan import Entry
from tacit.activations.trees.ask import Asking, Part
from tacit.activations.trees.token_tree import TokenTree

CPU_TOKENS, GPU_TOKENS = 4096, 32768
"""Tokens in a batch, padding included: past these a pass is bound by arithmetic, and more only costs memory."""
TRIED = 128
"""Tokens of the timed trial."""
SHARED_SAMPLES = 0.5
"""Share of the tokens of replies and samples that is assumed to be written: some end early, and some agree."""


def batch_tokens(subject: Subject) -> int:
    """Most tokens in a batch on the model's device."""
    return CPU_TOKENS if subject.device.type == "cpu" else GPU_TOKENS


def units_of(
    missing: Sequence[Part], entries: Sequence[Entry], together: Callable[[Entry, range], tuple[str, ...]]
) -> list[list[Part]]:
    """Shards in groups that are computed together: those of one target and condition about the same items.

    together: keys of the entries that a damaged shard was computed with, () for one that was never there. Where all of
    them are still planned, they are computed with it again, whether or not their own shards are missing.
    """
    planned = {entry.key: entry for entry in entries}
    units: dict[tuple, list[Part]] = {}
    for entry, rows in missing:
        ids = tuple(entry.ask.items["item_id"][rows.start : rows.stop])
        before = together(entry, rows)
        companions = before if set(before) <= set(planned) else ()
        parts = units.setdefault((entry.ask.target, entry.condition, ids, companions), [])
        if companions and not parts:
            parts += [(planned[key], rows) for key in companions]
        elif not companions:
            parts.append((entry, rows))
    return _each_kind_first(list(units.values()))


def _each_kind_first(units: list[list[Part]]) -> list[list[Part]]:
    """One unit of every kind, then the others: how long their replies are is then known early for all of them."""
    seen, first, rest = set(), [], []
    for parts in units:
        kind = tuple(entry.key for entry, _ in parts)
        (rest if kind in seen else first).append(parts)
        seen.add(kind)
    return first + rest


class Work:
    """The tokens of all units, expected at first and corrected by those that are done."""

    def __init__(self, units: Sequence[Sequence[Part]], *, shares: bool) -> None:
        self.asked, self.expected, self.kinds = 0, [], []
        sizes: dict[tuple, tuple[int, float, float]] = {}
        for parts in units:
            kind = tuple(entry.key for entry, _ in parts)
            n = max(len(rows) for _, rows in parts)
            if kind not in sizes:  # one unit stands for all that ask the same of other items
                sizes[kind] = (n, *_cost(parts, shares))
            size, asked, expected = sizes[kind]
            self.asked += round(asked * n / size)
            self.expected.append(expected * n / size)
            self.kinds.append(kind)
        self._done: dict[int, int] = {}

    @property
    def total(self) -> int:
        """Tokens expected in all, by what the units that are done have taken against what was expected of them."""
        ratio = {}
        for kind in set(self.kinds):
            own = [i for i in self._done if self.kinds[i] == kind] or list(self._done)
            expected = sum(self.expected[i] for i in own)
            ratio[kind] = sum(self._done[i] for i in own) / expected if expected else 1.0
        rest = (x * ratio[self.kinds[i]] for i, x in enumerate(self.expected) if i not in self._done)
        return round(sum(self._done.values()) + sum(rest))

    @property
    def finished(self) -> bool:
        """Whether every unit is done."""
        return len(self._done) == len(self.expected)

    def done(self, index: int, tokens: int) -> int:
        """Note what a unit took, and give the new total."""
        self._done[index] = tokens
        return self.total

    def told(self, token_s: float, processes: int = 1) -> str:
        """One line about the cost. token_s: seconds that a token takes in one process."""
        minutes = self.total * token_s / 60 / processes
        about = f"{minutes:.0f} min" if minutes >= 2 else f"{60 * minutes:.0f} s"
        of = f" in {processes} processes" if processes > 1 else ""
        return (
            f"about {self.total:,} tokens to compute, roughly {about}{of} (prompts of {self.asked:,} tokens, what they"
            " share computed once, and replies)"
        )


def _cost(parts: Sequence[Part], shares: bool) -> tuple[int, float]:
    """(tokens of the prompts as asked, tokens expected to be computed)."""
    trees: dict[str, TokenTree] = {}
    asked, written = 0, 0.0
    for entry, rows in parts:
        ids = list(entry.ask.items["item_id"])[rows.start : rows.stop]
        for question in entry.ask.questions:
            if not question.speaks and not (entry.sites and question.key in PROMPTS):
                continue
            for item_id, prompt in zip(ids, entry.prompts[question.key][rows.start : rows.stop], strict=False):
                trees.setdefault(item_id, TokenTree()).add(prompt.ids)
                asked += len(prompt.ids)
                written += written_tokens(question.tokens, question.samples)
    return asked, (sum(map(len, trees.values())) if shares else asked) + written


def written_tokens(most: int, samples: int) -> float:
    """Tokens of a greedy reply and of samples that are expected to be written; most: of one reply."""
    return SHARED_SAMPLES * most * (1 + SHARED_SAMPLES * samples)


def seconds_a_token(asking: Asking) -> float:
    """Of one pass over some made-up tokens, after one pass to warm up; 0 for a remote model."""
    subject = asking.subject
    if subject.remote:
        return 0.0
    row = [i % subject.tokenizer.vocab_size for i in range(TRIED // 8)]
    batch = plain_batch(subject, [row] * 8, [[(0, 1)]] * 8)
    with torch.inference_mode():
        return least_seconds(lambda: subject.body(**batch.inputs), times=2) / TRIED
