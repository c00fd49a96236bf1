"""Read a CSV file, and refuse it unless every row has as many fields as the header.

In: a file separated by commas, tabs or semicolons. Out: a pandas frame of text. The fields are counted first, because
pandas would use the first field of a row that is too long as an index, and fill up a row that is too short.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from tacit.errors import TargetError

SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon"}
LONGEST_FIELD = 2**31 - 1
"""Characters; the csv module allows 131,072 by default, and a long-context prompt can have more."""


def read_csv(path: Path) -> pd.DataFrame:
    """All values as text, missing ones ""; the separator is the one that splits the header into most fields.

    Raises TargetError for a row that is longer or shorter than the header, pandas' EmptyDataError for an empty file,
    and ValueError or csv.Error for one that cannot be decoded or parsed.
    """
    separator = _separator(path)
    _check_fields(path, separator)
    return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False)


def _separator(path: Path) -> str:
    def header_fields(separator: str) -> int:
        _, header = next(_records(path, separator), (0, []))
        return len(header)

    return max(SEPARATORS, key=header_fields)


def _check_fields(path: Path, separator: str) -> None:
    expected = None
    for line, record in _records(path, separator):
        expected = expected or len(record)
        if len(record) != expected:
            raise TargetError(
                f"{path}, line {line}: expected {expected} field{'s' * (expected > 1)}, as in the header, but found "
                f"{len(record)}. {_advice(len(record) > expected, SEPARATORS[separator])}"
            )


def _advice(too_long: bool, separator: str) -> str:
    if too_long:
        return f'If a field contains a {separator}, quote the field: "…".'
    return f"Add the missing {separator}, or close a quoted field that was left open."


def _records(path: Path, separator: str) -> Iterator[tuple[int, list[str]]]:
    """(number of the line on which the record starts, its fields) of every record that is not a blank line."""
    csv.field_size_limit(LONGEST_FIELD)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=separator)
        start = 1
        for record in reader:
            if len(record) > 1 or "".join(record).strip():
                yield start, record
            start = reader.line_num + 1
