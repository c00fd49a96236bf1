"""Where a target's items come from: the built-in generator, or the user's table.

In: DATA and TARGETS as given on the command line. Out: the targets to run, the table of each, and the items.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

import pandas as pd

from tacit.errors import TargetError
from tacit.names import BEHAVIOR, base_target
from tacit.targets.base import CountTokens, Item
from tacit.targets.behavior.properties import find, is_property
from tacit.targets.behavior.properties_asked import check_property, file_and_property, rows_for, targets_of
from tacit.targets.behavior.published_rows import usable_rows
from tacit.targets.behavior.target import Behavior
from tacit.targets.custom import OwnTarget
from tacit.targets.layouts.recognised import for_target, has_layout, read_columns
from tacit.targets.registry import ALL_NAMES, NAMES, get_target
from tacit.targets.tables.hub import HUB
from tacit.targets.tables.passages import passage_columns
from tacit.targets.tables.python_files import is_file
from tacit.targets.tables.user_tables import (
    COMMON_COLUMNS,
    OFFERED,
    OPTIONAL,
    REQUIRED,
    check_is_file,
    ignored_columns,
    read_table,
    targets_for,
)

ENDINGS = (".csv", ".tsv", ".jsonl", ".json", ".parquet")
CONDITIONS = "conditions.json"
ANSWERS = re.compile(r"answer|correct|gold|target|solution|truth|reference")
"""Names of columns that seem to hold answers."""


@dataclass(frozen=True)
class Sources:
    """The targets of a run and where their items come from."""

    targets: tuple[str, ...]
    """The targets to run, in the order of ALL_NAMES, user-defined ones last; several properties of `behavior` are
    several targets, such as `behavior-first_word`."""
    paths: dict[str, str] = field(default_factory=dict)
    """Target -> table; a target without one uses its built-in items."""
    conditions: dict[str, str] = field(default_factory=dict)
    """Name -> system prompt, from `conditions.json` in a folder of tables; empty without that file."""


def resolve_data(data: Sequence[str], wanted: Sequence[str] | None) -> Sources:
    """Match tables to targets.

    data: each entry is `target=path`, `behavior=property` (built-in items that show it), a table, a table with some of
    its properties (`rows.jsonl:first_word,length`, `rows.jsonl:all`), a folder of
    `<target>.csv` (or .tsv, .jsonl, .json, .parquet), or a Python file that defines a target. A table without a target
    goes to every wanted target whose columns it has or, if no target is wanted, to the one that it fits best.
    wanted: names of targets, and Python files that define one; None for all targets that `data` has tables for, or the
    default targets if it has none.

    Raises TargetError for unknown targets, tables that fit none of the wanted targets, and folders without tables.
    """
    defined = {_name_from_file(path): path for path in (*(wanted or ()), *data) if is_file(path)}
    named = tuple(name for name in wanted if not is_file(name)) if wanted else None
    _check_names([name for name in named or () if name not in defined])
    tables, conditions = _match_entries([entry for entry in data if not is_file(entry)], named)
    paths = defined | tables
    chosen = (*(named or tuple(paths) or NAMES), *defined)
    _check_all_used(paths, chosen)
    return Sources((*_in_order(chosen, tables), *defined), paths, conditions)


def _in_order(chosen: Sequence[str], tables: Mapping[str, str]) -> Iterator[str]:
    """The chosen targets in the order of ALL_NAMES; for `behavior` those that its tables make of it."""
    made = [name for name in tables if base_target(name) == BEHAVIOR]
    for name in ALL_NAMES:
        if name == BEHAVIOR:
            yield from made or [each for each in chosen if base_target(each) == BEHAVIOR]
        elif name in chosen:
            yield name


def _match_entries(entries: Sequence[str], named: Sequence[str] | None) -> tuple[dict[str, str], dict[str, str]]:
    """Target -> table, and the system prompts that come with folders, over all entries; a later entry wins."""
    tables: dict[str, str] = {}
    conditions: dict[str, str] = {}
    behavior: list[str] = []
    for entry in entries:
        name, _, path = entry.partition("=")
        if name in ALL_NAMES and path:
            found = {name: path}
        elif _is_folder(entry):
            found = _in_folder(Path(entry), named)
            conditions |= _conditions(Path(entry))
        elif file_and_property(entry)[1]:
            found = {BEHAVIOR: entry}
        else:
            found = dict.fromkeys(_targets_of_table(entry, named), entry)
        behavior += [found.pop(BEHAVIOR)] if BEHAVIOR in found else []
        tables |= found
    return tables | (targets_of(behavior, _read_once) if behavior else {}), conditions


def _is_folder(entry: str) -> bool:
    try:
        return Path(entry).is_dir()
    except (OSError, ValueError):  # a name that is too long for the file system; said when it is read
        return False


def load_items(
    name: str, path: str | None, *, n: int, seed: int, count_tokens: CountTokens
) -> tuple[list[Item], tuple[str, ...]]:
    """The items of a target, and the columns of its table that are ignored.

    path: a table, a Python file, or for `behavior` the name of a property; None for the built-in items.
    Raises TargetError for a table that is missing, damaged or does not fit the target.
    """
    base = base_target(name)
    if path is None:
        if base != name:
            raise TargetError(f"{name} needs its table: --data behavior=TABLE:PROPERTY,…")
        return get_target(name).items(n, seed, count_tokens=count_tokens), ()
    if base == BEHAVIOR and is_property(path):
        return Behavior(find(path).name).items(n, seed), ()
    if is_file(path):
        return OwnTarget(path).items(n, seed), ()
    if base == BEHAVIOR:
        check_property(path)
    table = _read_once(path)
    try:
        items = get_target(name).from_table(table, n=n, seed=seed, count_tokens=count_tokens)
    except TargetError as error:
        raise TargetError(str(error) if path in str(error) else f"{path}: {error}") from error
    read = {*read_columns(table, base), *passage_columns(table, base)}
    return items, tuple(column for column in ignored_columns(table, base) if column not in read)


def row_account(path: str, items: Sequence[Item], name: str = "", *, too_long: int = 0) -> dict[str, int]:
    """How the rows of a table were used: category -> number of rows; together they are the whole table.

    name: the target, by whose layout rows may have been left out. too_long: rows that do not fit the model's context.
    Items whose reply yields no label are dropped later, and counted as `dropped` in `probes.json`.
    """
    table = _read_once(path)
    left_out = _prepared(table, name).attrs.get("left_out", {}) if name else {}
    account = {"used": len(items)} | {f"left out: {reason}": n for reason, n in left_out.items()}
    if too_long:
        account["left out: longer than the model's context"] = too_long
    rest = len(table) - sum(account.values())
    account["not drawn, since N is smaller than the table"] = rest
    if unread := table.attrs.get("unread", 0):
        account[f"not read, since the table has more than {len(table):,}"] = unread
    return account


def columns_shown(path: str, name: str) -> tuple[str, ...]:
    """The columns of a table whose texts are shown above the question."""
    return passage_columns(_read_once(path), base_target(name))


def table_notes(path: str, name: str) -> tuple[str, ...]:
    """What was skipped in the file, and the published layout in which it was read."""
    table = _read_once(path)
    layout = _prepared(table, name).attrs.get("layout")
    return (*table.attrs.get("notes", ()), *([f"read in the layout of {layout}"] if layout else []))


def _prepared(table: pd.DataFrame, name: str) -> pd.DataFrame:
    return usable_rows(table) if base_target(name) == BEHAVIOR else for_target(table, name)


def _name_from_file(path: str) -> str:
    """The name of the target that a Python file defines: that of the file, unless it is taken or no folder name."""
    name = Path(path).stem
    if base_target(name) in ALL_NAMES or not re.fullmatch(r"[A-Za-z][\w-]{0,60}", name):
        raise TargetError(f"{path}: a target cannot be called {name!r}. Rename the file.")
    return name


def _check_names(names: Sequence[str]) -> None:
    unknown = [name for name in names if base_target(name) not in ALL_NAMES]
    if unknown:
        raise TargetError(f"no target is called {unknown[0]!r}. Choose from TARGETS={','.join(ALL_NAMES)}.")


def _check_all_used(paths: Mapping[str, str], chosen: Sequence[str]) -> None:
    unused = [name for name in paths if not {name, base_target(name)} & set(chosen)]
    if unused:
        raise TargetError(f"a table was given for {', '.join(unused)}, which is not in TARGETS={','.join(chosen)}.")


def _read_once(path: str) -> pd.DataFrame:
    """The table at `path`, read or downloaded again only if the file has changed; not to be modified."""
    address, _ = file_and_property(path)
    file, version = Path(address), ()
    if not address.startswith(HUB):
        check_is_file(file)
        status = file.stat()
        version = (str(file.resolve()), status.st_mtime_ns, status.st_size)
    return _read_version(path, version)


@lru_cache(maxsize=8)
def _read_version(path: str, version: tuple) -> pd.DataFrame:
    file, name = file_and_property(path)
    return rows_for(read_table(file), name, file)


def _in_folder(folder: Path, wanted: Sequence[str] | None) -> dict[str, str]:
    names = wanted or NAMES
    found = {name: str(path) for name in names for ending in ENDINGS if (path := folder / f"{name}{ending}").is_file()}
    if not found:
        expected = ", ".join(f"{name}.csv" for name in wanted or NAMES)
        raise TargetError(f"{folder} contains no table for a target. Expected one or more of {expected}.")
    return found


def _conditions(folder: Path) -> dict[str, str]:
    path = folder / CONDITIONS
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise TargetError(f"{path} is not JSON ({error}).") from error
    if not isinstance(content, Mapping) or not all(isinstance(text, str) for text in content.values()):
        raise TargetError(f'{path}: expected {{"name": "system prompt", …}}, got {str(content)[:60]}.')
    return dict(content)


def _targets_of_table(path: str, named: Sequence[str] | None) -> tuple[str, ...]:
    """The named targets whose columns a table has; if none are named (None), those that it fits best."""
    table = _read_once(path)
    possible = tuple(name for name in OFFERED if has_layout(table, name) or name in targets_for(table))
    if named is None:
        served = tuple(name for name in possible if has_layout(table, name)) or _best_fit(table)
        _check_spelling(path, table, served)
        _check_answers(path, table, served)
    else:
        served = tuple(name for name in possible if name in named)
    if not served:
        needs = "; ".join(f"{name}: {', '.join(REQUIRED[name])}" for name in named or OFFERED)
        read_as = f" The file was read as {table.attrs['read_as']}." if "read_as" in table.attrs else ""
        shown = ", ".join(column[:40] for column in table.columns[:20])
        raise TargetError(
            f"{path} has the columns {shown}, but these are needed: {needs}. Rename columns to fit.{read_as}"
        )
    return served


def _best_fit(table: pd.DataFrame) -> tuple[str, ...]:
    """The target whose required columns fit best: a table with questions and answers is for `knowledge`, although
    `behavior` needs only the questions."""
    served = targets_for(table)
    shows_behavior = bool(set(OPTIONAL["behavior"]) & set(table.columns)) or len(served) == 1
    return tuple(name for name in served if name != "behavior" or shows_behavior)


def _check_answers(path: str, table: pd.DataFrame, served: Sequence[str]) -> None:
    """Raise TargetError for questions whose answers are in a column of another name: without them the table would be
    read as questions for `behavior`."""
    if served != ("behavior",) or has_layout(table, "behavior") or {"property", "matching"} & set(table.columns):
        return
    labelled = ["label"] if "label" in table and "options" not in table else []
    if given := [*(column for column in ignored_columns(table, "behavior") if ANSWERS.search(column)), *labelled]:
        raise TargetError(
            f"{path} has questions and a column {given[0]!r}, but no column 'answer'. If it holds the answers, rename"
            f" it to 'answer'; to ask how the model behaves, name the target: --data behavior={path}."
        )


def _check_spelling(path: str, table: pd.DataFrame, served: Sequence[str]) -> None:
    """Raise TargetError for a column whose name is almost that of a known one: with `anwser`, for example, a table
    would be matched to the wrong target."""
    if any(has_layout(table, name) for name in served):
        return
    known = {*COMMON_COLUMNS, *(column for name in OFFERED for column in (*REQUIRED[name], *OPTIONAL[name]))}
    for column in sorted(set.intersection(*(set(ignored_columns(table, name)) for name in served or OFFERED))):
        if meant := get_close_matches(column, sorted(known - set(table.columns)), n=1, cutoff=0.82):
            raise TargetError(
                f"{path} has a column {column!r}, which is not known; did you mean {meant[0]!r}? Rename it, or name "
                f"the table's target: --data {(served or OFFERED)[0]}={path}."
            )
