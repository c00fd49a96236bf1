"""Counting targets: how many tokens, characters or words a marked span has.

In: the model's tokenizer as a function from text to number of tokens, or the user's table (`text`, optionally `before`
and `after`). Out: items whose span is enclosed in `[[` and `]]` within neutral text (`padding.py`: position, prompt
length and distractor do not reveal the count). Unlike in the other targets, the label needs no reply: it is the count
itself. Four targets share the items:

- `token_count`: tokens, as the model's tokenizer splits the span;
- `char_count`, `word_count`: characters or words of the same spans in the same prompts. Both are visible in the text,
  so a model that reports these but not its tokens can count and lacks access to its own tokenization;
- `coupled_count`: the same spans without surrounding text. The position of the last token then *is* the count, so this
  is a sanity check of the method and not a result (see docs/protocol.md, section 7, N6).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tacit.errors import TargetError
from tacit.seeds import stream
from tacit.targets.available_forms import forms_for, own_wording, rewords
from tacit.targets.base import CountTokens, Item, Report, Stated, check_n, short_hash
from tacit.targets.counting import wording
from tacit.targets.counting.fit_length import fit_text
from tacit.targets.counting.padding import MAX_SPAN, MIN_SPAN, measures, pad_spans, spread
from tacit.targets.counting.sample import sample_decoupled
from tacit.targets.counting.text_regimes import REGIMES, Regime
from tacit.targets.counting.wording import Texts
from tacit.targets.elicitations import PRIMARY, Elicitation, usual_forms
from tacit.targets.readers.counts import read_count
from tacit.targets.readers.options import after_reasoning
from tacit.targets.tables.table_checks import check_table
from tacit.targets.tables.user_tables import cells, own_reports, sample_rows

UNITS = {"token_count": "token", "char_count": "character", "word_count": "word", "coupled_count": "token"}
"""Name of a target → what it counts."""
FORMS = usual_forms(rungs=("choice", "free", "shots4", "shots16", "reason", "prefill"))
CAPS = {"free": 48, "reason": 200}
MAX_ANSWERS = 64
"""Most numbers whose log-probabilities are kept."""


@dataclass(frozen=True)
class SpanCount:
    """See `base.Target`."""

    name: str = "token_count"
    """A key of `UNITS`."""
    kind: str = "count"
    classes: tuple[str, ...] = ()
    needs_reply: bool = False
    sampled: bool = False
    reply_tokens: int = 8
    report_tokens: int = 32

    @property
    def unit(self) -> str:
        """What is counted: token, character or word."""
        return UNITS[self.name]

    @property
    def coupled(self) -> bool:
        """Whether the span has no text around it, so that its last position is its count."""
        return self.name == "coupled_count"

    def items(self, n: int, seed: int, *, count_tokens: CountTokens) -> list[Item]:
        """`n` items, cycling through the regimes; with the same seed all four targets have the same spans.

        Raises `TargetError` if size and position cannot be decoupled.
        """
        check_n(n, self.name)
        rng = stream(seed, "span items")
        regimes = [REGIMES[i % len(REGIMES)] for i in range(n)]
        spans = _distinct_spans(regimes, spread(n, MIN_SPAN, MAX_SPAN, rng), rng, count_tokens)
        return [
            self._item(f"count-{regime.name}-{short_hash(*texts)}", texts, count_tokens, source=regime.name)
            for regime, texts in zip(regimes, self._surrounded(spans, rng, count_tokens), strict=True)
        ]

    def from_table(self, table: pd.DataFrame, *, n: int | None, seed: int, count_tokens: CountTokens) -> list[Item]:
        """Items of a table with `text`; if it has neither `before` nor `after` nor prompts, neutral text is added.

        A column `label` holds numbers of tokens. Raises TargetError if the text does not occur exactly once in a
        prompt, or a label is not a number.
        """
        check_table(table, "token_count")
        _check_labels(table)
        given = bool({"before", "after"} & set(table.columns)) or _all_given(table)
        rows = sample_decoupled(table, n, seed, count_tokens) if given else sample_rows(table, n, seed)
        spans = [text.strip() for text in rows["text"]]
        if given:
            empty = [""] * len(rows)
            texts = list(zip(rows.get("before", empty), spans, rows.get("after", empty), strict=True))
        else:
            texts = self._surrounded(spans, stream(seed, "span items"), count_tokens)
        return [
            self._table_item(row, parts, count_tokens) for (_, row), parts in zip(rows.iterrows(), texts, strict=True)
        ]

    def label(
        self, item: Item, *, reply: str | None = None, n_tokens: int | None = None, ended: bool = True
    ) -> float | None:
        """Tokens: the table's number, else `n_tokens`, None if neither is known. Characters and words are counted."""
        if self.unit != "token":
            return float(measures(item.span, len)[("token", "character", "word").index(self.unit)])
        if item.label:
            return float(item.label)
        return None if n_tokens is None or n_tokens < 0 else float(n_tokens)

    def forms(self, items: Sequence[Item]) -> tuple[Elicitation, ...]:
        """All elicitations in the built-in wording; for a table with its own prompts, those that it defines."""
        return forms_for(items, FORMS, worded=self._worded)

    def report_prompt(self, item: Item, elicitation: Elicitation) -> str:
        """The question, in the table's wording if it has one."""
        return own_wording(item, elicitation) or wording.report_prompt(wording.body_of(item), self.unit, elicitation)

    def reply_cap(self, elicitation: Elicitation) -> int:
        """Maximum number of new tokens of a report."""
        return CAPS.get(elicitation.rung, self.report_tokens)

    def valid_answers(self, items: Sequence[Item], elicitation: Elicitation = PRIMARY) -> tuple[str, ...]:
        """Numbers from the smallest to the largest control answer, thinned out to `MAX_ANSWERS`; () for free text."""
        return () if elicitation.rung in CAPS else number_range([item.control_answer for item in items])

    def control_answer(self, item: Item, elicitation: Elicitation = PRIMARY) -> str:
        """The true count."""
        return item.control_answer

    def control_fact(self, item: Item, elicitation: Elicitation = PRIMARY) -> Stated | None:
        """States the true count; None where the table words the question."""
        built_in = self._worded(item) and not rewords(item, elicitation)
        return Stated(wording.control_fact(item.control_answer, self.unit)) if built_in else None

    def shot_answer(self, item: Item, label: float) -> str:
        """A count as a few-shot example shows it."""
        return str(int(label))

    def read(self, item: Item, reply: str, *, ended: bool = True, elicitation: Elicitation = PRIMARY) -> Report:
        """A number of the unit. `ended=False`: the reply was cut off, so a number at its very end may be incomplete."""
        text = after_reasoning(reply, ended=ended) if elicitation.rung == "reason" else reply
        return read_count(text, unit=self.unit, ended=ended)

    def _surrounded(self, spans: Sequence[str], rng: np.random.Generator, count_tokens: CountTokens) -> list[Texts]:
        if self.coupled:
            return [("", span, "") for span in spans]
        return pad_spans(spans, rng=rng, count_tokens=count_tokens)

    def _worded(self, item: Item) -> bool:
        """True for an item whose two prompts are the built-in ones."""
        text = wording.body_of(item)
        return bool(text) and item.report_prompt == wording.report_prompt(text, self.unit, PRIMARY)

    def _item(self, item_id: str, texts: Texts, count_tokens: CountTokens, **fields: object) -> Item:
        """An item with the built-in prompts, unless `fields` has others; the control answer is the true count."""
        size = dict(zip(("token", "character", "word"), measures(texts[1], count_tokens), strict=True))[self.unit]
        prompts = {
            "object_prompt": wording.object_prompt(texts),
            "report_prompt": wording.report_prompt(wording.body(texts), self.unit, PRIMARY),
        }
        control = str(size)
        return Item(item_id, control_answer=control, span=texts[1], surface=texts[1], **{**prompts, **fields})

    def _table_item(self, row: pd.Series, texts: Texts, count_tokens: CountTokens) -> Item:
        """An item of a row; `TargetError` unless its span occurs exactly once in each prompt.

        The table's own report prompts ask for tokens, so they are used only by the targets that count tokens.
        """
        mine = ("object_prompt", "report_prompt") if self.unit == "token" else ("object_prompt",)
        own = {name: row[name] for name in mine if row.get(name, "").strip()}
        if self.unit == "token":
            own |= {"label": row.get("label", "").strip(), "reports": own_reports(row)}
        item = self._item(row["item_id"], texts, count_tokens, **cells(row), **own)
        for name in ("object_prompt", "report_prompt"):
            times = getattr(item, name).count(item.span)
            if times != 1:
                raise TargetError(
                    f"{self.name}, item {item.item_id!r}: its text {item.span[:60]!r} occurs {times} times in the "
                    f"{name}, expected exactly once. Put delimiters and other words around it, or choose another text."
                )
        return item


def number_range(numbers: Sequence[str]) -> tuple[str, ...]:
    """All whole numbers from the smallest to the largest of `numbers`, at most `MAX_ANSWERS` of them, evenly spaced."""
    values = sorted({round(float(number)) for number in numbers})
    if not values:
        return ()
    grid = np.linspace(values[0], values[-1], min(MAX_ANSWERS, values[-1] - values[0] + 1))
    return tuple(str(round(value)) for value in grid)


def _distinct_spans(
    regimes: Sequence[Regime], budgets: Sequence[int], rng: np.random.Generator, count_tokens: CountTokens
) -> list[str]:
    """A new span for every regime and budget, redrawn (up to 20 times) while it is too short or a duplicate."""
    spans: dict[str, None] = {}
    for regime, budget in zip(regimes, budgets, strict=True):
        for _ in range(20):
            span = fit_text(regime, budget, count_tokens, count_tokens=count_tokens, rng=rng)
            if span not in spans and count_tokens(span) >= MIN_SPAN:
                break
        while span in spans:
            span += regime.joiner + fit_text(regime, MIN_SPAN, count_tokens, count_tokens=count_tokens, rng=rng)
        spans[span] = None
    return list(spans)


def _all_given(rows: pd.DataFrame) -> bool:
    """True if every row has both prompts, so that none has to be made."""
    return all(name in rows and (rows[name].str.strip() != "").all() for name in ("object_prompt", "report_prompt"))


def _check_labels(table: pd.DataFrame) -> None:
    """Raise `TargetError` for a label that is not a number."""
    for number, label in enumerate(table.get("label", ()), 1):
        if label.strip() and not label.strip().isdecimal():
            raise TargetError(
                f"token_count: column 'label' holds {label!r} in row {number}, expected a whole number. "
                "Correct it, or drop the column."
            )
