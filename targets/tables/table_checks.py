"""Checks of a table that the targets share, each with a one-line message that says what is wrong and what to do.

In: a table as `user_tables.read_table` returns it, in the columns that a target reads. Out: nothing, or a TargetError.
"""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from tacit.errors import TargetError
from tacit.targets.tables.passages import PASSAGES, passage_columns
from tacit.targets.tables.user_tables import REQUIRED, listed

JUDGED = re.compile(r"(?:is_)?hallucinat(?:ion|ed)")
"""Columns that say that the answer beside them is wrong."""
FEWEST_TO_HOLD_OUT = 3
"""Fewest groups for folds that hold whole groups out."""


def check_table(table: pd.DataFrame, target: str) -> None:
    """Raise `TargetError` for an empty table, a missing column, an empty cell, repeated ids, a label with one class."""
    if not len(table):
        raise TargetError(
            f"the table for {target} is empty: it has a header but no row. Add rows, or choose another file."
        )
    missing = [column for column in REQUIRED[target] if column not in table.columns]
    if missing:
        raise TargetError(
            f"the table has no column {listed(missing)}, which {target} needs: it has {listed(table.columns)}, "
            f"expected {listed(REQUIRED[target])}. Rename a column, or choose another target."
        )
    for column in REQUIRED[target]:
        empty = np.flatnonzero((table[column].str.strip() == "") & ~_may_be_empty(table, column))
        if len(empty):
            raise TargetError(
                f"column {column!r} is empty in {_rows(empty)}, and {target} needs it. Fill or remove {_these(empty)}."
            )
    _check_ids(table)
    _check_groups(table)
    _check_passages(table, target)
    if target == "knowledge":
        _check_answers_are_right(table)
    _check_label(table, target)


def _check_groups(table: pd.DataFrame) -> None:
    """Raise `TargetError` where every row is in one group, so that no group can be held out."""
    groups = table.get("group", pd.Series("", table.index)).str.strip()
    if len(table) >= FEWEST_TO_HOLD_OUT and groups.iloc[0] and (groups == groups.iloc[0]).all():
        raise TargetError(
            f"column 'group' holds {groups.iloc[0]!r} in all {len(table)} rows, expected at least {FEWEST_TO_HOLD_OUT} "
            "groups, because whole groups are held out. Group only items that belong together, or drop the column."
        )


def _check_passages(table: pd.DataFrame, target: str) -> None:
    """Raise `TargetError` where every row is about the same passage, so that no passage can be held out."""
    names = list(passage_columns(table, target))
    if names and len(table) >= FEWEST_TO_HOLD_OUT and len(table[names].drop_duplicates()) == 1:
        raise TargetError(
            f"column {names[0]!r} holds the same text in all {len(table)} rows, expected at least {FEWEST_TO_HOLD_OUT} "
            "texts, because rows with the same text are held out together. Give more texts, or drop the column to ask "
            "the questions without it."
        )


def _may_be_empty(table: pd.DataFrame, column: str) -> pd.Series:
    """Rows without an answer because nobody can know it."""
    if column != "answer" or "label" not in table:
        return pd.Series(False, index=table.index)
    return table["label"].str.strip().str.lower() == "unknowable"


def _check_ids(table: pd.DataFrame) -> None:
    if "item_id" not in table:
        return
    ids = table["item_id"].str.strip()
    twice = ids[(ids != "") & ids.duplicated(keep=False)]
    if len(twice):
        rows = np.flatnonzero(ids == twice.iloc[0])
        raise TargetError(
            f"item_id {twice.iloc[0]!r} appears in {_rows(rows)}: ids must be unique. Change {_these(rows)}, or "
            "drop the column."
        )


def _check_label(table: pd.DataFrame, target: str) -> None:
    if "label" not in table or len(table) < 2:
        return
    labels = table["label"].str.strip()
    if (labels != "").all() and labels.nunique() == 1:
        raise TargetError(
            f"column 'label' has one class, {labels.iloc[0]!r}, in all {len(table)} rows, and {target} needs at "
            "least two. Add rows of another class, or drop the column so that the label is computed."
        )


def _check_answers_are_right(table: pd.DataFrame) -> None:
    """Raise TargetError where some of the answers are wrong ones that were put to judges: a column says so (HaluEval),
    or one question has answers with different labels (WikiQA, MultiRC), which are not whether the model knows it."""
    asked = [name for name in ("question", "object_prompt", *PASSAGES) if name in table]
    labels = table.get("label", pd.Series("", table.index)).str.strip()
    differ = labels.where(labels != "").groupby([table[name] for name in asked]).transform("nunique") > 1
    judged = [name for name in table if JUDGED.fullmatch(name) and table[name].nunique() > 1]
    if judged or differ.any():
        raise TargetError(
            f"column {(judged or ['label'])[0]!r} seems to say whether the answer is right"
            + ("" if judged else f" (it differs between answers to one question: {_rows(np.flatnonzero(differ))})")
            + ", but knowledge takes every answer for a right one. Keep only rows with a right answer, and "
            "drop the column."
        )


def _rows(rows: Sequence[int] | np.ndarray) -> str:
    """`row 3`, or `rows 3, 4, 9 and 12 more`; rows are counted from 1, without the header."""
    shown = ", ".join(str(int(row) + 1) for row in rows[:3])
    more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
    return f"row{'s' if len(rows) > 1 else ''} {shown}{more}"


def _these(rows: Sequence[int] | np.ndarray) -> str:
    return "it" if len(rows) == 1 else "them"
