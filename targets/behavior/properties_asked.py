"""Which properties of a behaviour table are asked: `rows.jsonl:first_word`, `rows.jsonl:first_word,length`, `…:all`.

In: what DATA gives for `behavior`. Out: a target for each property, with the path of its rows; and these rows. Several
properties are several targets, `behavior-first_word` and so on, because each has its own truth and its own verdict.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pandas as pd

from tacit.errors import TargetError
from tacit.names import BEHAVIOR
from tacit.targets.base import short_hash
from tacit.targets.behavior.properties import LISTED, find, is_property, meant
from tacit.targets.tables.published import RENAMED

SELECTED = re.compile(r"(.+\.(?:csv|tsv|jsonl|json|parquet)):([^/\\]+)", re.IGNORECASE)
COLUMNS = ("behavioral_property", "property")
ALL = "all"
"""In place of a property: every known one that the table asks for."""

Asked = tuple[str, str]
"""(a path as `load_items` takes it, the property that it asks for, "" if it is not known yet)"""


def file_and_property(path: str) -> tuple[str, str]:
    """The file and the property of a path; "" if it names none.

    >>> file_and_property("rows.jsonl:first_word"), file_and_property("hf://datasets/a/b/rows.parquet")
    (('rows.jsonl', 'first_word'), ('hf://datasets/a/b/rows.parquet', ''))
    """
    found = SELECTED.fullmatch(path)
    return (found.group(1), found.group(2)) if found else (path, "")


def targets_of(entries: Sequence[str], read: Callable[[str], pd.DataFrame]) -> dict[str, str]:
    """Target -> path of its rows, of what is given for `behavior`, in this order.

    A single property is the target `behavior`. Where a table names no property, a later entry replaces it. read: reads
    the table at a path. Raises TargetError for an unknown property, and for two tables with the same one.
    """
    if len(entries) == 1 and "," not in entries[0] and file_and_property(entries[0])[1] != ALL:
        return {BEHAVIOR: entries[0]}
    asked = [pair for entry in entries for pair in _asked(entry, read)]
    unnamed = max((place for place, (_, name) in enumerate(asked) if not name), default=-1)
    asked = asked[-1:] if unnamed == len(asked) - 1 else list(dict.fromkeys(asked[unnamed + 1 :]))
    if len(asked) < 2:
        return {BEHAVIOR: asked[0][0]}
    found: dict[str, str] = {}
    for path, name in asked:
        if other := found.get(target := f"{BEHAVIOR}-{_as_name(name)}"):
            raise TargetError(
                f"the property {name} is asked in two tables, {other} and {path}. Put their rows into one table."
            )
        found[target] = path
    return found


def rows_for(table: pd.DataFrame, name: str, path: str) -> pd.DataFrame:
    """The rows that ask for a property; all rows if `name` is "", or if the table leaves the property open.

    Raises TargetError for a property that no row asks for or, in a table without properties, one that is not known.
    """
    if not name:
        return table
    if (column := _column(table)) is None:
        if not _is_known(name):
            raise TargetError(f"{path}: there is no property {name!r}; properties are {LISTED}.")
        return _with_attrs(table.assign(property=_registered(name)), table)
    asked = table[column].str.strip()
    own = (asked == name) | (asked.map(_registered) == name)
    if not own.any():
        had = ", ".join(f"{each} ({n} rows)" for each, n in asked.value_counts().items())
        raise TargetError(f"{path}: no row has the property {name!r}; the table has {had}. Choose one of these.")
    rows = table[own].reset_index(drop=True)
    others = len(table) - len(rows)
    return _with_attrs(rows, table, *([f"{others} rows for other properties skipped"] if others else []))


def longest_reply(path: str, paths: Iterable[str]) -> int:
    """Tokens of the longest reply that the properties at `paths` need, of those that may share their prompts with
    `path`: all in tables, or those that are shown by built-in prompts of the same kind. The model acts once for them.
    """
    act, _ = _act_and_property(path)
    return max(find(name).reply_tokens for other, name in map(_act_and_property, paths) if other == act)


def check_property(given: str) -> None:
    """Raise TargetError for a name that is neither a property nor a path, such as a misspelt property."""
    if is_property(given) or _may_be_file(given):
        return
    near = meant(given)
    asked = f"did you mean behavior={near}?" if near else f"properties are {LISTED}."
    raise TargetError(f"behavior: {given!r} is neither a property nor a file; {asked}")


def _asked(entry: str, read: Callable[[str], pd.DataFrame]) -> list[Asked]:
    """What one entry asks for: properties of built-in items, or of a table."""
    if is_property(entry.partition(",")[0]) or not _may_be_file(entry):
        names = _split(entry, is_property)
        for name in names:
            check_property(name)
        return [(name, name) for name in names]
    file, names = file_and_property(entry)
    table = read(file)
    column = _column(table)
    had = list(dict.fromkeys(table[column].str.strip())) if column else []
    if not names:
        return [(f"{file}:{had[0]}", had[0])] if len(had) == 1 else [(entry, "")]
    every = [each for each in had if _is_known(each)]
    known = {*had, *map(_registered, had)}.__contains__ if column else _is_known
    found = every if names == ALL else _split(names, known)
    for name in found or [names]:
        rows_for(table, name, file)  # raises for a property that the table does not have
    return [(f"{file}:{name}", name) for name in found]


def _act_and_property(path: str) -> tuple[str, str]:
    """The kind of built-in prompts, "" for those of a table; and the property in the registry's words."""
    if is_property(path):
        return find(path).act, path
    return "", _registered(file_and_property(path)[1])


def _registered(name: str) -> str:
    """The name in the registry of a property that a publication names."""
    return RENAMED.get(name, name)


def _is_known(name: str) -> bool:
    return is_property(_registered(name))


def _may_be_file(given: str) -> bool:
    return bool(Path(given).suffix or "/" in given or Path(given[:200]).exists())


def _split(names: str, known: Callable[[str], bool]) -> list[str]:
    """The properties in a list separated by commas, some of which have commas themselves.

    >>> _split("among:a,c,first_word", is_property)
    ['among:a,c', 'first_word']
    """
    found: list[str] = []
    for part in (each.strip() for each in names.split(",")):
        whole = f"{found[-1]},{part}" if found and ":" in found[-1] else ""
        if whole and known(whole) and not known(part) and not meant(part):
            found[-1] = whole
        else:
            found.append(part)
    return found


def _column(table: pd.DataFrame) -> str | None:
    return next((each for each in COLUMNS if each in table), None)


def _with_attrs(rows: pd.DataFrame, table: pd.DataFrame, *notes: str) -> pd.DataFrame:
    rows.attrs = dict(table.attrs) | {"notes": [*table.attrs.get("notes", ()), *notes]}
    return rows


def _as_name(name: str) -> str:
    """A property as part of a target's name, which becomes the name of folders."""
    plain = re.sub(r"\W+", "-", name).strip("-")[:40]
    return plain if re.fullmatch(r"[\w:,]{1,40}", name) else f"{plain}-{short_hash(name)[:6]}"
