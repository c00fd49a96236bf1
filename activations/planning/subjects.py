"""The targets of a run, each with its items and the elicitations of its report, and what is asked of each.

In: settings, and the model's tokenizer. Out: `Subject`s and their `Ask`s, before they are rendered as prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from tacit.activations.model.prompts import rows_that_fit, token_counter
from tacit.activations.plan import ACTS, CONTROL_ROWS, Ask
from tacit.activations.run_settings import is_shipped
from tacit.activations.templates.render import renderer
from tacit.activations.templates.thinking import thinking_of
from tacit.names import BEHAVIOR, base_target
from tacit.settings import Settings
from tacit.targets import get_target, items_to_frame, load_items
from tacit.targets.base import CONTROL, NATURAL, Item, Target
from tacit.targets.behavior.option_order import order_balance
from tacit.targets.behavior.properties_asked import longest_reply
from tacit.targets.counting.padding import position_correlations as built_in_correlations
from tacit.targets.elicitations import RUNGS, Elicitation, select
from tacit.targets.groups import components, item_keys
from tacit.targets.questions import act, natural_apart, reports
from tacit.targets.tables.table_facts import TooLong, account, first_rows, is_table, unread
from tacit.thresholds import MIN_GROUPS, MIN_ITEMS

Say = Callable[[str], None]


@dataclass(frozen=True)
class Subject:
    """One target of a run, with its items and the elicitations of its report."""

    name: str
    target: Target
    items: list[Item]
    elicitations: tuple[Elicitation, ...]


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
