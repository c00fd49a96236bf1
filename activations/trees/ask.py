"""Put the questions of a shard to the model: states, replies, samples, and log-probabilities of valid answers.

In: a loaded model and planned entries with the same items. Out: for each entry the tensors of its sites and a row per
prompt and reply, in the order of the items, with REPLY_COLUMNS. All prompts of an item are one tree of tokens. Where a
model thinks first, prompts whose states are read after its thoughts are read again, with these thoughts.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from tacit.activations.model.load import Subject
from tacit.activations.model.sites import PROMPTS, token_range
from tacit.activations.plan import Entry
from tacit.activations.store.store import THOUGHTS, tensor_name
from tacit.activations.templates.render import has_chat_template
from tacit.activations.templates.thinking import Thinking, closed_thoughts, text_of, thinking_of
from tacit.activations.trees.answers import Spelled, along, answer_logprobs, continuation, spellings, tokens_wanted
from tacit.activations.trees.jobs import Job, Reply, Tally, Told
from tacit.activations.trees.run import run_jobs
from tacit.targets.questions import Question

REPLY_COLUMNS = (
    "target", "condition", "item_id", "prompt", "elicitation", "sample", "seed", "text", "n_tokens", "prompt_tokens",
    "ended", "logprob", "first_logprob", "entropy", "first_token", "answers", "logprobs",
)  # fmt: skip
"""`sample` 0 is the greedy reply; `logprobs` are those of `answers`, and both are empty where no answers are scored.
The columns of the model's confidence are nan where no greedy reply was generated. Where states are read after the
model's thoughts, a further column has the tokens of these."""
NO_CONFIDENCE = {"logprob": math.nan, "first_logprob": math.nan, "entropy": math.nan, "first_token": -1}
NO_REPLY = {"text": None, "n_tokens": 0, "ended": True, **NO_CONFIDENCE}

ABSENT = "absent"
"""Beside a shard's tensors, where some are missing: rows whose states do not fit into memory, `(n_rows,) int64`."""
Part = tuple[Entry, range]
"""An entry and the rows of one of its shards."""
Shard = tuple[dict[str, torch.Tensor], pd.DataFrame]
"""`{site/layer: (rows, d_model)}` and a table of replies."""


@dataclass(frozen=True)
class Asking:
    """A model, the layers that are read, and how its work is shared."""

    subject: Subject
    layers: Sequence[int]
    shares: bool
    """Whether a tree gives what its prompts give one by one (`run.can_share`)."""
    max_tokens: int
    """Tokens in a batch, padding included."""

    def shards(self, parts: Sequence[Part], tally: Tally) -> list[Shard]:
        """The shards of these parts. Items with the same id share a tree, whichever part asks about them."""
        asked = _asked(parts, self.subject.tokenizer)
        found = self._told([each.jobs for each in asked], tally)
        after = self._told([each.jobs_after_thoughts(told) for each, told in zip(asked, found, strict=True)], tally)
        for each, told, then in zip(asked, found, after, strict=True):
            each.join(told, then)
        return [
            self._shard(part, [(a, t) for a, t in zip(asked, found, strict=True) if a.part is part]) for part in parts
        ]

    def _told(self, jobs: Sequence[Sequence[Job]], tally: Tally) -> list[list[Told]]:
        """What came of the jobs, in the same lists."""
        every = [job for some in jobs for job in some]
        told = iter(run_jobs(self.subject, every, self.layers, self.max_tokens, tally, shares=self.shares))
        return [[next(told) for _ in some] for some in jobs]

    def _shard(self, part: Part, asked: Sequence[tuple[_Asked, list[Told]]]) -> Shard:
        tensors = {}
        for each, told in asked:
            for index, site in enumerate((*each.within, *each.after)):
                states = torch.stack([self._states(one, index) for one in each.spoken(told)], dim=1)
                for i, layer in enumerate(self.layers):
                    tensors[tensor_name(site.name, layer)] = states[i].contiguous()
        absent = {i for each, told in asked if each.sites for i, one in enumerate(each.spoken(told)) if one.left_out}
        tensors |= {ABSENT: torch.tensor(sorted(absent))} if absent else {}
        rows = [row for each, told in asked if each.question.speaks for row in each.rows(told)]
        further = [THOUGHTS] * any(THOUGHTS in row for row in rows)
        return tensors, pd.DataFrame(rows, columns=[*REPLY_COLUMNS, *further])

    def _states(self, one: Told, site: int) -> torch.Tensor:
        """`(n_layers, d_model)`; nan for a prompt that does not fit into memory."""
        if one.left_out:
            return torch.full((len(self.layers), self.subject.d_model), torch.nan, dtype=self.subject.dtype)
        return one.states[:, site]


def jobs_of(parts: Sequence[Part], tokenizer) -> list[Job]:
    """Everything that these parts ask of a model."""
    return [job for each in _asked(parts, tokenizer) for job in each.jobs]


def _asked(parts: Sequence[Part], tokenizer) -> list[_Asked]:
    numbers: dict[str, int] = {}
    thinking = thinking_of(tokenizer)  # it takes several renderings
    return [_Asked(part, q, tokenizer, thinking, numbers) for part in parts for q in part[0].ask.questions]


class _Asked:
    """One question of one part: its jobs, and its rows once they are told."""

    def __init__(self, part: Part, question: Question, tokenizer, thinking: Thinking, numbers: dict[str, int]) -> None:
        entry, rows = part
        self.part, self.question, self.tokenizer = part, question, tokenizer
        self.prompts = entry.prompts[question.key][rows.start : rows.stop]
        self.ids = list(entry.ask.items["item_id"])[rows.start : rows.stop][: len(self.prompts)]
        self.sites = [s for s in entry.sites if s.prompt == question.key] if question.key in PROMPTS else []
        self.after = [site for site in self.sites if site.follows_thoughts] if thinking.on else []
        self.within = [site for site in self.sites if site not in self.after]
        self.thoughts: list[Sequence[int]] = list(entry.thoughts.get(question.key, ()))[rows.start : rows.stop]
        self.special = not has_chat_template(self.tokenizer)
        # A reply that was begun comes after thoughts that were closed.
        self.thinking = Thinking() if question.opening else thinking
        self.answered = entry.answered.get(question.key, entry.prompts[question.key])[rows.start : rows.stop]
        self.paths: Spelled = {}
        if question.answers and self.prompts:
            text = self.answered[0].text
            self.paths = spellings(self.tokenizer, text, question.answers, special=self.special)
        self.continuations = self._continuations(rows)
        self.apart = question.key in entry.answered  # log-probabilities are read after other prompts than replies
        self.replies = self._replies(numbers) if question.tokens or question.samples or self.sites else []
        weighed = question.answers or question.continuations
        weighing = self._weighings(numbers) if weighed and (self.apart or not self.replies) else []
        self.jobs = self.replies + weighing

    def _replies(self, numbers: dict[str, int]) -> list[Job]:
        """What is to be read and said after each prompt; log-probabilities too, unless they are read elsewhere."""
        entry, rows = self.part
        wanted = [{}] * len(self.ids) if self.apart else self._wanted()
        return [
            Job(
                prompt.ids, numbers.setdefault(item_id, len(numbers)),
                tuple(token_range(site, prompt) for site in self.within), wanted[i],
                self.question.tokens, self.question.samples, seed_of(entry.key, self.question.key, rows.start + i),
                self._name(item_id),
            )
            for i, (item_id, prompt) in enumerate(zip(self.ids, self.prompts, strict=True))
        ]  # fmt: skip

    def _weighings(self, numbers: dict[str, int]) -> list[Job]:
        """Log-probabilities alone."""
        return [
            Job(prompt.ids, numbers.setdefault(item_id, len(numbers)), wanted=wanted, name=self._name(item_id))
            for item_id, prompt, wanted in zip(self.ids, self.answered, self._wanted(), strict=True)
        ]

    def _wanted(self) -> list[dict[tuple[int, ...], tuple[int, ...]]]:
        decisive = tokens_wanted(self.paths)
        return [along(text) if text else decisive for text in self.continuations]

    def _name(self, item_id: str) -> str:
        entry, _ = self.part
        return f"{entry.ask.target}/{entry.condition}, {self.question.key}, item {item_id}"

    def _continuations(self, rows: range) -> list[tuple[int, ...]]:
        texts = self.question.continuations[rows.start : rows.stop] or [""] * len(self.prompts)
        return [
            continuation(self.tokenizer, prompt, text, special=self.special) if text else ()
            for prompt, text in zip(self.answered, texts, strict=False)
        ]

    def jobs_after_thoughts(self, told: Sequence[Told]) -> list[Job]:
        """The prompts that are read again, each followed by the thoughts of its reply."""
        if not self.after:
            return []
        self.thoughts = self.thoughts or [self._thoughts(one.greedy) for one in self.spoken(told)]
        rows = [[*job.ids, *tokens] for job, tokens in zip(self.replies, self.thoughts, strict=True)]
        return [
            Job(ids, job.item, ((len(ids) - 1, len(ids)),), name=job.name)
            for ids, job in zip(rows, self.replies, strict=True)
        ]

    def _thoughts(self, reply: Reply | None) -> list[int]:
        ids = [] if reply is None else reply.ids[:-1] if reply.ended else reply.ids
        return closed_thoughts(self.tokenizer, ids, self.thinking, self.question.tokens)

    def join(self, told: Sequence[Told], after: Sequence[Told]) -> None:
        """Put the states that were read after the thoughts behind those of the prompts."""
        for one, then in zip(self.spoken(told) if after else (), after, strict=True):
            one.left_out |= then.left_out
            if not one.left_out:
                one.states = then.states if one.states is None else torch.cat([one.states, then.states], dim=1)

    def spoken(self, told: Sequence[Told]) -> Sequence[Told]:
        """What came of the replies, for each prompt."""
        return told[: len(self.replies)] or told

    def weighed(self, told: Sequence[Told]) -> Sequence[Told]:
        """What came of the log-probabilities, for each prompt."""
        return told[len(self.replies) :] or told

    def rows(self, told: Sequence[Told]) -> list[dict]:
        """A row per prompt and reply."""
        entry, rows = self.part
        head = {
            "target": entry.ask.target, "condition": entry.condition, "prompt": self.question.prompt,
            "elicitation": self.question.elicitation,
        }  # fmt: skip
        if self.question.continuations:
            texts = self.question.continuations[rows.start : rows.stop]
            return [
                head | self._frame(i) | _candidate(text, self.continuations[i], one)
                for i, (text, one) in enumerate(zip(texts, self.weighed(told), strict=True))
            ]
        scores = self._answers(self.weighed(told))
        found = []
        for i, one in enumerate(self.spoken(told)):
            frame = head | self._frame(i)
            silent = one.greedy is None or one.left_out
            said = NO_REPLY if silent else self._said(one.greedy, one)
            answers = {"answers": list(self.question.answers), "logprobs": scores[i]}
            thoughts = {THOUGHTS: list(self.thoughts[i])} if self.after else {}
            found.append(frame | said | {"sample": 0, "seed": -1} | answers | thoughts)
            seed = self.jobs[i].seed
            found += [
                frame | self._said(reply) | {"sample": k, "seed": seed, "answers": [], "logprobs": []}
                for k, reply in enumerate([] if one.left_out else one.samples, start=1)
            ]
        return found

    def _frame(self, i: int) -> dict:
        return {"item_id": self.ids[i], "prompt_tokens": len(self.prompts[i].ids)}

    def _answers(self, told: Sequence[Told]) -> list[list[float]]:
        """The log-probability of every valid answer after every prompt."""
        if not self.question.answers:
            return [[] for _ in told]
        if not self.paths:
            return [[-math.inf] * len(self.question.answers) for _ in told]
        known = {
            path: {token: np.array([_logprob(one, path, token) for one in told]) for token in tokens}
            for path, tokens in tokens_wanted(self.paths).items()
        }
        scores = answer_logprobs(self.paths, len(self.question.answers), known).T
        scores[[one.left_out for one in told]] = -math.inf
        return scores.tolist()

    def _said(self, reply: Reply, told: Told | None = None) -> dict:
        """The columns of a reply, with the model's confidence where it is the greedy one."""
        kept = reply.ids[:-1] if reply.ended else reply.ids
        text = text_of(self.tokenizer, kept, self.thinking)
        said = {"text": text, "n_tokens": len(reply.ids), "ended": reply.ended, **NO_CONFIDENCE}
        said["first_token"] = reply.ids[0]
        if told is None:
            return said
        return said | {"logprob": reply.logprob, "first_logprob": reply.first_logprob, "entropy": told.entropy}


def _logprob(told: Told, path: tuple[int, ...], token: int) -> float:
    return -math.inf if told.left_out else told.logprobs[path][token]


def _candidate(text: str, path: tuple[int, ...], told: Told) -> dict:
    """The row of a candidate answer; nan and 0 tokens where its first letters merge with the prompt's last token."""
    logp = (
        sum(told.logprobs[path[:at]][token] for at, token in enumerate(path))
        if path and not told.left_out
        else math.nan
    )
    return {
        "sample": 0, "seed": -1, "text": text, "n_tokens": len(path), "ended": True, **NO_CONFIDENCE,
        "answers": [text], "logprobs": [logp],
    }  # fmt: skip


def seed_of(key: str, question: str, row: int) -> int:
    """The seed of a prompt's samples: a function of what is asked, so that a resumed run draws the same samples."""
    return int(hashlib.sha256(f"{key} {question} {row}".encode()).hexdigest()[:12], 16)
