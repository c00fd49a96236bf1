"""Errors of probe and report by the size of the true count.

In: rows of `error_rows` (`draw` takes one target and condition, `page` any number). Out: axes, or a figure: median and
interquartile range of the absolute error, in bins of the true count with equal numbers of items. They describe the
run's own items, without a claim about others.
"""

from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from tacit.figures.drawing import margin_labels, panels, rounding, style
from tacit.figures.inputs.verdict_rows import require

COLUMNS = (
    "target",
    "condition",
    "series",
    "from",
    "to",
    "middle",
    "median",
    "quarter",
    "three_quarters",
    "n",
    "missing",
)
FRAME = panels.Frame(width=2.1, height=1.5, left=0.5, right=0.7, top=0.54)
_BINS = 6
_INKS = {"probe": style.KNOW, "report": style.SAY}
_NAMES = {"probe": "know", "report": "say"}


def error_rows(counts: pd.DataFrame) -> pd.DataFrame:
    """The rows of `count_rows` in bins with equal numbers of items, and the quartiles of the absolute error."""
    rows = []
    for (target, condition), part in counts.groupby(["target", "condition"], sort=False):
        edges = np.unique(np.quantile(part["label"].dropna(), np.linspace(0, 1, _BINS + 1))) if len(part) else []
        for series, one in part.groupby("series", sort=False):
            same = {"target": target, "condition": condition, "series": series}
            rows += [same | row for row in _bins(one, edges)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _bins(one: pd.DataFrame, edges) -> list[dict]:
    rows, last = [], len(edges) - 2
    for i, (low, high) in enumerate(pairwise(edges)):
        inside = one[(one["label"] >= low) & ((one["label"] < high) | ((i == last) & (one["label"] <= high)))]
        error = (inside["predicted"] - inside["label"]).abs()
        known = error[np.isfinite(error)]
        quartiles = np.quantile(known, [0.25, 0.5, 0.75]) if len(known) else [np.nan] * 3
        sizes = {"from": low, "to": high, "middle": inside["label"].mean(), "n": len(known)}
        found = dict(zip(("quarter", "median", "three_quarters"), quartiles, strict=True))
        rows.append(sizes | found | {"missing": len(error) - len(known)})
    return rows


def draw(table: pd.DataFrame, *, ax=None):
    """Draw probe and report of one target and condition on `ax` (one column by default) and return the axes."""
    require(table, COLUMNS, what="count errors")
    with style.paper():
        return _draw(table, ax) if ax is not None else panels.one(_draw, table, FRAME)


def page(table: pd.DataFrame):
    """A panel per target and condition, two across."""
    return panels.panels(_draw, table, ("target", "condition"), FRAME)


def _named(series: str, known: pd.Series) -> str:
    name = _NAMES.get(series, series)
    return name if len(known) else f"{name} {rounding.MISSING}"


def _draw(table: pd.DataFrame, ax):
    entries = []
    for series, part in table.groupby("series", sort=False):
        ink = _INKS.get(series, style.SAY)
        ax.fill_between(
            part["middle"], part["quarter"], part["three_quarters"], color=ink.color, alpha=0.14, linewidth=0
        )
        ax.plot(part["middle"], part["median"], label=series, **ink.line())
        known = part["median"].dropna()
        entries.append(
            margin_labels.Entry(known.iloc[-1] if len(known) else np.nan, _named(series, known), ink, bold=True)
        )
    highest = table["three_quarters"].max()
    ax.set_ylim(-0.04 * max(1.0, highest), 1.05 * max(1.0, highest) if np.isfinite(highest) else 1)
    ax.set_xlabel("true count")
    ax.set_ylabel("absolute error")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(5, integer=True))
    panels.clear_left(ax, FRAME.left)
    margin_labels.label(ax, entries)
    each = table.groupby("series")[["n", "missing"]].sum()
    missing = "; ".join(f"{_NAMES.get(k, k)}: {int(v)} no number" for k, v in each["missing"].items() if v)
    total = int(each.sum(axis=1).max()) if len(each) else 0
    sizes = f"n = {total}" + (f"; {missing}" if missing else "")
    panels.heading(ax, table, f"{sizes}\nline: median; band: middle half of the items", extra=FRAME.right)
    return ax
