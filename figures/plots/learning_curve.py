"""How many labels the probe needs to beat the report: the probe's score by its number of training labels.

In: rows of `curve_rows` (`draw` takes one target and condition, `page` any number). Out: axes, or a figure: the probe's
line with a band from the lowest to the highest draw, the best report as a horizontal line (it needs no labels), and, if
the verdict is a gap, the number of labels at which the probe passes it. Without a gap that number means nothing and is
not drawn. The curve is for the probe over all sites; a verdict may be about another probe.
"""

import math
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, NullLocator

from tacit.figures.drawing import margin_labels, panels, rounding, style, words
from tacit.figures.inputs.verdict_rows import require
from tacit.names import NESTED

READ = ("target", "condition", "n_labels", "metric", "value", "lower", "upper", "n_repeats")
"""The columns of `curve.csv`; the others come from the verdicts."""
_LEVEL = ("report", "report_lower", "report_upper", "chance", "probe_lower", "probe_upper")
COLUMNS = (*READ, *_LEVEL, "crossing", "n", "probe_method", "verdict")
FRAME = panels.Frame(width=1.6, height=1.5, left=0.5, right=1.3, top=0.64)


def curve_rows(curve: pd.DataFrame, verdicts: pd.DataFrame, entries: Iterable[Mapping]) -> pd.DataFrame:
    """The learning curve in the verdict's metric, with the best report's score and the crossing in each row."""
    require(curve, READ, what="curve")
    crossing = {(e.get("target"), e.get("condition")): e.get("crossing") for e in entries}
    found = []
    for (target, condition), part in curve.groupby(["target", "condition"], sort=False):
        mine = verdicts[(verdicts["target"] == target) & (verdicts["condition"] == condition)]
        verdict = mine.iloc[0] if len(mine) else pd.Series(dtype=object)
        metric = verdict.get("metric") if verdict.get("metric") in set(part["metric"]) else part["metric"].iloc[0]
        same = verdict.get("metric") == metric
        level = {name: verdict[name] if same else math.nan for name in _LEVEL}
        level |= {"n": verdict.get("n", math.nan), "probe_method": verdict.get("probe_method") or NESTED}
        level |= {"verdict": verdict.get("verdict") or ""}
        at = crossing.get((target, condition))
        at = float(at) if isinstance(at, (int, float)) else math.nan
        found.append(part.loc[part["metric"] == metric, list(READ)].assign(**level, crossing=at))
    return pd.concat(found, ignore_index=True)[list(COLUMNS)] if found else pd.DataFrame(columns=list(COLUMNS))


def draw(table: pd.DataFrame, *, ax=None):
    """Draw one target and condition on `ax` (one column by default) and return the axes."""
    require(table, COLUMNS, what="curve")
    with style.paper():
        return _draw(table, ax) if ax is not None else panels.one(_draw, table, FRAME)


def page(table: pd.DataFrame):
    """A panel per target and condition, two across."""
    return panels.panels(_draw, table, ("target", "condition"), FRAME)


def _draw(table: pd.DataFrame, ax):
    table = table.sort_values("n_labels")
    first, last = table.iloc[0], table.iloc[-1]
    ax.set_xscale("log")
    ax.fill_between(table["n_labels"], table["lower"], table["upper"], color=style.KNOW.color, alpha=0.14, linewidth=0)
    ax.plot(table["n_labels"], table["value"], label="know", **style.KNOW.line())
    entries = [
        margin_labels.Entry(
            last["value"], f"know {rounding.alone(last['value'], *_limits(last))}", style.KNOW, bold=True
        )
    ]
    entries += _levels(ax, first)
    _crossing(ax, first)
    _axes(ax, table)
    panels.clear_left(ax, FRAME.left)
    margin_labels.label(ax, entries)
    panels.heading(ax, table, "\n".join(_notes(table)), extra=FRAME.right - panels.EDGE)
    return ax


def _limits(last: pd.Series) -> tuple[float, float]:
    """The interval of the score with all labels, from the verdict if that is about the same probe."""
    if last["probe_method"] == NESTED and math.isfinite(last["probe_lower"]):
        return last["probe_lower"], last["probe_upper"]
    return last["lower"], last["upper"]


def _notes(table: pd.DataFrame) -> list[str]:
    """The lines of the heading: where the probe passes the report, the test items, and what the bands are."""
    repeats = pd.to_numeric(table["n_repeats"], errors="coerce").max()
    tested = f"tested on {panels.count_of(table)}"
    method = str(table["probe_method"].iloc[0])
    if method != NESTED:
        tested += f"; probe over all sites, verdict: {method.removeprefix(NESTED).strip()} site"
    drawn = f"range of {int(repeats)} draws (know)" if repeats > 1 else "one draw of each size (know)"
    said = ", 95 % interval (say)" if math.isfinite(table["report_lower"].iloc[0]) else ""
    return [_passed(table.iloc[0]), tested, f"bands: {drawn}{said}"]


def _levels(ax, first: pd.Series) -> list[margin_labels.Entry]:
    entries = []
    if math.isfinite(first["report"]):
        ax.axhline(first["report"], label="say", **(style.SAY.line() | {"marker": "None"}))
        ax.axhspan(first["report_lower"], first["report_upper"], color=style.SAY.color, alpha=0.14, linewidth=0)
        say = rounding.alone(first["report"], first["report_lower"], first["report_upper"])
        entries.append(margin_labels.Entry(first["report"], f"say, best {say}", style.SAY, bold=True))
    if math.isfinite(first["chance"]):
        ax.axhline(first["chance"], label="chance", **style.CHANCE.line())
        entries.append(margin_labels.Entry(first["chance"], f"chance {rounding.number(first['chance'])}", style.CHANCE))
    return entries


def _crossing(ax, first: pd.Series) -> None:
    if first["verdict"] == "GAP" and math.isfinite(first["crossing"]):
        ax.axvline(first["crossing"], color=style.QUIET, linewidth=0.8, linestyle=(0, (6, 3)), label="crossing")


def _passed(first: pd.Series) -> str:
    """The number of labels at which it passes the best report, marked by a line; without a gap, the verdict."""
    at = first["crossing"]
    if first["verdict"] != "GAP":
        return f"verdict: {words.verdict(first['verdict']).lower()}"
    if math.isfinite(at):
        fewer = at <= first["n_labels"]  # the smallest number that was tried
        return f"dashed line: passes the best report with {at:.0f} labels" + (" or fewer" if fewer else "")
    return "never passes the best report" if math.isfinite(first["report"]) else "no report to pass"


def _axes(ax, table: pd.DataFrame) -> None:
    sizes = sorted({int(v) for v in table["n_labels"]})
    ax.xaxis.set_major_locator(FixedLocator(sizes))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(sizes, [str(v) for v in sizes])
    ax.set_xlim(sizes[0] / 1.4, sizes[-1] * 1.15)
    values = table[["value", "lower", "upper", "report", "report_lower", "report_upper", "chance"]].to_numpy(
        dtype=float
    )
    if np.isfinite(values).any():
        low, high = max(np.nanmin(values), -0.5), np.nanmax(values)
        ax.set_ylim(low - 0.05 * (high - low or 1), high + 0.05 * (high - low or 1))
    ax.set_xlabel("training labels of the probe")
    ax.set_ylabel(words.metric(table["metric"].iloc[0]))
