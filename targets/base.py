"""What all targets share: the item, the report, and the protocol that a target follows.

In: nothing. Out: two frozen dataclasses, one protocol and a few helpers. A target turns items into plain user messages
(`activations/` renders them in the model's chat format), a reply to the object prompt into a label, and a reply to the
report prompt into a `Report`.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from tacit.errors import TargetError
from tacit.targets.elicitations import PRIMARY, Elicitation

# The positive control: the same report prompt, with the answer stated above it. A model that cannot repeat this answer
# cannot follow the format, so its reports in this format are not evidence (see docs/protocol.md, section 5).
CONTROL_NOTE = "The right answer to the next question is {answer}.\n\n"


# The natural control states a fact instead, from which the same answer follows: small models often follow a statement
# about a text where they cannot copy "the right answer". Each target has its own wordings.
CONTROL, NATURAL = "control", "natural"
"""The kinds of prompts of the two positive controls."""

CountTokens = Callable[[str], int]


@dataclass(frozen=True)
class Item:
    """One thing that the model is asked about. All fields are text; prompts are plain user messages."""

    item_id: str
    """Unique within its target, the same in every run with the same seed or table."""
    object_prompt: str
    """User message that makes the model act."""
    report_prompt: str
    """User message that asks the model about itself."""
    control_answer: str
    """Planted answer of the positive control."""
    group: str = ""
    """A group given by the user or the target (the thing that a choice is about); "" = none."""
    entity: str = ""
    """Who or what it is about; items with the same entity are never split."""
    answers: tuple[str, ...] = ()
    """Knowledge: accepted answers. Behaviour: options in canonical order."""
    span: str = ""
    """Token count: the text whose tokens are counted; it occurs exactly once in each prompt."""
    surface: str = ""
    """The text that surface baselines read: the span, or the question (below its passage, if it has one)."""
    source: str = ""
    """Regime, relation or template."""
    label: str = ""
    """Label that the user's table gives, as text; "" = computed."""
    property: str = ""
    """Behaviour only: the name of a response property."""
    reports: tuple[tuple[str, str], ...] = ()
    """(name of an elicitation, prompt): further report prompts from the user's table."""
    popularity: str = ""
    """The popularity of the entity, as the table gives it."""
    passage: str = ""
    """The text that the question is about; it is shown above the question, and items that share it are never split."""
    answer_type: str = ""
    """The table's own, else for knowledge: person, place, number, date or other."""


@dataclass(frozen=True)
class Report:
    """What a reply says, as parsed by a reader."""

    outcome: str
    """One of "answered", "refused", "unreadable"; "out of range" is for counts that no prompt could hold."""
    value: float | str | None = None
    """A number (counts) or a class name (categories); None unless answered."""


@dataclass(frozen=True)
class Stated:
    """What the natural control states in plain words."""

    text: str
    replies: bool = False
    """Whether it is a reply to the object prompt, shown as the model's own; otherwise it stands above the question."""


class Target(Protocol):
    """A property of items that a model may know and report.

    `classes`: names in order, the last one positive if there are two; () = taken from the labels. For each of its
    elicitations a target writes the prompt, limits the length of the reply, and parses the reply.
    """

    name: str
    kind: str  # "count" | "categorical"
    classes: tuple[str, ...]
    needs_reply: bool  # the label needs the greedy reply to the object prompt
    sampled: bool  # replies sampled at temperature 1 add information about the label
    reply_tokens: int  # maximum number of new tokens of the object reply

    def items(self, n: int, seed: int, *, count_tokens: CountTokens) -> list[Item]:
        """`n` built-in items, all drawn from `seed`; `count_tokens` is the model's tokenizer."""

    def from_table(self, table: pd.DataFrame, *, n: int | None, seed: int, count_tokens: CountTokens) -> list[Item]:
        """Items from the user's table (all columns text); `n` rows drawn by `seed`, all of them when None or fewer."""

    def label(self, item: Item, *, reply: str | None, n_tokens: int | None, ended: bool = True) -> float | str | None:
        """The truth about `item`, None if it is unusable; `ended=False`: `reply` was cut off by its length cap."""

    def forms(self, items: Sequence[Item]) -> tuple[Elicitation, ...]:
        """The elicitations that are available for these items."""

    def report_prompt(self, item: Item, elicitation: Elicitation) -> str:
        """The report prompt; after the act only the follow-up, for few-shot rungs only the question itself."""

    def reply_cap(self, elicitation: Elicitation) -> int:
        """Maximum number of new tokens of a report; 0 if only the distribution over the valid answers is read."""

    def valid_answers(self, items: Sequence[Item], elicitation: Elicitation = PRIMARY) -> tuple[str, ...]:
        """The answers whose log-probabilities after the report prompt are kept; () for free text."""

    def control_answer(self, item: Item, elicitation: Elicitation) -> str:
        """The planted answer of the positive control, in the answer format of this elicitation."""

    def control_fact(self, item: Item, elicitation: Elicitation) -> Stated | None:
        """What the natural control states, from which `control_answer` follows; None for no natural control."""

    def shot_answer(self, item: Item, label: float | str) -> str:
        """The true answer as a few-shot example shows it."""

    def read(self, item: Item, reply: str, *, ended: bool = True, elicitation: Elicitation = PRIMARY) -> Report:
        """What the reply to the report prompt says; `ended=False`: it was cut off, perhaps within a number."""


def control_note(answer: str) -> str:
    """The text above a report prompt in the positive control."""
    return CONTROL_NOTE.format(answer=answer)


def short_hash(*parts: str) -> str:
    """Ten hexadecimal digits of the SHA-256 hash of `parts`."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:10]


def planted(item_id: str, choices: Sequence[str]) -> str:
    """The control answer of an item whose label is not known in advance: each of `choices` about equally often.

    It depends on the id and not on the run's seed, so that an item keeps its control (and its cached replies) in every
    sample.
    """
    return choices[int(short_hash("control", item_id), 16) % len(choices)]


def check_n(n: int, what: str) -> None:
    """Raise `TargetError` unless `n` is at least 1."""
    if n < 1:
        raise TargetError(f"{what}: {n} items were requested, but at least 1 is needed. Give a larger N.")
