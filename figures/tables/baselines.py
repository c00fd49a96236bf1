"""The table of the probe and its competitors: other ways to choose a layer, baselines and controls.

In: scores in one metric per target and condition, with its chance. Out: a `Table`. Nothing is computed.
"""

import pandas as pd

from tacit.figures.drawing import rounding
from tacit.figures.tables.cells import FACTS, PLACE, SHARED, facts, limits, place
from tacit.figures.tables.table import Table
from tacit.names import BEST, NESTED

_KINDS = ["probe", "report", "baseline", "control"]


def baseline_table(scores: pd.DataFrame) -> Table:
    """The probe and its competitors: other ways to choose a layer, baselines and controls."""
    headline = (scores["kind"] == "probe") & ((scores["method"] == NESTED) | (scores["layer"] < 0) | _single(scores))
    best = (scores["kind"] == "report") & (scores["method"] == BEST)
    rows = scores[headline | best | scores["kind"].isin(["baseline", "control"])]
    rows = rows.sort_values(["target", "condition", "kind"], key=_in_order, kind="stable")
    metric = rows.groupby(["target", "condition"])["metric"].transform("first")
    places = _most_decimals(rows)
    cells = [
        [*place(row), row["kind"], *_named(row["method"], _in_block(row, places[_block(row)]), facts(row), own=own)]
        for own, (_, row) in zip(rows["metric"] != metric, rows.iterrows(), strict=True)
    ]
    heads = (*PLACE, "Kind", "Method", "Score", *FACTS)
    caption = "Probe, best report, baselines and controls, with 95 % intervals."
    return Table(
        "baselines", caption, heads, cells, rows, block=len(PLACE), facts=SHARED,
        note="The naive maximum is the best site and layer, chosen by the same scores: optimistic, not to be quoted.",
    )  # fmt: skip


def _single(scores: pd.DataFrame) -> pd.Series:
    """Probes with a single score, not one per layer."""
    layers = scores.groupby(["target", "condition", "kind", "method"])["layer"].transform("nunique")
    return layers <= 1


def _in_order(column: pd.Series) -> pd.Series:
    """Ranks to sort by: kinds in reading order, everything else in order of first appearance."""
    order = _KINDS if column.name == "kind" else list(dict.fromkeys(column))
    return column.map(order.index)


def _named(method: str, score: str, facts: list[str], *, own: bool) -> list[str]:
    """Method, score and facts; a method with its `own` metric has the facts in its name, and empty cells for them."""
    if not own:
        return [method, score, *facts]
    return [f"{method} ({facts[0]}, n = {facts[2]})", score, *[""] * len(facts)]


def _block(row: pd.Series) -> tuple[str, str, str]:
    return row["target"], row["condition"], row["metric"]


def _most_decimals(rows: pd.DataFrame) -> dict[tuple, int]:
    """The most decimals that an interval justifies among the rows of each target, condition and metric."""
    found: dict[tuple, int] = {}
    for _, row in rows.iterrows():
        found[_block(row)] = max(found.get(_block(row), 0), rounding.decimals(row["lower"], row["upper"]))
    return found


def _in_block(row: pd.Series, places: int) -> str:
    """A score with its interval; a score without one gets `places` decimals, so that it can be compared."""
    if rounding.is_number(row["lower"]) and rounding.is_number(row["upper"]):
        return rounding.with_interval(*limits(row))
    return rounding.number(row["value"], places)
