"""One property of a behaviour table that asks for several: `rows.jsonl:first_word` means its rows for that property.

In: a path with or without a property, and the table in the file. Out: the file, the property, the rows.
"""

import re

import pandas as pd

from tacit.errors import TargetError

SELECTED = re.compile(r"(.+\.(?:csv|tsv|jsonl|json|parquet)):([^/\\]+)", re.IGNORECASE)
COLUMNS = ("behavioral_property", "property")


def file_and_property(path: str) -> tuple[str, str]:
    """The file and the property of a path; "" if it names none.

    >>> file_and_property("rows.jsonl:first_word"), file_and_property("hf://datasets/a/b/rows.parquet")
    (('rows.jsonl', 'first_word'), ('hf://datasets/a/b/rows.parquet', ''))
    """
    found = SELECTED.fullmatch(path)
    return (found.group(1), found.group(2)) if found else (path, "")


def rows_for(table: pd.DataFrame, name: str, path: str) -> pd.DataFrame:
    """The rows that ask for a property; all rows if `name` is "".

    Raises TargetError for a table without properties or without this one, with those that it has.
    """
    if not name:
        return table
    column = next((each for each in COLUMNS if each in table), None)
    if column is None:
        raise TargetError(f"{path}: the table has no column {' or '.join(COLUMNS)}. Omit ':{name}'.")
    asked = table[column].str.strip()
    if not (asked == name).any():
        had = ", ".join(f"{each} ({n} rows)" for each, n in asked.value_counts().items())
        raise TargetError(f"{path}: no row has the property {name!r}; the table has {had}. Choose one of these.")
    rows = table[asked == name].reset_index(drop=True)
    others = len(table) - len(rows)
    noted = [f"{others} rows for other properties skipped"] if others else []
    rows.attrs = dict(table.attrs) | {"notes": [*table.attrs.get("notes", ()), *noted]}
    return rows
