"""The verb `cache`: settings → items and prompts → the model → `runs/RUN/activations`.

In: a run's name, its settings, and a function that says what can be asked only once the model has acted (its labels
make few-shot examples). Out: a complete store. What is asked is planned here; `write_shards` runs the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from tacit.activations.model.load import fingerprint, load_config, load_subject, load_tokenizer
from tacit.activations.model.prompts import has_chat_template, renderer, token_counter
from tacit.activations.plan import CONTROL_ROWS, Ask, Entry, item_table, plan_run, position_correlations
from tacit.activations.random_models import cache_twins
from tacit.activations.run_settings import is_shipped
from tacit.activations.store.store import Store
from tacit.activations.write_shards import cache_entries
from tacit.errors import ActivationError
from tacit.settings import Settings, run_folder, write_settings
from tacit.targets import get_target, items_to_frame, load_items
from tacit.targets.base import Item, Target
from tacit.targets.behavior.option_order import order_balance
from tacit.targets.counting.padding import position_correlations as built_in_correlations
from tacit.targets.elicitations import RUNGS, Elicitation, select
from tacit.targets.groups import components, item_keys
from tacit.targets.questions import act, reports
from tacit.targets.resolve import ENDINGS, row_account
from tacit.thresholds import MAX_CORRELATION, MIN_GROUPS, MIN_ITEMS

Say = Callable[[str], None]

FollowUps = Callable[..., Sequence[Any]]
"""(store, target, items, elicitations, condition, *, seed, controls) → what to ask after the act: objects with
`item_ids`, `questions` and `part` (`tacit.probes.follow_ups`)."""


@dataclass(frozen=True)
class Subject:
    """One target of a run: what is asked about, and in which elicitations."""

    name: str
    target: Target
    items: list[Item]
    elicitations: tuple[Elicitation, ...]


def cache_run(run: str, settings: Settings, *, follow_ups: FollowUps, say: Say) -> bool:
    """Cache what is missing or damaged of a run; returns whether the model had to run at all.

    Raises ActivationError and TargetError for settings, tables and models that cannot be used: then nothing is
    written. Whatever was cached before an error or an interruption is kept.
    """
    plan = _Plan(settings, say)
    entries = plan.before_acting()
    items = item_table(entries)
    write_settings(run, settings)
    _say_correlations(items, say)
    folder = run_folder(run) / "activations"
    ran = cache_entries(
        folder, entries, items, settings, plan.model, plan.load, say, lambda store: plan.after_acting(store, follow_ups)
    )
    return cache_twins(folder, entries, items, settings, plan.tokenizer, say, n=settings.twins) or ran


class _Plan:
    """Everything that a run asks, before the model has acted and after."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self.settings, self.say = settings, say
        self.tokenizer, self.config = load_tokenizer(settings), load_config(settings)
        if not has_chat_template(self.tokenizer):
            say(f"{settings.model} has no chat template, so prompts have a plain question-and-answer format")
        self.model = fingerprint(settings, self.config)
        self.subjects = [*subjects(settings, self.tokenizer, say)]

    def load(self):
        """The model itself, loaded only where something is missing."""
        return load_subject(self.settings, self.tokenizer)

    def before_acting(self) -> list[Entry]:
        """Acts and primary reports of every target and condition, then the other elicitations."""
        primary = [_primary(subject, self.settings.samples) for subject in self.subjects]
        entries = plan_run(primary, self.settings, **self._terms())
        for ask in (ask for subject in self.subjects for ask in _other_elicitations(subject)):
            entries += [entry for condition in self.settings.conditions for entry in self._fitting(ask, condition)]
        return entries

    def after_acting(self, store: Store, follow_ups: FollowUps) -> list[Entry]:
        """Few-shot prompts, follow-ups to the act, and candidate answers."""
        return [
            entry
            for subject in self.subjects
            for condition in (condition for name, condition in store.entries if name == subject.name)
            for ask in self._follow_ups(subject, condition, store, follow_ups)
            for entry in self._fitting(ask, condition)
        ]

    def _follow_ups(self, subject: Subject, condition: str, store: Store, follow_ups: FollowUps) -> Iterator[Ask]:
        asked = (store, subject.target, subject.items, subject.elicitations, condition)
        for each in follow_ups(*asked, seed=self.settings.seed, controls=CONTROL_ROWS):
            yield Ask(subject.name, pd.DataFrame({"item_id": list(each.item_ids)}), each.questions, part=each.part)

    def _fitting(self, ask: Ask, condition: str) -> list[Entry]:
        """The planned elicitation; one that exceeds the model's context is left out and named, the rest is not lost."""
        try:
            return plan_run([ask], self.settings, only=condition, **self._terms())
        except ActivationError as error:
            self.say(f"not asked: {error}")
            return []

    def _terms(self) -> dict[str, Any]:
        return {"tokenizer": self.tokenizer, "config": self.config, "model": self.model}


def subjects(settings: Settings, tokenizer, say: Say) -> Iterator[Subject]:
    """Every target of the run with its items and elicitations; says what its table held."""
    counter = token_counter(tokenizer, renderer(tokenizer, next(iter(settings.conditions.values()))))
    for name in settings.targets:
        path = settings.data.get(name)
        items, ignored = load_items(name, path, n=settings.n, seed=settings.seed, count_tokens=counter)
        if ignored:
            say(f"{name}: {path} has columns that are not read: {', '.join(ignored)}")
        for line in (*_table_facts(path, items), *too_few(name, items)):
            say(f"{name}: {line}")
        if path is None and all(item.span for item in items):
            most = max(map(abs, built_in_correlations(items, counter).values()))
            say(f"{name}: largest |correlation| of span size with position, prompt length or distractor: {most:.3f}")
        target = get_target(name, items)
        yield Subject(name, target, items, chosen_elicitations(name, target, items, settings))


def too_few(name: str, items: Sequence[Item]) -> Iterator[str]:
    """Says before the model is run what a verdict would say afterwards: so few items can decide nothing."""
    n, groups = len(items), len(set(components(item_keys(items, share_answers=name == "knowledge"))))
    if n < MIN_ITEMS or groups < MIN_GROUPS:
        yield (
            f"too few for a verdict, which needs {MIN_ITEMS} usable items and {MIN_GROUPS} independent groups of the"
            f" rarer class (here: {n} and at most {groups})"
        )


def chosen_elicitations(
    name: str, target: Target, items: Sequence[Item], settings: Settings
) -> tuple[Elicitation, ...]:
    """The elicitations that are asked; of a typical model and few-shot in one wording, unless all are wanted."""
    everything = settings.reports == ("all",)
    # The tables that come with the embedded model word every rung; asking all of them would double its time.
    own = set() if is_shipped(settings.data.get(name, "")) else {form for item in items for form, _ in item.reports}
    return select(
        target.forms(items),
        rungs=RUNGS if everything else settings.reports,
        framings=settings.framings,
        contexts=settings.contexts,
        paraphrases=settings.paraphrases,
        fewer=settings.paraphrases if everything else 1,
        own=own,
    )


def _table_facts(path: str | None, items: Sequence[Item]) -> Iterator[str]:
    """What became of the rows of a table, and how the options are ordered."""
    if path and Path(path).suffix in ENDINGS:
        yield f"{path}: " + ", ".join(f"{n} rows {what}" for what, n in row_account(path, items).items() if n)
    balance = order_balance(items)
    if balance.n:
        order = ", ".join(f"{option} first in {n}" for option, n in balance.first.items())
        yield f"of {balance.n} prompts that name all their options, {order}"


def _primary(subject: Subject, samples: int) -> Ask:
    """The act and the primary report, at whose prompts the residual stream is read."""
    asked = [
        act(subject.target, subject.items, samples=samples),
        *reports(subject.target, subject.items, subject.elicitations[:1], controls=CONTROL_ROWS),
    ]
    return Ask(subject.name, items_to_frame(subject.items), tuple(asked))


def _other_elicitations(subject: Subject) -> Iterator[Ask]:
    """The elicitations that can be asked before the act, each an entry of its own: one more leaves the others alone."""
    frame = pd.DataFrame({"item_id": [item.item_id for item in subject.items]})
    for elicitation in subject.elicitations[1:]:
        if not elicitation.needs_act:
            asked = reports(subject.target, subject.items, [elicitation], controls=CONTROL_ROWS)
            yield Ask(subject.name, frame, tuple(asked), part=elicitation.name.replace("/", "-"))


def _say_correlations(items: pd.DataFrame, say: Say) -> None:
    for name, value in position_correlations(items).items():
        coupled = abs(value) >= MAX_CORRELATION
        judged = "COUPLED: the position reveals the count" if coupled else f"decoupled, |r| < {MAX_CORRELATION:g}"
        say(f"token_count: corr(count, {name}) = {value:+.3f} ({judged})")
