"""What every target is made of: the item, the report, the protocol a target follows, and the error it raises.

In: nothing. Out: two frozen dataclasses, one protocol and a few helpers that all targets share. A target turns items
into plain user messages (rendering them to a chat format is the business of `activations/`), a reply to the object
prompt into a label, and a reply to the report prompt into a `Report`.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from tacit.errors import TargetError
from tacit.targets.elicitations import PRIMARY, Elicitation

# The positive control: the same report prompt with the answer visible above it. A model that cannot repeat that answer
# cannot follow the format, so its reports in that format are not evidence (see docs/protocol.md, section 5).
CONTROL_NOTE = "The right answer to the next question is {answer}.\n\n"

ANSWERED, REFUSED, UNREADABLE = "answered", "refused", "unreadable"

CountTokens = Callable[[str], int]


@dataclass(frozen=True)
class Item:
    """One thing that is asked about. All text; prompts are plain user messages."""

    item_id: str
    """Unique within its target, the same in every run with the same seed or table."""
    object_prompt: str
    """User message that makes the model act."""
    report_prompt: str
    """User message that asks the model about itself."""
    control_answer: str
    """Planted answer of the positive control."""
    group: str = ""
    """The user's or the target's own group (the thing of a choice); "" = none."""
    entity: str = ""
    """Who or what it is about; items with the same entity are never split."""
    answers: tuple[str, ...] = ()
    """Knowledge: accepted answers. Behaviour: options in canonical order."""
    span: str = ""
    """Token count: the text whose tokens are counted; it occurs exactly once in each prompt."""
    surface: str = ""
    """The text that surface baselines may read: the span, or the question."""
    source: str = ""
    """Regime, relation or template."""
    label: str = ""
    """Label that the user's table gives, as text; "" = computed."""
    property: str = ""
    """Behaviour only: the name of a response property."""
    reports: tuple[tuple[str, str], ...] = ()
    """(name of an elicitation, prompt) of further report prompts that the user's table brings."""
    popularity: str = ""
    """Knowledge: how often it is written about, as the table gives it."""
    answer_type: str = ""
    """Knowledge: person, place, number, date or other."""


@dataclass(frozen=True)
class Report:
    """What a reader made of a reply."""

    outcome: str
    """One of "answered", "refused", "unreadable"."""
    value: float | str | None = None
    """A number (counts) or a class name (categories); None unless answered."""


class Target(Protocol):
    """What is to be known of an item.

    `classes`: names in order, the last one positive when there are two; () = read off the labels. `how` is the form in
    which the report is asked for; a target words, caps and reads each of its forms itself.
    """

    name: str
    kind: str  # "count" | "categorical"
    classes: tuple[str, ...]
    needs_reply: bool  # the label needs the greedy reply to the object prompt
    sampled: bool  # replies drawn at temperature 1 say more of the label than the greedy one
    reply_tokens: int  # most new tokens of the object reply

    def items(self, n: int, seed: int, *, count_tokens: CountTokens) -> list[Item]:
        """`n` built-in items, all drawn from `seed`; `count_tokens` is the model's tokenizer."""

    def from_table(self, table: pd.DataFrame, *, n: int | None, seed: int, count_tokens: CountTokens) -> list[Item]:
        """Items from the user's table (all columns text); `n` rows drawn by `seed`, all of them when None or fewer."""

    def label(self, item: Item, *, reply: str | None, n_tokens: int | None, ended: bool = True) -> float | str | None:
        """The truth about `item`, None when it is unusable; `ended=False`: `reply` was cut by its length cap."""

    def forms(self, items: Sequence[Item]) -> tuple[Elicitation, ...]:
        """The elicitations that these items can be put in."""

    def report_prompt(self, item: Item, elicitation: Elicitation) -> str:
        """The report prompt in this form; after the act only the follow-up, of shots only the question itself."""

    def reply_cap(self, elicitation: Elicitation) -> int:
        """Most new tokens of a report reply; 0 where the distribution over the valid answers is all that is read."""

    def valid_answers(self, items: Sequence[Item], elicitation: Elicitation = PRIMARY) -> tuple[str, ...]:
        """The answers whose log-probabilities are kept at the end of the report prompt; () in free forms."""

    def control_answer(self, item: Item, elicitation: Elicitation) -> str:
        """What the positive control plants, as this form wants it said."""

    def shot_answer(self, item: Item, label: float | str) -> str:
        """The true answer as an example shows it."""

    def read(self, item: Item, reply: str, *, ended: bool = True, elicitation: Elicitation = PRIMARY) -> Report:
        """What the reply to the report prompt says; `ended=False`: it was cut, perhaps within a number."""


def control_note(answer: str) -> str:
    """What stands above a report prompt when the answer is in sight."""
    return CONTROL_NOTE.format(answer=answer)


def short_hash(*parts: str) -> str:
    """Ten hexadecimal digits that stand for the content of `parts`."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:10]


def planted(item_id: str, choices: Sequence[str]) -> str:
    """The control answer of an item whose truth is not known beforehand: about equally often each of `choices`.

    Drawn from the id and not from the run's seed, so that the same item keeps its control (and its cached replies) in
    every sample.
    """
    return choices[int(short_hash("control", item_id), 16) % len(choices)]


def check_n(n: int, what: str) -> None:
    """Raise `TargetError` unless `n` is at least 1."""
    if n < 1:
        raise TargetError(f"{what}: {n} items were asked for, at least 1 is needed. Give a larger N.")
