"""The verb `cache`: settings → items and prompts → the model → `runs/RUN/activations`.

In: a run's name, its settings, and a function that plans the prompts that depend on the model's replies (few-shot
examples need its labels). Out: a complete store. This file plans the prompts; `write_shards` runs the model.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from tacit.activations.model.arithmetic import fastest_dtype
from tacit.activations.model.capture import check_subject
from tacit.activations.model.load import (
    LoadModel,
    context_of,
    fingerprint,
    load_config,
    load_subject,
    load_tokenizer,
    pick_device,
)
from tacit.activations.model.prompts import rows_that_fit, token_counter
from tacit.activations.plan import ACTS, CONTROL_ROWS, Ask, Entry, item_table, plan_run, position_couplings
from tacit.activations.random_models import cache_twins
from tacit.activations.run_settings import is_shipped
from tacit.activations.store.store import Store
from tacit.activations.templates.render import has_chat_template, renderer
from tacit.activations.templates.thinking import room, thinking_line, thinking_of
from tacit.activations.workers.processes import Crew, Workers
from tacit.activations.write_shards import cache_entries
from tacit.errors import ActivationError
from tacit.names import BEHAVIOR, base_target
from tacit.settings import Settings, check_unchanged, run_folder, write_settings
from tacit.targets import get_target, items_to_frame, load_items
from tacit.targets.base import CONTROL, NATURAL, Item, Target
from tacit.targets.behavior.option_order import order_balance
from tacit.targets.behavior.properties_asked import longest_reply
from tacit.targets.counting.padding import position_correlations as built_in_correlations
from tacit.targets.elicitations import RUNGS, Elicitation, select
from tacit.targets.groups import components, item_keys
from tacit.targets.questions import act, natural_apart, reports
from tacit.targets.readers.thoughts import opened
from tacit.targets.tables.table_facts import TooLong, account, first_rows, is_table, none_right, unread
from tacit.thresholds import MIN_GROUPS, MIN_ITEMS

Say = Callable[[str], None]

FollowUps = Callable[..., Sequence[Any]]
"""(store, target, items, elicitations, condition, *, seed, controls) → the prompts that depend on the model's
replies: objects with `item_ids`, `questions` and `part` (`tacit.probes.follow_ups`)."""

CountLabels = Callable[..., Any]
"""(target, condition, items, table, replies) → an object with `line` and `one_class` (`tacit.probes.label_counts`)."""


@dataclass(frozen=True)
class Subject:
    """One target of a run, with its items and the elicitations of its report."""

    name: str
    target: Target
    items: list[Item]
    elicitations: tuple[Elicitation, ...]


def cache_run(
    run: str, settings: Settings, *, follow_ups: FollowUps, count_labels: CountLabels, say: Say,
    keep_one_class: bool = False, workers: int | None = None,
) -> bool:  # fmt: skip
    """Cache whatever is missing or damaged in a run; returns whether the model had to run at all.

    workers: processes that share the work; None for as many as pay. The numbers do not depend on it.

    The model acts first: its labels are counted before any report is asked. A target with one class is left out under
    that condition, unless `keep_one_class`; if there is no other target, ActivationError is raised.

    Raises ActivationError and TargetError for settings, tables and models that cannot be used; in these cases nothing
    is written. Whatever was cached before an error or an interruption is kept.
    """
    plan = _Plan(settings, say)
    entries = plan.in_advance()
    items = item_table(entries)
    settings = plan.settings
    check_unchanged(run, settings)
    _say_correlations(items, settings.sites, say)
    folder = run_folder(run) / "activations"

    def load():
        subject = plan.load()
        write_settings(run, settings)  # a model that cannot be loaded leaves the run's name free
        return subject

    screen = functools.partial(plan.one_class, items, count_labels=count_labels, keep=keep_one_class)
    later = functools.partial(plan.after_acting, follow_ups=follow_ups)
    with Crew(workers) as crew:
        own = Workers(crew, LoadModel(settings))
        terms = {"later": later, "screen": screen, "workers": own}
        ran = cache_entries(folder, entries, items, settings, plan.model, load, say, **terms)
        write_settings(run, settings)
        kept = [entry for entry in entries if (entry.ask.target, entry.condition) not in plan.left_out]
        twins = cache_twins(folder, kept, items, settings, plan.tokenizer, say, n=settings.twins, crew=crew)
    return twins or ran


class _Plan:
    """All prompts of a run: those known in advance, and those that depend on the model's replies."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self.settings, self.say = settings, say
        self.tokenizer, self.config = load_tokenizer(settings), load_config(settings)
        if settings.dtype == "auto" and not settings.remote and pick_device(settings.device).type == "cpu":
            self.settings = settings = replace(settings, dtype=fastest_dtype(self.config))
        if not has_chat_template(self.tokenizer):
            say(f"{settings.model} has no chat template, so prompts are formatted as plain questions and answers")
        elif line := thinking_line(
            self.tokenizer, settings.model, room(settings.thinking_tokens, context_of(self.config))
        ):
            say(line)
        self.model = fingerprint(settings, self.config)
        self.subjects = [*subjects(settings, self.tokenizer, say, context=context_of(self.config))]
        self.left_out: frozenset[tuple[str, str]] = frozenset()

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
            entries += [entry for condition in self.settings.conditions for entry in self._fitting(ask, condition)]
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
            for entry in self._fitting(ask, condition)
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

    def _fitting(self, ask: Ask, condition: str) -> list[Entry]:
        """The entries of one elicitation; one that exceeds the model's context is skipped with a message."""
        try:
            return plan_run([ask], self.settings, only=condition, **self._terms())
        except ActivationError as error:
            self.say(f"skipped: {error}")
            return []

    def _terms(self) -> dict[str, Any]:
        return {"tokenizer": self.tokenizer, "config": self.config, "model": self.model}


def subjects(settings: Settings, tokenizer, say: Say, *, context: int | None = None) -> Iterator[Subject]:
    """Every target of the run with its items and elicitations; reports through `say` how its table was used.

    context: the longest input of the model in tokens; rows of a table that do not fit are left out and counted.
    """
    counter = token_counter(tokenizer, renderer(tokenizer, next(iter(settings.conditions.values()))))
    systems, thinking = tuple(settings.conditions.values()), thinking_of(tokenizer)
    for name in settings.targets:
        path = settings.data.get(name)
        items, ignored = load_items(name, path, n=settings.n, seed=settings.seed, count_tokens=counter)
        for line in unread(path, ignored):
            say(f"{name}: {line}")
        subject, too_long = _subject(name, items, settings), None
        if is_table(path):
            asked = [
                replace(q, tokens=thinking.tokens(q.tokens, settings.thinking_tokens, context))
                for q in primary_ask(subject, 0).questions if q.prompt != CONTROL
            ]  # fmt: skip
            fit, too_long = rows_that_fit(items, asked, tokenizer=tokenizer, systems=systems, context=context)
            subject = _subject(name, fit, settings) if fit else subject
        for line in _facts(subject, path, too_long if len(subject.items) < len(items) else None, context):
            say(f"{name}: {line}")
        if path is None and all(item.span for item in items):
            most = max(map(abs, built_in_correlations(items, counter).values()))
            say(f"{name}: largest |correlation| of span size with position, prompt length or distractor: {most:.3f}")
        yield subject


def _subject(name: str, items: list[Item], settings: Settings) -> Subject:
    target = get_target(name, items)
    if base_target(name) != name:  # several properties of the same replies
        paths = [path for other, path in settings.data.items() if base_target(other) != other]
        target = replace(target, least_reply=longest_reply(settings.data[name], paths))
    return Subject(name, target, items, chosen_elicitations(name, target, items, settings))


def too_few(name: str, items: Sequence[Item]) -> Iterator[str]:
    """A warning, before the model is run, if there are too few items for a verdict."""
    n, groups = len(items), len(set(components(item_keys(items, share_answers=name == "knowledge"))))
    if n < MIN_ITEMS or groups < MIN_GROUPS:
        yield (
            f"too few for a verdict, which needs {MIN_ITEMS} usable items and {MIN_GROUPS} independent groups of the"
            f" rarer class (here: {n} and at most {groups})"
        )


def chosen_elicitations(
    name: str, target: Target, items: Sequence[Item], settings: Settings
) -> tuple[Elicitation, ...]:
    """The elicitations to run; few-shot prompts and the framing `typical` get one wording, unless `all` is chosen."""
    everything = settings.reports == ("all",)
    # The embedded model's tables have wordings for every rung; running all of them would double the time.
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


def _facts(subject: Subject, path: str | None, too_long: TooLong | None, context: int | None) -> Iterator[str]:
    """How the rows of a table were used, what its first rows ask, whether they suffice, and in which order they show
    their options."""
    name, items = subject.name, subject.items
    if is_table(path):
        yield from account(name, path, items, too_long, context)
        if not is_shipped(path):
            yield from first_rows(name, subject.target, items)
    balance = order_balance(items)
    # A question that happens to name its answers is not a choice between options.
    if base_target(name) == BEHAVIOR and 2 * balance.n > len(items):
        order = ", ".join(f"{option} first in {n}" for option, n in balance.first.items())
        yield f"of {balance.n} prompts that name all their options, {order}"
    yield from too_few(name, items)


def primary_ask(subject: Subject, samples: int) -> Ask:
    """The object prompts and the primary report prompts, at which the residual stream is read."""
    asked = [
        act(subject.target, subject.items, samples=samples),
        *natural_apart(reports(subject.target, subject.items, subject.elicitations[:1], controls=CONTROL_ROWS))[0],
    ]
    return Ask(subject.name, items_to_frame(subject.items), tuple(asked))


def acts_apart(ask: Ask) -> Iterator[Ask]:
    """A primary ask in two: the replies to the object prompts, if there are any, then states and reports. So the labels
    are known before a report is asked; the price is that object prompts are read twice."""
    first, *others = ask.questions
    if first.speaks:
        yield Ask(ask.target, ask.items[["item_id"]], (first,), part=ACTS)
    yield replace(ask, questions=(replace(first, tokens=0, samples=0), *others))


def other_asks(subject: Subject) -> Iterator[Ask]:
    """The elicitations that need no reply first, one entry each, so that adding one leaves the others cached, and the
    natural controls in entries of their own."""
    frame = pd.DataFrame({"item_id": [item.item_id for item in subject.items]})
    for place, elicitation in enumerate(subject.elicitations):
        if elicitation.needs_act:
            continue
        part = elicitation.name.replace("/", "-")
        asked, natural = natural_apart(reports(subject.target, subject.items, [elicitation], controls=CONTROL_ROWS))
        if place:
            yield Ask(subject.name, frame, asked, part=part)
        if natural:
            yield Ask(subject.name, frame.head(len(natural[0].texts)), natural, part=f"{part}-{NATURAL}")


def _say_correlations(items: pd.DataFrame, sites: Sequence[str], say: Say) -> None:
    for target, couplings in position_couplings(items, sites).items():
        for each in couplings:
            say(f"{target}: {each.words}")
