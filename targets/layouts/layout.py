"""The layouts of published data: recognised by their fields, and turned into a user's table row by row.

In: a table as `user_tables.read_table` returns it, and a target. Out: the table with the columns that the target reads,
without the rows that cannot be used; `attrs["left_out"]` counts those by reason, `attrs["layout"]` names the layout.
A table in no known layout is returned unchanged. The layouts themselves are in `questions.py`,
`choices.py`, `statements.py` and, for behaviour, `published.py`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from tacit.errors import TargetError

Row = Mapping[str, str]
ENDING = "object_prompt:ending"
"""Column of a converted table: how the object prompt says in which form to answer."""


class LeftOutError(Exception):
    """One row cannot be used; the message says why, in the words of the row account."""


@dataclass(frozen=True)
class Layout:
    """How one published data set is laid out."""

    name: str
    """The data sets that have it, as the row account names them."""
    target: str
    fits: Callable[[pd.DataFrame], bool]
    """Whether a table, with column names in lower case, has this layout."""
    convert: Callable[[pd.DataFrame], Callable[[Row], dict[str, str]]]
    """Table -> function from a row to the values of the columns that the target reads. The function raises
    LeftOutError for a row that cannot be used."""
    reads: frozenset[str]
    """Columns of the layout that are read or known to be of no use, and so not reported as unread."""


def has(*columns: str) -> Callable[[pd.DataFrame], bool]:
    """A test for all of these columns."""
    return lambda table: set(columns) <= set(table.columns)


def layout_of(table: pd.DataFrame, layouts: Iterable[Layout]) -> Layout | None:
    """The first layout that the table has; None for a table of the user's own."""
    return next((layout for layout in layouts if layout.fits(table)), None)


def converted(table: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """The table with the target's columns, without the rows that cannot be used.

    Raises TargetError if no row can be used.
    """
    convert, rows, reasons = layout.convert(table), [], Counter()
    for number, row in enumerate(table.to_dict("records"), 1):
        try:
            rows.append(row | convert(row))
        except LeftOutError as reason:
            reasons[str(reason)] += 1
        except TargetError as error:
            raise TargetError(f"row {number}, read as {layout.name}: {error}") from error
    if not rows:
        why = "; ".join(f"{n} rows: {reason}" for reason, n in reasons.items())
        raise TargetError(f"the table is laid out as {layout.name}, and none of its rows can be used ({why}).")
    made = pd.DataFrame(rows, dtype=object).fillna("")
    made.attrs = dict(table.attrs) | {"left_out": dict(reasons), "layout": layout.name}
    return made
