"""Reads and checks a user's table.

In: a file (CSV, TSV, JSONL, JSON records or Parquet). Out: a pandas frame whose columns and values are all text ("" =
missing), column names in lower case. The targets interpret the columns; `table_checks.py` has the checks that they
share.
"""

import csv
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from tacit.errors import TargetError
from tacit.seeds import stream
from tacit.targets.base import short_hash
from tacit.targets.elicitations import parse
from tacit.targets.tables.cell_values import cell_text, first_not_text
from tacit.targets.tables.csv_files import read_csv
from tacit.targets.tables.hub import HUB, fetched
from tacit.targets.tables.parquet_files import read_parquet
from tacit.targets.tables.text_files import decoded

METADATA_COLUMNS = ("popularity", "answer_type")
"""Columns that baselines read as they are: what is known of an item beside its text."""
COMMON_COLUMNS = (
    "item_id", "group", "entity", "source", "object_prompt", "report_prompt", "label", *METADATA_COLUMNS,
)  # fmt: skip
REQUIRED = {
    "token_count": ("text",),
    "knowledge": ("question", "answer"),
    "behavior": ("question",),
    "truth": ("statement", "label"),
}
OPTIONAL = {
    "token_count": ("before", "after"),
    "knowledge": ("aliases",),
    "behavior": ("options", "property", "matching"),
    "truth": (),
}
for _sibling in ("char_count", "word_count", "coupled_count"):
    REQUIRED[_sibling], OPTIONAL[_sibling] = REQUIRED["token_count"], OPTIONAL["token_count"]
OFFERED = ("token_count", "knowledge", "behavior", "truth")
"""Targets that a table can be matched to when none is named."""
ALIAS_COLUMN = re.compile(r"(?:answers?[ _])?alias(?:es)?[ _]?\d*")
"""Columns of further accepted answers: `aliases`, `answer_aliases`, or one each in `alias_1`, `alias_2`…"""
TEXT_COLUMNS = {
    "question", "text", "before", "after", "statement", "problem", "item_id", "group", "entity", "source", "label",
    "property", "matching", *METADATA_COLUMNS,
}  # fmt: skip
"""Columns that hold one text; a list or an object in one of them is an error."""
REPORT_COLUMN = "report_prompt:"
"""Prefix of columns that hold the user's own wording of an elicitation."""


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a table as text, header in lower case, one row per record.

    Lists and objects (chats among them) become JSON, missing values "". A file at
    `hf://datasets/owner/name/file.parquet` is downloaded whole from the hub. `attrs` of the frame say what was skipped
    (`notes`), how many rows of a very large table were left unread (`unread`), and how a CSV was read (`read_as`).

    Raises TargetError for a file that is missing, of another kind, damaged or empty, for a list or an object where text
    is expected, and for a CSV file in which a row has more or fewer fields than the header.
    """
    if str(path).startswith(HUB):
        with TemporaryDirectory() as folder:
            return read_table(fetched(str(path), Path(folder)))
    path = Path(path)
    check_is_file(path)
    readers = {
        ".csv": read_csv,
        ".tsv": read_csv,
        ".jsonl": _read_jsonl,
        ".json": _read_json,
        ".parquet": read_parquet,
    }
    if path.suffix.lower() not in readers:
        raise TargetError(
            f"{path} is not a table this tool reads: expected {', '.join(readers)}, got {path.suffix or 'no ending'!r}."
        )
    try:
        frame = readers[path.suffix.lower()](path)
    except TargetError:
        raise
    except (ValueError, OSError, KeyError, csv.Error, RecursionError) as error:
        raise TargetError(
            f"{path} could not be read as {path.suffix[1:].upper()}: {_first_line(error)}. Repair the file."
        ) from error
    return _as_text(frame, path)


def check_is_file(path: Path) -> None:
    """Raise TargetError unless there is a file at `path`."""
    try:
        there, folder = path.is_file(), path.is_dir()
    except (OSError, ValueError) as error:
        raise TargetError(f"{str(path)[:60]}… is not a path that can be opened ({_first_line(error)}).") from error
    if folder:
        raise TargetError(f"{path} is a folder, expected a file. Give the table in it.")
    if not there:
        raise TargetError(f"there is no file {path}. Check the path given as DATA or --data.")


def targets_for(table: pd.DataFrame) -> tuple[str, ...]:
    """Names of the targets whose required columns `table` has, in the order of `NAMES`."""
    served = (name for name, columns in REQUIRED.items() if set(columns) <= set(table.columns))
    return tuple(name for name in served if name in OFFERED)


def ignored_columns(table: pd.DataFrame, target: str) -> tuple[str, ...]:
    """Columns of `table` that `target` does not use, in their order."""
    known = {*COMMON_COLUMNS, *REQUIRED[target], *OPTIONAL[target]}
    if target == "knowledge":
        known.update(alias_columns(table))
    return tuple(column for column in table.columns if column not in known and not column.startswith(REPORT_COLUMN))


def alias_columns(table: pd.DataFrame | pd.Series) -> tuple[str, ...]:
    """The columns that hold further accepted answers, in their order."""
    names = table.columns if isinstance(table, pd.DataFrame) else table.index
    return tuple(str(name) for name in names if ALIAS_COLUMN.fullmatch(str(name)))


def own_reports(row: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """(name of an elicitation, prompt) of every column `report_prompt:<name>` that is not empty, by name.

    Raises TargetError for a name that is not an elicitation.
    """
    own = [(column, text) for column, text in row.items() if str(column).startswith(REPORT_COLUMN) and text.strip()]
    return tuple(sorted((parse(column.removeprefix(REPORT_COLUMN)).name, text) for column, text in own))


def sample_rows(table: pd.DataFrame, n: int | None, seed: int) -> pd.DataFrame:
    """`n` rows without replacement, in the order of the table; all rows if `n` is None or not smaller than the table.

    Adds `item_id` if the table has none: a hash of the row's content, with -2, -3… for exact repetitions of a row. Ids
    are assigned before sampling, so that a row has the same id in every sample.
    """
    return draw_rows(table.assign(item_id=_ids(table)).reset_index(drop=True), n, seed)


def draw_rows(table: pd.DataFrame, n: int | None, seed: int) -> pd.DataFrame:
    """`sample_rows` of a table whose rows have their ids."""
    if n is None or n >= len(table):
        return table
    rows = stream(seed, "table rows").choice(len(table), size=n, replace=False)
    return table.iloc[np.sort(rows)].reset_index(drop=True)


def cells(row: pd.Series) -> dict[str, str]:
    """The columns that every target reads in the same way: group, entity and source, "" if missing; popularity and
    answer_type where they are given."""
    text = {name: str(row.get(name, "")).strip() for name in ("group", "entity", "source", *METADATA_COLUMNS)}
    return {name: value for name, value in text.items() if value or name not in METADATA_COLUMNS}


def _read_jsonl(path: Path) -> pd.DataFrame:
    records = []
    for number, line in enumerate(decoded(path).split("\n"), 1):
        if line.strip():
            records.append(_record(path, f"line {number}", line))
    return pd.DataFrame(records)


def _record(path: Path, where: str, line: str) -> dict:
    """One JSON object, or a `TargetError` that names the line."""
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise TargetError(
            f"{path}, {where} is not JSON ({error.msg}). Expected one object per line; correct the line."
        ) from error
    if not isinstance(record, dict):
        raise TargetError(
            f"{path}, {where} holds a {type(record).__name__}, expected an object with named fields. Correct the line."
        )
    return record


def _read_json(path: Path) -> pd.DataFrame:
    """A list of objects; also one object in which exactly one field is such a list."""
    content = json.loads(decoded(path))
    if isinstance(content, dict):
        lists = [value for value in content.values() if _is_records(value)]
        content = lists[0] if len(lists) == 1 else content
    if content != [] and not _is_records(content):
        raise TargetError(
            f"{path} is not a list of records: expected [{{…}}, {{…}}]. Convert it to that form, or to JSONL."
        )
    return pd.DataFrame(content)


def _is_records(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(record, dict) for record in value)


def _as_text(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Every value as text and every column name in lower case; an empty table or a repeated column is an error."""
    if not len(frame):
        raise TargetError(f"{path} is empty: it has no row. Add rows, or choose another file.")
    names = [str(column).strip().lower() for column in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise TargetError(
            f"{path} has the column {listed(twice)} more than once (capitals do not count). Rename one of them."
        )
    raw = frame.astype(object).set_axis(names, axis=1).reset_index(drop=True)
    for column in sorted(TEXT_COLUMNS & set(names)):
        if found := first_not_text(raw[column]):
            raise TargetError(
                f"{path}: column {column!r} holds {found[1]} in row {found[0] + 1}, expected text. Put its text into a "
                "column of its own, or rename the column if it is not meant to be read."
            )
    text = raw.map(cell_text)
    text.attrs = dict(frame.attrs)
    return text


def _ids(table: pd.DataFrame) -> list[str]:
    """The given ids, or hashes of the rows' content that do not depend on the order of the columns."""
    given = table["item_id"].str.strip() if "item_id" in table else pd.Series([""] * len(table))
    columns = sorted(column for column in table.columns if column != "item_id")
    rows = zip(*(table[column].tolist() for column in columns), strict=True)  # itertuples is slow on Arrow's strings
    seen: dict[str, int] = {}
    ids = []
    for own, row in zip(given.tolist(), rows, strict=True):
        name = own or short_hash(*columns, *row)
        seen[name] = seen.get(name, 0) + 1
        ids.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return ids


def listed(names: Iterable[str]) -> str:
    """The names in quotes, with commas."""
    return ", ".join(repr(str(name)) for name in names)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
