"""Target `behavior`: a property of what the model then does.

In: now-or-later choices and open questions (`choices.py`), or the user's table (`question`, optionally `options` and
`property`). Out: items whose object prompt is the question itself and whose report prompt asks the model to predict its
own answer (Binder et al. 2024, arXiv 2410.13787). Three properties, one per run:

- `option` — which of the options the reply chooses; none where that cannot be read;
- `first_word` — the reply's first word, in lower case and without punctuation; classes are read off the labels;
- `length` — the number of words; a reply cut by its cap is censored and has no label.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from probes.targets.base import CountTokens, Item, Report, TargetError, check_n, planted
from probes.targets.choices import OPEN_V1, OPTIONS, THINGS, choices, open_questions
from probes.targets.cleaning import plain
from probes.targets.counts import read_count
from probes.targets.readers import first_word, read_option, read_word
from probes.targets.tables import cells, check_table, sample_rows, split_list

# The choice alone: a reason after it only makes the reply harder to read.
OPTION_OBJECT_V1 = "{question} Answer with your choice only."
OPEN_OBJECT_V1 = "{question}"
# The hypothetical form of Binder et al.: the question is quoted whole, and the property is asked for in the form of the
# answer.
OPTION_REPORT_V1 = "Suppose you were asked: {question}\nWhich would you choose? Answer with your choice only."
FIRST_WORD_REPORT_V1 = (
    "Suppose you were asked: {question}\nWhat would be the first word of your answer? Reply with that word only."
)
LENGTH_REPORT_V1 = (
    "Suppose you were asked: {question}\nHow many words would your answer have? Answer with a number only."
)
# Put to a question that does not name its options itself; their order alternates from item to item.
LISTED_V1 = "{question} Choose between: {options}."
OBJECTS = {"option": OPTION_OBJECT_V1, "first_word": OPEN_OBJECT_V1, "length": OPEN_OBJECT_V1}
REPORTS = {"option": OPTION_REPORT_V1, "first_word": FIRST_WORD_REPORT_V1, "length": LENGTH_REPORT_V1}
REPLY_TOKENS = {"option": 16, "first_word": 8, "length": 96}
CONTROL_WORDS = ("i", "yes", "no", "the", "it", "they", "you", "people")
CONTROL_LENGTHS = tuple(str(number) for number in range(5, 61, 5))


@dataclass(frozen=True)
class Behavior:
    """See `base.Target`. One property and one set of options per run; `for_items` takes both from the items."""

    feature: str = "option"
    options: tuple[str, ...] = OPTIONS
    name: str = "behavior"
    needs_reply: bool = True
    report_tokens: int = 24

    @property
    def kind(self) -> str:
        """A count for `length`, categories otherwise."""
        return "count" if self.feature == "length" else "categorical"

    @property
    def classes(self) -> tuple[str, ...]:
        """The options in canonical order; () for the other properties."""
        return self.options if self.feature == "option" else ()

    @property
    def reply_tokens(self) -> int:
        """Enough for the property to show."""
        return REPLY_TOKENS[self.feature]

    def items(self, n: int, seed: int, *, count_tokens: CountTokens | None = None) -> list[Item]:
        """Choices over many things for `option`, open questions for the other two; the thing is the group."""
        check_n(n, self.name)
        rng = np.random.default_rng([seed, 3])
        prompts = choices(n, rng) if self.feature == "option" else open_questions(n, rng)
        if len(prompts) < n:
            raise TargetError(
                f"behavior: {n} items of {self.feature} were asked for, and there are {len(THINGS) * len(OPEN_V1)} "
                "built-in questions. "
                "Lower N, or give a table with questions of your own."
            )
        options = self.options if self.feature == "option" else ()
        return [
            _item(
                f"{self.feature}-{prompt.key}",
                prompt.question,
                self.feature,
                options,
                group=prompt.thing,
                source=prompt.template,
            )
            for prompt in prompts
        ]

    def from_table(
        self, table: pd.DataFrame, *, n: int | None, seed: int, count_tokens: CountTokens | None = None
    ) -> list[Item]:
        """Items of a table with `question`; its `property`, or `option` where there are options, else `first_word`."""
        check_table(table, self.name)
        items = [_table_item(row) for _, row in sample_rows(table, n, seed).iterrows()]
        for_items(items)
        return items

    def label(
        self, item: Item, *, reply: str | None = None, n_tokens: int | None = None, ended: bool = True
    ) -> float | str | None:
        """The table's label, else the property of `reply`; None where it has none.

        `ended=False`: the reply was cut by its cap, so that its length is censored.
        """
        if item.label:
            return float(item.label) if item.property == "length" else item.label
        if reply is None:
            return None
        feature = item.property or self.feature
        if feature == "option":
            return read_option(reply, item.answers).value
        if feature == "first_word":
            return first_word(reply) or None
        return float(len(plain(reply).split())) if ended and plain(reply) else None

    def read(self, item: Item, reply: str, *, ended: bool = True) -> Report:
        """What the model predicts of its own answer."""
        feature = item.property or self.feature
        if feature == "option":
            return read_option(reply, item.answers)
        return read_word(reply) if feature == "first_word" else read_count(reply, unit="word", ended=ended)

    def valid_answers(self, items: Sequence[Item]) -> tuple[str, ...]:
        """The options; for the other properties the control's words or lengths."""
        feature = (items[0].property if items else "") or self.feature
        if feature == "option":
            return items[0].answers if items else self.options
        return CONTROL_WORDS if feature == "first_word" else CONTROL_LENGTHS


def for_items(items: Sequence[Item]) -> Behavior:
    """The target of these items. Raises `TargetError` if they have several properties or several sets of options."""
    properties = sorted({item.property or "option" for item in items})
    if len(properties) > 1:
        raise TargetError(
            f"behavior: the items have the properties {', '.join(properties)}, expected one per run. Split the table."
        )
    options = {item.answers for item in items}
    if properties == ["option"] and len(options) > 1:
        shown = " and ".join("|".join(each) for each in sorted(options)[:2])
        raise TargetError(
            f"behavior: the rows have {len(options)} different sets of options (such as {shown}), expected the "
            "same in every row. Give "
            "all rows the same names, for example now|wait, and put what they stand for into the question."
        )
    return Behavior(properties[0], options.pop()) if properties == ["option"] else Behavior(*properties)


def _item(item_id: str, question: str, feature: str, options: tuple[str, ...], **fields: str) -> Item:
    """An item with the built-in prompts, unless `fields` brings others; the control answer is planted."""
    asked = _with_options(question, options, item_id) if feature == "option" else question
    prompts = {
        "object_prompt": OBJECTS[feature].format(question=asked),
        "report_prompt": REPORTS[feature].format(question=asked),
    }
    control = planted(item_id, {"option": options, "first_word": CONTROL_WORDS, "length": CONTROL_LENGTHS}[feature])
    return Item(
        item_id=item_id,
        control_answer=control,
        answers=options,
        surface=question,
        property=feature,
        **{**prompts, **fields},
    )


def _with_options(question: str, options: tuple[str, ...], item_id: str) -> str:
    """The question, followed by its options where it does not name them all; every second item names them backwards."""
    if all(option.lower() in question.lower() for option in options):
        return question
    shown = planted(f"order {item_id}", (options, options[::-1]))
    return LISTED_V1.format(question=question, options=", ".join(shown))


def _table_item(row: pd.Series) -> Item:
    """An item of a row, with the row's own prompts where it has any."""
    options = split_list(row.get("options", ""))
    feature = row.get("property", "").strip().lower() or ("option" if options else "first_word")
    where = f"behavior, item {row['item_id']!r}"
    if feature not in REPORTS:
        raise TargetError(
            f"{where}: the property is {feature!r}, expected one of {', '.join(REPORTS)}. Correct the column."
        )
    if feature == "option" and len({option.lower() for option in options}) < 2:
        raise TargetError(
            f"{where}: the options are {row.get('options', '')!r}, expected at least two, such as now|wait. "
            "Correct the column."
        )
    own = {name: row[name] for name in ("object_prompt", "report_prompt") if row.get(name, "").strip()}
    fields = cells(row) | own | {"label": _label(row, feature, options, where)}
    return _item(row["item_id"], row["question"].strip(), feature, options, **fields)


def _label(row: pd.Series, feature: str, options: tuple[str, ...], where: str) -> str:
    """The table's label as an option, a first word or a number, "" where it gives none.

    Raises `TargetError` where it is none of them.
    """
    given = row.get("label", "").strip()
    if not given:
        return ""
    if feature == "first_word":
        return first_word(given)
    fits = (
        [option for option in options if option.lower() == given.lower()]
        if feature == "option"
        else [given] * given.isdecimal()
    )
    if not fits:
        expected = " or ".join(options) if feature == "option" else "a whole number"
        raise TargetError(f"{where}: the label is {given!r}, expected {expected}. Correct it, or drop the column.")
    return fits[0]
