"""Run the model on one question of a shard: replies, samples, and log-probabilities of the valid answers, as rows.

In: a loaded model and a planned question. Out: one row per prompt and reply, in the order of the items, with
REPLY_COLUMNS. Prompts are batched by length, and a batch that does not fit into memory is halved.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tacit.activations.model.answer_logprobs import continuation_logprobs, score, spellings
from tacit.activations.model.capture import batches, halving
from tacit.activations.model.generate import after_nodes, generate, sample
from tacit.activations.model.load import Subject
from tacit.activations.model.prompts import Prompt, has_chat_template
from tacit.activations.plan import Entry
from tacit.targets.questions import Question

REPLY_COLUMNS = (
    "target", "condition", "item_id", "prompt", "elicitation", "sample", "seed", "text", "n_tokens", "prompt_tokens",
    "ended", "logprob", "first_logprob", "entropy", "first_token", "answers", "logprobs",
)  # fmt: skip
"""`sample` 0 is the greedy reply; `logprobs` are those of `answers`, and both are empty where no answers are scored.
The columns of the model's confidence (`generate.Generated`) are nan where no reply was generated."""
NO_CONFIDENCE = {"logprob": math.nan, "first_logprob": math.nan, "entropy": math.nan, "first_token": -1}
LONGEST = 8
"""Assumed length of a candidate answer in tokens, for making batches."""
SCORED = 2**27
"""Most logits in memory at once when candidates are scored (half a gigabyte): every token has a whole vocabulary."""


@dataclass(frozen=True)
class Asking:
    """A model and the limits of its batches."""

    subject: Subject
    shares: bool
    """Whether the model can continue from cached keys and values (`prefix_cache.can_share`)."""
    max_tokens: int
    """Tokens in a batch, padding and replies included."""

    def replies(self, entry: Entry, question: Question, rows: range, tick: Callable[[int], object]) -> list[dict]:
        """The rows of one question and shard; empty for an object prompt whose label needs no reply."""
        prompts = entry.prompts[question.key][rows.start : rows.stop]
        found: dict[int, list[dict]] = {}
        if question.speaks and prompts:
            head = {"target": entry.ask.target, "condition": entry.condition}
            ids = list(entry.ask.items["item_id"])[rows.start : rows.stop]
            frames = [head | _frame(question, item_id, prompt) for item_id, prompt in zip(ids, prompts, strict=False)]
            if question.continuations:
                texts = question.continuations[rows.start : rows.stop]
                self._score(prompts, texts, frames, found)
            else:
                self._ask(question, prompts, frames, found, seed_of(entry.key, question.key, rows))
        tick(len(prompts))
        return [row for i in sorted(found) for row in found[i]]

    def _ask(self, question: Question, prompts: Sequence[Prompt], frames, found, seed: int) -> None:
        answers = list(question.answers)
        plain = not has_chat_template(self.subject.tokenizer)
        paths = spellings(self.subject.tokenizer, prompts[0].text, answers, special=plain) if answers else {}
        longest = max(question.tokens, 1)

        def greedy(some: list[int]) -> None:
            batch = [prompts[i] for i in some]
            texts, first = generate(self.subject, batch, longest)
            next_after = after_nodes(self.subject, batch, shares=self.shares)
            logps = score(paths, len(answers), first, next_after).tolist() if answers else [[]] * len(batch)
            for i, reply, logp in zip(some, texts, logps, strict=True):
                said = reply if question.tokens else None
                found[i] = [frames[i] | _said(said) | {"sample": 0, "seed": -1, "answers": answers, "logprobs": logp}]

        def drawn(some: list[int]) -> None:
            draws = sample(self.subject, [prompts[i] for i in some], longest, question.samples, seed + some[0])
            for i, texts in zip(some, draws, strict=True):
                found[i] += [
                    frames[i] | _said(reply) | {"sample": k, "seed": seed + some[0], "answers": [], "logprobs": []}
                    for k, reply in enumerate(texts, start=1)
                ]

        lengths = [len(prompt.ids) + longest for prompt in prompts]
        for batch in batches(lengths, self.max_tokens):
            halving(batch, greedy)
        if question.samples:
            for batch in batches([length * question.samples for length in lengths], self.max_tokens):
                halving(batch, drawn)

    def _score(self, prompts: Sequence[Prompt], texts: Sequence[str], frames, found) -> None:
        def score_some(some: list[int]) -> None:
            logps, sizes = continuation_logprobs(self.subject, [prompts[i] for i in some], [texts[i] for i in some])
            for i, logp, size in zip(some, logps, sizes, strict=True):
                found[i] = [frames[i] | {
                    "sample": 0, "seed": -1, "text": texts[i], "n_tokens": size, "ended": True, **NO_CONFIDENCE,
                    "answers": [texts[i]], "logprobs": [logp],
                }]  # fmt: skip

        most = min(self.max_tokens, SCORED // len(self.subject.tokenizer))
        for batch in batches([len(prompt.ids) + LONGEST for prompt in prompts], most):
            halving(batch, score_some)


def seed_of(key: str, question: str, rows: range) -> int:
    """The seed of a shard's samples: a function of its prompts, so that a resumed run draws the same samples."""
    return int(hashlib.sha256(f"{key} {question} {rows.start}".encode()).hexdigest()[:7], 16)


def _frame(question: Question, item_id: str, prompt: Prompt) -> dict:
    return {
        "item_id": item_id, "prompt": question.prompt, "elicitation": question.elicitation,
        "prompt_tokens": len(prompt.ids),
    }  # fmt: skip


def _said(reply) -> dict:
    """The columns of a reply; empty values where only log-probabilities were computed."""
    if reply is None:
        return {"text": None, "n_tokens": 0, "ended": True, **NO_CONFIDENCE}
    return dataclasses.asdict(reply)
