"""The report forms of a target whose classes are no and yes, whatever it asks about.

In: an item, an elicitation, a reply. Out: the prompt, its valid answers, the planted answer, what was said. A target
adds its question (`asked`) and how free words are read (`read_words`).
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from tacit.targets.available_forms import forms_for, own_wording, rewords
from tacit.targets.base import Item, Report, Stated
from tacit.targets.elicitations import PRIMARY, Elicitation
from tacit.targets.knowledge.wording import LETTERS, SHOWN
from tacit.targets.readers.options import after_reasoning, read_option
from tacit.targets.readers.percent import read_percent
from tacit.targets.tables.passages import above

CAPS = {"free": 48, "reason": 200, "logits": 0}
PERCENTS = tuple(str(percent) for percent in range(0, 101, 10))
SURE, UNSURE = "90", "10"
"""Confidences planted by the positive control for yes and no."""


@dataclass(frozen=True)
class YesNoReports(ABC):
    """The part of `base.Target` that its reports need."""

    classes: tuple[str, ...] = ("no", "yes")
    report_tokens: int = 16

    @abstractmethod
    def built_in(self) -> tuple[Elicitation, ...]:
        """The elicitations that the target has a wording for."""

    @abstractmethod
    def asked(self, text: str, elicitation: Elicitation) -> str:
        """The built-in report prompt about a text."""

    @abstractmethod
    def fact(self, item: Item, elicitation: Elicitation) -> Stated | None:
        """What the natural control of the built-in question states, from which the planted answer follows."""

    @abstractmethod
    def read_words(self, text: str, elicitation: Elicitation) -> Report:
        """A reply in words, without the reasoning before it."""

    def forms(self, items: Sequence[Item]) -> tuple[Elicitation, ...]:
        """All elicitations in the built-in wording; for a table with its own report prompts, those that it defines."""
        return forms_for(items, self.built_in(), worded=lambda item: item.report_prompt == self._primary(item))

    def report_prompt(self, item: Item, elicitation: Elicitation = PRIMARY) -> str:
        """The target's question about the item, in the table's wording if it has one."""
        return own_wording(item, elicitation) or self._built_in(item, elicitation)

    def reply_cap(self, elicitation: Elicitation = PRIMARY) -> int:
        """Maximum number of new tokens of a report; 0 if only the distribution over the valid answers is read."""
        return CAPS.get(elicitation.rung, self.report_tokens)

    def valid_answers(self, items: Sequence[Item], elicitation: Elicitation = PRIMARY) -> tuple[str, ...]:
        """no, yes; their letters in that order; for a probability, 0 to 100 in steps of 10; () for free text."""
        if elicitation.rung in ("free", "reason"):
            return ()
        return PERCENTS if elicitation.rung == "number" else tuple(_said(name, elicitation) for name in self.classes)

    def control_answer(self, item: Item, elicitation: Elicitation = PRIMARY) -> str:
        """The planted answer in the format of this elicitation: yes or no, a probability, or a letter."""
        if elicitation.rung == "number":
            return SURE if item.control_answer == "yes" else UNSURE
        return _said(item.control_answer, elicitation)

    def control_fact(self, item: Item, elicitation: Elicitation = PRIMARY) -> Stated | None:
        """A fact from which the planted answer follows; None where the table words the question."""
        built_in = item.report_prompt == self._primary(item) and not rewords(item, elicitation)
        return self.fact(item, elicitation) if built_in else None

    def shot_answer(self, item: Item, label: str) -> str:
        """yes or no, as a few-shot example shows it."""
        return label

    def read(self, item: Item, reply: str, *, ended: bool = True, elicitation: Elicitation = PRIMARY) -> Report:
        """Whether the reply says yes; for `number` the probability that it gives."""
        if elicitation.rung == "number":
            return read_percent(reply, ended=ended)
        if elicitation.variant in SHOWN:
            return read_option(reply, SHOWN[elicitation.variant], letters=LETTERS)
        text = after_reasoning(reply, ended=ended) if elicitation.rung == "reason" else reply
        return self.read_words(text, elicitation)

    def _primary(self, item: Item) -> str:
        return self._built_in(item, PRIMARY)

    def _built_in(self, item: Item, elicitation: Elicitation) -> str:
        """After the act the question is not repeated, and so neither is its passage."""
        passage = "" if elicitation.context == "after" else item.passage
        return above(passage, self.asked(item.surface, elicitation))


def _said(name: str, elicitation: Elicitation) -> str:
    """The class `name` in the answer format of this elicitation: itself, or the letter it is listed under."""
    shown = SHOWN.get(elicitation.variant)
    return LETTERS[shown.index(name)] if shown else name
