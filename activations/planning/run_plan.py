"""All prompts of a run: those known in advance, and those that depend on the model's replies.

In: settings. Out: planned entries; the model is loaded only when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import pandas as pd

from tacit.activations.model.arithmetic import fastest_dtype
from tacit.activations.model.capture import check_subject
from tacit.activations.model.load import (
    context_of,
    fingerprint,
    load_config,
    load_subject,
    load_tokenizer,
    pick_device,
)
from tacit.activations.plan import CONTROL_ROWS, Ask, Entry, plan_run
from tacit.activations.planning.subjects import Say, Subject, acts_apart, other_asks, primary_ask, subjects
from tacit.activations.store.store import Store
from tacit.activations.templates.render import has_chat_template
from tacit.activations.templates.thinking import room, thinking_line
from tacit.errors import ActivationError
from tacit.settings import Settings
from tacit.targets.readers.thoughts import opened
from tacit.targets.tables.table_facts import none_right

FollowUps = Callable[..., Sequence[Any]]
"""(store, target, items, elicitations, condition, *, seed, controls) → the prompts that depend on the model's
replies: objects with `item_ids`, `questions` and `part` (`tacit.probes.follow_ups`)."""

CountLabels = Callable[..., Any]
"""(target, condition, items, table, replies) → an object with `line` and `one_class` (`tacit.probes.label_counts`)."""


class RunPlan:
    """All prompts of a run: those known in advance, and those that depend on the model's replies."""

    def __init__(self, settings: Settings, say: Say, *, fingerprinted: bool = True) -> None:
        """fingerprinted: whether the weights are identified, for which a local model's files are read."""
        self.settings, self.say, self._fingerprinted = settings, say, fingerprinted
        self.tokenizer, self.config = load_tokenizer(settings), load_config(settings)
        if settings.dtype == "auto" and not settings.remote and pick_device(settings.device).type == "cpu":
            self.settings = settings = replace(settings, dtype=fastest_dtype(self.config))
        if not has_chat_template(self.tokenizer):
            say(f"{settings.model} has no chat template, so prompts are formatted as plain questions and answers")
        elif line := thinking_line(
            self.tokenizer, settings.model, room(settings.thinking_tokens, context_of(self.config))
        ):
            say(line)
        self.subjects = [*subjects(settings, self.tokenizer, say, context=context_of(self.config))]
        self.left_out: frozenset[tuple[str, str]] = frozenset()

    @cached_property
    def model(self) -> dict[str, str]:
        """What identifies the weights."""
        return fingerprint(self.settings, self.config) if self._fingerprinted else {"id": self.settings.model}

    def load(self):
        """The model itself; called only if something is missing."""
        subject = load_subject(self.settings, self.tokenizer)
        check_subject(subject)
        return subject

    def in_advance(self) -> list[Entry]:
        """Acts, then states and primary reports, of every target and condition, then the other elicitations."""
        whole = [primary_ask(subject, self.settings.samples) for subject in self.subjects]
        primary = [part for ask in whole for part in acts_apart(ask)]
        entries = plan_run(primary, self.settings, **self._terms())
        for ask in (ask for subject in self.subjects for ask in other_asks(subject)):
            entries += [entry for condition in self.settings.conditions for entry in self.fitting(ask, condition)]
        return entries

    def one_class(
        self, items: pd.DataFrame, replies: pd.DataFrame, *, count_labels: CountLabels, keep: bool
    ) -> frozenset[tuple[str, str]]:
        """The (target, condition) pairs whose items all have one label, which are left out unless `keep`; the labels of
        each pair are told. items: the run's item table; replies: to the object prompts.

        Raises ActivationError where nothing else is left.
        """
        found, pairs = [], [(s, condition) for s in self.subjects for condition in self.settings.conditions]
        for subject, condition in pairs:
            table = items[items["target"] == subject.name].reset_index(drop=True)
            counted = count_labels(subject.target, condition, subject.items, table, replies)
            cut = self._cut(subject, condition, replies)
            for line in (counted.line, *self._none_right(subject, condition, replies), *cut):
                self.say(f"{subject.name}, {condition}: {line}")
            found += [(subject.name, condition)] if counted.one_class else []
        if found and not keep:
            self._stop_or_say(found, everything=len(found) == len(pairs))
            self.left_out = frozenset(found)
        return self.left_out

    def _stop_or_say(self, found: Sequence[tuple[str, str]], *, everything: bool) -> None:
        names = "; ".join(", ".join(pair) for pair in found)
        on = "To ask them nevertheless, add --keep-one-class."
        if everything:
            raise ActivationError(
                f"{names}: all items have the same label, so there is nothing to decode. The replies so far are kept;"
                f" no report was asked. Add items that come out otherwise. {on}"
            )
        self.say(f"left out, because all their items have the same label (the other targets go on): {names}. {on}")

    def after_acting(self, store: Store, follow_ups: FollowUps) -> list[Entry]:
        """Few-shot prompts, follow-ups to the act, and candidate answers."""
        acted = [(s, condition) for s in self.subjects for name, condition in store.entries if name == s.name]
        for subject, condition in acted:
            for line in self._cut(subject, condition, store.replies.query("prompt != 'object'")):
                self.say(f"{subject.name}, {condition}: {line}")
        return [
            entry
            for subject, condition in acted
            for ask in self._follow_ups(subject, condition, store, follow_ups)
            for entry in self.fitting(ask, condition)
        ]

    def _follow_ups(self, subject: Subject, condition: str, store: Store, follow_ups: FollowUps) -> Iterator[Ask]:
        asked = (store, subject.target, subject.items, subject.elicitations, condition)
        for each in follow_ups(*asked, seed=self.settings.seed, controls=CONTROL_ROWS):
            yield Ask(subject.name, pd.DataFrame({"item_id": list(each.item_ids)}), each.questions, part=each.part)

    def _none_right(self, subject: Subject, condition: str, replies: pd.DataFrame) -> Iterator[str]:
        if subject.name == "knowledge":
            acts = replies.query("target == 'knowledge' and condition == @condition and prompt == 'object'")
            greedy = acts[acts["sample"] == 0].dropna(subset="text")
            replies = dict(zip(greedy["item_id"], greedy["text"], strict=True))
            yield from none_right(subject.target, subject.items, replies)

    def _cut(self, subject: Subject, condition: str, replies: pd.DataFrame) -> Iterator[str]:
        """How many replies end within the model's thoughts, by kind of prompt."""
        said = replies.query("target == @subject.name and condition == @condition").dropna(subset="text")
        for kind, texts in said.groupby("prompt", sort=False)["text"]:
            if n := sum(bool(opened(text)) for text in texts):
                yield (
                    f"{n} of {len(texts)} replies to {kind} prompts were cut off within the model's thoughts, and are"
                    " unreadable. Allow more: --thinking-tokens, or turn thinking off"
                )

    def fitting(self, ask: Ask, condition: str) -> list[Entry]:
        """The entries of one elicitation; one that exceeds the model's context is skipped with a message."""
        try:
            return plan_run([ask], self.settings, only=condition, **self._terms())
        except ActivationError as error:
            self.say(f"skipped: {error}")
            return []

    def _terms(self) -> dict[str, Any]:
        return {"tokenizer": self.tokenizer, "config": self.config, "model": self.model}
