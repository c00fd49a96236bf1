"""A user's table as a target reads it: published layouts are recognised and converted, others returned unchanged.

In: a table as `user_tables.read_table` returns it, and the name of a target. Out: a table with the target's columns;
`attrs` say in which layout it was, and which rows were left out and why.
"""

import pandas as pd

from tacit.targets.layouts.choices import CHOICE_LAYOUTS
from tacit.targets.layouts.layout import Layout, converted, layout_of
from tacit.targets.layouts.questions import QUESTION_LAYOUTS
from tacit.targets.layouts.statements import STATEMENT_LAYOUTS
from tacit.targets.tables import published

LAYOUTS = (*CHOICE_LAYOUTS, *QUESTION_LAYOUTS, *STATEMENT_LAYOUTS)


def known_layout(table: pd.DataFrame, target: str) -> Layout | None:
    """The published layout of a table for `knowledge` or `truth`; None for any other."""
    return layout_of(table, [layout for layout in LAYOUTS if layout.target == target])


def for_target(table: pd.DataFrame, target: str) -> pd.DataFrame:
    """The table with the columns that `knowledge` or `truth` reads; `behavior/published_rows.py` is for behaviour.

    Raises TargetError if a known layout has no usable row."""
    layout = known_layout(table, target)
    return converted(table, layout) if layout else table


def has_layout(table: pd.DataFrame, target: str) -> bool:
    """Whether the table is in a published layout of this target."""
    return published.is_published(table) if target == "behavior" else known_layout(table, target) is not None


def read_columns(table: pd.DataFrame, target: str) -> frozenset[str]:
    """Columns that the layout of the table explains, besides those of a user's table."""
    if target == "behavior":
        return frozenset(published.READ)
    layout = known_layout(table, target)
    return layout.reads if layout else frozenset()
