"""Target `truth`: does the model know whether a statement is true?

In: a table with `statement` and `label` (1 or 0, true or false, yes or no). Out: items whose object prompt is the
statement and whose report prompt asks whether it is true. The label is the statement's truth, given by the table, so
the object prompt needs no reply: the probe reads the states after the statement. There are no built-in items.

Unlike `knowledge`, whose label is whether the model's own answer is right, this is a property of the text alone. That a
probe decodes it shows that the states tell true statements from false ones in this table; the surface baselines show
whether their words do so already.
"""

from dataclasses import dataclass

import pandas as pd

from tacit.errors import TargetError
from tacit.targets.base import CountTokens, Item, Report, Stated, planted
from tacit.targets.elicitations import PRIMARY, Elicitation, usual_forms
from tacit.targets.knowledge.wording import VARIANTS_V1
from tacit.targets.knowledge.yes_no_reports import YesNoReports
from tacit.targets.layouts.recognised import for_target
from tacit.targets.readers.yes_no import read_true
from tacit.targets.tables.passages import above, passage_of
from tacit.targets.tables.table_checks import check_table
from tacit.targets.tables.user_tables import cells, own_reports, sample_rows
from tacit.targets.truth import wording

FORMS = usual_forms(
    rungs=("choice", "free", "number", "shots4", "shots16", "reason", "prefill"), variants=tuple(VARIANTS_V1)
)


@dataclass(frozen=True)
class Truth(YesNoReports):
    """See `base.Target`."""

    name: str = "truth"
    kind: str = "categorical"
    needs_reply: bool = False
    sampled: bool = False
    reply_tokens: int = 0

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

    def built_in(self) -> tuple[Elicitation, ...]:
        """All elicitations; there is no act, so none after it."""
        return FORMS

    def asked(self, text: str, elicitation: Elicitation) -> str:
        """Asks whether the statement is true."""
        return wording.report_prompt(text, elicitation)

    def fact(self, item: Item, elicitation: Elicitation) -> Stated | None:
        """That the statement is true, or false, or how likely it is."""
        return Stated(wording.control_fact(item.control_answer, self.control_answer(item, elicitation), elicitation))

    def read_words(self, text: str, elicitation: Elicitation) -> Report:
        """Whether the reply calls the statement true (yes) or false (no)."""
        return read_true(text)


def _item(row: pd.Series) -> Item:
    """An item of a row, with the row's own prompts if it has any."""
    statement = row["statement"].strip()
    own = {name: row[name] for name in ("object_prompt", "report_prompt") if row.get(name, "").strip()}
    passage = passage_of(row)
    prompts = {
        "object_prompt": above(passage, statement),
        "report_prompt": above(passage, wording.report_prompt(statement, PRIMARY)),
    }
    made = {
        "control_answer": planted(row["item_id"], ("no", "yes")),
        "surface": statement,
        "passage": passage,
        "label": row["label"],
    }
    return Item(row["item_id"], **{**prompts, **made, **cells(row), "reports": own_reports(row), **own})
