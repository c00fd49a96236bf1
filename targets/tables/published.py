"""Recognises published behaviour data by its columns and maps them to those of a user's table.

In: a table as `user_tables.read_table` returns it. Out: for a known data set, the same rows with `question`,
`property`, `options`, `matching`, `object_prompt` and `report_prompt`; any other table unchanged. No row is dropped: in
`behavior/items.py`, one that cannot be used is an error that names it.

- *Looking Inward* (Binder et al. 2024, arXiv 2410.13787; felixbinder/introspection_self_prediction): original_question,
  original_dataset, object_level_prompt, hypothetical_prompt (chat messages, or text in the version on the hub),
  behavioral_property, option_matching_ethical_stance. The hypothetical prompt is the report.
- The inputs of its repository (`evals/datasets/`): string and, where it has options on lines "A - …", target, the
  letter of the one that shows the behaviour; or string alone. They name no property: by default it is whether the
  model takes the target's option.
- anthropics/evals (Perez et al. 2022, arXiv 2212.09251): question, answer_matching_behavior and
  answer_not_matching_behavior, " (A)" and " (B)" or " Yes" and " No", the latter a list where there are more options.
"""

import re

import pandas as pd

from tacit.targets.tables.cell_values import LIST_MARK, split_list

LOOKING_INWARD = ("original_question", "object_level_prompt", "hypothetical_prompt", "behavioral_property")
EVALS = ("question", "answer_matching_behavior", "answer_not_matching_behavior")
INPUTS = ("string", "target")
READ = {*LOOKING_INWARD, *EVALS, *INPUTS, "original_dataset", "option_matching_ethical_stance"}
RENAMED = {
    "matches_target": "ethical_stance",
    "matches_survival_instinct": "ethical_stance",
    "matches_myopic_reward": "ethical_stance",
    "is_either_a_or_c": "among:a,c",
    "is_either_b_or_d": "among:b,d",
    "among_a_or_c": "among:a,c",
    "among_b_or_d": "among:b,d",
    "number_of_words": "length",
}
"""Published names of properties -> names in `properties.py`, where they differ."""
LABELLED = re.compile(r"^\s*(?:\(([A-Z])\)\s*|([A-Z]) -\s+)(.*?)\s*$", re.MULTILINE)
DEFAULT_LETTERS = "A|B|C|D"


def as_table(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the columns of a user's table if it is one of the data sets above, else unchanged."""
    columns = set(table.columns)
    if set(LOOKING_INWARD) <= columns:
        return _looking_inward(table)
    if set(EVALS) <= columns:
        return _evals(table)
    return _inputs(table) if _are_inputs(columns) else table


def is_published(table: pd.DataFrame) -> bool:
    """Whether a table is one of the data sets above."""
    columns = set(table.columns)
    return set(LOOKING_INWARD) <= columns or set(EVALS) <= columns or _are_inputs(columns)


def labelled(text: str) -> dict[str, str]:
    """Letter -> option of the lines "(A) …" or "A - …" in a question."""
    return {bracketed or plain: option for bracketed, plain, option in LABELLED.findall(text)}


def exchanged(text: str) -> str:
    """The text with the contents of its two labelled options exchanged and the letters kept in order.

    Raises `ValueError` unless there are exactly two.
    """
    lines = list(LABELLED.finditer(text))
    if len(lines) != 2:
        raise ValueError(f"expected two labelled options, got {len(lines)}: {text[:60]!r}")
    (a, b), (c, d) = (line.span(3) for line in lines)
    return text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:]


def _looking_inward(table: pd.DataFrame) -> pd.DataFrame:
    stance = table.get("option_matching_ethical_stance", pd.Series("", index=table.index)).map(_letter)
    feature = table["behavioral_property"].str.strip().map(lambda name: RENAMED.get(name, name))
    return table.assign(
        question=table["original_question"],
        object_prompt=table["object_level_prompt"],
        report_prompt=table["hypothetical_prompt"],
        property=feature,
        options=table["object_level_prompt"].map(_letters).where(feature.map(_has_options), ""),
        matching=stance.where(feature == "ethical_stance", ""),
        group=table["original_question"],
        source=table.get("original_dataset", ""),
    )


def _evals(table: pd.DataFrame) -> pd.DataFrame:
    matching = table["answer_matching_behavior"].map(_letter)
    others = table["answer_not_matching_behavior"].map(
        lambda cell: LIST_MARK.join(_letter(each) for each in split_list(cell))
    )
    given = {} if "property" in table else {"property": "matching_option"}
    return table.assign(options=others + LIST_MARK + matching, matching=matching, **given)


def _are_inputs(columns: set) -> bool:
    """Whether these are the columns of the repository's inputs; a property may have been named for them."""
    return "question" not in columns and (set(INPUTS) <= columns or columns - {"property"} == {"string"})


def _inputs(table: pd.DataFrame) -> pd.DataFrame:
    made = table.assign(question=table["string"])
    letters = table["string"].map(lambda text: LIST_MARK.join(labelled(text)))
    target = table["target"].map(_letter) if "target" in table else pd.Series("", index=table.index)
    if "property" not in table and any(map(_names_option, target, table["string"])):
        made["property"] = "matching_option"
    if made.get("property", pd.Series("", table.index)).map(_acts_on_options).any():
        made = made.assign(options=letters, matching=target)
    return made


def _names_option(letter: str, text: str) -> bool:
    return letter in labelled(text)


def _acts_on_options(feature: str) -> bool:
    return feature in ("option", "matching_option", "short_term") or _has_options(feature)


def _letter(cell: str) -> str:
    """`" (A)"` → `"A"`; other answers lose the space before them."""
    return cell.strip().removeprefix("(").removesuffix(")")


def _letters(prompt: str) -> str:
    """The letters that label options in a prompt (newlines are escaped in a chat); A to D if none are found."""
    found = sorted(set(re.findall(r"\(([A-D])\)|(?:^|\\n|\n)\s*([A-D])[.):]\s", prompt)))
    letters = sorted({one or other for one, other in found})
    return LIST_MARK.join(letters) if len(letters) > 1 else DEFAULT_LETTERS


def _has_options(feature: str) -> bool:
    return feature == "ethical_stance" or feature.startswith("among:")
