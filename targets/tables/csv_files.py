"""Read a CSV file, as programs and spreadsheets write it, and refuse it unless every row has the header's fields.

In: a file separated by commas, tabs or semicolons; a line `sep=;`, title lines above the header, and empty rows are
skipped. Out: a pandas frame of text. The fields are counted, because a row with one too many or too few would be read
with its values in the wrong columns.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import islice
from pathlib import Path

import pandas as pd

from tacit.errors import TargetError
from tacit.targets.tables.text_files import decoded

SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon"}
LONGEST_FIELD = 2**31 - 1
"""Characters; the csv module allows 131,072 by default, and a long-context prompt can have more."""
SEP_LINE = re.compile(r"\"?sep=(.)\"?\r?\n", re.IGNORECASE)
LEADING = {"question", "statement", "text", "problem", "question_stem", "original_question"}
"""Columns by one of which the header is recognised below title lines."""
MOST_TITLES = 10
LONGEST_START = 65_536
"""Bytes by which the separator of a file is told that cannot be decoded."""

Record = tuple[int, list[str]]
"""(number of the line on which a row starts, its fields)"""


def read_csv(path: Path) -> pd.DataFrame:
    """All values as text, missing ones ""; what was skipped is in `attrs["notes"]`.

    The separator is the one named in a line `sep=`, else the one that splits the header into most fields.

    Raises TargetError for an empty file, an encoding that cannot be told, and a row that is longer or shorter than the
    header; csv.Error for a file that cannot be parsed.
    """
    text = _decoded(path)
    named = SEP_LINE.match(text)
    separator = named.group(1) if named else _separator(text)
    records = list(_records(text[named.end() :] if named else text, separator, first_line=2 if named else 1))
    if not records:
        raise TargetError(f"{path} is empty. Give a table with a header and rows.")
    at = _header_at(records)
    notes = [f"{at} line{'s' * (at > 1)} above the header skipped"] if at else []
    header, rows = records[at][1], records[at + 1 :]
    _check_fields(path, header, rows, separator)
    blank = sum(not any(map(str.strip, fields)) for _, fields in rows)
    notes += [f"{blank} empty row{'s' * (blank > 1)} skipped"] if blank else []
    frame = _frame(path, header, [fields for _, fields in rows if any(map(str.strip, fields))])
    frame.attrs["notes"] = notes
    frame.attrs["read_as"] = f"separated by {SEPARATORS.get(separator, repr(separator))}s"
    return frame


def _decoded(path: Path) -> str:
    """The text; a file in another encoding is refused with its separator as well, as both may have to be converted."""
    try:
        return decoded(path)
    except TargetError as error:
        with path.open("rb") as file:  # read as Latin-1, in which any byte is a letter; the header is mostly ASCII
            start = file.read(LONGEST_START).decode("latin-1")
        named = SEP_LINE.match(start)
        separator = named.group(1) if named else _separator(start)
        raise TargetError(f"{error} (Its fields are separated by {SEPARATORS.get(separator, separator)}s.)") from error


def _separator(text: str) -> str:
    def fit(separator: str) -> tuple[bool, int]:
        records = list(islice(_records(text, separator), MOST_TITLES + 1))
        header = records[_header_at(records)][1] if records else []
        return bool(LEADING & _names(header)), len(header)

    return max(SEPARATORS, key=fit)


def _header_at(records: Sequence[Record]) -> int:
    """Position of the header: the first row, unless only lines with a single field are above one that is a header."""
    for at, (_, fields) in enumerate(records[: MOST_TITLES + 1]):
        if LEADING & _names(fields):
            return at
        if sum(bool(field.strip()) for field in fields) > 1:
            break
    return 0


def _names(fields: Sequence[str]) -> set[str]:
    return {field.strip().lower() for field in fields}


def _check_fields(path: Path, header: Sequence[str], rows: Sequence[Record], separator: str) -> None:
    expected = len(header)
    for line, fields in rows:
        if len(fields) != expected and any(map(str.strip, fields)):
            raise TargetError(
                f"{path}, line {line}: expected {expected} field{'s' * (expected > 1)}, as in the header, but found "
                f"{len(fields)}. {_advice(len(fields) > expected, SEPARATORS.get(separator, repr(separator)))}"
            )


def _advice(too_long: bool, separator: str) -> str:
    if too_long:
        return f'If a field contains a {separator}, quote the field: "…".'
    return f"Add the missing {separator}, or close a quoted field that was left open."


def _frame(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> pd.DataFrame:
    """The rows under their header, without columns that have neither a name nor a value."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    kept = [at for at, name in enumerate(header) if name.strip() or any(map(str.strip, columns[at]))]
    for at in kept:
        if not header[at].strip():
            raise TargetError(f"{path}: column {at + 1} has values but no name. Name it in the header, or remove it.")
    values = {position: list(columns[at]) for position, at in enumerate(kept)}
    return pd.DataFrame(values, dtype=str).set_axis([header[at] for at in kept], axis=1)


def _records(text: str, separator: str, first_line: int = 1) -> Iterator[Record]:
    """Every row that is not a blank line, with the number of the line on which it starts."""
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator)
    start = first_line
    for fields in reader:
        if len(fields) > 1 or "".join(fields).strip():
            yield start, fields
        start = reader.line_num + first_line
