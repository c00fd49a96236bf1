"""Items of the behaviour target: from built-in prompts, and from the rows of a table.

In: a prompt or a row, and the property that is asked about. Out: an `Item` with both prompts (the row's own ones if it
has any), its options in canonical order (the option that the behaviour is about comes last), and its control answer.
"""

import pandas as pd

from tacit.errors import TargetError
from tacit.targets.base import Item, planted, short_hash
from tacit.targets.behavior.choices import OPTIONS, Prompt
from tacit.targets.behavior.prompts import CHOICE_ENDING_V1
from tacit.targets.behavior.properties import LETTERS, YES_NO, Property, find
from tacit.targets.behavior.wording import word
from tacit.targets.elicitations import PRIMARY
from tacit.targets.readers.options import first_word
from tacit.targets.tables.cell_values import split_list
from tacit.targets.tables.passages import above, passage_of, without_passage
from tacit.targets.tables.user_tables import cells, own_reports

# Added to a question that does not name its options; their order varies from item to item.
LISTED_V1 = "{question} Choose between: {options}."
ACTS_ON_OPTIONS = ("choice", "listed")
TRUTHS = ("false", "true")
TRUE, FALSE = {"yes", "true", "1"}, {"no", "false", "0"}


def built_in(prompt: Prompt, feature: Property) -> Item:
    """The item of a built-in prompt."""
    options = {"choice": OPTIONS, "listed": LETTERS}.get(feature.act, ())
    if feature.name in ("short_term", "ethical_stance", "matching_option"):
        options = options[::-1]  # these properties are about "now", the short-term option, which goes last
    slug = short_hash(feature.name) if ":" in feature.name else feature.name
    return _item(
        f"{slug}-{prompt.key}", feature, options, object_prompt=prompt.question, surface=prompt.question,
        group=prompt.thing, source=prompt.template,
    )  # fmt: skip


def from_row(row: pd.Series) -> Item:
    """The item of a row. Raises `TargetError`, naming the row, for a property, options or a label that do not fit."""
    where = f"behavior, item {row['item_id']!r}"
    options = split_list(row.get("options", ""))
    try:
        feature = find(row.get("property", "").strip() or ("option" if options else "first_word"))
    except TargetError as error:
        raise TargetError(f"{where}: {error}") from error
    if feature.act in ACTS_ON_OPTIONS:
        options = _ordered(row, options, feature, where)
    question, own, passage = row["question"].strip(), row.get("object_prompt", "").strip(), passage_of(row)
    return _item(
        row["item_id"], feature, options, surface=question, label=_label(row, feature, options, where), passage=passage,
        object_prompt=own or above(passage, _object_prompt(question, feature, options, row["item_id"])),
        report_prompt=row.get("report_prompt", "").strip(), reports=own_reports(row), **cells(row),
    )  # fmt: skip


def truths(item: Item) -> tuple[str, str]:
    """The words for no and yes in the item's report prompt; much published data uses false and true."""
    text = without_passage(item, item.report_prompt).lower()
    return TRUTHS if all(each in text for each in TRUTHS) else YES_NO


def _item(item_id: str, feature: Property, options: tuple[str, ...], *, report_prompt: str = "", **fields) -> Item:
    item = Item(
        item_id=item_id,
        report_prompt=report_prompt,
        control_answer="",
        answers=options,
        property=feature.name,
        **fields,
    )
    made = {"report_prompt": report_prompt or word(item, feature, PRIMARY)}
    item = Item(**{**vars(item), **made})
    answers = truths(item) if feature.answers == YES_NO else feature.answers or options
    return Item(**{**vars(item), "control_answer": planted(item_id, answers)})


def _object_prompt(question: str, feature: Property, options: tuple[str, ...], item_id: str) -> str:
    """The question, followed by its options if it does not name them all; about half of the items reverse them."""
    if feature.act not in ACTS_ON_OPTIONS:
        return question
    if not all(option.lower() in question.lower() for option in options):
        shown = planted(f"order {item_id}", (options, options[::-1]))
        question = LISTED_V1.format(question=question, options=", ".join(shown))
    # On its own line below listed options, so that it is not read as part of the last one.
    return question + ("\n\n" if "\n" in question else " ") + CHOICE_ENDING_V1


def _ordered(row: pd.Series, options: tuple[str, ...], feature: Property, where: str) -> tuple[str, ...]:
    """The options, with the one that the behaviour is about last."""
    if len({option.lower() for option in options}) < 2:
        raise TargetError(
            f"{where}: the options are {row.get('options', '')!r}, expected at least two, such as now|wait. "
            "Correct the column."
        )
    if feature.name == "option" or feature.name.startswith("among:"):
        return options
    given = row.get("matching", "").strip()
    if given not in options:
        raise TargetError(
            f"{where}: the column matching holds {given!r}, expected one of {', '.join(options)}: the option that "
            f"{feature.name} is about. Correct it."
        )
    return (*(option for option in options if option != given), given)


def _label(row: pd.Series, feature: Property, options: tuple[str, ...], where: str) -> str:
    """The table's label as a class, a word or a number, "" if it has none.

    Raises TargetError if the label is not valid.
    """
    given = row.get("label", "").strip()
    classes = options if feature.name == "option" else feature.classes
    if not given or (feature.kind == "categorical" and not classes):
        return given.lower() if feature.name.endswith("_character") else first_word(given)
    low = given.lower()
    if classes == YES_NO and low in TRUE | FALSE:
        return YES_NO[low in TRUE]
    fits = [given] if feature.kind == "count" and given.isdecimal() else [c for c in classes if c.lower() == low]
    if not fits:
        expected = " or ".join(classes) or "a whole number"
        raise TargetError(f"{where}: the label is {given!r}, expected {expected}. Correct it, or drop the column.")
    return fits[0]
