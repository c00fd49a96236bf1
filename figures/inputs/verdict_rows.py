"""One flat row per verdict: the verdicts of a comparison as a table that has every column.

In: the dictionaries of `verdicts.json`. Out: a frame for the figure know-and-say, the tables and the summary. A number
that is missing or null becomes NaN, a missing text becomes "", and nested counts become columns of their own.
"""

import math
from collections.abc import Iterable, Mapping

import pandas as pd

from tacit.names import OUT_OF_RANGE

TEXTS = ("target", "condition", "verdict", "metric", "report_rung", "site", "level", "sentence", "probe_method")
NUMBERS = (
    "chance", "probe", "probe_lower", "probe_upper", "report", "report_lower", "report_upper",
    "gap", "gap_lower", "gap_upper", "tuned", "tuned_lower", "tuned_upper",
    "n", "n_groups", "layer", "control_accuracy",
)  # fmt: skip
COVERAGE = ("answered", "refused", "unreadable", OUT_OF_RANGE)
"""Shares (or numbers) of the outcomes; a verdict lists the last one only where it occurs."""
AGREEMENT = ("both", "probe_only", "report_only", "neither")


def _as_number(value: object) -> float:
    """`value` as a float, NaN where it is not one."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _as_text(value: object) -> str:
    """`value` as text; an unpaired surrogate, valid in JSON but not in a file, becomes a question mark."""
    return "" if value is None or value != value else str(value).encode("utf-8", "replace").decode("utf-8")


def _row(one: Mapping) -> dict:
    coverage, table = one.get("coverage") or {}, one.get("table") or {}
    coverage = {OUT_OF_RANGE: 0.0} | coverage if coverage else {}
    row = {name: _as_text(one.get(name)) for name in TEXTS}
    row |= {name: _as_number(one.get(name)) for name in NUMBERS}
    row |= {name: _as_number(coverage.get(name)) for name in COVERAGE}
    row |= {name: _as_number(table.get(name)) for name in AGREEMENT}
    row["reasons"] = "\n".join(_as_text(reason) for reason in one.get("reasons") or [])
    if "run" in one:
        row["run"] = _as_text(one["run"])
    return row


def verdict_rows(verdicts: Iterable[Mapping]) -> pd.DataFrame:
    """One row per verdict, in the order given; has all columns even when `verdicts` is empty."""
    columns = [*TEXTS, *NUMBERS, *COVERAGE, *AGREEMENT, "reasons"]
    rows = pd.DataFrame([_row(one) for one in verdicts])
    return rows if len(rows) else pd.DataFrame(columns=columns)


def with_n(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """`table` with a column `n`, if it lacks one: the verdicts' number of items of each target and condition."""
    if "n" in table:
        return table
    n = {(row["target"], row["condition"]): row["n"] for _, row in rows.iterrows()}
    places = zip(table["target"], table["condition"], strict=True)
    return table.assign(n=pd.Series([n.get(place, math.nan) for place in places], index=table.index, dtype=float))


def require(table: pd.DataFrame, columns: Iterable[str], *, what: str) -> None:
    """Raise an error that names the columns that `table` lacks."""
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise ValueError(
            f"{what}: the table has no column {', '.join(missing)}; expected {', '.join(columns)}; "
            f"it has {', '.join(map(str, table.columns)) or 'none'}."
        )
