"""Target `knowledge`: does the model know whether its own greedy answer is right?

In: the facts of `facts.csv` (easy to obscure, over several relations) and made-up entities, or the user's table
(`question`, `answer`, optionally `aliases`). Out: items whose object prompt asks the question and whose report prompt
asks whether the model knows the answer. The label is "yes" if the reply to the object prompt is right
(`answer_matching.py`), "no" otherwise, so this target asks whether the model knows that it knows, P(IK). Whether it
knows the answer at all is a different question with a different label: candidate answers are ranked for it
(`candidate_answers.py`).

Questions about invented entities have the same wording as those about real ones. Their accepted answers are invented
too, so that every reply is wrong by construction. (An answer taken from a real fact could be given by chance, and would
put unrelated items into one group.) `source` names the relation only; `item_id` and `popularity` reveal which entities
are invented, but no field that probes or surface baselines use does.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from tacit.errors import TargetError
from tacit.seeds import stream
from tacit.targets.base import CountTokens, Item, Report, Stated, check_n, planted
from tacit.targets.elicitations import PRIMARY, Elicitation, usual_forms
from tacit.targets.knowledge import wording
from tacit.targets.knowledge.answer_matching import normalise
from tacit.targets.knowledge.answer_types import answer_type
from tacit.targets.knowledge.candidate_answers import answer_ranking, candidates, share_right
from tacit.targets.knowledge.facts import Fact, facts, invented_facts
from tacit.targets.knowledge.multiple_choice import gives_answer
from tacit.targets.knowledge.yes_no_reports import YesNoReports
from tacit.targets.layouts.layout import ENDING
from tacit.targets.layouts.questions import UNKNOWABLE
from tacit.targets.layouts.recognised import for_target
from tacit.targets.readers.clean_text import plain
from tacit.targets.readers.yes_no import read_true, read_yes_no
from tacit.targets.tables.cell_values import list_of, split_list
from tacit.targets.tables.passages import above, passage_of
from tacit.targets.tables.table_checks import check_table
from tacit.targets.tables.user_tables import alias_columns, cells, own_reports, sample_rows

INVENTED_SHARE = 1 / 3
"""Share of the built-in items that are about invented entities."""
FORMS = usual_forms(
    rungs=("choice", "free", "number", "shots4", "shots16", "reason", "prefill"),
    variants=tuple(wording.VARIANTS_V1),
    contexts=("before", "after"),
)
YES = {"yes", "true", "1", "right", "known"}
NO = {"no", "false", "0", "wrong", "unknown", UNKNOWABLE}


@dataclass(frozen=True)
class Knowledge(YesNoReports):
    """See `base.Target`."""

    name: str = "knowledge"
    kind: str = "categorical"
    needs_reply: bool = True
    sampled: bool = True
    reply_tokens: int = 24

    def items(self, n: int, seed: int, *, count_tokens: CountTokens | None = None) -> list[Item]:
        """Two thirds facts, drawn without replacement, and one third invented entities (more if facts run out)."""
        check_n(n, self.name)
        rng = stream(seed, "knowledge items")
        n_facts = min(len(facts()), n - round(n * INVENTED_SHARE))
        chosen = [facts()[i] for i in rng.choice(len(facts()), size=n_facts, replace=False)]
        chosen += invented_facts(n - n_facts, rng)
        return [_fact_item(chosen[i]) for i in rng.permutation(len(chosen))]

    def from_table(
        self, table: pd.DataFrame, *, n: int | None, seed: int, count_tokens: CountTokens | None = None
    ) -> list[Item]:
        """Items of a table with `question` and `answer`, or in a published layout (`recognised.py`).

        `answer` may be a list of accepted answers; more of them are in `aliases`, as a list or separated by `|`, and in
        `alias_1`, `alias_2`… A row labelled `unknowable` needs no answer. A passage (`passages.py`) stands above it.
        """
        table = for_target(table, self.name)
        check_table(table, self.name)
        return [_table_item(row) for _, row in sample_rows(table, n, seed).iterrows()]

    def label(
        self, item: Item, *, reply: str | None = None, n_tokens: int | None = None, ended: bool = True
    ) -> str | None:
        """The table's label, else whether `reply` is right; None for a missing or empty reply."""
        if item.label:
            return item.label
        if reply is None or not normalise(plain(reply)):
            return None
        return "yes" if gives_answer(item, reply) else "no"

    def built_in(self) -> tuple[Elicitation, ...]:
        """All elicitations, before the act and after it."""
        return FORMS

    def asked(self, text: str, elicitation: Elicitation) -> str:
        """Asks whether the model knows the answer to the question; after the act, whether it was right."""
        return wording.report_prompt(text, elicitation)

    def fact(self, item: Item, elicitation: Elicitation) -> Stated | None:
        """That the model was told the answer, or that it was not; after the act, that the reply is right, or wrong."""
        answer = item.answers[0] if item.answers else ""
        if not answer and item.control_answer == "yes":
            return None
        percent = self.control_answer(item, elicitation)
        text = wording.control_fact(answer, item.control_answer, percent, elicitation)
        return Stated(text, replies=elicitation.context == "after")

    def read_words(self, text: str, elicitation: Elicitation) -> Report:
        """Whether the model says that it knows ("I don't know" is a no), or that it was right."""
        return read_true(text) if elicitation.context == "after" else read_yes_no(text, about_knowing=True)

    def share_right(self, item: Item, replies: Sequence[str]) -> float:
        """The share of sampled replies that are right; nan if all are empty."""
        return share_right(item, replies)

    def ranking(self, item: Item, scored: Sequence[tuple[str, float]]) -> float:
        """K from (candidate answer, log-probability) pairs: does the model know the answer, whatever it replied?"""
        return answer_ranking(item, dict(scored))

    def candidates(self, item: Item, items: Sequence[Item], sampled: Sequence[str]) -> tuple[str, ...]:
        """Candidate answers to rank by their log-probability after the object prompt."""
        right, wrong = candidates(item, items, sampled)
        return (*right, *wrong) if right and wrong else ()


def _fact_item(fact: Fact) -> Item:
    """An item of a fact; its entity is what the question is about, its source the relation."""
    slug = re.sub(r"\W+", "-", normalise(fact.entity)).strip("-")
    return _item(
        f"{fact.relation}-{fact.tier}-{slug}",
        fact.question,
        (fact.answer, *fact.aliases),
        entity=fact.entity,
        source=fact.relation,
        popularity=fact.tier,
    )


def _table_item(row: pd.Series) -> Item:
    """An item of a row, with the row's own prompts if it has any."""
    own = {name: row[name] for name in ("object_prompt", "report_prompt") if row.get(name, "").strip()}
    answers = _answers(row)
    if not any(normalise(answer) for answer in answers) and not _is_unknowable(row):
        raise TargetError(
            f"knowledge, item {row['item_id']!r}: the answer {row['answer']!r} contains no word. Correct the column."
        )
    own |= {
        "label": _label(row),
        "reports": own_reports(row),
        "passage": passage_of(row),
        "ending": row.get(ENDING, ""),
    }
    return _item(row["item_id"], row["question"].strip(), answers, **cells(row), **own)


def _answers(row: pd.Series) -> tuple[str, ...]:
    """All accepted answers of a row. A bar separates answers in `aliases` only. Raises TargetError, naming the row."""
    try:
        aliases = [split_list(row[name]) if name == "aliases" else list_of(row[name]) for name in alias_columns(row)]
        return tuple(text for texts in (list_of(row["answer"]), *aliases) for text in texts)
    except TargetError as error:
        raise TargetError(f"knowledge, item {row['item_id']!r}: the answer {error}") from error


def _is_unknowable(row: pd.Series) -> bool:
    return row.get("label", "").strip().lower() == UNKNOWABLE


def _item(
    item_id: str, question: str, answers: tuple[str, ...], *, passage: str = "", ending: str = "", **fields: object
) -> Item:
    """An item with the built-in prompts, unless `fields` has others, and a control answer.

    passage: stands above the question in each; ending: how the object prompt says in which form to answer.
    """
    prompts = {
        "object_prompt": above(passage, wording.object_prompt(question, ending)),
        "report_prompt": above(passage, wording.report_prompt(question, PRIMARY)),
        "passage": passage,
    }
    made = {
        "control_answer": planted(item_id, ("no", "yes")),
        "answers": tuple(dict.fromkeys(answers)),
        "surface": question,
        "answer_type": answer_type(question, answers[0] if answers else ""),
    }
    return Item(item_id, **{**prompts, **made, **fields})


def _label(row: pd.Series) -> str:
    """The table's label as "yes" or "no", "" if it has none; TargetError for any other word."""
    given = row.get("label", "").strip().lower()
    if given and given not in YES | NO:
        raise TargetError(
            f"knowledge, item {row['item_id']!r}: the label is {row['label']!r}, expected yes or no. Correct it, "
            "or drop the column."
        )
    return "" if not given else "yes" if given in YES else "no"
