"""A user's behaviour table as the target reads it: published data converted, rows of unknown properties left out.

In: a table as `user_tables.read_table` returns it. Out: the table with the target's columns; for *Looking Inward*,
whose files may ask for properties that are not in `properties.py`, `attrs["left_out"]` counts such rows by reason. In a
table of the user's own, an unknown property stays an error.
"""

import pandas as pd

from tacit.errors import TargetError
from tacit.targets.behavior.properties import is_property
from tacit.targets.tables.published import LOOKING_INWARD, as_table


def usable_rows(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that can be used. Raises TargetError if there are none."""
    made = as_table(table)
    if not set(LOOKING_INWARD) <= set(table.columns):
        return made
    known = made["property"].map(is_property)
    if known.all():
        return made
    name = table["behavioral_property"].str.strip()
    if not known.any():
        raise TargetError(f"there is no property {name.iloc[0]!r}, and no row asks for another one that is known.")
    reasons = {f"there is no property {each!r}": int(n) for each, n in name[~known].value_counts().items()}
    usable = made[known].reset_index(drop=True)
    usable.attrs = dict(table.attrs) | {"left_out": reasons}
    return usable
