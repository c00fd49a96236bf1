"""Where a target's items come from: the built-in generator, or the user's table.

In: what was given as DATA and TARGETS. Out: the targets to run, the table of each, and the items.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from tacit.errors import TargetError
from tacit.targets.base import CountTokens, Item
from tacit.targets.behavior.properties import BUILT, NAMED, find, is_property, meant
from tacit.targets.behavior.target import Behavior
from tacit.targets.custom import OwnTarget
from tacit.targets.registry import NAMES, SIBLINGS, get_target
from tacit.targets.tables.published import READ, as_table
from tacit.targets.tables.python_files import is_file
from tacit.targets.tables.user_tables import (
    COMMON_COLUMNS,
    OFFERED,
    OPTIONAL,
    REQUIRED,
    ignored_columns,
    read_table,
    targets_for,
)

ENDINGS = (".csv", ".tsv", ".jsonl", ".json", ".parquet")
CONDITIONS = "conditions.json"


@dataclass(frozen=True)
class Sources:
    """What DATA and TARGETS come to."""

    targets: tuple[str, ...]
    """The targets to run, in the order of NAMES, the user's own last."""
    paths: dict[str, str] = field(default_factory=dict)
    """Target -> table; a target without one uses its built-in items."""
    conditions: dict[str, str] = field(default_factory=dict)
    """Named system prompts that came with a folder of tables (`conditions.json`); empty without."""


def resolve_data(data: Sequence[str], wanted: Sequence[str] | None) -> Sources:
    """Match tables to targets.

    Each entry of `data` is `target=path`, `behavior=property` (built-in items that show it), a table, a folder of
    `<target>.csv` (or .tsv, .jsonl, .json, .parquet), or a Python file that defines a target of the user's, which may
    also stand among the wanted ones. A bare table serves the wanted targets whose columns it has; nothing wanted, the
    one that it fits best.

    Raises TargetError for unknown targets, tables that fit none of the wanted targets, and folders without tables.
    """
    paths: dict[str, str] = {_own_name(path): path for path in (*(wanted or ()), *data) if is_file(path)}
    own, data = tuple(paths), [entry for entry in data if not is_file(entry)]
    wanted = tuple(name for name in wanted if not is_file(name)) if wanted else None
    _check_names([name for name in wanted or () if name not in own])
    conditions: dict[str, str] = {}
    for entry in data:
        name, _, path = entry.partition("=")
        if name in (*NAMES, *SIBLINGS) and path:
            paths[name] = path
        elif Path(entry).is_dir():
            paths |= _in_folder(Path(entry), wanted)
            conditions |= _conditions(Path(entry))
        else:
            paths |= {name: entry for name in _served_by(entry, wanted)}
    targets = (*(wanted or (tuple(paths) if paths else NAMES)), *own)
    unused = [name for name in paths if name not in targets]
    if unused:
        raise TargetError(f"a table was given for {', '.join(unused)}, which is not in TARGETS={','.join(targets)}.")
    return Sources((*(name for name in (*NAMES, *SIBLINGS) if name in targets), *own), paths, conditions)


def load_items(
    name: str, path: str | None, *, n: int, seed: int, count_tokens: CountTokens
) -> tuple[list[Item], tuple[str, ...]]:
    """The items of a target, and the columns of its table that nothing reads.

    Raises TargetError for whatever is wrong with the table.
    """
    if path is None:
        return get_target(name).items(n, seed, count_tokens=count_tokens), ()
    if name == "behavior" and is_property(path):
        return Behavior(find(path).name).items(n, seed), ()
    if is_file(path):
        return OwnTarget(path).items(n, seed), ()
    if name == "behavior":
        _check_property(path)
    table = read_table(path)
    items = get_target(name).from_table(table, n=n, seed=seed, count_tokens=count_tokens)
    return items, tuple(
        column for column in ignored_columns(table, name) if not (name == "behavior" and column in READ)
    )


def _check_property(given: str) -> None:
    """Raise for what is neither a table nor the name of a property, such as a misspelt one."""
    if Path(given).exists() or Path(given).suffix or "/" in given:
        return
    near = meant(given)
    asked = (
        f"did you mean behavior={near}?"
        if near
        else f"properties are {', '.join([*NAMED, *(f'{b}:…' for b in BUILT)])}."
    )
    raise TargetError(f"behavior: {given!r} is neither a property nor a file; {asked}")


def row_account(path: str, items: Sequence[Item]) -> dict[str, int]:
    """What became of the rows of a table, reason -> number of rows: every row is in one of them.

    Items whose reply shows no label leave later, and are counted there (`probes.json`, `dropped`).
    """
    rows = len(read_table(path))
    return {"used": len(items), "not drawn, since N is smaller than the table": rows - len(items)}


def _own_name(path: str) -> str:
    """The name of the target in a Python file: the file's, which must be free and fit for folders and tables."""
    name = Path(path).stem
    if name in (*NAMES, *SIBLINGS) or not re.fullmatch(r"[A-Za-z][\w-]*", name):
        raise TargetError(f"{path}: a target cannot be called {name!r}. Give the file another name.")
    return name


def _check_names(wanted: Sequence[str]) -> None:
    unknown = [name for name in wanted if name not in (*NAMES, *SIBLINGS)]
    if unknown:
        raise TargetError(f"no target is called {unknown[0]!r}. Choose from TARGETS={','.join((*NAMES, *SIBLINGS))}.")


def _in_folder(folder: Path, wanted: Sequence[str] | None) -> dict[str, str]:
    names = wanted or NAMES
    found = {name: str(path) for name in names for ending in ENDINGS if (path := folder / f"{name}{ending}").is_file()}
    if not found:
        expected = ", ".join(f"{name}.csv" for name in wanted or NAMES)
        raise TargetError(f"{folder} holds no table of a target. Expected one or more of {expected}.")
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


def _served_by(path: str, wanted: Sequence[str] | None) -> tuple[str, ...]:
    table = read_table(path)
    table = as_table(table)
    served = targets_for(table)
    if wanted is None:
        # A question with its answer is a knowledge table, although a behaviour needs no more than the question.
        acts = set(OPTIONAL["behavior"]) & set(table.columns)
        served = tuple(name for name in served if name != "behavior" or acts or len(served) == 1)
    else:
        served = tuple(name for name in served if name in wanted)
    if wanted is None:
        _check_spelling(path, table, served)
    if not served:
        needs = "; ".join(f"{name}: {', '.join(REQUIRED[name])}" for name in wanted or NAMES)
        raise TargetError(
            f"{path} has the columns {', '.join(table.columns)}, but these are needed: {needs}. Rename columns to fit."
        )
    return served


def _check_spelling(path: str, table: pd.DataFrame, served: Sequence[str]) -> None:
    """Raise for a column that is all but one that could be read: with `anwser`, a table is of another target."""
    known = {*COMMON_COLUMNS, *(column for name in OFFERED for column in (*REQUIRED[name], *OPTIONAL[name]))}
    for column in sorted(set.intersection(*(set(ignored_columns(table, name)) for name in served or OFFERED)) - READ):
        if meant := get_close_matches(column, sorted(known - set(table.columns)), n=1, cutoff=0.82):
            raise TargetError(
                f"{path} has a column {column!r}, which nothing reads; did you mean {meant[0]!r}? Rename it, or say "
                f"what the table is for: --data {(served or OFFERED)[0]}={path}."
            )
