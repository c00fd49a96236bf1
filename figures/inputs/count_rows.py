"""The items of a count target, one row per item and series: the true count, and the probe's or the report's count.

In: items and scores of a run. Out: the table that `counts` draws. Shares of exact answers are copied from `scores`
(rows whose metric is `exact` or `within_1`), so that figure and tables agree.
"""

import math

import pandas as pd

from tacit.figures.inputs.layer_rows import clean_scores
from tacit.figures.inputs.verdict_rows import require
from tacit.names import BEST, NESTED

COLUMNS = ("target", "condition", "series", "item_id", "label", "predicted", "outcome", "exact", "within_1")
ITEM_COLUMNS = ("item_id", "target", "condition", "label", "probe", "report", "outcome")
_SHARES = ("exact", "within_1")
_SAID = ("said", BEST)


def count_targets(scores: pd.DataFrame, items: pd.DataFrame) -> list[str]:
    """The targets whose scores are measured in a count's metric and whose labels are numbers."""
    require(items, ITEM_COLUMNS, what="items")
    scored = clean_scores(scores)
    names = []
    for target in dict.fromkeys(scored["target"]):
        metrics = scored.loc[scored["target"] == target, "metric"]
        labels = pd.to_numeric(items.loc[items["target"] == target, "label"], errors="coerce")
        if (metrics == "skill").any() and labels.notna().any():
            names.append(target)
    return names


def count_rows(scores: pd.DataFrame, items: pd.DataFrame, *, target: str) -> pd.DataFrame:
    """Probe and report of each item of one target, condition after condition in the order of `items`."""
    require(items, ITEM_COLUMNS, what="items")
    scored = clean_scores(scores)
    parts = []
    for condition, part in items[items["target"] == target].groupby("condition", sort=False):
        mine = scored[(scored["target"] == target) & (scored["condition"] == condition)]
        for series in ("probe", "report"):
            parts.append(_one_series(part, series, mine))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))


def _one_series(part: pd.DataFrame, series: str, scored: pd.DataFrame) -> pd.DataFrame:
    table = part[["target", "condition", "item_id", "outcome"]].copy()
    table["series"] = series
    table["label"] = pd.to_numeric(part["label"], errors="coerce").astype(float)
    table["predicted"] = pd.to_numeric(part[series], errors="coerce").astype(float)
    for name in _SHARES:
        table[name] = _share(scored, series, name)
    return table[list(COLUMNS)]


def _share(scored: pd.DataFrame, series: str, name: str) -> float:
    """The share in `scores`, for the nested probe and for the raw report; NaN if it is missing."""
    rows = scored[(scored["kind"] == series) & (scored["metric"] == name)]
    for method in (NESTED,) if series == "probe" else _SAID:
        found = rows.loc[rows["method"] == method, "value"]
        if len(found):
            return float(found.iloc[0])
    return math.nan
