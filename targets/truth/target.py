"""Target `truth`: does the model know whether a statement is true?

In: a table with `statement` and `label` (1 or 0, true or false, yes or no). Out: items whose object prompt is the
statement and whose report prompt asks whether it is true. The label is the statement's truth, given by the table, so
the object prompt needs no reply: the probe reads the states after the statement. There are no built-in items.

Unlike `knowledge`, whose label is whether the model's own answer is right, this is a property of the text alone. That a
probe decodes it shows that the states tell true statements from false ones in this table; the surface baselines show
whether their words do so already.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from tacit.errors import TargetError
from tacit.targets.available_forms import forms_for, own_wording
from tacit.targets.base import CountTokens, Item, Report, planted
from tacit.targets.elicitations import PRIMARY, Elicitation, usual_forms
from tacit.targets.knowledge.wording import LETTERS, SHOWN, VARIANTS_V1
from tacit.targets.layouts.recognised import for_target
from tacit.targets.readers.options import after_reasoning, read_option
from tacit.targets.readers.percent import read_percent
from tacit.targets.readers.yes_no import read_true
from tacit.targets.tables.user_tables import cells, check_table, own_reports, sample_rows
from tacit.targets.truth import wording

FORMS = usual_forms(rungs=("choice", "free", "number", "shots4", "shots16", "reason"), variants=tuple(VARIANTS_V1))
CAPS = {"free": 48, "reason": 200, "logits": 0}
PERCENTS = tuple(str(percent) for percent in range(0, 101, 10))
SURE, UNSURE = "90", "10"
"""Probabilities planted by the positive control for yes and no."""


@dataclass(frozen=True)
class Truth:
    """See `base.Target`."""

    name: str = "truth"
    kind: str = "categorical"
    classes: tuple[str, ...] = ("no", "yes")
    needs_reply: bool = False
    sampled: bool = False
    reply_tokens: int = 0
    report_tokens: int = 16

    def items(self, n: int, seed: int, *, count_tokens: CountTokens | None = None) -> list[Item]:
        """Raises TargetError: there are no built-in statements."""
        raise TargetError(
            "truth has no built-in items. Give a table with the columns statement and label: --data truth=PATH, or "
            "DATA=PATH with make."
        )

    def from_table(
        self, table: pd.DataFrame, *, n: int | None, seed: int, count_tokens: CountTokens | None = None
    ) -> list[Item]:
        """Items of a table with `statement` and `label`. Rows whose label is neither true nor false are left out."""
        table = for_target(table, self.name)
        check_table(table, self.name)
        return [_item(row) for _, row in sample_rows(table, n, seed).iterrows()]

    def label(
        self, item: Item, *, reply: str | None = None, n_tokens: int | None = None, ended: bool = True
    ) -> str | None:
        """yes for a true statement, no for a false one."""
        return item.label or None

    def forms(self, items: Sequence[Item]) -> tuple[Elicitation, ...]:
        """All elicitations in the built-in wording; for a table with its own report prompts, those that it defines."""
        return forms_for(items, FORMS, worded=_is_worded)

    def report_prompt(self, item: Item, elicitation: Elicitation = PRIMARY) -> str:
        """Asks whether the statement is true, in the table's wording if it has one."""
        return own_wording(item, elicitation) or wording.report_prompt(item.surface, elicitation)

    def reply_cap(self, elicitation: Elicitation = PRIMARY) -> int:
        """Maximum number of new tokens of a report; 0 if only the distribution over the valid answers is read."""
        return CAPS.get(elicitation.rung, self.report_tokens)

    def valid_answers(self, items: Sequence[Item], elicitation: Elicitation = PRIMARY) -> tuple[str, ...]:
        """no, yes; their letters in that order; for probabilities, 0 to 100 in steps of 10; () for free text."""
        if elicitation.rung in ("free", "reason"):
            return ()
        return PERCENTS if elicitation.rung == "number" else tuple(_said(name, elicitation) for name in self.classes)

    def control_answer(self, item: Item, elicitation: Elicitation = PRIMARY) -> str:
        """The planted answer in the format of this elicitation: yes or no, a probability, or a letter."""
        if elicitation.rung == "number":
            return SURE if item.control_answer == "yes" else UNSURE
        return _said(item.control_answer, elicitation)

    def shot_answer(self, item: Item, label: str) -> str:
        """yes or no, as a few-shot example shows it."""
        return label

    def read(self, item: Item, reply: str, *, ended: bool = True, elicitation: Elicitation = PRIMARY) -> Report:
        """Whether the reply calls the statement true (yes) or false (no); for `number` the probability of yes."""
        if elicitation.rung == "number":
            return read_percent(reply, ended=ended)
        if elicitation.variant in SHOWN:
            return read_option(reply, SHOWN[elicitation.variant], letters=LETTERS)
        return read_true(after_reasoning(reply, ended=ended) if elicitation.rung == "reason" else reply)


def _is_worded(item: Item) -> bool:
    """True for an item whose report prompt is the built-in one."""
    return item.report_prompt == wording.report_prompt(item.surface, PRIMARY)


def _said(name: str, elicitation: Elicitation) -> str:
    """The class `name` in the answer format of this elicitation."""
    return wording.letter_of(name, elicitation) if elicitation.variant in SHOWN else name


def _item(row: pd.Series) -> Item:
    """An item of a row, with the row's own prompts if it has any."""
    statement = row["statement"].strip()
    own = {name: row[name] for name in ("object_prompt", "report_prompt") if row.get(name, "").strip()}
    prompts = {"object_prompt": statement, "report_prompt": wording.report_prompt(statement, PRIMARY)}
    made = {"control_answer": planted(row["item_id"], ("no", "yes")), "surface": statement, "label": row["label"]}
    return Item(row["item_id"], **{**prompts, **made, **cells(row), "reports": own_reports(row), **own})
