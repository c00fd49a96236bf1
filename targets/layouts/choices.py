"""Published multiple choice: MMLU, WMDP, ARC, CommonsenseQA, OpenBookQA, MMLU-Pro, MedMCQA, and columns A, B, C, D.

In: a table with a question, its options, and which of them is right: by its index from 0, its letter or label, or its
text; or with the right answer and the wrong ones in columns of their own (SciQ, GPQA). Out: for each row `question`,
with the options on lines "(A) …" below it, and `answer`, the text of the right one.
`knowledge/multiple_choice.py` accepts the letter as well as the text.
"""

import json
import re
from collections.abc import Callable
from string import ascii_uppercase

import pandas as pd

from tacit.errors import TargetError
from tacit.targets.base import short_hash
from tacit.targets.layouts.layout import ENDING, Layout, LeftOutError, Row
from tacit.targets.tables.cell_values import list_of, struct_of

QUESTIONS = ("question", "question_stem", "input", "problem")
KEYS = (
    "answerkey", "answer_index", "answer_idx", "correct_option", "cop", "gold_label", "answer", "target", "correct",
    "label",
)  # fmt: skip
"""Columns that may name the right option, the least ambiguous ones first."""
LISTS = ("choices", "options", "endings", "answers")
"""Columns that may hold all options of a row."""
COLUMN_SETS = (
    ("opa", "opb", "opc", "opd"), ("a", "b", "c", "d"), ("ans0", "ans1", "ans2"), ("answera", "answerb", "answerc"),
    ("answer0", "answer1", "answer2", "answer3"),
)  # fmt: skip
PREFIX = re.compile(r"\(?([A-Z])[).:]\s*(?=\S)")
"""A letter that a published option has before its text: "A)21"."""
RIGHT = ("correct_answer", "correct answer", "best_answer")
WRONG = re.compile(r"distractor[ _]?\d+|(?:incorrect|wrong)[ _]answer[ _]?\d+")
"""Columns of the right answer, and of one wrong answer each."""
ENDING_V1 = "\n\nAnswer with the letter of the right option."

Options = tuple[tuple[str, ...], tuple[str, ...]]
"""(labels, texts); without labels of their own they are A, B, C…"""


def choices_in(row: Row) -> Options:
    """The options of a row, with white space made single spaces. Raises LeftOutError for a row without options."""
    labels, texts = _raw_options(row)
    texts = _unlettered([" ".join(text.split()) for text in texts])
    if len(texts) < 2 or not all(texts):
        raise LeftOutError("it has fewer than two options, or an empty one")
    if len({text.lower() for text in texts}) < len(texts):
        raise LeftOutError("two of its options are the same")
    if len(texts) > len(ascii_uppercase):
        raise LeftOutError("it has more options than there are letters")
    return labels or tuple(ascii_uppercase[: len(texts)]), texts


def _unlettered(texts: list[str]) -> tuple[str, ...]:
    """The texts without their letters, if each has its own in front."""
    found = [PREFIX.match(text) for text in texts]
    lettered = [match and match.group(1) for match in found] == list(ascii_uppercase[: len(texts)])
    return tuple(text[match.end() :] if lettered else text for text, match in zip(texts, found, strict=True))


def _raw_options(row: Row) -> Options:
    for column in LISTS:
        struct = struct_of(row.get(column, ""))
        if isinstance(struct, dict) and isinstance(struct.get("text"), list):
            return tuple(map(str, struct.get("label") or ())), tuple(map(str, struct["text"]))
        if isinstance(struct, list) and struct and all(isinstance(each, dict) for each in struct):
            return tuple(str(each.get("label", "")) for each in struct), tuple(str(e.get("text", "")) for e in struct)
        if isinstance(struct, dict) and struct:  # MedQA: {"A": "…", "B": "…"}
            return tuple(map(str, struct)), tuple(map(str, struct.values()))
        if isinstance(struct, list) or list_of(row.get(column, "")) not in ((), (row.get(column, "").strip(),)):
            return (), tuple(map(str, struct)) if isinstance(struct, list) else list_of(row[column])
    columns = next((names for names in COLUMN_SETS if names[0] in row), ())
    return (), tuple(row[name] for name in columns if row.get(name, "").strip())


def _fits(table: pd.DataFrame) -> bool:
    if not _question(table) or not _key(table):
        return False
    if any(set(names) <= set(table.columns) for names in COLUMN_SETS):
        return True
    held = [column for column in LISTS if column in table and len(_raw_options({column: _first(table, column)})[1]) > 1]
    # A table for behaviour may have options and a label; answers without a key are all accepted.
    return bool({*held} - ({"options"} if _key(table) == "label" else set()) - (
        {"answers"} if _key(table) in ("answer", "target") else set()))  # fmt: skip


def _first(table: pd.DataFrame, column: str) -> str:
    return next((cell for cell in table[column] if cell.strip()), "")


def _question(table: pd.DataFrame) -> str:
    """The column of the question; the field `stem` of a struct for the release of ARC is not read."""
    return next((name for name in QUESTIONS if name in table), "")


def _key(table: pd.DataFrame) -> str:
    return next((name for name in KEYS if name in table), "")


def _convert(table: pd.DataFrame) -> Callable[[Row], dict[str, str]]:
    question, key = _question(table), _key(table)
    position = _position(table, key)

    def convert(row: Row) -> dict[str, str]:
        labels, texts = choices_in(row)
        asked = _asked(row, row[question], texts, position(row[key].strip(), labels, texts))
        return asked | ({"label": ""} if key == "label" else {})

    return convert


def _asked(row: Row, question: str, options: tuple[str, ...], right: int) -> dict[str, str]:
    listed = "\n".join(f"({letter}) {text}" for letter, text in zip(ascii_uppercase, options, strict=False))
    asked = f"{question.strip()}\n{listed}"
    return {
        "question": asked,
        "answer": options[right],
        "aliases": "",
        ENDING: ENDING_V1,
        "source": row.get("source", "") or row.get("subject", "") or row.get("category", ""),
    }


def _position(table: pd.DataFrame, key: str) -> Callable[[str, tuple, tuple], int]:
    """How the column `key` names an option: by index from 0, by label or letter, or by text; the same in all rows.

    Raises TargetError where it could be either an index or a text, and for indices that count from 1.
    """
    known = []
    for row in table.to_dict("records"):
        try:
            known.append((row[key].strip(), *choices_in(row)))
        except LeftOutError:
            continue
    known = [each for each in known if each[0] not in ("", "-1")]
    as_label = all(given in labels for given, labels, _ in known)
    as_text = all(_text_at(given, texts) is not None for given, _, texts in known)
    as_index = all(given.isdecimal() for given, _, _ in known)
    if as_index and not as_label:
        _check_indices(known, key, as_text)
        return lambda given, labels, texts: _within(int(given) if given.isdecimal() else None, texts)
    letters = all(len(given) == 1 and given.isalpha() for given, _, _ in known)
    if as_label or (letters and not as_text):
        return lambda given, labels, texts: _within(_letter_at(given, labels), texts)
    return lambda given, labels, texts: _within(_text_at(given, texts), texts)


def _check_indices(known: list, key: str, as_text: bool) -> None:
    if as_text and any(_text_at(given, texts) != int(given) for given, _, texts in known):
        raise TargetError(
            f"column {key!r} could be the index of an option or its text, and they differ. Give the answers as letters."
        )
    if any(int(given) == len(texts) for given, _, texts in known):
        raise TargetError(
            f"column {key!r} holds an index as large as the number of options, so it seems to count from 1, but the "
            "index of the first option is 0. Subtract 1, or give letters."
        )


def _letter_at(given: str, labels: tuple[str, ...]) -> int | None:
    if given in labels:
        return labels.index(given)
    return ascii_uppercase.index(given.upper()) if len(given) == 1 and given.upper() in ascii_uppercase else None


def _text_at(given: str, texts: tuple[str, ...]) -> int | None:
    wanted = " ".join(given.split()).lower()
    return next((at for at, text in enumerate(texts) if text.lower() == wanted), None)


def _within(at: int | None, texts: tuple[str, ...]) -> int:
    if at is None or at >= len(texts):
        raise LeftOutError("no answer is given, or it is not one of the options")
    return at


def _wrong_columns(table: pd.DataFrame) -> list[str]:
    return [str(name) for name in table.columns if WRONG.fullmatch(str(name))]


def _fits_distractors(table: pd.DataFrame) -> bool:
    return "question" in table and "answer" not in table and bool(_right_column(table)) and bool(_wrong_columns(table))


def _right_column(table: pd.DataFrame) -> str:
    return next((name for name in RIGHT if name in table), "")


def _convert_distractors(table: pd.DataFrame) -> Callable[[Row], dict[str, str]]:
    """The options in an order that depends on the question and them alone, as the data have none."""
    right, wrong = _right_column(table), _wrong_columns(table)

    def convert(row: Row) -> dict[str, str]:
        texts = [row[right], *(row[name] for name in wrong if row[name].strip())]
        shown = sorted(texts, key=lambda text: short_hash(row["question"], text))
        _, options = choices_in({"choices": json.dumps(shown)})
        return _asked(row, row["question"], options, shown.index(row[right]))

    return convert


CHOICE_LAYOUTS = (
    Layout(
        "multiple choice with the wrong answers in columns of their own", "knowledge", _fits_distractors,
        _convert_distractors, frozenset({*RIGHT, *(f"distractor{n}" for n in range(1, 10)),
                                         *(f"incorrect answer {n}" for n in range(1, 10))}),
    ),
    Layout(
        "multiple choice", "knowledge", _fits, _convert,
        frozenset({*LISTS, *KEYS, *QUESTIONS, *sum(COLUMN_SETS, ()), "subject", "category",
                   "id", "question_id", "question_concept", "src", "cot_content"}),
    ),
)  # fmt: skip
